"""From a logged request to what is sent. Pure.

A log may hold anything, and whoever wrote a request into it chose the bytes: nothing passes from there
into a head that could end a line or begin another request.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from replay.model import BadLine, LoggedRequest, LogSkip
from shadow.grammar import TCHAR
from shadow.model import Headers

# RFC 9112 3.2.1, and raw bytes above 0x7F, which old clients send and front servers take.
_TARGET = re.compile(rb"/[^\x00-\x20\x7f]*")
_HOST = re.compile(rb"[A-Za-z0-9._-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")
_NAME = re.compile(TCHAR.encode() + b"+")
_VALUE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")  # RFC 9110 5.5

# Framing and connection are ours; the rest is written anew below.
_OURS = frozenset(
    (b"connection", b"content-length", b"expect", b"host", b"keep-alive", b"proxy-connection", b"te",
     b"trailer", b"transfer-encoding", b"upgrade", b"x-forwarded-for", b"x-request-id")
)  # fmt: skip


class Overrides(NamedTuple):
    """What is sent with every request, whatever the log says of it."""

    authority: bytes  # the Host of a request whose log tells none
    host: bytes | None  # the Host of every request
    lines: bytes  # the user's headers, each with its line end
    replaced: frozenset[bytes]  # names in lower case, whose logged values are not sent


def overrides(authority: bytes, headers: Headers) -> Overrides:
    """`headers` are sent with every request, in the place of logged ones of their names."""
    host = next((value for name, value in headers if name.lower() == b"host"), None)
    others = [(name, value) for name, value in headers if name.lower() != b"host"]
    names = frozenset(name.lower() for name, _ in others)
    return Overrides(authority, host, b"".join(b"%b: %b\r\n" % pair for pair in others), _OURS | names)


def head(request: LoggedRequest, id_: bytes, override: Overrides) -> bytes | BadLine:
    """The head to send, or why there can be none."""
    if not _TARGET.fullmatch(request.target):
        return BadLine(LogSkip.NOT_REPLAYABLE, "the target is no path, or holds bytes that end a line")
    host = override.host or request.host or override.authority
    if not _HOST.fullmatch(host):
        return BadLine(LogSkip.NOT_REPLAYABLE, "the host is no name")
    fields = []
    for name, value in request.headers:
        if name.lower() not in override.replaced:
            if not is_field(name, value):
                return BadLine(LogSkip.NOT_REPLAYABLE, "a header holds bytes that end a line")
            fields.append(b"%b: %b\r\n" % (name, value))
    fields.append(override.lines)
    if request.client and _VALUE.fullmatch(request.client):
        fields.append(b"X-Forwarded-For: %b\r\n" % request.client)
    if request.body:
        fields.append(b"Content-Length: %d\r\n" % len(request.body))
    start = b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (request.method, request.target, host)
    return b"%b%bX-Request-Id: %b\r\n\r\n" % (start, b"".join(fields), id_)


def is_field(name: bytes, value: bytes) -> bool:
    """Whether a pair can stand in a head."""
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value))


def cookie(text: str) -> str:
    """Understands `name=value`; ValueError has one line, without the value, which may be a secret."""
    name, equals, _ = text.partition("=")
    if not equals or not _NAME.fullmatch(name.encode("latin-1", "replace")):
        raise ValueError("a cookie is NAME=VALUE, such as sid=…")
    return text


def header(text: str) -> tuple[bytes, bytes]:
    """Understands `Name: value`; ValueError has one line, without the value, which may be a secret."""
    name, colon, value = text.partition(":")
    pair = name.strip().encode("latin-1", "replace"), value.strip().encode("utf-8")
    if not colon or not is_field(*pair):
        raise ValueError("a header is NAME: VALUE, such as 'Authorization: Bearer …'")
    if pair[0].lower() == b"host" and not _HOST.fullmatch(pair[1]):
        raise ValueError("the host is no name")
    if pair[0].lower() in _OURS - {b"host"}:
        raise ValueError(f"{name.strip()} is set by Shadow itself")
    return pair
