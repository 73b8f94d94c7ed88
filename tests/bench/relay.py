#!/usr/bin/env python3
"""The limit: a relay that makes a proxy's system calls and looks at no byte.

    relay.py LISTEN LEGACY [TARGET]

What a client sends goes to a connection to legacy, and to one to the target, that are this client's own;
what legacy answers goes back, what the target does is thrown away. No proxy on this loop can do with less.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import cast

import uvloop


class Backend(asyncio.Protocol):
    """A backend's connection: what comes goes to the client, or nowhere."""

    def __init__(self, client: asyncio.Transport | None) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        if self._client is not None:
            self._client.write(data)


class Client(asyncio.Protocol):
    """A client's connection, and those to the backends that are its own."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._backends: list[asyncio.Transport] = []
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._opening = asyncio.get_running_loop().create_task(self._open(cast(asyncio.Transport, transport)))

    async def _open(self, client: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        made: list[asyncio.Transport] = []
        for port in self._ports:
            backend = partial(Backend, None if made else client)
            made.append((await loop.create_connection(backend, "127.0.0.1", port))[0])
        self._backends = made
        for data in self._early:
            self.data_received(data)

    def data_received(self, data: bytes) -> None:
        if not self._backends:
            self._early.append(data)
        for backend in self._backends:
            backend.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._opening.cancel()
        for backend in self._backends:
            backend.close()


async def main(listen: int, *ports: int) -> None:
    """Relay until killed."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Client(list(ports)), "127.0.0.1", listen, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:])))
