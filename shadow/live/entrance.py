"""Where clients come in: a listener, perhaps with TLS or the PROXY protocol before their requests.

Whoever has connected counts, though its handshake may never be over. A proxy that leaves closes the listener
without a lost client: those whom nobody has accepted yet would be reset with it, so they are taken in first.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final, cast

from shadow.settings import Config
from shadow.tls import of_listener
from shadow.wire.downstream import Downstream
from shadow.wire.front import Front
from shadow.wire.preface import Preface

_BACKLOG: Final = 4096
_LOCAL: Final = "127.0.0.1"
"""The address of clients of a Unix socket: they are on this machine."""
_AT_ONCE: Final = 64
"""Clients taken in before those who are in already are served again."""


class Handshake(asyncio.Protocol):
    """A connection until its handshake is over; then it is that of `client`."""

    def __init__(self, front: Front, client: asyncio.Protocol) -> None:
        self._front = front
        self._client = client
        self._over = False
        front.arriving += 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.over()
        cast(asyncio.Transport, transport).set_protocol(self._client)
        self._client.connection_made(transport)

    def over(self) -> None:
        """It has succeeded, or failed."""
        if not self._over:
            self._over = True
            self._front.arriving -= 1


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
        self._shaking: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to serve."""
        loop = asyncio.get_running_loop()
        if self._tls:  # a server of the loop's would know of a client only after its handshake
            self._listener.listen(_BACKLOG)
            loop.add_reader(self._listener, self._accept, self._listener, _AT_ONCE)
            return
        make = loop.create_server if self._address is None else loop.create_unix_server
        self._server = await make(self._client, sock=self._listener, backlog=_BACKLOG)

    def ask_to_go(self) -> None:
        """Serve on, and let each answer tell its client to connect anew: another may serve it then."""
        self._front.lame = True

    def retire(self) -> None:
        """Leave new clients to a successor on the same socket."""
        self.ask_to_go()
        self._queue.close()
        self._shut()

    async def close(self) -> None:
        """Take no new clients, but those who are waiting already."""
        self._shut()
        self._accept(self._queue, _BACKLOG)  # unless it is a successor's
        self._queue.close()
        # Some have nothing to say: nobody else pays for it.
        if self._shaking:
            await asyncio.wait(self._shaking, timeout=self._moment)

    def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
        elif self._listener.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()

    def _accept(self, listener: socket.socket, most: int) -> None:
        """Take in who has connected."""
        with suppress(OSError):  # there is no other, or it has left
            for _ in range(most):
                accepted, _ = listener.accept()
                if self._front.is_full():
                    self._front.turned_away += 1
                    accepted.close()
                else:
                    self._shake(accepted)

    def _shake(self, accepted: socket.socket) -> None:
        handshake = Handshake(self._front, self._client())  # it counts from now on, not when the task begins
        task = asyncio.get_running_loop().create_task(self._take_in(accepted, handshake))
        self._shaking.add(task)
        task.add_done_callback(self._shaking.discard)

    async def _take_in(self, accepted: socket.socket, handshake: Handshake) -> None:
        accepted.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(lambda: handshake, accepted, **self._tls)
        except OSError:
            pass  # it broke off, spoke no TLS or took too long
        finally:
            handshake.over()

    def _client(self) -> asyncio.Protocol:
        if self._announced:
            return Preface(self._front, self._patience)
        return Downstream(self._front, self._address)
