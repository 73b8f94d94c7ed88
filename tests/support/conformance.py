"""What the conformance tables are written in, and the stage on which their cases are played.

A case says in bytes what one side sends and what each other side must get. The stage is a live worker's
path and the shadow path behind it, on real sockets in one loop; its backends keep every byte, and answer a
request once it has come exactly as it must. What a case expects is worked out here and in the tables, never
with the code under test.
"""

from __future__ import annotations

import asyncio
import importlib
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
from support.live_path import LivePath

from shadow.frame import Frame, Stream, with_body
from shadow.mirror.mirror import Mirror
from shadow.record.tally import Tally
from shadow.settings import Config

PATIENCE = 1.0
"""Seconds until what must happen has happened; also those within which a refused client is closed."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
CLOSE = b"Connection: close\r\n"


class Message(NamedTuple):
    """A request or an answer as its receiver must get it."""

    head: bytes  # with its empty line
    content: bytes = b""
    chunked: bool = False
    trailers: bytes = b""

    def wire(self) -> bytes:
        """Its bytes, where all of it came to the proxy in one read."""
        if not self.chunked:
            return self.head + self.content
        chunk = b"%x\r\n%b\r\n" % (len(self.content), self.content) if self.content else b""
        return self.head + chunk + b"0\r\n" + self.trailers + b"\r\n"

    def came(self, got: bytes, exact: bool) -> bool | None:
        """Whether `got` is this message; None: as far as it goes. Chunks are the proxy's to cut, so that
        where it read in parts only what is in them counts."""
        if exact or not self.chunked or len(got) <= len(self.head):
            wire = self.wire()
            return True if got == wire else None if wire.startswith(got) else False
        try:
            content, trailers = unchunk(got[len(self.head) :])
        except ValueError:
            return False
        if trailers is None:
            return None if got.startswith(self.head) and self.content.startswith(content) else False
        return got.startswith(self.head) and (content, trailers) == (self.content, self.trailers)


def unchunk(wire: bytes) -> tuple[bytes, bytes | None]:
    """The content and the trailers of a chunked body, None while it has not ended (RFC 9112 7.1)."""
    content, at = b"", 0
    while (line := wire.find(b"\r\n", at)) >= 0:
        size = int(wire[at:line], 16)
        at = line + 2
        if size == 0:
            end = at if wire[at : at + 2] == b"\r\n" else wire.find(b"\r\n\r\n", at) + 2
            if end < 2 or len(wire) < end + 2:
                return content, None
            if len(wire) > end + 2:
                raise ValueError("bytes behind the body")
            return content, wire[at:end]
        content += wire[at : at + size]
        if wire[at + size : at + size + 2] not in (b"\r\n", b"\r", b""):
            raise ValueError("chunk does not end")
        at += size + 2
    return content, None


# ---- the words of the tables -----------------------------------------------------------------


class Case(NamedTuple):
    """A request, what backends must get of it, and what the client."""

    section: str  # of the RFC, as in "9112 3.2"
    rule: str
    sent: bytes
    legacy: tuple[Message, ...] = ()
    answers: tuple[bytes, ...] = ()  # legacy's, one for each
    client: tuple[Message, ...] = ()
    status: int = 0  # of a refusal
    in_body: bool = False  # refused only where its body breaks: some of it may have reached legacy by then
    closes: bool = False  # the client's connection, afterwards
    mirrored: bool = True


class Answer(NamedTuple):
    """An answer of legacy, and what the client must get of it."""

    section: str
    rule: str
    method: bytes
    version: bytes  # the client's
    said: bytes
    ends: str = ""  # what legacy does then: nothing, "close" or "reset"
    client: tuple[Message, ...] = ()
    breaks: bool = False  # the client gets so much and is then cut off
    closes: bool = False  # the client's connection, afterwards
    kept: bool = True  # legacy's connection serves the next request
    in_one: bool = (
        False  # only in one piece: what comes later, when another asks, nobody can tell from an answer
    )


def get(*lines: bytes, target: bytes = b"/") -> bytes:
    """A GET with a Host and these lines."""
    return b"".join(line + b"\r\n" for line in (b"GET %b HTTP/1.1" % target, b"Host: h", *lines, b""))


def post(*lines: bytes) -> bytes:
    """The head of a POST with a Host and these lines."""
    return b"".join(line + b"\r\n" for line in (b"POST / HTTP/1.1", b"Host: h", *lines, b""))


def chunked(body: bytes, *lines: bytes) -> bytes:
    """A POST whose body is chunked so."""
    return post(b"Transfer-Encoding: chunked", *lines) + body


def ours(host: bytes = b"h") -> bytes:
    """The fields that a stranger's request has at its end at legacy, but for those of the connection."""
    return (
        b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: %b\r\n"
        b"X-Request-Id: fresh\r\nX-Shadow-Via: marker\r\n" % host
    )


CHUNKED = b"Transfer-Encoding: chunked\r\n"


def refused(section: str, rule: str, sent: bytes, status: int = 400) -> Case:
    """Nothing of it reaches anybody; the client is told, and closed."""
    return Case(section, rule, sent, status=status, closes=True)


def broken(section: str, rule: str, body: bytes, *lines: bytes) -> Case:
    """A chunked request that cannot be read to its end: it never becomes whole at legacy."""
    return Case(section, rule, chunked(body, *lines), status=400, in_body=True, closes=True)


def passes(
    section: str,
    rule: str,
    sent: bytes,
    *,
    got: bytes | None = None,
    tail: bytes = b"",
    host: bytes = b"h",
    content: bytes | None = None,
    trailers: bytes = b"",
    answer: bytes = OK,
    client: tuple[Message, ...] | None = None,
    closes: bool = False,
    mirrored: bool = True,
) -> Case:
    """It reaches both backends. `got` is the head up to what is ours, if that is not what was sent; with an
    empty line behind it, it is the whole head."""
    head, _, body = sent.partition(b"\r\n\r\n")
    start = head + b"\r\n" if got is None else got
    whole = start if start.endswith(b"\r\n\r\n") else start + ours(host) + tail + b"\r\n"
    message = Message(whole, body if content is None else content, b"\r\n" + CHUNKED in whole, trailers)
    if client is None:
        told = answer.partition(b"\r\n\r\n")
        client = (Message(told[0] + b"\r\n" + CLOSE * closes + b"\r\n", told[2]),)
    return Case(section, rule, sent, (message,), (answer,), client, closes=closes, mirrored=mirrored)


def tells(
    section: str,
    rule: str,
    said: bytes,
    *client: Message,
    method: bytes = b"GET",
    version: bytes = b"1.1",
    **more: Any,
) -> Answer:
    """It is relayed: as it was said, where nothing else is named."""
    head, _, body = said.partition(b"\r\n\r\n")
    got = client or (Message(head + b"\r\n\r\n", body),)
    return Answer(section, rule, method, version, said, client=got, **more)


BAD_GATEWAY = (
    Message(
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: 43\r\n\r\n",
        b"502 Bad Gateway: legacy could not be asked\n",
    ),
)


def malformed(section: str, rule: str, said: bytes, **more: Any) -> Answer:
    """Nothing of it reaches the client, who is told so and goes on; legacy's connection is closed."""
    return Answer(section, rule, b"GET", b"1.1", said, client=BAD_GATEWAY, kept=False, **more)


def cut_off(section: str, rule: str, said: bytes, *client: Message, **more: Any) -> Answer:
    """An answer that goes wrong after its head: the client cannot take it for a whole one."""
    return Answer(
        section, rule, b"GET", b"1.1", said, client=client, breaks=True, closes=True, kept=False,
        **more,
    )  # fmt: skip


def chapters(kind: str) -> list[ModuleType]:
    """The tables of `requests` or `answers`."""
    folder = Path(__file__).parents[1] / "conformance" / kind
    return [
        importlib.import_module(f"conformance.{kind}.{file.stem}") for file in sorted(folder.glob("*.py"))
    ]


# ---- what is expected ------------------------------------------------------------------------

REASONS = (
    "malformed request", "malformed request line", "malformed fields", "malformed target", "malformed host",
    "host missing or doubled", "bad content length", "bad transfer encoding", "look-alike field",
    "both content length and transfer encoding", "request line too long", "header block too large",
    "too many fields", "method not allowed", "loop detected", "bad chunk size", "too many chunk extensions",
    "chunk does not end where it says", "trailers too large", "bad trailer",
)  # fmt: skip
"""All that a refusal may say, so that it repeats nothing of what was sent."""

PHRASES = {
    400: "Bad Request", 405: "Method Not Allowed", 414: "Request-URI Too Long",
    431: "Request Header Fields Too Large", 508: "Loop Detected",
}  # fmt: skip
ALLOW = "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"


def refusals(status: int, bare: bool) -> set[bytes]:
    """Every answer that a refused client may get with this status; to HEAD it is `bare` of a body."""
    answers = set()
    for phrase in {PHRASES[status], PHRASES[status].replace("Request-URI", "URI")}:
        for reason in REASONS:
            text = f"{status} {phrase}: {reason}\n"
            head = (
                f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
            )
            more = ALLOW if status == 405 else ""
            body = "" if bare else text
            answers.add(f"{head}{more}Connection: close\r\n\r\n{body}".encode())
    return answers


def copy_of(message: Message) -> Message:
    """What the target gets where legacy got this: marked, without asking to go on, trailers and the
    chunks' sizes, for it is sent whole."""
    lines = [
        line for line in message.head[:-2].splitlines(True) if line.lower() != b"expect: 100-continue\r\n"
    ]
    head = b"".join(lines) + b"X-Shadow: 1\r\n\r\n"
    return Message(head, message.content, message.chunked)


PROBE = get(target=b"/probe")
PROBED = Message(PROBE[:-2] + ours() + b"\r\n")
PROBE_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nprobe"


# ---- the stage -------------------------------------------------------------------------------


class Turn(NamedTuple):
    """One request that a backend waits for, and what it does then."""

    wanted: Message
    answer: bytes
    ends: str = ""
    slowly: bool = False  # byte by byte


class Backend:
    """Keeps every byte. Answers each request that it waits for once that has come."""

    def __init__(self, stage: Stage, ordered: bool) -> None:
        """Where they are not `ordered`, requests may come in any order, on several connections at once."""
        self.stage = stage
        self.ordered = ordered
        self.turns: deque[Turn] = deque()
        self.peers: list[BackendEnd] = []
        self.wrong = b""
        self.served: list[BackendEnd] = []  # who got each request
        self.port = 0

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: BackendEnd(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def wait_for(self, *turns: Turn) -> None:
        """What comes next. Forgets what was."""
        self.turns = deque(turns)
        self.wrong = b""
        self.served = []
        for end in self.peers:
            end.got = b""

    @property
    def got(self) -> bytes:
        """What has come of requests that have not come whole."""
        return b"".join(end.got for end in self.peers)

    def heard(self, end: BackendEnd) -> None:
        wrong = True
        for turn in list(self.turns)[: 1 if self.ordered else None]:
            came = turn.wanted.came(end.got, self.stage.exact)
            if came:
                end.got = b""
                self.served.append(end)
                self.turns.remove(turn)
                end.answer(turn)
                return
            wrong &= came is False
        if wrong:
            self.wrong = end.got

    def stop(self) -> None:
        self._server.close()
        for peer in self.peers:
            peer.transport.abort()


class BackendEnd(asyncio.Protocol):
    """A connection of the proxy's, seen from a backend."""

    transport: asyncio.Transport

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.got = b""  # of the request under way
        self.open = True
        self._answering: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self._backend.peers.append(self)

    def data_received(self, data: bytes) -> None:
        self.got += data
        self._backend.heard(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False

    def answer(self, turn: Turn) -> None:
        self._answering = asyncio.get_running_loop().create_task(self._answer(turn))

    async def _answer(self, turn: Turn) -> None:
        await say(self.transport, turn.answer, turn.slowly)
        if turn.ends == "close":
            self.transport.close()
        elif turn.ends == "reset":
            self.transport.abort()


async def say(transport: asyncio.Transport, data: bytes, slowly: bool) -> None:
    """Write at once, or so that each byte is read on its own."""
    if not slowly:
        transport.write(data)
        return
    for byte in data:
        if transport.is_closing():
            return
        transport.write(bytes((byte,)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)


class ClientEnd(asyncio.Protocol):
    """A client: keeps every byte."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.got = b""
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.got += data

    def eof_received(self) -> bool:
        self.ended = True
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True


_ENDPOINTS = [{"match": "* /**", "mirror": True}]


class Stage:
    """A live worker's path with the shadow path behind it. Cases are played one after another."""

    def __init__(self, **settings: Any) -> None:
        self.path = LivePath()
        self.path.configure(endpoints=_ENDPOINTS, **settings)
        self.exact = True
        self.legacy = Backend(self, ordered=True)
        self.target = Backend(self, ordered=False)
        self.books = Tally()
        self.copies = 0  # handed to the shadow path
        self._frames = Stream(Frame)
        self.clients: list[ClientEnd] = []

    async def open(self) -> None:
        """Start everything."""
        await self.legacy.start()
        await self.target.start()
        self.path.legacy.port = self.legacy.port
        self.path.channel = self  # type: ignore[assignment]
        self.path.configure(target=f"http://127.0.0.1:{self.target.port}")
        await self.path.serve()
        front = self.path.live.front
        front.fresh_id = lambda: b"fresh"
        front.passage = msgspec.structs.replace(front.passage, authority=b"LEGACY")
        mirror = {"control": {"share": 0.0}, "recheck": {"per_second": 0.0}, "breaker": {"failures": 10_000}}
        target = f"http://127.0.0.1:{self.target.port}"
        tree = {"target": target, "mirror": mirror, "endpoints": _ENDPOINTS}
        config = msgspec.convert(tree, Config, dec_hook=lambda kind, value: kind(value))
        self.mirror = Mirror(asyncio.get_running_loop(), config, self, "/nowhere", jobs=0)

    async def close(self) -> None:
        for client in self.clients:
            client.transport.abort()
        self.legacy.stop()
        self.target.stop()
        self.path.server.close()
        live = self.path.live
        await self.until(lambda: not live.front.connections and not live.orphans)
        live.pool.close()
        await self.mirror.drain()
        await self.until(lambda: not len(live.front.deadlines))

    # -- the channel, and the shadow path's books

    worker = 1

    def offer(self, frame: Frame, body: Sequence[bytes] = ()) -> bool:
        """As a frame comes from a live worker: packed and unpacked."""
        self.copies += 1
        packed = self._frames.encode(frame)
        for each in self._frames.feed(b"".join(with_body(packed[1], body) if body else packed)):
            self.mirror.offer(each)
        self.mirror.pump()
        return True

    def tally(self, frame: Frame) -> Tally:
        return self.books

    def ended(self, frame: Frame) -> None:
        """Its fate is in the tally."""

    afterwards = tally

    # -- playing

    async def until(self, condition: Callable[[], object]) -> bool:
        """Let the loop run until something holds; whether it did in time."""
        loop = asyncio.get_running_loop()
        late = loop.time() + PATIENCE
        turns = 0
        while not condition():
            if loop.time() > late:
                return False
            turns += 1
            await asyncio.sleep(0 if turns < 500 else 0.002)
        return True

    async def settle(self) -> None:
        """Let everything that is under way arrive."""
        for _ in range(12):
            await asyncio.sleep(0)

    async def connect(self) -> ClientEnd:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(ClientEnd, "127.0.0.1", self.path.port)
        self.clients.append(client)
        return client

    async def leave(self, client: ClientEnd) -> None:
        """The client goes, and nothing of it is left."""
        client.transport.abort()
        assert await self.until(lambda: not self.path.live.front.connections), "the proxy keeps a client"
        assert await self.until(lambda: self.path.unbooked == 0), "a request without a fate, or with two"
        assert self.path.live.budget.used == 0

    async def play(self, case: Case, slowly: bool = False) -> None:
        """Send it, and hold what everybody got against what they must."""
        self.exact = not slowly
        follow = not case.closes
        turns = [Turn(*pair) for pair in zip(case.legacy, case.answers, strict=True)]
        probe = [Turn(PROBED, PROBE_ANSWER)] if follow else []
        self.legacy.wait_for(*turns, *probe)
        copies = [turn._replace(wanted=copy_of(turn.wanted)) for turn in turns if case.mirrored]
        self.target.wait_for(*copies, *(turn._replace(wanted=copy_of(turn.wanted)) for turn in probe))
        before, connections = self.copies, len(self.legacy.peers)
        client = await self.connect()
        try:
            await say(client.transport, case.sent + SMUGGLED * case.closes, slowly)
            if case.status:
                await self._refused(case, client, slowly)
                assert self.copies == before, "something was handed to the shadow path"
                assert case.in_body or len(self.legacy.peers) == connections, "legacy was connected to"
            else:
                await self._relayed(client, case.client, case.closes)
        finally:
            await self.leave(client)
        await self._all_came(nothing=bool(case.status))

    async def _refused(self, case: Case, client: ClientEnd, slowly: bool) -> None:
        assert await self.until(lambda: client.ended), f"not closed: {client.got!r}"
        assert client.got in refusals(case.status, case.sent.startswith(b"HEAD ")), client.got
        await self.settle()
        at_legacy, self.legacy.wrong = self.legacy.wrong, b""
        if case.in_body and slowly:
            assert b"smuggled" not in at_legacy
            assert not at_legacy.endswith(b"\r\n0\r\n\r\n"), at_legacy
            assert not any(end.open for end in self.legacy.peers if at_legacy), "half a request is left open"
        else:
            assert at_legacy == b"", at_legacy

    async def _relayed(self, client: ClientEnd, wanted: tuple[Message, ...], closes: bool) -> None:
        """The client gets these messages; then its connection is closed, or serves another request."""
        await self._gets(client, wanted)
        if closes:
            assert await self.until(lambda: client.ended), "not closed"
            await self.settle()
        else:
            client.got = b""
            client.transport.write(PROBE)
            await self._gets(client, (Message(PROBE_ANSWER),))
            assert not client.ended

    async def _gets(self, client: ClientEnd, wanted: tuple[Message, ...]) -> None:
        plain, last = b"".join(message.wire() for message in wanted[:-1]), wanted[-1]

        def came() -> bool | None:
            got = client.got
            if len(got) <= len(plain):
                return None if plain.startswith(got) else False
            return last.came(got[len(plain) :], self.exact) if got.startswith(plain) else False

        await self.until(lambda: came() is not None or client.ended or self.legacy.wrong)
        assert self.legacy.wrong == b"", f"legacy got {self.legacy.wrong!r}, not {self.legacy.turns!r}"
        assert came() is True, f"the client got {client.got!r}, not {wanted!r}"

    async def _all_came(self, nothing: bool) -> None:
        """Both backends got all that they should, and nothing else."""
        await self.until(lambda: not self.target.turns or self.target.wrong)
        await self.settle()
        assert await self.until(lambda: self.books.fates == self.copies), "a copy without a fate"
        for backend in (self.legacy, self.target):
            assert backend.wrong == b"", f"got {backend.wrong!r}"
            if not nothing:
                assert backend.got == b"", f"half a request: {backend.got!r}"
                assert not backend.turns, f"never got {backend.turns!r}"

    async def hear(self, case: Answer, slowly: bool = False) -> None:
        """Let both backends say it, and hold what the client got against what it must."""
        self.exact = not slowly
        line = b"%b /asked HTTP/%b" % (case.method, case.version)
        start = line + b"\r\nHost: h\r\n"
        asked = Message(start.replace(b"HTTP/1.0", b"HTTP/1.1") + ours() + b"\r\n")
        probe = [] if case.closes else [Turn(PROBED, PROBE_ANSWER)]
        first = Turn(asked, case.said, case.ends, slowly)
        self.legacy.wait_for(first, *probe)
        self.target.wait_for(*(turn._replace(wanted=copy_of(turn.wanted)) for turn in (first, *probe)))
        matched = self.books.matched
        client = await self.connect()
        try:
            client.transport.write(start + b"\r\n")
            if case.breaks:
                await self._cut_off(client, case.client)
            else:
                await self._relayed(client, case.client, case.closes)
        finally:
            await self.leave(client)
        await self._all_came(nothing=False)
        if not case.closes:
            assert (self.legacy.served[0] is self.legacy.served[1]) is case.kept, "legacy's connection"
        elif not case.kept:
            assert await self.until(lambda: not self.legacy.served[0].open), "legacy's connection is kept"
        # Where both fail, they match, too.
        assert self.books.matched == matched + 1 + len(probe), "the target was read otherwise"

    async def _cut_off(self, client: ClientEnd, wanted: tuple[Message, ...]) -> None:
        """The client has no more than the beginning of its answer, and that has no end."""
        assert await self.until(lambda: client.ended), f"not closed: {client.got!r}"
        whole = b"".join(message.wire() for message in wanted)
        if self.exact:
            assert whole.startswith(client.got), f"the client got {client.got!r}"
        assert b"\r\n0\r\n\r\n" not in client.got
        assert b"evil" not in client.got
