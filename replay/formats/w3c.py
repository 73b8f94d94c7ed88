"""W3C extended logs: IIS, with spaces between the fields, and CloudFront, with tabs or as JSON. Pure.

A `#Fields:` line announces the fields; it may come again with others in mid-file, so a parser has state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from replay.formats import escapes, times
from replay.formats.assemble import HEADER, Field, Meaning, assembler, header_roles, with_headers
from replay.formats.assemble import ROLES as _ROLES
from replay.formats.jsonlines import load
from replay.formats.parser import EMPTY, MAX_LINE, TOO_LONG, LineParser
from replay.formats.pattern import unmatched
from replay.model import BadLine, LogSkip, Parsed
from shadow.grammar import TCHAR

_ROLE_OF: Final = {
    "date": "date",
    "time": "time",
    "cs-method": "method",
    "cs-uri-stem": "target",
    "cs-uri-query": "query",
    "sc-status": "status",
    "time-taken": "seconds",
    "c-ip": "client",
    "cs-username": "user",
    "cs-host": "host",
    "x-host-header": "host",
    "cs(referer)": "header:Referer",
    "cs(user-agent)": "header:User-Agent",
    "sc-content-len": "size",
    "x-edge-result-type": "result",
}
"""sc-bytes is not the body's size: it counts the head too. cs(Host) is the distribution's name in
CloudFront's logs, and the client's Host in those of IIS."""

CLOUDFRONT_FIELDS: Final = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol "
    "cs-bytes time-taken"
)
"""The standard log, as far as it matters: what is left of a file whose head was cut off."""

_DIRECTIVE: Final = BadLine(LogSkip.NOT_REPLAYABLE, "a directive, not a request")
_HIT: Final = BadLine(LogSkip.NOT_REPLAYABLE, "a cache hit")
_ANNOUNCED: Final = re.compile(rb"#Fields:\s*(.*)")
_OF_HEADER: Final = re.compile(rf"cs\(({TCHAR}+)\)")
_FEW: Final = 16  # sets of fields that are remembered; a log has one, or some


class W3cParser(LineParser):
    """Reads by the `#Fields:` line in force. `header` is that line."""

    def __init__(self, name: str, separator: bytes, meaning: Meaning, fields: str = "") -> None:
        """`fields` are in force until a line announces others."""
        self.name = name
        self._separator = separator
        self._meaning = meaning
        self._read: Callable[[list[bytes]], Parsed] | None = None
        self._count = 0
        if fields:
            self._announce(fields.encode())
        self.parse = self._parse

    def _parse(self, line: bytes) -> Parsed:
        if len(line) > MAX_LINE:
            return TOO_LONG
        line = line.rstrip(b"\r\n")
        if line[:1] == b"#":
            found = _ANNOUNCED.match(line)
            if found:
                self.header = line
                self._announce(found[1])
            return _DIRECTIVE
        if not line:
            return EMPTY
        values = line.split(self._separator)
        if self._read is None:
            return BadLine(LogSkip.MALFORMED, "no #Fields: line has said what the fields are")
        if len(values) < self._count:
            return unmatched(line)
        return self._read(values)

    def _announce(self, fields: bytes) -> None:
        names = tuple(fields.decode("latin-1").split())
        self._count = len(names)
        self._read = _fields_reader(names, self._meaning)


class JsonParser(LineParser):
    """Reads objects whose keys are the names of fields, and whose values are text."""

    def __init__(self, name: str, meaning: Meaning) -> None:
        self.name = name

        def parse(line: bytes) -> Parsed:
            if len(line) > MAX_LINE:
                return TOO_LONG
            entry, charset = load(line)
            read = _fields_reader(tuple(entry), meaning) if isinstance(entry, dict) else None
            try:
                values = [str(value).encode(charset) for value in entry.values()] if read else []
            except UnicodeEncodeError:
                return BadLine(LogSkip.MALFORMED, "values of no charset")
            return read(values) if read else unmatched(line)

        self.parse = parse


@lru_cache(_FEW)
def _fields_reader(names: Sequence[str], meaning: Meaning) -> Callable[[list[bytes]], Parsed] | None:
    """What reads the values of a line that has these fields; None if they cannot make a request."""
    places = {_role(name, "x-host-header" in names): place for place, name in enumerate(names)}
    if not {"date", "time", "method", "target", "query"} <= places.keys():
        return None
    headers = header_roles(places)
    assemble = assembler(with_headers(meaning, headers))
    order = [places.get(role) for role in (*_ROLES, *headers)]
    date, clock, result = places["date"], places["time"], places.get("result")

    def read(values: list[bytes]) -> Parsed:
        if result is not None and values[result] == b"Hit":
            return _HIT
        found: list[Field] = [None if place is None else values[place] for place in order]
        found[0] = values[date] + b"T" + values[clock]
        return assemble(*found)

    return read


def _role(name: str, has_host_header: bool) -> str:
    name = name.lower()
    if name == "cs(host)":
        return "" if has_host_header else "host"
    header = _OF_HEADER.fullmatch(name)
    if header and name not in _ROLE_OF:
        return HEADER + header[1].title()
    return _ROLE_OF.get(name, "")


def iis() -> W3cParser:
    """IIS writes times in UTC when the answer has ended, the path decoded, and `+` for a space."""
    meaning = Meaning(
        times.iso,
        at_end=True,
        unit=times.UNITS["ms"],
        undo=escapes.nothing,
        undo_header=escapes.plus,
        decoded=True,
    )
    return W3cParser("iis", b" ", meaning)


_CLOUDFRONT: Final = Meaning(times.iso, at_end=True, undo=escapes.nothing, undo_header=escapes.percent)


def cloudfront() -> W3cParser:
    """CloudFront writes times in UTC when the answer has ended, path and query as they were asked."""
    return W3cParser("cloudfront", b"\t", _CLOUDFRONT, CLOUDFRONT_FIELDS)


def cloudfront_json() -> JsonParser:
    """What its standard logging v2 writes if it is asked for JSON."""
    return JsonParser("cloudfront-json", _CLOUDFRONT)
