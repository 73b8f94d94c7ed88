"""Other readers of HTTP/1.1 against ours: what we accept, h11 and aiohttp's C parser read as the same.

A message is made by the grammar and then spoilt in a few places. Ours may refuse what others take: it is the
stricter one. What it takes they must read with the same method, target, fields and body, from the client's
bytes and again from those that legacy gets; or refuse, for one of the reasons that `support.readers` lists.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from random import Random

import pytest
from support.readers import (
    Refused,
    by_aiohttp,
    by_h11,
    by_h11_of_an_answer,
    compare,
    excused_aiohttp,
    excused_h11,
    excused_h11_of_an_answer,
    forwarded,
    ours,
    ours_of_an_answer,
)

# ---- what is made ----------------------------------------------------------------------------

LINES = (
    b"Content-Length: 5", b"Content-Length: 05", b"Content-Length: 0", b"Content-Length: 5, 5", b"Content-Length: +5", b"Content-Length: 3",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: identity",
    b"Transfer-Encoding:\tchunked", b"transfer_encoding: chunked", b"Host: h", b"Host: i", b"Host:", b"Host: a b", b"host:h:80", b"Connection: close",
    b"Connection: keep-alive, X-A", b"Connection: Upgrade", b"Upgrade: websocket", b"Upgrade: h2c", b"X-A: 1", b"x-a:  2 ", b"X-B:\t3\t", b"X-C:", b"X-D: a:b",
    b"Expect: 100-continue", b"TE: trailers", b"Cookie: a=b", b"User-Agent: x", b"User-Agent: y", b"X: \xe9\xff", b" folded", b"\tfolded", b"X : y", b": y", b"X",
    b"X: a\rb", b"X: a\x00b", b"Set-Cookie: a", b"Set-Cookie: b", b"X_Y: 1", b"Trailer: X", b"Keep-Alive: 5", b"Content-Type: a", b"ETag: x",
)  # fmt: skip
BODIES = (
    b"", b"hello", b"hel", b"hello world", b"5\r\nhello\r\n0\r\n\r\n", b"5;a=b\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nX: 1\r\n\r\n", b"0\r\n\r\n",
    b"05\r\nhello\r\n00\r\n\r\n", b"A\r\n0123456789\r\n0\r\n\r\n", b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", b"5\nhello\n0\n\n", b"0x5\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n", b"5\r\nhelloX0\r\n\r\n", b"5\r\nhello\r\n0\r\nX : 1\r\n\r\n", b"5\r\nhello\r\n", b"fffffffffffffffff\r\n",
)  # fmt: skip
METHODS = (
    b"GET",
    b"POST",
    b"PUT",
    b"DELETE",
    b"HEAD",
    b"OPTIONS",
    b"PATCH",
    b"PURGE",
    b"get",
    b"FOO",
    b"CONNECT",
    b"TRACE",
    b"G(T",
)
TARGETS = (
    b"/",
    b"/a?b=c",
    b"//a/../b",
    b"/%0a%2F",
    b"*",
    b"http://h/a",
    b"http://i:80?x",
    b"/a b",
    b"/\xe9",
    b"/a#b",
    b"a",
    b"/\x01",
    b"/[]{}|",
)
STATUSES = (
    b"200 OK", b"200", b"404 Not Found", b"204 None", b"304 Not", b"500 \xe9", b"99 X", b"1000 X", b"200\tOK",
)  # fmt: skip
VERSIONS = (b"HTTP/1.1",) * 6 + (b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/1.1 ", b"http/1.1", b"")
SPOILS = (b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b",", b"\x00", b"\x0b", b"\x7f", b"\x80", b"\xff", b"0", b"5", b";", b'"', b"\r\n\r\n", b"_", b"-", b"")  # fmt: skip


def spoilt(raw: bytes, chance: Random) -> bytes:
    """With a few bytes put in, taken out or changed."""
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        at = chance.randrange(len(raw) + 1)
        raw = raw[:at] + chance.choice(SPOILS) + raw[at + chance.randrange(3) :]
    return raw


def message(first: bytes, lines: list[bytes], chance: Random) -> bytes:
    """A message with this first line, some fields and a body."""
    lines += chance.choices(LINES, k=chance.randrange(5))
    head = b"".join(part + b"\r\n" for part in (first, *lines, b""))
    return spoilt(head + chance.choice(BODIES), chance)


def a_request(chance: Random) -> bytes:
    """A request, most often nearly a sound one."""
    first = b" ".join(chance.choice(words) for words in (METHODS, TARGETS, VERSIONS))
    return message(first, [b"Host: h"] * (chance.random() < 0.9), chance)


def an_answer(chance: Random) -> bytes:
    """An answer, most often nearly a sound one."""
    version = chance.choice((b"HTTP/1.1",) * 5 + (b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2"))
    return message(version + b" " + chance.choice(STATUSES), [], chance)


EXAMPLES = 20_000
"""Of requests, and as many again of answers; `--examples` says more."""


def messages(request: pytest.FixtureRequest, make: Callable[[Random], bytes]) -> Iterator[bytes]:
    """So many of them, always the same."""
    chance = Random(9112)
    for _ in range(request.config.getoption("--examples") or EXAMPLES):
        yield make(chance)


def test_requests(request: pytest.FixtureRequest) -> None:
    """Whatever we accept, the others read as the same; and what legacy gets of it, too."""
    loop = asyncio.new_event_loop()
    accepted = 0
    for raw in messages(request, a_request):
        try:
            mine, head, own = ours(raw)
        except Refused:
            continue
        accepted += 1
        compare(mine, by_h11, own, excused_h11)
        if not head.upgrade:  # from there on aiohttp reads no HTTP
            compare(mine, lambda raw: by_aiohttp(raw, loop), own, excused_aiohttp)
        forwarded(mine, head)
    loop.close()
    assert accepted > EXAMPLES / 20


def test_answers(request: pytest.FixtureRequest) -> None:
    """Whatever we relay, h11 reads as the same status, fields and body."""
    accepted = 0
    chance = Random(9110)
    for raw in messages(request, an_answer):
        method = chance.choice((b"GET", b"HEAD"))
        try:
            mine, own = ours_of_an_answer(raw, method)
        except Refused:
            continue
        accepted += 1
        compare(
            mine, lambda raw, method=method: by_h11_of_an_answer(raw, method), own, excused_h11_of_an_answer
        )
    assert accepted > EXAMPLES / 20
