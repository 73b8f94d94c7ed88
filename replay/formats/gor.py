"""GoReplay's .gor files: raw requests, and the answers to them, as records. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final, NamedTuple

from replay.formats import escapes, times
from replay.formats.assemble import Meaning, assembler
from replay.formats.har import sendable
from replay.formats.parser import MAX_DOCUMENT, Framing, RecordParser
from replay.model import BadLine, LoggedRequest, LogSkip, Parsed
from shadow.model import Headers

SEPARATOR: Final = "\n🐵🙈🙉\n".encode()
"""Stands after every record."""

_WAITING: Final = 10_000
"""Requests whose answer may come later. GoReplay gives up after seconds, so older ones get none."""

_META: Final = re.compile(rb"([123]) ([0-9A-Za-z]{1,64}) (\d{1,20})(?: -?\d{1,20})?\r?\Z")
_STATUS: Final = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})\b")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r?\n")
_assemble = assembler(Meaning(times.unix("ns"), undo=escapes.nothing))


class _Message(NamedTuple):
    start: bytes
    headers: Headers
    body: bytes


class GorParser(RecordParser):
    """A request (record 1) is told when its answer (record 2, same id) has come, or can no longer be awaited.
    What GoReplay's own replay was answered (record 3) is left out."""

    framing: ClassVar[Framing] = Framing.GOR

    def __init__(self) -> None:
        self.name = "gor"
        self._waiting: dict[bytes, LoggedRequest] = {}

    def entries(self, record: bytes) -> Iterator[Parsed]:
        line, _, raw = record.lstrip(b"\r\n").partition(b"\n")
        found = _META.match(line)
        if len(record) > MAX_DOCUMENT or found is None:
            yield BadLine(LogSkip.MALFORMED, "not a record of GoReplay's")
        elif found[1] == b"1":
            yield from self._request(found[2], found[3], raw)
        elif found[1] == b"2" and found[2] in self._waiting:
            yield _answered(self._waiting.pop(found[2]), int(found[3]) * times.UNITS["ns"], _message(raw))

    def finish(self) -> Iterator[Parsed]:
        yield from self._waiting.values()
        self._waiting.clear()

    def _request(self, key: bytes, at: bytes, raw: bytes) -> Iterator[Parsed]:
        if key in self._waiting:
            yield self._waiting.pop(key)
        elif len(self._waiting) >= _WAITING:
            yield self._waiting.pop(next(iter(self._waiting)))
        message = _message(raw)
        parsed = _assemble(at, message.start, *[None] * 9)
        if isinstance(parsed, BadLine):
            yield parsed
            return
        try:
            headers, host = sendable(message.headers)
        except ValueError as error:
            yield BadLine(LogSkip.NOT_REPLAYABLE, str(error))
            return
        self._waiting[key] = parsed._replace(headers=headers, host=host or parsed.host, body=message.body)


def _answered(request: LoggedRequest, at: float, answer: _Message) -> LoggedRequest:
    status = _STATUS.match(answer.start)
    if status is None:
        return request
    seconds = max(0.0, at - request.at)
    return request._replace(status=int(status[1]), size=len(answer.body), seconds=seconds)


def _message(raw: bytes) -> _Message:
    head, _, body = raw.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    pairs = [line.partition(b":") for line in lines]
    headers = tuple((name.strip(), value.strip(b" \t")) for name, _, value in pairs)
    if any(name.lower() == b"transfer-encoding" and b"chunked" in value.lower() for name, value in headers):
        body = _unchunked(body)
    return _Message(start, headers, body)


def _unchunked(body: bytes) -> bytes:
    """RFC 9112 7.1, as far as the record goes."""
    pieces, place = [], 0
    while found := _CHUNK.match(body, place):
        size = int(found[1], 16)
        if size == 0:
            break
        pieces.append(body[found.end() : found.end() + size])
        place = found.end() + size + 2
    return b"".join(pieces)
