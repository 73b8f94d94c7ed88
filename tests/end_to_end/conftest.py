"""Backends, clients and proxies that end with their test."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support.peers import Backend, Client, Script
from support.proxy import PROGRAM, Proxy

StartBackend = Callable[..., Awaitable[Backend]]
StartProxy = Callable[..., Awaitable[Proxy]]
Connect = Callable[[Proxy], Awaitable[Client]]


@pytest_asyncio.fixture
async def backend() -> AsyncIterator[StartBackend]:
    """Starts a backend that does as a script says, on a port of its own or on one known to be free; with a
    context it speaks TLS."""
    started: list[Backend] = []

    async def start(script: Script, port: int = 0, tls: ssl.SSLContext | None = None) -> Backend:
        made = Backend(script, tls)
        started.append(made)
        await made.start(port)
        return made

    yield start
    for each in started:
        await each.stop()


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port of ours on which nobody listens, and that nobody else is given."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest_asyncio.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[StartProxy]:
    """Starts a proxy between two URLs, with sections of the configuration."""
    started: list[Proxy] = []

    async def start(legacy: str, target: str, program: tuple[str, ...] = PROGRAM, **settings: Any) -> Proxy:
        folder = tmp_path / f"proxy-{len(started)}"
        folder.mkdir()
        made = Proxy(folder, {"legacy": legacy, "target": target, **settings}, program)
        started.append(made)
        await made.start()
        return made

    yield start
    for each in started:
        await each.abandon()


@pytest_asyncio.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connects a client to a proxy."""
    connected: list[Client] = []

    async def start(proxy: Proxy) -> Client:
        client = await Client.connect(proxy.port)
        connected.append(client)
        return client

    yield start
    for client in connected:
        client.leave()
