"""nginx, as a proxy and as what proxies stand in front of."""

from __future__ import annotations

import os
from pathlib import Path
from string import Template

# One worker as everywhere, and the longest keep-alive: otherwise it closes a connection every 1,000 requests.
_CONFIGURATION = Template("""\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
$user
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path tmp;
  proxy_temp_path tmp;
  fastcgi_temp_path tmp;
  uwsgi_temp_path tmp;
  scgi_temp_path tmp;
$http}
""")


def command(program: str, folder: Path, http: str) -> list[str]:
    """Writes its configuration, with these lines in its `http`, into its own folder; how to start it."""
    user = "user root;" if os.geteuid() == 0 else ""  # or its worker may not read a folder of root's
    (folder / "nginx.conf").write_text(_CONFIGURATION.substitute(user=user, http=http))
    return [program, "-e", "stderr", "-p", str(folder), "-c", "nginx.conf"]
