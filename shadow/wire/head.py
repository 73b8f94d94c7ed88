"""Message heads: what is known of one, and what requests and answers have in common. Pure.

llhttp judges the fields, the original bytes are forwarded. A head is cut out of the stream first
(up to its empty line), its start line is read by us, and llhttp is given the fields behind a start
line of our own: it knows only some methods and refuses bytes above 0x7F in a target, and neither
is a reason to turn a client away. What llhttp lets pass and another parser could read otherwise
is refused in `request_head` and `response_head`; the RFC's section stands above each check.

Fields that matter are found with one pattern over the raw bytes. All others are never split,
copied or decoded, so order, case, duplicates and odd bytes cannot be lost.
"""

from __future__ import annotations

import re
from typing import Final

import httptools
from msgspec import Struct

CHUNKED: Final = -1
UNTIL_CLOSE: Final = -2
"""Values of `length` beside a number of bytes; there is no other one below nought."""

LOOP_MARKER: Final = b"X-Shadow-Via"
"""Lists the proxies that a request has passed. `Via` would do, but makes nginx answer uncompressed
(its `gzip_proxied` is off by default), and an answer must not change because we stand before it."""

SAFE_METHODS: Final = frozenset((b"GET", b"HEAD", b"OPTIONS"))  # RFC 9110 9.2.1, less TRACE
IDEMPOTENT_METHODS: Final = SAFE_METHODS | {b"PUT", b"DELETE"}  # RFC 9110 9.2.2


NOTHING_NAMED: Final[frozenset[bytes]] = frozenset()
"""The usual `named` of a head: its `Connection` names no field that trailers could have."""


class RequestHead(Struct, frozen=True, gc=False):
    """What has to be known of a request to forward it."""

    method: bytes
    target: bytes  # origin-form
    id: bytes  # its X-Request-Id, the client's or ours
    length: int  # of the body, or CHUNKED
    minor: int  # 0 for HTTP/1.0
    keep_alive: bool  # the client's wish
    expects: bool  # 100-continue
    upgrade: bool
    forward: bytes  # the head as legacy gets it
    named: frozenset[bytes] = NOTHING_NAMED  # by `Connection`: not passed on as trailers either


class ResponseHead(Struct, frozen=True, gc=False):
    """What has to be known of an answer to relay it."""

    status: int
    length: int  # of the body, CHUNKED or UNTIL_CLOSE
    keep_alive: bool  # the backend's wish
    raw: bytes  # as received
    relay: bytes  # status line and end-to-end fields; framing and the empty line are the relayer's
    named: frozenset[bytes] = NOTHING_NAMED  # by `Connection`: not passed on as trailers either


ANY_FIELD: Final = re.compile(rb"\r\n([^:\r\n]+):([^\r\n]*)")
COMMON_TOKENS: Final = frozenset((b"keep-alive", b"close", b"upgrade", b"te", b""))
"""What `Connection` says without naming a field that would not be dropped anyway."""

PROTECTED: Final = frozenset(
    (b"content-length", b"transfer-encoding", b"expect", b"host", b"x-forwarded-for", b"x-forwarded-host",
     b"x-forwarded-proto", b"x-request-id", LOOP_MARKER.lower())
)  # fmt: skip
"""What `Connection` may not have removed, or a client could strip what others rely on."""


class _Nobody:
    """Listens to no callback, so that llhttp only judges."""


_NOBODY = _Nobody()


BARE_LINE_FEED: Final = re.compile(rb"(?<!\r)\n")
"""RFC 9112 2.2 lets a recipient take it for a line end. That some do is a way to smuggle."""


def fields_are_sound(start: bytes, rest: bytes, parser: type) -> bool:
    """Whether llhttp takes the fields in `rest` behind a start line that it knows."""
    try:
        parser(_NOBODY).feed_data(start + rest)
    except httptools.HttpParserUpgrade:
        return True
    except httptools.HttpParserError:
        return False
    return True


def tokens(value: bytes) -> list[bytes]:
    """A list of words (RFC 9110 5.6.1), in lower case."""
    if b"," not in value:
        return [value.strip(b" \t").lower()]
    return [token.strip(b" \t") for token in value.lower().split(b",")]
