"""The live path on the test's own loop: real sockets, and both ends of them in the test's hands."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from shadow.frame import Frame
from shadow.live.worker import Live
from shadow.settings import Config
from shadow.switch import Switch
from shadow.wire.downstream import Downstream
from shadow.worker import Worker

PATIENCE = 10.0
"""Seconds until a test that hangs is a failure; nothing here takes a hundredth of it."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until something holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  no event tells of a connection's inside
            await asyncio.sleep(0)


class End:
    """One end of a connection to the proxy: says and reads raw bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        async with asyncio.timeout(PATIENCE):
            self.writer.write(data)
            await self.writer.drain()

    async def until(self, mark: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(mark)

    async def head(self) -> bytes:
        return await self.until(b"\r\n\r\n")

    async def exactly(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readexactly(count)

    async def some(self) -> bytes:
        """What is there, once something is."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read(65_536)

    async def to_end(self) -> bytes:
        """Everything until the proxy closes, or resets."""
        data = b""
        try:
            while piece := await self.some():
                data += piece
        except ConnectionResetError:
            pass
        return data

    def stop_reading(self) -> None:
        self.reader._transport.pause_reading()  # type: ignore[attr-defined]

    def go_on_reading(self) -> None:
        self.reader._transport.resume_reading()  # type: ignore[attr-defined]

    def leave(self) -> None:
        self.writer.transport.abort()

    def reset(self) -> None:
        """Break the connection: RST instead of FIN."""
        sock = self.writer.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.leave()

    def close(self) -> None:
        self.writer.close()


Script = Callable[[End], Awaitable[None]]


class Legacy:
    """A server. The test takes its connections with `accept`, or a script serves each of them."""

    def __init__(self) -> None:
        self.ends: list[End] = []
        self.script: Script | None = None
        self.port = 0
        self._accepted: asyncio.Queue[End] = asyncio.Queue()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = End(reader, writer)
        self.ends.append(end)
        if self.script is None:
            self._accepted.put_nowait(end)
            return
        try:
            await self.script(end)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the proxy has hung up
        finally:
            writer.close()

    async def accept(self) -> End:
        """The next new connection."""
        async with asyncio.timeout(PATIENCE):
            return await self._accepted.get()

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for end in self.ends:
            end.leave()


def answer_all(answer: bytes) -> Script:
    """Answer every request head with the same bytes; bodies are not looked at."""

    async def script(end: End) -> None:
        while True:
            await end.reader.readuntil(b"\r\n\r\n")
            end.writer.write(answer)

    return script


class Channel:
    """Keeps what it is handed."""

    worker = 1

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.full = False

    def offer(self, frame: Frame, body: Sequence[bytes] = ()) -> bool:
        if not self.full:
            self.frames.append(replace(frame, response_body=b"".join(body)) if body else frame)
        return not self.full

    async def close(self) -> None:
        """Nothing is held."""


class LivePath:
    """Client ⇄ live worker ⇄ legacy."""

    def __init__(self) -> None:
        self.legacy = Legacy()
        self.channel = Channel()
        self.clients: list[End] = []
        self.settings: dict[str, Any] = {}
        self.tls: ssl.SSLContext | None = None
        self.trust: ssl.SSLContext | None = None
        """Of a client, where there is TLS at the front."""
        self.port = 0

    def configure(self, **settings: Any) -> None:
        """Sections of the configuration, before the first client connects."""
        self.settings.update(settings)

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        legacy = f"http://127.0.0.1:{self.legacy.port}"
        tree = {"legacy": legacy, "target": "http://127.0.0.1:1", **self.settings}
        config = msgspec.convert(tree, Config, dec_hook=lambda kind, value: kind(value))
        self.worker = Worker(loop, "live-0")
        self.live = Live(self.worker, config, b"marker", "/nowhere", Switch())
        self.live.channel = self.channel  # type: ignore[assignment]
        self.server = await loop.create_server(
            lambda: Downstream(self.live.front), "127.0.0.1", 0, ssl=self.tls
        )
        self.port = self.server.sockets[0].getsockname()[1]

    async def connect(self, receive_buffer: int = 0) -> End:
        """A new client; with a small receive buffer, one on a slow line."""
        if not self.port:
            await self.serve()
        sock = socket.socket()
        sock.setblocking(False)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        host = "127.0.0.1" if self.trust else None
        client = End(*await asyncio.open_connection(sock=sock, ssl=self.trust, server_hostname=host))
        self.clients.append(client)
        return client

    async def ask(self, request: bytes) -> tuple[End, End]:
        """Send a request on a new connection; the client's end, and legacy's with the head read."""
        client = await self.connect()
        await client.send(request)
        legacy = await self.legacy.accept()
        await legacy.head()
        return client, legacy

    def pass_time(self, seconds: float) -> None:
        """Every deadline that would have passed by then, passes."""
        self.live.front.deadlines.sweep(asyncio.get_running_loop().time() + seconds)

    @property
    def received(self) -> int:
        return sum(tally.received for tally in self.worker.tallies.values())

    @property
    def handed(self) -> int:
        return sum(sum(counts.values()) for counts in self.worker.handed.values())

    @property
    def unbooked(self) -> int:
        """Requests whose fate is not known yet; below nought if one has two."""
        fates = sum(tally.fates for tally in self.worker.tallies.values())
        return self.received - fates - self.handed

    @property
    def connection(self) -> Downstream:
        """The only client's, seen from inside."""
        (connection,) = self.live.front.connections
        return connection

    async def settled(self) -> None:
        """Until every request received has been booked."""
        await until(lambda: self.unbooked <= 0)
        assert self.unbooked == 0
        assert self.handed == len(self.channel.frames)

    def skipped(self) -> dict[str, int]:
        """Reason → count, over all endpoints."""
        return self._reasons("skipped")

    def failures(self) -> list[str]:
        """Of the exchanges handed over: how legacy failed in each."""
        return [frame.failure for frame in self.channel.frames]

    def dropped(self) -> dict[str, int]:
        """Reason → count, over all endpoints."""
        return self._reasons("dropped")

    def _reasons(self, fate: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        for tally in self.worker.tallies.values():
            for reason, count in getattr(tally, fate).items():
                counts[reason] = counts.get(reason, 0) + count
        return counts

    async def stop(self) -> None:
        """End everything. Whatever the test did: each request has one fate, and no capture is left."""
        for client in self.clients:
            client.leave()
        self.legacy.stop()
        if self.port:
            self.server.close()
            await until(lambda: not self.live.front.connections)
            await self.settled()
            assert self.live.budget.used == 0
            assert not self.live.orphans
            self.live.pool.close()
            await until(lambda: not len(self.live.front.deadlines))
