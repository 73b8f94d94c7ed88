"""Response heads: how the body is framed, and what is relayed. Pure."""

from __future__ import annotations

import re
from typing import Final

import httptools
from msgspec import Struct

from shadow.memo import Memo
from shadow.wire.head import (
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
_SPECIAL = re.compile(
    rb"\r\n(?=[ckptu])"
    rb"((?:connection|content-length|keep-alive|proxy-connection|te|transfer-encoding|upgrade):[^\r]*)",
    re.IGNORECASE,
)
"""A line that says how the message is framed, or belongs to one connection. Most begin otherwise."""

_START = b"HTTP/1.1 200 OK\r\n"

_CONTROLS = bytes(range(1, 9)) + bytes(range(14, 28)) + b"\x1f\x7f"
_AS_OTHERS = bytes.maketrans(_CONTROLS, b"\x80" * len(_CONTROLS))
"""Old applications write ISO-2022-JP into names of files. RFC 9110 5.5 leaves such bytes to the recipient;
nginx and HAProxy pass them. Not those at which some readers end a line: VT, FF and what separates records."""

_SHORT = 512  # bytes of all that frames a message, if it is remembered
_LONGEST_KEPT = 2048  # bytes of a head that is remembered whole
_MOST_KEPT = 128  # such heads


class _Unsound(ValueError):
    """Malformed, or framed in a way that two parsers could read differently."""


class _Framing(Struct, frozen=True, gc=False):
    """What the status line and the special lines of a head say of its message."""

    status: int
    start: bytes  # the status line as it is relayed
    cuts: tuple[bytes, ...]  # lines that end here
    said: bytes  # by `Connection`, if that is anything but of `COMMON_TOKENS`
    length: int  # of the body, unless the request was HEAD
    persists: bool  # as far as version and `Connection` say


def _framing(lines: tuple[bytes, ...]) -> _Framing:
    """Read the status line, which is the first of these `lines`, and the special ones. Raises _Unsound."""
    start = _STATUS_LINE.fullmatch(lines[0])
    if start is None:
        raise _Unsound
    status, version_1_1 = int(start[2]), start[1] == b"1"
    said: list[bytes] = []
    cuts: list[bytes] = []
    length: int | None = None
    chunked = upgrade = False
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        if name == b"content-length":
            if length is not None or not value.isdigit() or len(value) > 18:  # RFC 9112 6.3
                raise _Unsound
            length = int(value)
            if status >= 200 and status != 204:
                continue  # RFC 9110 8.6: neither 1xx nor 204 has one, and a client might wait for that body
        elif name == b"transfer-encoding":
            if chunked or value.lower() != b"chunked" or not version_1_1:
                raise _Unsound
            chunked = True
        elif name == b"connection":
            said += tokens(value)
        elif name == b"upgrade":
            upgrade = True
        cuts.append(line)
    if _contradicts(status, length, chunked, upgrade):
        raise _Unsound
    return _Framing(
        status,
        lines[0] if version_1_1 else b"HTTP/1.1" + lines[0][8:],
        tuple(cuts),
        b"" if COMMON_TOKENS.issuperset(said) else b",".join(said),
        _length(status, length, chunked),
        b"close" not in said and (version_1_1 or b"keep-alive" in said),
    )


def _contradicts(status: int, length: int | None, chunked: bool, upgrade: bool) -> bool:
    """A length and chunks (RFC 9112 6.3); or a switch of protocols with either, or to nothing that it names
    (RFC 9112 6.1, RFC 9110 8.6 and 15.2.2)."""
    if status == 101:
        return chunked or length is not None or not upgrade
    return chunked and length is not None


def _length(status: int, length: int | None, chunked: bool) -> int:
    """The body's length (RFC 9112 6.3)."""
    if status < 200 or status == 204 or status == 304:
        return 0
    if chunked:
        return CHUNKED
    return UNTIL_CLOSE if length is None else length


FRAMINGS: Final = Memo(_framing, _SHORT, lambda lines: sum(map(len, lines)))
"""The framing by the lines that say it. Raises _Unsound."""


def _are_sound(fields: bytes) -> bool:
    return fields_are_sound(_START, fields, httptools.HttpResponseParser)


def _read(raw: bytes, bodiless: bool = False) -> ResponseHead:
    """Read one head; a `bodiless` one tells the length of a body that does not come. Raises _Unsound."""
    start = raw[: raw.index(b"\r\n")]
    fields = raw[len(start) + 2 :]
    if not _are_sound(fields) and not _are_sound(fields.translate(_AS_OTHERS)):
        raise _Unsound
    framing = FRAMINGS[(start, *_SPECIAL.findall(raw))]
    cuts, named = framing.cuts, NOTHING_NAMED
    if framing.said:  # RFC 9110 7.6.1
        named = frozenset(tokens(framing.said)) - COMMON_TOKENS - PROTECTED
        also = [line for line in raw.split(b"\r\n")[1:] if line.partition(b":")[0].lower() in named]
        cuts += tuple(line for line in also if line not in framing.cuts)
    relay = framing.start + raw[len(start) : -2]
    for line in cuts:
        relay = relay.replace(b"\r\n%b\r\n" % line, b"\r\n", 1)
    length = 0 if bodiless else framing.length
    persists = framing.persists and length != UNTIL_CLOSE
    return ResponseHead(framing.status, length, persists, raw, relay, named)


HEADS: Final = Memo(_read, _LONGEST_KEPT, most=_MOST_KEPT)
"""Heads that were read before, but for answers to HEAD. Until the second of its `Date` is over, a backend
gives the same few again and again, unless each has an id of its own. Raises _Unsound."""

_read_before = HEADS.__getitem__


def parse_response(raw: bytes, method: bytes) -> ResponseHead | None:
    """Read one response head, `raw` up to and with its empty line, to a request of this method.

    None: malformed, or framed in a way that two parsers could read differently.
    """
    try:
        return _read(raw, bodiless=True) if method == b"HEAD" else _read_before(raw)
    except _Unsound:
        return None
