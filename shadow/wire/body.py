"""Where a message body ends: by length, by chunks, or with the connection. Pure.

A decoder is fed what was read and gives back the bytes that belong to the body; what follows the
body stays in `rest`. llhttp is not asked here: it cannot say at which byte a message ended, and it
reads pipelined bytes behind it as the next message.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from shadow.grammar import TCHAR
from shadow.wire.head import CHUNKED, NOTHING_NAMED, UNTIL_CLOSE

# RFC 9112 7.1, with no space before or after the size and nothing but CRLF at the end.
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(;[^\x00-\x08\x0a-\x1f\x7f]*)?\r\n")
_TRAILER = re.compile(TCHAR.encode() + rb"+:[^\x00-\x08\x0a-\x1f\x7f]*\r\n")
# RFC 9110 6.5.1: fields that say how a message is framed, routed or controlled, who asks, or what its content
# is, have no business behind it; nor have those of one connection.
_NOT_IN_TRAILERS = re.compile(
    rb"(?:age|authorization|cache-control|connection|content-(?:encoding|range|type)|content.length|cookie|date|"
    rb"expect|expires|host|if-[^:]*|keep-alive|location|max-forwards|pragma|proxy-[^:]*|range|retry-after|set-cookie|"
    rb"te|trailer|transfer.encoding|upgrade|vary|www-authenticate|x.forwarded.[^:]*|x-request-id|x[-_.]shadow[^:]*):",
    re.IGNORECASE,
)
_MAX_SIZE_LINE: Final = 256
_MAX_EXTENSIONS: Final = 4096  # bytes in one body; nobody uses them but to make a parser work
_MAX_TRAILERS: Final = 8192  # bytes; 64 fields of some length


class Malformed(ValueError):
    """The framing is broken: nothing behind it can be trusted."""


class Decoder(Protocol):
    """`done` once the body has ended; `rest` is then what follows it."""

    done: bool
    rest: bytes

    def feed(self, data: bytes) -> bytes:
        """The bytes of the body in `data`. Raises Malformed."""


class ByLength:
    """Content-Length."""

    __slots__ = ("done", "remaining", "rest")

    def __init__(self, length: int) -> None:
        self.remaining = length
        self.done = length == 0
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        remaining = self.remaining
        if len(data) < remaining:
            self.remaining = remaining - len(data)
            return data
        self.remaining = 0
        self.done = True
        if len(data) == remaining:
            return data
        self.rest = data[remaining:]
        return data[:remaining]


class UntilClose:
    """The connection's end is the body's (RFC 9112 6.3, 8)."""

    __slots__ = ("done", "rest")

    def __init__(self) -> None:
        self.done = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        return data


class Chunked:
    """Transfer-Encoding: chunked. Extensions are dropped; `trailers` are lines with their CRLF."""

    __slots__ = (
        "_extensions", "_held", "_in_trailers", "_named", "_remaining", "_trailer_bytes", "done", "rest",
        "trailers",
    )  # fmt: skip

    def __init__(self, named: frozenset[bytes] = NOTHING_NAMED) -> None:
        """`named` are fields that `Connection` names: no trailers either (RFC 9110 7.6.1)."""
        self._named = named
        self.done = False
        self.rest = b""
        self.trailers = b""
        self._held = b""  # the start of a line
        self._remaining = 0  # of the chunk under way, its CRLF included
        self._extensions = 0
        self._in_trailers = False
        self._trailer_bytes = 0  # the dropped ones too

    def feed(self, data: bytes) -> bytes:
        if self._held:
            data = self._held + data
            self._held = b""
        pieces: list[bytes] = []
        at = 0
        while not self.done:
            if self._in_trailers:
                at = self._read_trailer(data, at)
            elif self._remaining:
                at = self._read_data(data, at, pieces)
            else:
                at = self._read_size(data, at)
            if at < 0 or at == len(data):
                break
        if self.done:
            self.rest = data[at:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _read_size(self, data: bytes, at: int) -> int:
        line = _SIZE_LINE.match(data, at)
        if line is None:
            if data.find(b"\n", at, at + _MAX_SIZE_LINE) >= 0 or len(data) - at >= _MAX_SIZE_LINE:
                raise Malformed("bad chunk size")
            self._held = data[at:]
            return -1
        if line[2] is not None:
            self._extensions += len(line[2])
            if self._extensions > _MAX_EXTENSIONS or line.end() - at > _MAX_SIZE_LINE:
                raise Malformed("too many chunk extensions")
        size = int(line[1], 16)
        self._remaining = size + 2 if size else 0
        self._in_trailers = size == 0
        return line.end()

    def _read_data(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        body = self._remaining - 2
        have = len(data) - at
        if have < self._remaining:
            if body > 0:
                piece = data[at : at + min(have, body)]
                pieces.append(piece)
                self._remaining -= len(piece)
                at += len(piece)
            if at < len(data) and data[at] != 0x0D:
                raise Malformed("chunk does not end where it says")
            self._held = data[at:]
            return -1
        if body > 0:
            pieces.append(data[at : at + body])
        end = at + self._remaining
        if data[end - 2 : end] != b"\r\n":
            raise Malformed("chunk does not end where it says")
        self._remaining = 0
        return end

    def _read_trailer(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at) + 1
        line = data[at:end] if end else data[at:]
        if self._trailer_bytes + len(line) > _MAX_TRAILERS:
            raise Malformed("trailers too large")
        if not end:
            self._held = line
            return -1
        self._trailer_bytes += len(line)
        if line == b"\r\n":
            self.done = True
        elif not _TRAILER.fullmatch(line):
            raise Malformed("bad trailer")
        elif not _NOT_IN_TRAILERS.match(line) and line[: line.index(b":")].lower() not in self._named:
            self.trailers += line
        return end


def decoder(length: int, named: frozenset[bytes] = NOTHING_NAMED) -> Decoder:
    """The decoder for what a head says of its body: bytes, CHUNKED or UNTIL_CLOSE; and of its trailers."""
    if length == CHUNKED:
        return Chunked(named)
    return UntilClose() if length == UNTIL_CLOSE else ByLength(length)


def chunk(data: bytes) -> bytes:
    """One chunk (RFC 9112 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: bytes = b"") -> bytes:
    """The end of a chunked body; `trailers` are lines with their CRLF."""
    return b"0\r\n%b\r\n" % trailers
