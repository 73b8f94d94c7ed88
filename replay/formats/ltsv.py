"""Labelled tab-separated values, whatever the labels are called and in whatever order. Pure.

The lines of a log mostly have the same labels in the same order, so a pattern is made for each order that
occurs, and the latest is tried first: that is several times faster than splitting every line.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from replay.formats import times
from replay.formats.assemble import Meaning
from replay.formats.fieldmap import FieldMap, field_map
from replay.formats.parser import EMPTY, MAX_LINE, TOO_LONG, LineParser, Options
from replay.formats.pattern import Read, reader, unmatched
from replay.formats.wrapped import unwrapped
from replay.model import BadLine, LogSkip, Parsed

LABELS: Final = {
    "time": "time time_local time_iso8601 timestamp msec",
    "request": "req request",
    "method": "method request_method",
    "target": "uri path request_uri",
    "query": "args query_string",
    "host": "vhost http_host",
    "status": "status",
    "size": "size body_bytes_sent",
    "seconds": "reqtime_microsec/us reqtime request_time apptime",
    "client": "host remote_addr",
    "user": "user",
    "header:X-Forwarded-For": "forwardedfor",
    "header:Referer": "referer",
    "header:User-Agent": "ua",
}
"""The labels of ltsv.org, and others often seen in their place."""

_FEW: Final = 64  # virtual hosts may each have an order; more than this is no log
_MOST_LABELS: Final = 256  # of one line; making a pattern of more takes too long
_LABELLED: Final = re.compile(rb"[0-9A-Za-z_.-]++:")

_Order: TypeAlias = tuple[bytes, ...]


class LtsvParser(LineParser):
    """Learns the orders of labels from the lines."""

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._map = field_map(LABELS, options.fields)
        self._time = times.any_in(options.zone)
        self._orders: dict[_Order, Read | BadLine] = {}
        latest: Read = lambda line: None  # noqa: E731 - stands for a reader until there is one

        def parse(line: bytes) -> Parsed:
            nonlocal latest
            line = line.rstrip(b"\r\n")
            parsed = latest(line)
            if parsed is not None:
                return parsed
            # Before labels are read: a date looks like one.
            line = _tabbed(unwrapped(line) or line)
            found = self._reader(line)
            if isinstance(found, BadLine):
                return found
            latest = found
            return latest(line) or unmatched(line)

        self.parse = parse

    def _reader(self, line: bytes) -> Read | BadLine:
        if len(line) > MAX_LINE:
            return TOO_LONG
        if not line.strip():
            return EMPTY
        fields = line.split(b"\t")
        labels = [_LABELLED.match(field) for field in fields]
        order = tuple(label[0][:-1] for label in labels if label)
        if len(order) < len(fields) or len(order) > _MOST_LABELS:
            return unmatched(line)
        if order not in self._orders:
            if self._cut_off(order):
                return BadLine(LogSkip.MALFORMED, "the line ends early, and its target may be cut off")
            if len(self._orders) >= _FEW:
                self._orders.clear()
            self._orders[order] = self._learn(order, line)
        return self._orders[order]

    def _cut_off(self, order: _Order) -> bool:
        """Whether the line ends with its target, or its query, where others go on."""
        asked = [
            source.label.encode()
            for role in ("request", "target", "query")
            for source in self._map.get(role, ())
        ]
        return order[-1] in asked and any(known[: len(order)] == order for known in self._orders)

    def _learn(self, order: _Order, line: bytes) -> Read | BadLine:
        """A reader for lines with these labels; of two labels for one role the map's first counts."""
        roles, unit = _roles(self._map, order)
        known = set(roles.values())
        if "time" not in known or not ("request" in known or {"method", "target"} <= known):
            return BadLine(LogSkip.MALFORMED, "no label is known as the time, or none as the request")
        pattern = b"\t".join(
            re.escape(label) + (rb":([^\t]*+)" if place in roles else rb":[^\t]*+")
            for place, label in enumerate(order)
        )
        # Apache's %t has brackets and is the request's start, nginx's $time_local has none and is its end
        at_end = not re.search(rb"(?:^|\t)time:\[", line)
        groups = [roles[place] for place in sorted(roles)]
        return reader(pattern, groups, Meaning(self._time, at_end, times.UNITS[unit]))


def _tabbed(line: bytes) -> bytes:
    """rsyslog writes a tab as #011."""
    return line if b"\t" in line else line.replace(b"#011", b"\t")


def _roles(fields: FieldMap, order: _Order) -> tuple[dict[int, str], str]:
    """The role of each place that has one, and the unit of the duration."""
    roles, unit = {}, "s"
    for role, sources in fields.items():
        for source in sources:
            label = source.label.encode()
            if label in order:
                roles[order.index(label)] = role
                unit = source.unit if role == "seconds" else unit
                break
    taken = set(roles.values())
    if {"method", "target"} <= taken:
        roles = {place: role for place, role in roles.items() if role != "request"}
    return roles, unit
