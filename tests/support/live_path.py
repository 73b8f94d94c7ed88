"""The live path on the test's own loop: real sockets, a legacy that does what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from shadow.frame import Frame
from shadow.live.worker import Live
from shadow.settings import Config
from shadow.wire.downstream import Downstream
from shadow.worker import Worker

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENCE = 10.0
"""Seconds until a test that hangs is a failure; nothing here takes a hundredth of it."""


class Legacy:
    """A server whose behaviour is a coroutine; keeps the bytes of every connection."""

    def __init__(self) -> None:
        self.received: list[bytearray] = []
        self.script: Script = answer_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = bytearray()
        self.received.append(seen)
        self._connections.add(writer)
        feed = reader.feed_data

        def feed_and_keep(data: bytes) -> None:
            seen.extend(data)
            feed(data)

        reader.feed_data = feed_and_keep  # type: ignore[method-assign]
        try:
            await self.script(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the proxy has hung up, as some tests want it to
        finally:
            self._connections.discard(writer)
            writer.close()

    @property
    def bytes(self) -> bytes:
        """All that came, over all connections in their order."""
        return b"".join(bytes(seen) for seen in self.received)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._connections):
            writer.transport.abort()


def answer_all(answer: bytes) -> Script:
    """Answer every request head with the same bytes; bodies are not looked at."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)

    return script


class Channel:
    """Keeps what it is handed."""

    worker = 1

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.full = False

    def offer(self, frame: Frame) -> bool:
        if not self.full:
            self.frames.append(frame)
        return not self.full


class Client:
    """A client that says and reads raw bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until(self, mark: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(mark)

    async def exactly(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readexactly(count)

    async def to_end(self) -> bytes:
        """Everything until the proxy closes."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read(-1)

    async def head(self) -> bytes:
        return await self.until(b"\r\n\r\n")

    def leave(self) -> None:
        self.writer.transport.abort()


class LivePath:
    """Client ⇄ live worker ⇄ legacy."""

    def __init__(self) -> None:
        self.legacy = Legacy()
        self.channel = Channel()
        self.clients: list[Client] = []
        self.settings: dict[str, Any] = {}
        self.port = 0

    async def start(self) -> None:
        await self.legacy.start()

    def configure(self, **settings: Any) -> None:
        """Sections of the configuration, before the first client connects."""
        self.settings.update(settings)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        tree = {"legacy": f"http://127.0.0.1:{self.legacy.port}", "target": "http://127.0.0.1:1", **self.settings}
        config = msgspec.convert(tree, Config, dec_hook=lambda kind, value: kind(value))
        self.worker = Worker(loop, "live-0")
        self.live = Live(self.worker, config, b"marker", "/nowhere")
        self.live.channel = self.channel  # type: ignore[assignment]
        self.server = await loop.create_server(lambda: Downstream(self.live.front), "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def connect(self) -> Client:
        if not self.port:
            await self._serve()
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client

    async def ask(self, request: bytes) -> bytes:
        """One request on a connection of its own; everything that comes back until the proxy closes."""
        client = await self.connect()
        await client.send(request)
        return await client.to_end()

    async def settled(self, endpoint: str | None = None) -> None:
        """Until every request received has been booked."""
        async with asyncio.timeout(PATIENCE):
            while self.live.front.connections and any(self.open_requests()):
                await asyncio.sleep(0)

    def open_requests(self) -> list[int]:
        handed = sum(count for counts in self.worker.handed.values() for count in counts.values())
        received = sum(tally.received for tally in self.worker.tallies.values())
        fates = sum(tally.fates for tally in self.worker.tallies.values())
        return [1] * (received - fates - handed)

    def skipped(self) -> dict[str, int]:
        """Reason → count, over all endpoints."""
        counts: dict[str, int] = {}
        for tally in self.worker.tallies.values():
            for reason, count in tally.skipped.items():
                counts[reason] = counts.get(reason, 0) + count
        return counts

    async def stop(self) -> None:
        for client in self.clients:
            client.leave()
        if self.port:
            self.server.close()
            for connection in list(self.live.front.connections):
                connection.transport.abort()
            self.live.pool.close()
        await self.legacy.stop()
        await asyncio.sleep(0.01)
