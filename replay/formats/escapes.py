"""Undoes what servers do to bytes that would break a line of their log. Pure.

Each function gives back the client's bytes exactly, or raises `ValueError`. What needs no undoing is
returned as it is, after one search for the escape character.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from typing import Final, TypeAlias
from urllib.parse import unquote_to_bytes

import msgspec

Undo: TypeAlias = Callable[[bytes], bytes]

_BACKSLASH: Final = re.compile(rb"(?<![\x80-\xff])\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_NAMED: Final = {
    b'"': b'"', b"\\": b"\\", b"t": b"\t", b"n": b"\n", b"r": b"\r", b"v": b"\v", b"f": b"\f", b"b": b"\b",
}  # fmt: skip
_HEX: Final = {f"{a}{b}".encode(): bytes.fromhex(a + b) for a in string.hexdigits for b in string.hexdigits}
_HASH: Final = re.compile(rb"#([0-9A-Fa-f]{2})")


def text(value: bytes) -> bytes:
    """nginx's `\\xHH` and Apache's `\\xhh`, `\\"`, `\\\\`, `\\t`; the two never mean different things. A
    backslash before anything else comes from a server that escapes nothing, and stays; so does one behind a
    byte that both would have escaped: half of the characters of Shift_JIS that end in one are letters."""
    if b"\\" not in value:
        return value
    return _BACKSLASH.sub(lambda found: _HEX[found[1]] if found[1] else _NAMED.get(found[2], found[0]), value)


def json(value: bytes) -> bytes:
    """A JSON string's inside whose other bytes are raw, of whatever charset (nginx's escape=json)."""
    if b"\\" not in value:
        return value
    try:
        # Latin-1 maps every byte to the character of the same number, and back
        return msgspec.json.decode('"' + value.decode("latin-1") + '"', type=str).encode("latin-1")
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise ValueError("not a string of JSON") from error


def nothing(value: bytes) -> bytes:
    """For servers that write bytes as they came."""
    return value


def quotes(value: bytes) -> bytes:
    """Traefik's `\\"` in header values; a backslash it leaves alone."""
    return value.replace(b'\\"', b'"')


def hashed(value: bytes) -> bytes:
    """HAProxy's `#XX`; it writes a `#` of the client's as `#23`."""
    if b"#" not in value:
        return value
    return _HASH.sub(lambda found: _HEX[found[1]], value)


def percent(value: bytes) -> bytes:
    """CloudFront's URL encoding of header values, which older files apply twice."""
    once = unquote_to_bytes(value)
    return unquote_to_bytes(once) if b"%20" in once else once


def plus(value: bytes) -> bytes:
    """IIS writes a space as `+`."""
    return value.replace(b"+", b" ")
