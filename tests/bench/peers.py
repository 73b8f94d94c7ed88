"""The proxies: how each is told to forward to legacy and to mirror everything to the target."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import NamedTuple

from processes import CannotRunError, get


class Ports(NamedTuple):
    """Where a proxy listens, and where its backends do."""

    legacy: int
    target: int
    listen: int
    admin: int


class Peer(NamedTuple):
    """A proxy. `command` writes what the program reads into a folder and says how to start it there."""

    name: str
    program: str
    command: Callable[[str, Ports, Path], list[str]]
    compares: bool = False
    hung: bool = False  # measured with a target that never answers


# One worker as everywhere; idle connections enough for all clients; no limit of requests on any of them.
_NGINX = Template("""\
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
  upstream legacy { server 127.0.0.1:$legacy; keepalive 256; keepalive_requests 100000000; }
  upstream target { server 127.0.0.1:$target; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:$listen backlog=4096;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    location / { mirror /.mirror; proxy_pass http://legacy; }
    location = /.mirror { internal; proxy_pass http://target$$request_uri; }
  }
}
""")


def _nginx(program: str, ports: Ports, folder: Path) -> list[str]:
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_NGINX.substitute(ports._asdict(), user=user))
    return [program, "-e", "stderr", "-p", str(folder), "-c", "nginx.conf"]


def _envoy(program: str, ports: Ports, folder: Path) -> list[str]:
    kinds = "type.googleapis.com/envoy.extensions.filters"
    router = {"@type": f"{kinds}.http.router.v3.Router"}
    route = {
        "match": {"prefix": "/"},
        "route": {"cluster": "legacy", "request_mirror_policies": [{"cluster": "target"}]},
    }
    manager = {
        "@type": f"{kinds}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "clients",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    listener = {"address": _address(ports.listen), "filter_chains": [{"filters": [network]}]}
    clusters = [_cluster("legacy", ports.legacy), _cluster("target", ports.target)]
    bootstrap = {"static_resources": {"listeners": [listener], "clusters": clusters}}
    file = folder / "envoy.json"
    file.write_text(json.dumps(bootstrap))
    # A base id of its own: another Envoy on the machine would not let it start.
    return [program, "-c", str(file), "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "error"]


def _cluster(name: str, port: int) -> dict[str, object]:
    endpoint = {"endpoint": {"address": _address(port)}}
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"name": name, "type": "STATIC", "connect_timeout": "1s", "load_assignment": assignment}


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _shadow(program: str, ports: Ports, folder: Path) -> list[str]:
    return [
        *(program, "proxy"),
        *("--legacy", f"http://127.0.0.1:{ports.legacy}"),
        *("--target", f"http://127.0.0.1:{ports.target}"),
        *("--listen", f"127.0.0.1:{ports.listen}"),
        *("--admin", f"127.0.0.1:{ports.admin}"),
        *("--record", str(folder / "record")),
    ]


PEERS = (
    Peer("nginx", "nginx", _nginx),
    Peer("envoy", "envoy", _envoy),
    Peer("shadow", "shadow", _shadow, compares=True),
    Peer("shadow-hung", "shadow", _shadow, compares=True, hung=True),
)


class Counted(NamedTuple):
    """What a comparing proxy says became of requests."""

    received: int
    compared: int
    matched: int

    def shares(self, before: Counted) -> tuple[float, float]:
        """Compared and matched, of those received since."""
        received, compared, matched = (now - then for now, then in zip(self, before, strict=True))
        if not received:
            raise CannotRunError("its report did not count the requests")
        return compared / received, matched / received


def counted(admin: int) -> Counted:
    """Ask a running Shadow. It tells what it counted until two seconds ago."""
    totals = json.loads(get(admin, "/report")[1])["totals"]
    return Counted(totals["received"], totals["compared"], totals["matched"])
