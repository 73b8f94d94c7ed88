"""Real proxies that tests put before ours, set up by the configurations that `deploy/` gives to users."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.programs import free_port, listens, program
from support.proxy import ROOT, until


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
        await until(lambda: listens(self.port), f"{self._name} listens")

    async def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
