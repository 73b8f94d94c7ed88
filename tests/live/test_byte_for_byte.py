"""Ten thousand generated requests and answers: what passes, passes byte for byte.

What legacy must receive is worked out here from the lines that were sent, not with the code under
test.
"""

from __future__ import annotations

import asyncio
import re
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.live_path import End, LivePath

EXAMPLES = 1_000
EXCHANGES = 10  # in one example; all examples on one connection of the client

CUT = {
    b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"proxy-authenticate", b"te",
    b"upgrade", b"http2-settings", b"x-shadow", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host",
    b"x-shadow-via", b"transfer-encoding", b"x-hop",
}  # fmt: skip
"""Fields of a stranger's request that are dropped or replaced; `Connection` names the last."""

SPECIAL = CUT | {b"content-length", b"host", b"expect", b"x-request-id"}
TRAILER = b"X-Trailer: \xe9\r\n"


def only(allowed: bytes) -> bytes:
    """A table for `translate` by which any byte becomes one of these."""
    return bytes(allowed[byte % len(allowed)] for byte in range(256))


TOKENS = only(b"!#$%&'*+-.^_`|~0123456789abcdefxyzABCDEFXYZ")
VALUES = only(bytes([*range(0x20, 0x7F), 9, *range(0x80, 0x100)]))
TARGETS = only(bytes([*range(0x21, 0x7F), *range(0x80, 0x100), *b"//..%%??##"]))

value = st.binary(max_size=12).map(lambda drawn: drawn.translate(VALUES))
name = (
    st.binary(min_size=1, max_size=8)
    .map(lambda drawn: drawn.translate(TOKENS))
    .filter(lambda drawn: drawn.lower() not in SPECIAL)
)
known = st.sampled_from(
    b"Cookie cookie COOKIE X-Hop x-hop TE Keep-Alive Upgrade X-Shadow X-Shadow-Via X-Forwarded-For Via X_Y "
    b"x-forwarded-host X-Request-ID Proxy-Connection User-Agent".split()
)
separator = st.sampled_from([b":", b": ", b":  ", b":\t"])
request_field = st.tuples(name | known, separator, value).map(b"".join)
answer_field = st.tuples(name, separator, value).map(b"".join)
target = st.binary(max_size=12).map(lambda drawn: b"/" + drawn.translate(TARGETS))
method = st.sampled_from(b"GET POST PUT DELETE PATCH OPTIONS PURGE get M-SEARCH".split())
status = st.sampled_from([b"200 OK", b"200", b"404 \xe8\xa1\x8c", b"500 ", b"799 Odd", b"302 Found"])
body = st.binary(max_size=30)
cuts = st.none() | st.integers(1, 9)


class Message(NamedTuple):
    """A request or an answer."""

    line: bytes  # its first
    lines: list[bytes]  # fields, without framing
    body: bytes
    chunk: int | None  # size of a chunk; None for Content-Length

    def framing(self) -> bytes:
        if self.chunk is None:
            return b"content-Length:%d\r\n" % len(self.body)
        return b"Transfer-Encoding: chunked\r\n"

    def wire(self) -> bytes:
        """The body, framed."""
        if self.chunk is None:
            return self.body
        pieces = [self.body[at : at + self.chunk] for at in range(0, len(self.body), self.chunk)]
        framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        return framed + b"0\r\n" + TRAILER + b"\r\n"


requests = st.builds(
    Message,
    st.tuples(method, target).map(lambda pair: b"%b %b HTTP/1.1\r\n" % pair),
    st.lists(request_field, max_size=4).map(lambda lines: [*lines[:2], b"hOST: h", *lines[2:]]),
    body,
    cuts,
)
answers = st.builds(
    Message,
    status.map(lambda drawn: b"HTTP/1.1 " + drawn + b"\r\n"),
    st.lists(answer_field, max_size=4),
    body,
    cuts,
)
Pair = tuple[Message, Message]
batch = st.tuples(
    st.lists(st.tuples(requests, answers), min_size=EXCHANGES, max_size=EXCHANGES), st.booleans()
)


def joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\r\n" for line in lines)


def sent(request: Message) -> bytes:
    """What the client sends."""
    head = request.line + joined(request.lines) + request.framing() + b"Connection: X-Hop\r\n\r\n"
    return head + request.wire()


def expected(request: Message, request_id: bytes) -> bytes:
    """The head that legacy receives for it."""

    def named(wanted: bytes) -> list[bytes]:
        return [
            line.partition(b":")[2].strip(b" \t")
            for line in request.lines
            if line.lower().startswith(wanted + b":")
        ]

    lines = [line for line in request.lines if line.partition(b":")[0].lower() not in CUT]
    if request.chunk is None:
        lines.append(request.framing()[:-2])
    lines += [b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-Proto: http", b"X-Forwarded-Host: h"]
    if not named(b"x-request-id"):
        lines.append(b"X-Request-Id: " + request_id)
    lines.append(b"X-Shadow-Via: " + b", ".join([*named(b"x-shadow-via"), b"marker"]))
    if request.chunk is not None:
        lines.append(request.framing()[:-2])
    return request.line + joined(lines) + b"\r\n"


async def read_body(end: End, message: Message) -> bytes:
    """The body as it arrives, unchunked; chunks may be joined on the way, trailers stay."""
    if message.chunk is None:
        return await end.exactly(len(message.body))
    data = b""
    while size := int(await end.until(b"\r\n"), 16):
        data += (await end.exactly(size + 2))[:-2]
    assert await end.exactly(len(TRAILER) + 2) == TRAILER + b"\r\n"
    return data


async def serve(path: LivePath, pairs: list[Pair]) -> None:
    """Legacy: compares what it gets, and answers."""
    for request, answer in pairs:
        legacy = path.legacy.ends[-1] if path.legacy.ends else await path.legacy.accept()
        head = await legacy.head()
        ids = re.findall(rb"\r\nX-Request-Id: ([0-9a-f]{32})\r\n", head)
        assert head == expected(request, ids[-1] if ids else b"none")
        assert await read_body(legacy, request) == request.body
        await legacy.send(answer.line + joined(answer.lines) + answer.framing() + b"\r\n" + answer.wire())


async def ask(client: End, pairs: list[Pair], pipelined: bool) -> None:
    """The client: all requests at once, or each after the answer to the one before; compares what it gets."""
    if pipelined:
        await client.send(b"".join(sent(request) for request, _ in pairs))
    for request, answer in pairs:
        if not pipelined:
            await client.send(sent(request))
        assert await client.head() == answer.line + joined(answer.lines) + answer.framing() + b"\r\n"
        assert await read_body(client, answer) == answer.body


async def test_requests_and_answers_pass_byte_for_byte(live_path: LivePath) -> None:
    """10,000 exchanges: legacy gets what the client sent, the client what legacy sent, but for what is
    documented to change."""
    batches: list[tuple[list[Pair], bool]] = []

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(batch)
    def generate(drawn: tuple[list[Pair], bool]) -> None:
        batches.append(drawn)

    generate()
    client = await live_path.connect()
    for pairs, pipelined in batches:
        await asyncio.gather(serve(live_path, pairs), ask(client, pairs, pipelined))
    assert live_path.received == len(batches) * EXCHANGES >= 10_000
    assert len(live_path.legacy.ends) == 1
