"""A stream of bytes, cut into records. Pure.

Each record knows where it stands in the stream, and none is kept beyond a limit.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

_CUT = b"\0"  # in no separator


class Record(NamedTuple):
    """A piece of a log. `data` is its beginning only, where it is longer than the limit."""

    at: int  # of its first byte in the log
    end: int  # of its last, and the separator behind it
    data: bytes


class Cutter:
    """Cuts a stream into records. Pure. Of a record longer than `limit` one byte more than that is kept."""

    def __init__(self, separator: bytes, limit: int, at: int = 0) -> None:
        self._separator = separator
        self._limit = limit
        self._at = at  # where the record begins that is not complete yet
        self._length = 0  # of it, with what is not kept
        self._rest = b""

    def feed(self, data: bytes) -> list[Record]:
        """The records that are complete with `data`."""
        separator = self._separator
        first, *others = (self._rest + data).split(separator)
        if not others:
            self._keep(first, self._length + len(data))
            return []
        length = self._length + len(data) - sum(map(len, others)) - len(separator) * len(others)
        records = [self._record(first, length + len(separator))]
        last = others.pop()
        records += [self._record(piece, len(piece) + len(separator)) for piece in others]
        self._keep(last, len(last))
        return records

    def flush(self) -> list[Record]:
        """What is left at the end of the log, without a separator behind it."""
        return [self._record(self._rest, self._length)] if self._length else []

    def _record(self, data: bytes, length: int) -> Record:
        at = self._at
        self._at = at + length
        self._length = 0
        self._rest = b""
        return Record(at, self._at, data[: self._limit + 1])

    def _keep(self, data: bytes, length: int) -> None:
        self._length = length
        most = self._limit + 1
        # The end of it may be the beginning of a separator; what was cut apart must not become one.
        tail = len(self._separator) - 1
        short = len(data) <= most + tail
        self._rest = data if short else data[:most] + _CUT + data[len(data) - tail :]


class Whole:
    """Does not cut: the stream is one record. What comes past `limit` and one byte is not kept."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._length = 0

    def feed(self, data: bytes) -> list[Record]:
        if self._length <= self._limit:
            self._pieces.append(data)
        self._length += len(data)
        return []

    def flush(self) -> list[Record]:
        return [Record(0, self._length, b"".join(self._pieces))] if self._length else []


Cutting: TypeAlias = Cutter | Whole
