"""Lines that a container's runtime has cut in pieces are joined again. Pure.

Docker and containerd cut at 16 KiB, CRI-O wherever its buffer ends; what a container says on its other
stream may stand between two pieces. Such records wait, so that all come in the order of the log, and all at
once with one end: a later run begins behind all of them, or at one that it knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from replay.cutter import Record
from replay.formats.parser import MAX_LINE
from replay.formats.wrapped import is_cut, piece, whole

_MOST: Final = MAX_LINE
"""Bytes that wait. A line whose end has not come by then is none: its container has died, or lies."""
_EACH: Final = 512
"""Bytes of memory that a record takes beside its own, so that empty ones are few as well."""


class Joiner:
    """Takes the records of a log in their order, and gives whole lines."""

    def __init__(self) -> None:
        self._cuts: bool | None = None  # whether a runtime has written this log, once it is known
        self._waiting: list[_Line] = []
        self._open: dict[bytes, _Line] = {}  # by stream, the lines of those that wait for their end
        self._size = 0  # bytes of all that waits
        self._end = 0

    def feed(self, records: list[Record]) -> list[Record]:
        """The lines that are whole with `records`."""
        if self._cuts is None and records:
            self._cuts = any(piece(record.data) for record in records)
        if not self._cuts or not (self._open or any(is_cut(record.data) for record in records)):
            return records
        return [line for record in records for line in self._take(record)]

    def flush(self) -> list[Record]:
        """What waits, at the end of the log: the pieces that never became a line are as they were written."""
        lines = [Record(line.at, self._end, line.data()) for line in self._waiting]
        self._waiting = []
        self._open = {}
        self._size = 0
        return lines

    def _take(self, record: Record) -> list[Record]:
        if not self._open and not is_cut(record.data):
            return [record]
        part = piece(record.data)
        line = self._open.pop(part.stream, None) if part else None
        if line is None:
            line = _Line(record)
            self._waiting.append(line)
        if part:
            line.texts.append(part.text)
            line.is_open = part.goes_on
            if part.goes_on:
                self._open[part.stream] = line
        self._size += len(record.data) + _EACH
        self._end = record.end
        return self.flush() if not self._open or self._size > _MOST else []


def joined(lines: Iterable[bytes]) -> list[bytes]:
    """The first lines of a log, as they were before they were cut."""
    joiner = Joiner()
    whole_lines = joiner.feed([Record(0, 0, line) for line in lines])
    return [line.data for line in (*whole_lines, *joiner.flush())]


class _Line:
    """One that waits, of one or several pieces."""

    def __init__(self, first: Record) -> None:
        self.at = first.at
        self.texts: list[bytes] = []
        self.is_open = False
        self._first = first.data

    def data(self) -> bytes:
        return self._first if self.is_open or len(self.texts) < 2 else whole(self._first, self.texts)
