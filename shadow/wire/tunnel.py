"""Bytes both ways between a client and legacy, once a 101 has turned the connection into something else."""

from __future__ import annotations

import asyncio
from typing import Final

from shadow.wire.deadlines import Deadlines
from shadow.wire.unread import unread

_CLOSE_WITHIN: Final = 5.0  # seconds for the last bytes to be taken


class _Half(asyncio.Protocol):
    """Reads one side and writes the other."""

    __slots__ = ("other", "transport", "tunnel")

    def __init__(self, tunnel: Tunnel, transport: asyncio.Transport) -> None:
        self.tunnel = tunnel
        self.transport = transport
        self.other: _Half  # set as soon as there are two

    def data_received(self, data: bytes) -> None:
        if not self.other.transport.is_closing():
            self.tunnel.touch()
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        self.tunnel.half_closed(self.other.transport)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.other.transport.is_closing():  # else we have ended it, and a peer may go on for ever
            said = unread(self.transport)
            if said:
                self.data_received(said)
        self.tunnel.lost(self.other.transport, broken=exc is not None)

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if not self.other.transport.is_closing():
            self.other.transport.resume_reading()


class Tunnel:
    """Two transports joined until both have ended, or nothing has moved for `idle` seconds."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        deadlines: Deadlines,
        open_tunnels: set[Tunnel],
        client: tuple[asyncio.Transport, bytes],
        legacy: tuple[asyncio.Transport, bytes],
        idle: float,
    ) -> None:
        """Each side comes with the bytes already read from it."""
        self._loop = loop
        self._deadlines = deadlines
        self._open = open_tunnels
        self._idle = idle
        self._ends = 0  # sides that have said all they will
        self._left = 2  # sides that are still connected
        self._closing = False
        near, far = _Half(self, client[0]), _Half(self, legacy[0])
        near.other, far.other = far, near
        near.transport.set_protocol(near)
        far.transport.set_protocol(far)
        self._transports = (near.transport, far.transport)
        self.touch()
        deadlines.watch(self)
        open_tunnels.add(self)
        if client[1]:
            far.transport.write(client[1])
        if legacy[1]:
            near.transport.write(legacy[1])

    def touch(self) -> None:
        """Something moved."""
        self.deadline = self._loop.time() + self._idle

    def half_closed(self, other: asyncio.Transport) -> None:
        """One side has said all it will; tell the other."""
        self._ends += 1
        if self._ends == 2:
            self.close()
        elif not other.is_closing():
            other.write_eof() if other.can_write_eof() else other.close()  # TLS cannot half-close

    def lost(self, other: asyncio.Transport, broken: bool) -> None:
        """One side is gone."""
        self._left -= 1
        if not self._left:
            self._deadlines.forget(self)
            self._open.discard(self)
        elif broken:
            other.abort()
        else:
            self.close()

    def close(self) -> None:
        """End both sides, with what is written still delivered."""
        self._closing = True
        self.deadline = self._loop.time() + _CLOSE_WITHIN
        for transport in self._transports:
            transport.close()

    def expired(self, now: float) -> None:
        if self._closing:
            for transport in self._transports:
                transport.abort()
        else:
            self.close()
