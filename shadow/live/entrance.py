"""Where clients come in: a listener, perhaps with TLS or the PROXY protocol before their requests.

A proxy that leaves closes it without a lost client: those who have connected and whom nobody has accepted
yet would be reset with the listener, so they are taken in first.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final

from shadow.settings import Config
from shadow.tls import of_listener
from shadow.wire.downstream import Downstream
from shadow.wire.front import Front
from shadow.wire.preface import Preface

_BACKLOG: Final = 4096
_LOCAL: Final = "127.0.0.1"
"""The address of clients of a Unix socket: they are on this machine."""


class Entrance:
    """One worker's way in."""

    def __init__(self, front: Front, listener: socket.socket, config: Config) -> None:
        self._front = front
        self._listener = listener
        self._queue = listener.dup()
        self._patience = config.timeouts.header
        self._moment = config.timeouts.linger
        self._tls: dict[str, Any] = {}
        if (context := of_listener(config.tls.listen)) is not None:
            self._tls = {
                "ssl": context,
                "ssl_handshake_timeout": self._patience,
                # When its end takes too long, the connection knows: it sees whether the client reads.
                "ssl_shutdown_timeout": config.timeouts.whole,
            }
        self._announced = config.forwarding.proxy_protocol
        self._address = _LOCAL if listener.family == socket.AF_UNIX else None
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin to serve."""
        loop = asyncio.get_running_loop()
        make = loop.create_server if self._address is None else loop.create_unix_server
        self._server = await make(self._client, sock=self._listener, backlog=_BACKLOG, **self._tls)

    def ask_to_go(self) -> None:
        """Serve on, and let each answer tell its client to connect anew: another may serve it then."""
        self._front.lame = True

    def retire(self) -> None:
        """Leave new clients to a successor on the same socket."""
        self.ask_to_go()
        self._queue.close()
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """Take no new clients, but those who are waiting already."""
        if self._server is not None:
            self._server.close()
        waiting: list[socket.socket] = []
        with suppress(OSError):  # there is no other, or the queue is a successor's
            while True:
                waiting.append(self._queue.accept()[0])
        self._queue.close()
        # Some have nothing to say, or break off amid their handshake: nobody else pays for it.
        taken = asyncio.gather(*map(self._take_in, waiting), return_exceptions=True)
        await asyncio.wait([taken], timeout=self._moment)

    async def _take_in(self, waiting: socket.socket) -> None:
        waiting.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(self._client, waiting, **self._tls)

    def _client(self) -> asyncio.Protocol:
        if self._announced:
            return Preface(self._front, self._patience)
        return Downstream(self._front, self._address)
