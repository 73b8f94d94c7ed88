"""Response heads: how the body is framed, and what is relayed. Pure."""

from __future__ import annotations

import re

import httptools

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
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?\r\n")
_FIELD = re.compile(
    rb"\r\n(?=[ckptuCKPTU])(connection|content-length|keep-alive|proxy-connection|te|transfer-encoding|"
    rb"upgrade):([^\r\n]*)",
    re.IGNORECASE,
)

_START = b"HTTP/1.1 200 OK\r\n"
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)


def parse_response(raw: bytes, method: bytes) -> ResponseHead | None:
    """Read one response head, `raw` up to and with its empty line, to a request of this method.

    None: malformed, or framed in a way that two parsers could read differently.
    """
    line = _STATUS_LINE.match(raw)
    if line is None or not fields_are_sound(_START, raw[line.end() :], httptools.HttpResponseParser):
        return None
    at = line.end() - 2
    status = int(line[2])
    version_1_1 = line[1] == b"1"
    parts = [raw[:at]] if version_1_1 else [b"HTTP/1.1", raw[8:at]]
    length: int | None = None
    chunked = False
    said: list[bytes] = []
    for found in _FIELD.finditer(raw, at):
        name = found[1].lower()
        value = found[2].strip(b" \t")
        if name == b"content-length":
            if length is not None or not value.isdigit() or len(value) > 18:  # RFC 9112 6.3
                return None
            length = int(value)
            if status >= 200 and status != 204:
                continue  # RFC 9110 8.6: neither 1xx nor 204 has one, and a client might wait for that body
        elif name == b"transfer-encoding":
            if chunked or value.lower() != b"chunked" or not version_1_1:
                return None
            chunked = True
        elif name == b"connection":
            said += tokens(value)
        parts.append(raw[at : found.start()])
        at = found.end()
    if _contradicts(status, length, chunked, raw):
        return None
    parts.append(raw[at:-2])
    relay = b"".join(parts)
    named = NOTHING_NAMED
    if said and (len(said) > 1 or said[0] not in COMMON_TOKENS):
        named = frozenset(said) - COMMON_TOKENS - PROTECTED
    if named:
        relay = ANY_FIELD.sub(lambda field: b"" if field[1].lower() in named else field[0], relay)
    length = _framed(method, status, length, chunked)
    keep_alive = length != UNTIL_CLOSE and b"close" not in said and (version_1_1 or b"keep-alive" in said)
    return ResponseHead(status, length, keep_alive, raw, relay, named)


def _without_named(relay: bytes, said: list[bytes]) -> tuple[bytes, frozenset[bytes]]:
    """A head less the fields that `Connection` names (RFC 9110 7.6.1), and their names."""
    named = frozenset(said) - COMMON_TOKENS - PROTECTED
    if named:
        relay = ANY_FIELD.sub(lambda field: b"" if field[1].lower() in named else field[0], relay)
    return relay, named


def _contradicts(status: int, length: int | None, chunked: bool, raw: bytes) -> bool:
    """A length and chunks (RFC 9112 6.3); or a switch of protocols with either, or to nothing that it names
    (RFC 9112 6.1, RFC 9110 8.6 and 15.2.2)."""
    if status == 101:
        return chunked or length is not None or _UPGRADE.search(raw) is None
    return chunked and length is not None


def _framed(method: bytes, status: int, length: int | None, chunked: bool) -> int:
    """The body's length (RFC 9112 6.3)."""
    if method == b"HEAD" or status < 200 or status == 204 or status == 304:
        return 0
    if chunked:
        return CHUNKED
    return UNTIL_CLOSE if length is None else length
