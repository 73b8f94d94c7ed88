"""Response heads: how the body is framed, and what is relayed. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import httptools
from msgspec import Struct

from shadow.memo import Memo
from shadow.wire.head import (
    ANY_FIELD,
    CHUNKED,
    COMMON_TOKENS,
    NOTHING_NAMED,
    PROTECTED,
    UNTIL_CLOSE,
    ResponseHead,
    fields_are_sound,
    tokens,
)

# RFC 9112 4. A reason may be absent, with or without its space.
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?")
_FIELD = re.compile(
    rb"(connection|content-length|keep-alive|proxy-connection|te|transfer-encoding|upgrade):(.*)",
    re.IGNORECASE | re.DOTALL,
)

_START = b"HTTP/1.1 200 OK\r\n"
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)

_SHORT = 512  # bytes of a line that is remembered


class _Unsound(ValueError):
    """llhttp does not take a line."""


class _Field(NamedTuple):
    """A line that says how the message is framed, or belongs to one connection."""

    line: bytes
    name: bytes  # lower case
    value: bytes


def _judge(line: bytes) -> _Field | None:
    if not fields_are_sound(_START, line + b"\r\n\r\n", httptools.HttpResponseParser):
        raise _Unsound
    found = _FIELD.fullmatch(line)
    return None if found is None else _Field(line, found[1].lower(), found[2].strip(b" \t"))


LINES: Final = Memo(_judge, _SHORT)
"""What a line of an answer's head is for the relayer; None for all that it only passes on. Raises _Unsound.
A backend says most of its lines again and again: llhttp judges each once."""


def parse_response(raw: bytes, method: bytes) -> ResponseHead | None:
    """Read one response head, `raw` up to and with its empty line, to a request of this method.

    None: malformed, or framed in a way that two parsers could read differently.
    """
    lines = raw.split(b"\r\n")
    start = _STATUS_LINE.fullmatch(lines[0])
    if start is None:
        return None
    del lines[-1]  # what follows the empty line
    try:
        special = [*filter(None, map(LINES.__getitem__, lines[1:-1]))]
    except _Unsound:
        return None
    status = int(start[2])
    version_1_1 = start[1] == b"1"
    framing = _framing(special, status, version_1_1)
    if framing is None or _contradicts(status, framing, raw):
        return None
    if not version_1_1:
        lines[0] = b"HTTP/1.1" + lines[0][8:]
    for line in framing.cuts:
        lines.remove(line)
    relay = b"\r\n".join(lines)
    said, named = framing.connection, NOTHING_NAMED
    if said and (len(said) > 1 or said[0] not in COMMON_TOKENS):
        relay, named = _without_named(relay, said)
    length = _length(method, status, framing)
    keep_alive = length != UNTIL_CLOSE and b"close" not in said and (version_1_1 or b"keep-alive" in said)
    return ResponseHead(status, length, keep_alive, raw, relay, named)


class _Framing(Struct, gc=False):
    """What the fields of a head say of its message, and which of its lines end here."""

    cuts: list[bytes]
    connection: list[bytes]
    length: int | None = None
    chunked: bool = False


def _framing(special: list[_Field], status: int, version_1_1: bool) -> _Framing | None:
    framing = _Framing([], [])
    for line, name, value in special:
        if name == b"content-length":
            if framing.length is not None or not value.isdigit() or len(value) > 18:  # RFC 9112 6.3
                return None
            framing.length = int(value)
            if status >= 200 and status != 204:
                continue  # RFC 9110 8.6: neither 1xx nor 204 has one, and a client might wait for that body
        elif name == b"transfer-encoding":
            if framing.chunked or value.lower() != b"chunked" or not version_1_1:
                return None
            framing.chunked = True
        elif name == b"connection":
            framing.connection += tokens(value)
        framing.cuts.append(line)
    return framing


def _without_named(relay: bytes, said: list[bytes]) -> tuple[bytes, frozenset[bytes]]:
    """A head less the fields that `Connection` names (RFC 9110 7.6.1), and their names."""
    named = frozenset(said) - COMMON_TOKENS - PROTECTED
    if named:
        relay = ANY_FIELD.sub(lambda field: b"" if field[1].lower() in named else field[0], relay)
    return relay, named


def _contradicts(status: int, framing: _Framing, raw: bytes) -> bool:
    """A length and chunks (RFC 9112 6.3); or a switch of protocols with either, or to nothing that it names
    (RFC 9112 6.1, RFC 9110 8.6 and 15.2.2)."""
    if status == 101:
        return framing.chunked or framing.length is not None or _UPGRADE.search(raw) is None
    return framing.chunked and framing.length is not None


def _length(method: bytes, status: int, framing: _Framing) -> int:
    """The body's length (RFC 9112 6.3)."""
    if method == b"HEAD" or status < 200 or status == 204 or status == 304:
        return 0
    if framing.chunked:
        return CHUNKED
    return UNTIL_CLOSE if framing.length is None else framing.length
