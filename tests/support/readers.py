"""Other readers of HTTP/1.1, to hold ours against: what we accept they must read as the same, or refuse for
one of the reasons listed here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import NamedTuple

import aiohttp.http_exceptions
import h11
from aiohttp import http_parser
from aiohttp.base_protocol import BaseProtocol

from shadow.model import Headers, fields
from shadow.wire.body import Malformed, decoder
from shadow.wire.head import CHUNKED, UNTIL_CLOSE, RequestHead
from shadow.wire.request_head import Passage, Peer, RequestReader
from shadow.wire.response_head import parse_response

PEER = Peer(b"192.0.2.7", False, b"http")
PASSAGE = Passage(b"me", b"legacy:80", 16 * 1024, 64 * 1024, 200)


class Read(NamedTuple):
    """A message as somebody reads it."""

    start: tuple[bytes, ...]  # method and target, or the status
    fields: Headers
    body: bytes | None  # None: it has not ended
    length: int = 0  # as our head says


class Refused(Exception):
    """This reader does not take it."""


# ---- the readers -----------------------------------------------------------------------------


def _body(length: int, data: bytes) -> tuple[bytes | None, bytes]:
    """What our decoder makes of it, and what follows. Raises Malformed."""
    reader = decoder(length)
    if reader.done:
        return b"", data
    out = reader.feed(data)
    return (out if reader.done or length == UNTIL_CLOSE else None), reader.rest


def ours(raw: bytes) -> tuple[Read, RequestHead, bytes]:
    """Our reading of a request and of its head, and the bytes of it without what follows."""
    end = raw.find(b"\r\n\r\n") + 4
    if end < 4:
        raise Refused
    head, _ = RequestReader(PEER, PASSAGE).read(raw[:end], b"fresh")
    if not isinstance(head, RequestHead):
        raise Refused
    method, target, _ = raw.split(b"\r\n", 1)[0].split(b" ")
    try:
        body, rest = _body(head.length, raw[end:])
    except Malformed:
        raise Refused from None
    return Read((method, target), fields(raw[:end]), body), head, raw[: len(raw) - len(rest)]


def ours_of_an_answer(raw: bytes, method: bytes) -> tuple[Read, bytes]:
    end = raw.find(b"\r\n\r\n") + 4
    head = parse_response(raw[:end], method) if end >= 4 else None
    if head is None or head.status < 200:
        raise Refused
    try:
        body, rest = _body(head.length, raw[end:])
    except Malformed:
        raise Refused from None
    read = Read((b"%d" % head.status,), fields(raw[:end]), body, head.length)
    return read, raw[: len(raw) - len(rest)]


def _events(connection: h11.Connection, raw: bytes, first: type) -> tuple[h11.Event, bytes | None]:
    """The head and the body as h11 has them."""
    try:
        connection.receive_data(raw)
        head = connection.next_event()
        if not isinstance(head, first):
            raise Refused(str(head))
        body = b""
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return head, body
            else:
                return head, None
    except h11.RemoteProtocolError as error:
        raise Refused(str(error)) from None


def by_h11(raw: bytes) -> Read:
    head, body = _events(h11.Connection(h11.SERVER, 1 << 20), raw, h11.Request)
    assert isinstance(head, h11.Request)
    return Read((head.method, head.target), tuple(head.headers.raw_items()), body)


def by_h11_of_an_answer(raw: bytes, method: bytes) -> Read:
    connection = h11.Connection(h11.CLIENT, 1 << 20)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "h")]))
    connection.send(h11.EndOfMessage())
    head, body = _events(connection, raw, h11.Response)
    assert isinstance(head, h11.Response)
    return Read((b"%d" % head.status_code,), tuple(head.headers.raw_items()), body)


class _Nobody(BaseProtocol):
    """Reads nothing; aiohttp's parser wants somebody to slow down."""

    def pause_reading(self) -> None:
        """There is nobody to slow down."""

    def resume_reading(self, resume_parser: bool = True) -> None:
        """There is nobody to hurry."""


def by_aiohttp(raw: bytes, loop: asyncio.AbstractEventLoop) -> Read:
    parser = http_parser.HttpRequestParserC(_Nobody(loop), loop, 1 << 20, auto_decompress=False)
    try:
        messages, _, _ = parser.feed_data(raw)
    except (aiohttp.http_exceptions.HttpProcessingError, ValueError) as error:
        raise Refused(str(error)) from None
    if not messages:
        raise Refused("nothing read")
    head, payload = messages[0]
    pairs = tuple((name, value) for name, value in head.raw_headers)
    try:
        ended = payload.is_eof()
        body = b"".join(getattr(payload, "_buffer", ()))
    except aiohttp.http_exceptions.HttpProcessingError as error:
        raise Refused(str(error)) from None
    if payload.exception() is not None:
        raise Refused(str(payload.exception()))
    target = head.path.encode("utf-8", "surrogateescape")
    return Read((head.method.encode(), target), pairs, body if ended else None)


# ---- the exceptions --------------------------------------------------------------------------

KNOWN = frozenset((b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"PURGE"))
SINGLE = re.compile(rb"(?i)content-type|user-agent|etag|server|host|content-length")


_FRAMED_AGAIN = re.compile(rb"\n(?:content-length|transfer-encoding):", re.IGNORECASE)


def excused_h11(raw: bytes, why: str) -> bool:
    """Why h11 may refuse what we take.

    It takes no byte above 0x7F in a target, which old Japanese clients send; its own bound of a chunk's line
    is another; and it judges fields of framing that stand among trailers, which we drop.
    """
    target = raw.split(b" ", 2)[1]
    return any(byte > 0x7E for byte in target) or excused_h11_of_an_answer(raw, why)


def excused_h11_of_an_answer(raw: bytes, why: str) -> bool:
    """Only trailers are another matter there."""
    return _FRAMED_AGAIN.search(raw, raw.find(b"\r\n\r\n") + 4) is not None


def excused_aiohttp(raw: bytes, why: str) -> bool:
    """Why aiohttp's parser may refuse what we take.

    llhttp knows some methods only, and no byte above 0x7F in a target; aiohttp takes some fields only once;
    and it wants a URL that its own library can parse.
    """
    method, target, _ = raw.split(b" ", 2)
    names = [name.lower() for name, _ in fields(raw[: raw.find(b"\r\n\r\n") + 4])]
    twice = {name for name in names if names.count(name) > 1}
    return (
        method not in KNOWN
        or any(byte > 0x7E for byte in target)
        or any(SINGLE.fullmatch(name) for name in twice)
        or "Invalid URL" in why
        or "Host" in why
    )


def alike(pairs: Headers) -> Headers:
    """Names have no case; h11 writes an encoding in small letters."""
    small = ((name.lower(), value.strip(b" \t")) for name, value in pairs)
    return tuple((name, value.lower() if name == b"transfer-encoding" else value) for name, value in small)


# ---- how they are held against ours --------------------------------------------------------------


def compare(
    mine: Read, reader: Callable[[bytes], Read], raw: bytes, excused: Callable[[bytes, str], bool]
) -> None:
    """The other reads the same, or has its reason. Half a body is not accepted yet."""
    try:
        theirs = reader(raw)
    except Refused as why:
        if mine.body is not None and not excused(raw, str(why)):
            raise AssertionError(f"{raw!r}: {why}") from None
        return
    assert theirs.start == mine.start, raw
    assert alike(theirs.fields) == alike(mine.fields), raw
    assert theirs.body == mine.body or mine.length == UNTIL_CLOSE, raw


def forwarded(mine: Read, head: RequestHead) -> None:
    """What legacy gets is one message for h11: our target, one framing, and this body."""
    if mine.body is None or any(byte > 0x7E for byte in head.target):
        return
    body = mine.body
    if head.length == CHUNKED:
        body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    theirs = by_h11(head.forward + body)
    assert theirs.start == (head.method, head.target)
    assert theirs.body == mine.body
    names = [name.lower() for name, _ in theirs.fields]
    assert names.count(b"host") == 1
    assert names.count(b"transfer-encoding") + names.count(b"content-length") <= 1
