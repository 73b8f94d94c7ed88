"""A bad network: a relay between two peers that does to what passes what a rule says.

A rule is one coroutine that carries bytes one way until they end. What it does is the same in every run:
chance comes from a generator that is seeded by the number of the connection.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

from support.served import Served

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Rule = Callable[[Reader, Writer, random.Random], Awaitable[None]]

_PIECE = 16 * 1024  # bytes


class Hurt(Exception):
    """The rule has ended the connection; both sides are reset."""


# ---- what only delays ------------------------------------------------------------------------


async def clean(reader: Reader, writer: Writer, chance: random.Random) -> None:
    """Passes everything on."""
    while data := await reader.read(_PIECE):
        writer.write(data)
        await writer.drain()


async def latency(reader: Reader, writer: Writer, chance: random.Random) -> None:
    """Each piece is 10 ms late."""
    while data := await reader.read(_PIECE):
        await asyncio.sleep(0.01)
        writer.write(data)


async def jitter(reader: Reader, writer: Writer, chance: random.Random) -> None:
    """Each piece is late, by up to 40 ms."""
    while data := await reader.read(_PIECE):
        await asyncio.sleep(chance.random() * 0.04)
        writer.write(data)


async def bandwidth(reader: Reader, writer: Writer, chance: random.Random) -> None:
    """40 KB/s and connection."""
    while data := await reader.read(400):
        writer.write(data)
        await asyncio.sleep(len(data) / 40_000)


async def slices(reader: Reader, writer: Writer, chance: random.Random) -> None:
    """Pieces of a few bytes, each in a packet of its own."""
    while data := await reader.read(7):
        writer.write(data)
        await asyncio.sleep(0)


async def slow_close(reader: Reader, writer: Writer, chance: random.Random) -> None:
    """Passes everything on, and the end half a second late."""
    await clean(reader, writer, chance)
    await asyncio.sleep(0.5)


# ---- what breaks -----------------------------------------------------------------------------


async def cut(reader: Reader, writer: Writer, chance: random.Random) -> None:
    """Says nothing any more after some bytes, and does not close either, for a while."""
    await _some(reader, writer, chance)
    await asyncio.sleep(0.5)
    raise Hurt


async def reset(reader: Reader, writer: Writer, chance: random.Random) -> None:
    """Resets after some bytes."""
    await _some(reader, writer, chance)
    raise Hurt


async def limit(reader: Reader, writer: Writer, chance: random.Random) -> None:
    """Ends in good order after some bytes, perhaps in the middle of a message."""
    await _some(reader, writer, chance)


async def garbage(reader: Reader, writer: Writer, chance: random.Random) -> None:
    """Replaces the beginning by noise, which no parser may take for a message."""
    data = await reader.read(_PIECE)
    writer.write(b"\x00\xff" + chance.randbytes(len(data)))
    await clean(reader, writer, chance)


async def _some(reader: Reader, writer: Writer, chance: random.Random) -> None:
    """Passes a few hundred bytes on, whatever they are a part of."""
    left = chance.randrange(1, 1500)
    while left and (data := await reader.read(left)):
        left -= len(data)
        writer.write(data)
    await writer.drain()


DELAYING: tuple[Rule, ...] = (latency, jitter, bandwidth, slices, slow_close)
BREAKING: tuple[Rule, ...] = (cut, reset, limit, garbage)


# ---- the relay -------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where the other peer listens: a port of this machine, or a Unix socket."""

    port: int = 0
    path: str = ""


class Faulty:
    """Stands before a peer. Its `rule` may be changed at any time; connections that are made from then on
    have it."""

    def __init__(self, to: Place) -> None:
        self.rule: Rule = clean
        self.connections = 0
        self.port = 0
        self._to = to
        self._server: asyncio.Server | None = None
        self._served = Served(_reset)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, path: str = "") -> None:
        """Listen on a port of its own, or on a Unix socket."""
        if path:
            self._server = await asyncio.start_unix_server(self._accept, path)
        else:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1024)
            self.port = self._server.sockets[0].getsockname()[1]

    def _accept(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        self._served.begin(self._relay(reader, writer, self.connections), writer)

    async def _relay(self, reader: Reader, writer: Writer, number: int) -> None:
        with suppress(OSError, ExceptionGroup):
            far, beyond = await self._connect()
            try:
                chance = random.Random(number)
                async with asyncio.TaskGroup() as both:
                    both.create_task(_one_way(self.rule, reader, beyond, chance))
                    both.create_task(_one_way(self.rule, far, writer, chance))
            finally:
                _reset(beyond)

    async def _connect(self) -> tuple[Reader, Writer]:
        if self._to.path:
            return await asyncio.open_unix_connection(self._to.path)
        return await asyncio.open_connection("127.0.0.1", self._to.port)

    async def hang_up(self) -> None:
        """Reset all connections; new ones may come."""
        await self._served.hang_up()

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self.hang_up()


async def _one_way(rule: Rule, reader: Reader, writer: Writer, chance: random.Random) -> None:
    await rule(reader, writer, chance)
    with suppress(OSError, RuntimeError):
        writer.write_eof()


def _reset(writer: Writer) -> None:
    """Close at once; on TCP the other end sees a reset where anything was left unsent or unread."""
    made = writer.get_extra_info("socket")
    if made is not None and made.family != socket.AF_UNIX:
        with suppress(OSError):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
