"""What others write around a server's line: syslog, Docker, a container's runtime. Pure.

A parser asks for it only where a line as it stands is none of its format, so that others cost nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

_ISO: Final = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*+(?:Z|[+-]\d\d:?\d\d)"
_DATA: Final = rb"(?:-|(?>(?:\[(?>(?:[^]\\]++|\\.){0,1000})\]){1,100}))"  # in which a ] is escaped
_TAG: Final = rb"[\w./@-]++(?:\[\d++\])?:"
_AROUND: Final = re.compile(
    # RFC 5424 6: time, host, program, its id, that of the message, structured data
    rb"<\d{1,3}>1 (?:%(iso)b|-) [^ ]++ [^ ]++ [^ ]++ [^ ]++ %(data)b (?:\xef\xbb\xbf)?"
    # RFC 3164 4.1, as it is sent or kept: nginx may leave out the host, busybox writes a facility behind it
    rb"|(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|%(iso)b) (?:[^ ]++(?<!:) ){0,2}%(tag)b ++"
    # containerd and CRI-O: a whole line, not a part of one; or `docker logs` and `kubectl logs` with times
    rb"|%(iso)b (?:std(?:out|err) F(?::[^ ]++)? )?"
    # rsyslog's %msg%, where nothing else is kept
    rb"| ++" % {b"iso": _ISO, b"data": _DATA, b"tag": _TAG}
)


class _OfDocker(msgspec.Struct):
    """A line of Docker's json-file."""

    log: str
    stream: str


_of_docker: Final = msgspec.json.Decoder(_OfDocker).decode

_OF_CRI: Final = re.compile(rb"(%b (stdout|stderr)) ([PF])(?::[^ ]++)? " % _ISO)
_DOCKERS_PIECE: Final = 16 * 1024
"""Bytes at which Docker cuts. A shorter text without an LF is of somebody who took it off."""


class Piece(NamedTuple):
    """What a container's runtime has kept as one: a line, or a part of it."""

    stream: bytes
    text: bytes
    goes_on: bool  # the next of its stream belongs to the same line


def piece(line: bytes) -> Piece | None:
    """What a line of containerd, CRI-O or Docker's json-file holds; None where it is of nobody of them."""
    if line[:1] != b"{":
        found = _OF_CRI.match(line)
        return Piece(found[2], line[found.end() :], found[3] == b"P") if found else None
    try:
        said = _of_docker(line)
        text = said.log.encode()
        return Piece(said.stream.encode(), text, len(text) >= _DOCKERS_PIECE and not text.endswith(b"\n"))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def is_cut(line: bytes) -> bool:
    """Whether another line goes on with this one. That hardly any does is seen without reading them all."""
    if line[:1] == b"{" and len(line) < _DOCKERS_PIECE:
        return False
    found = piece(line)
    return found is not None and found.goes_on


def whole(line: bytes, texts: Sequence[bytes]) -> bytes:
    """The line that would be there, had nobody cut it: of its first piece, and the texts of all."""
    text = b"".join(texts)
    found = _OF_CRI.match(line)
    if found:
        return b"%b F %b" % (found[1], text)
    return msgspec.json.encode(_OfDocker(text.decode(), _of_docker(line).stream))


def unwrapped(line: bytes) -> bytes | None:
    """The line that was written first; None where nobody has wrapped one. Of what is no UTF-8, Docker keeps
    only that there was something: U+FFFD."""
    if line[:1] != b"{":
        found = _AROUND.match(line)
        return line[found.end() :] if found else None
    try:
        return _of_docker(line).log.encode().rstrip(b"\r\n")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
