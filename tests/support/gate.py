"""A gate before a server: it can be shut, and it tells when so much has gone through."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from support.served import Served


class Gate:
    """Passes connections on to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._server: asyncio.Server | None = None
        self._served = Served()
        self._until: tuple[int, asyncio.Event] | None = None
        self.port = 0
        self.passed = 0  # bytes on their way to the server
        self.turned_away = 0  # connections, while it was shut
        self.shut = False

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.shut = True
        await self._served.hang_up()

    def close(self) -> None:
        """Break what is under way, and take nobody in."""
        self.shut = True
        self._served.cancel()

    def open(self) -> None:
        self.shut = False

    def after(self, more: int) -> asyncio.Event:
        """Set once so many bytes more have gone to the server; what follows them waits at the gate."""
        self._until = self.passed + more, asyncio.Event()
        return self._until[1]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.shut:
            self.turned_away += 1
            writer.transport.abort()
            return
        self._served.begin(self._pass(reader, writer), writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            back, forth = await asyncio.open_connection("127.0.0.1", self._behind)
            try:
                answers = asyncio.ensure_future(_copy(back, writer))
                try:
                    await self._count(reader, forth)
                finally:
                    answers.cancel()
            finally:
                forth.transport.abort()

    async def _count(self, reader: asyncio.StreamReader, forth: asyncio.StreamWriter) -> None:
        while data := await reader.read(16 * 1024):
            forth.write(data)
            await forth.drain()
            self.passed += len(data)
            if self._until is not None and self.passed >= self._until[0]:
                self._until[1].set()
                await reader.read(-1)  # nothing more, until the other side is gone
                return


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
