"""Load of a real generator on real servers: wrk before the proxy, nginx behind it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import NamedTuple

from support.programs import free_port, listens, program
from support.proxy import until

RATE = 2000
"""Requests a second, of all clients together."""

_CLIENTS = 40

_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx-{port}.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    default_type application/json;
    location / {{ return 200 '{{"side": "either", "price": 100}}'; }}
  }}
}}
"""

_HAPROXY = """\
global
  stats socket {folder}/haproxy.sock level admin
defaults
  mode tcp
  retries 0
  timeout connect 2s
  timeout client 30s
  timeout server 30s
listen service
  bind 127.0.0.1:{port}
  balance roundrobin
  option httpchk GET /readyz
  default-server inter 500ms fall 2 rise 1 check
"""
"""As kube-proxy: connections are passed, none is tried again, and who is not ready is noticed late."""


class Server:
    """nginx or HAProxy with a configuration."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        self._process.terminate()
        await self._process.wait()


async def nginx(folder: Path) -> Server:
    """A backend that answers everything with the same, and closes a connection after its 1,000th request."""
    port = free_port()
    path = folder / f"nginx-{port}.conf"
    path.write_text(_NGINX.format(folder=folder, port=port))
    return await _start(port, "nginx", "-e", "stderr", "-p", str(folder), "-c", str(path))


async def haproxy(folder: Path, proxies: dict[str, tuple[int, int]]) -> Server:
    """One address for several proxies, each by its port and that of its admin server."""
    port = free_port()
    lines = [
        f"  server {name} 127.0.0.1:{listen} port {admin}\n" for name, (listen, admin) in proxies.items()
    ]
    path = folder / "haproxy.cfg"
    path.write_text(_HAPROXY.format(folder=folder, port=port) + "".join(lines))
    return await _start(port, "haproxy", "-db", "-f", str(path))


async def endpoints(folder: Path) -> set[str]:
    """The proxies that HAProxy sends clients to."""
    reader, writer = await asyncio.open_unix_connection(str(folder / "haproxy.sock"))
    writer.write(b"show stat\n")
    rows = [row.split(",") for row in (await reader.read()).decode().splitlines()]
    writer.close()
    return {row[1] for row in rows if row[0] == "service" and len(row[1]) == 1 and row[17].startswith("UP")}


async def _start(port: int, name: str, *arguments: str) -> Server:
    process = await asyncio.create_subprocess_exec(
        program(name), *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    await until(lambda: listens(port), f"{name} listens")
    return Server(process, port)


class Loaded(NamedTuple):
    """What wrk says of its load."""

    requests: int
    errors: int
    said: str


class Generator:
    """wrk, asking at a fixed rate for so many seconds."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, folder: Path, port: int, seconds: int) -> Generator:
        pace = folder / "pace.lua"  # milliseconds between an answer and the next request
        pace.write_text(f"function delay() return {_CLIENTS * 1000 // RATE - 1} end\n")
        process = await asyncio.create_subprocess_exec(
            *(program("wrk"), "-t1", f"-c{_CLIENTS}", f"-d{seconds}s", "-s", str(pace)),
            f"http://127.0.0.1:{port}/items/1",
            stdout=asyncio.subprocess.PIPE,
        )
        return cls(process)

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def ended(self) -> Loaded:
        """Wait for its end."""
        said = (await self._process.communicate())[0].decode()
        done = re.search(r"(\d+) requests in", said)
        assert done, said
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
        broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
        errors = sum(int(number) for found in (refused, broken) if found for number in found.groups())
        return Loaded(int(done[1]), errors, said)
