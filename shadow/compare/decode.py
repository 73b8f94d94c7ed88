"""A body without its content codings: gzip, deflate, br and zstd, several in a row.

Works on a copy that was captured to be compared, never on what a client receives. Bounded in
size, because a few hundred bytes can stand for gigabytes, and total: bytes that cannot be decoded
give an `Undecodable`, never an exception.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

import brotli
import zstandard

LARGEST = 10 * 1024 * 1024
"""Bytes a body may decode to: ten times the largest body that is captured by default."""

RATIO = 100
"""Decoded bytes for each encoded one. Text reaches 20, generated tables 50; a bomb begins at 1,000."""

HARMLESS = 1024 * 1024
"""Decoded bytes below which the ratio does not count: a page of blanks is no bomb."""

_MOST_CODINGS = 5  # curl's limit; nobody applies more than two
_ZSTD_WINDOW = 8 * 1024 * 1024  # RFC 9659: what every client of the web must accept, and no more
_ZLIB_PIECE = 4096  # bytes fed at a time; one byte makes up to 1,032
_ZSTD_PIECE = 256  # four bytes make a block of up to 128 KiB


class Undecodable(NamedTuple):
    """A body that cannot be read as what its Content-Encoding says."""

    reason: str


class _TooLargeError(Exception):
    """More than the limit came out."""


def decode(body: bytes, codings: str) -> bytes | Undecodable:
    """`body` without its `codings`, the value of Content-Encoding in lower case."""
    names = [name for part in codings.split(",") if (name := part.strip()) not in ("", "identity")]
    if not names:
        return body
    if len(names) > _MOST_CODINGS:
        return Undecodable(f"more than {_MOST_CODINGS} content codings")
    limit = min(LARGEST, max(HARMLESS, RATIO * len(body)))
    for name in reversed(names):
        decoder = _DECODERS.get(name)
        if decoder is None:
            return Undecodable(f"unknown content coding {name[:40]!r}")
        if not body:
            return body  # an empty answer stays empty, whatever coding it names
        try:
            body = decoder(body, limit)
        except _TooLargeError:
            return Undecodable(f"too large: {name} gives more than {limit} bytes")
        except (EOFError, ValueError, zlib.error, brotli.error, zstandard.ZstdError) as error:
            return Undecodable(f"{name}: {error}")
    return body


class _Stream(Protocol):
    """What zlib's and zstandard's decompression objects have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _streams(
    body: bytes, limit: int, piece: int, stream_of: Callable[[], _Stream], *, several: bool = True
) -> bytes:
    """One stream, or one after the other, to the end of `body`, in pieces so small that none of them, nor
    the rest that is copied at the end of a stream, can become large."""
    parts: list[bytes] = []
    size = position = 0
    while position < len(body):
        stream = stream_of()
        while not stream.eof:
            if position >= len(body):
                raise EOFError(f"truncated after {size} decoded bytes")
            part = stream.decompress(body[position : position + piece])
            position += piece
            size += len(part)
            if size > limit:
                raise _TooLargeError
            parts.append(part)
        position = min(position, len(body)) - len(stream.unused_data)
        if position < len(body) and not several:
            raise ValueError(f"{len(body) - position} bytes behind its end")
    return b"".join(parts)


def _gzip(body: bytes, limit: int) -> bytes:
    """RFC 1952, 2.2: one or more members."""
    return _streams(body, limit, _ZLIB_PIECE, lambda: zlib.decompressobj(16 + zlib.MAX_WBITS))


def _deflate(body: bytes, limit: int) -> bytes:
    """RFC 9110, 8.4.1.2: zlib, though some servers send the raw stream, and clients read both."""
    wrapped = body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    window = zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS
    return _streams(body, limit, _ZLIB_PIECE, lambda: zlib.decompressobj(window), several=False)


def _zstd(body: bytes, limit: int) -> bytes:
    """RFC 8878, 3: one or more frames."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    return _streams(body, limit, _ZSTD_PIECE, decompressor.decompressobj)


def _brotli(body: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    rest = body
    while not stream.is_finished():
        part = stream.process(rest, output_buffer_limit=limit + 1 - size)
        rest = b""
        size += len(part)
        if size > limit:
            raise _TooLargeError
        if not part and stream.can_accept_more_data() and not stream.is_finished():
            raise EOFError(f"truncated after {size} decoded bytes")
        parts.append(part)
    return b"".join(parts)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,  # RFC 9110, 8.4.1.3
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
