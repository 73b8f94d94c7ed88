"""Clients and backends for the proxy's processes: raw HTTP on real sockets, on the test's own loop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from support.served import Served

PATIENCE = 60.0
_READ = 1 << 20  # bytes a stream may hold before it stops reading

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Answer(NamedTuple):
    """What a client got."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """The values of one field."""
        return [value for have, value in self.headers if have.lower() == name]


class Request(NamedTuple):
    """What a backend was asked."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """The values of one field."""
        return [value for have, value in self.headers if have.lower() == name]


# ---- messages --------------------------------------------------------------------------------


def _fields(head: bytes) -> tuple[str, list[tuple[str, str]]]:
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    return first, [(name, value.strip()) for name, _, value in pairs]


async def _body(reader: asyncio.StreamReader, headers: list[tuple[str, str]]) -> bytes:
    fields = {name.lower(): value for name, value in headers}
    if "content-length" in fields:
        return await reader.readexactly(int(fields["content-length"]))
    if fields.get("transfer-encoding") != "chunked":
        return b""
    pieces = [piece async for piece in chunks(reader)]
    return b"".join(pieces)


async def chunks(reader: asyncio.StreamReader):  # type: ignore[no-untyped-def]  # an iterator of bytes
    """The chunks of a body, and its end."""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        yield (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")


async def read_request(reader: asyncio.StreamReader) -> Request:
    """One request, whole."""
    first, headers = _fields(await reader.readuntil(b"\r\n\r\n"))
    method, target, _ = first.split(" ")
    return Request(method, target, headers, await _body(reader, headers))


def response(body: bytes, status: str = "200 OK", *fields: str) -> bytes:
    """An answer's bytes."""
    head = "".join(f"{field}\r\n" for field in (*fields, f"Content-Length: {len(body)}"))
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


# ---- clients ---------------------------------------------------------------------------------


class Client:
    """A client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=_READ))

    async def ask(self, request: bytes) -> Answer:
        """Send a request and read the answer, which has a length or chunks."""
        async with asyncio.timeout(PATIENCE):
            self.writer.write(request)
            return await self.answer()

    async def answer(self) -> Answer:
        first, headers = _fields(await self.reader.readuntil(b"\r\n\r\n"))
        return Answer(int(first.split(" ")[1]), headers, await _body(self.reader, headers))

    def leave(self) -> None:
        self.writer.transport.abort()


def get(target: str, *fields: str) -> bytes:
    """A GET's bytes."""
    head = "".join(f"{field}\r\n" for field in fields)
    return f"GET {target} HTTP/1.1\r\nHost: shop.example\r\n{head}\r\n".encode()


def post(target: str, body: bytes, *fields: str) -> bytes:
    """A POST's bytes."""
    head = "".join(f"{f}\r\n" for f in (*fields, f"Content-Length: {len(body)}"))
    return f"POST {target} HTTP/1.1\r\nHost: shop.example\r\n{head}\r\n".encode() + body


class Load:
    """Clients on kept connections that ask one request after another, and look at each answer.

    An error is whatever a client should never see: an answer other than legacy's, or none. That the
    proxy closes a kept connection between two answers is none: every server may.
    """

    def __init__(self, port: int, requests: Iterable[tuple[bytes, bytes]], clients: int = 16) -> None:
        """`requests` are a request and the body that legacy answers."""
        self._port = port
        self._todo: Iterator[tuple[bytes, bytes]] = iter(requests)
        self._clients = clients
        self._stopped = False
        self.sent = 0
        self.answered = 0
        self.errors: list[str] = []

    async def run(self, patience: float = 2 * PATIENCE) -> None:
        """Until nothing is left to ask, or `stop`, but for no more than so many seconds."""
        async with asyncio.timeout(patience):
            await asyncio.gather(*(self._client() for _ in range(self._clients)))

    def stop(self) -> None:
        """Ask nothing more."""
        self._stopped = True

    def go_to(self, port: int) -> None:
        """From here on, connect there."""
        self._port = port

    async def _client(self) -> None:
        client: Client | None = None
        while not self._stopped and (following := next(self._todo, None)):
            request, body = following
            self.sent += 1
            try:
                client = client or await Client.connect(self._port)
                answer = await client.ask(request)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                self.errors.append(repr(error))
                if client is not None:
                    client.leave()
                client = None
                continue
            self.answered += 1
            if answer.all("connection") == ["close"]:
                client.leave()
                client = None
            if answer.status != 200 or answer.body != body:
                self.errors.append(f"{answer.status} {answer.body[:100]!r}")
        if client is not None:
            client.leave()


# ---- backends --------------------------------------------------------------------------------


class Backend:
    """A server on a port of its own. What it does with a connection is a coroutine."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._served = Served()
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self._server = await asyncio.start_server(
            self._accept, host, port, limit=_READ, backlog=1024, reuse_address=True, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._served.begin(self._serve(reader, writer), writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever is at the other end may hang up at any time; some scripts wait for just that.
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._script(reader, writer)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._served.hang_up()


def answering(answer: Callable[[Request], bytes]) -> Script:
    """Answer every request with the bytes that `answer` makes."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(answer(await read_request(reader)))
            await writer.drain()

    return script


def body_of(target: str) -> bytes:
    """What legacy says of a target: JSON of some length, another for each."""
    return b'{"target": "%b", "items": [%b]}' % (target.encode(), b", ".join(b"%d" % n for n in range(40)))


def echo(request: Request) -> bytes:
    """The usual answer: `body_of` what was asked."""
    return response(body_of(request.target), "200 OK", "Content-Type: application/json")


def items(count: int = 1_000_000) -> Iterator[tuple[bytes, bytes]]:
    """GETs of different items, for a load on `echo`; by default more than anybody waits for."""
    for number in range(count):
        target = f"/items/{number}"
        yield get(target), body_of(target)
