"""All logs together, as one stream of entries. Blocks, so it runs in a thread of its own."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, Protocol

from replay import source
from replay.follow import Followed
from replay.model import BadLine, LoggedRequest, LogSkip
from replay.reading import Entry, Formats, Reading
from replay.source import SourceError
from shadow.record.replayed import Mark

_TOGETHER: Final = 128  # entries of several logs that are given at once


class Feed(Protocol):
    """Gives entries, in the order in which they shall be replayed."""

    def read(self) -> list[Entry] | None:
        """Some more; none if there are none now, None at the end."""

    def live(self) -> set[str] | None:
        """Names of logs whose marks are still needed; None for all."""


class Log:
    """One log that does not grow."""

    def __init__(self, name: str, formats: Formats, mark: Mark | None = None) -> None:
        self._name = name
        self._reading = Reading(name, formats, mark)
        self._stream: source.Stream | None = None
        self._ended = False
        self._last = 0

    def read(self) -> list[Entry] | None:
        if self._ended:
            return None
        try:
            data = self._next()
        except SourceError as error:
            return self._end(self._damaged(str(error)))
        if not data:
            return self._end([])
        return self._seen(self._reading.feed(data, short=len(data) < source.CHUNK))

    def _next(self) -> bytes:
        if self._stream is None:
            self._stream = source.open_log(self._name)
            if self._reading.start:
                self._skip(self._stream)
        return source.read(self._stream, self._name)

    def _skip(self, stream: source.Stream) -> None:
        try:
            source.skip(stream, self._name, self._reading.start)
        except SourceError:
            self._ended = True  # the damage that the earlier run has counted
            raise

    def _end(self, more: list[Entry]) -> list[Entry] | None:
        if self._stream is not None:
            self._stream.close()
        if self._ended:
            return None
        self._ended = True
        return self._seen(self._reading.finish()) + more

    def _seen(self, entries: list[Entry]) -> list[Entry]:
        if entries:
            self._last = entries[-1].end
        return entries

    def _damaged(self, why: str) -> list[Entry]:
        """Told like a line that cannot be read: what is missing must not go unnoticed."""
        at = max(self._last, self._reading.start) + source.CHUNK
        bad = BadLine(LogSkip.MALFORMED, why.removeprefix(f"{self._name}: "))
        return [Entry(self._name, at, at + 1, bad, b"", "", b"")]


class Merged:
    """Logs that do not grow, merged by the time of their requests."""

    def __init__(self, logs: Sequence[Log]) -> None:
        self._one = logs[0] if len(logs) == 1 else None
        self._merged = heapq.merge(*map(_timed, logs), key=lambda pair: pair[0])

    def read(self) -> list[Entry] | None:
        if self._one is not None:
            return self._one.read()
        return [entry for _, entry in islice(self._merged, _TOGETHER)] or None

    def live(self) -> None:
        return None


def _timed(log: Log) -> Iterator[tuple[float, Entry]]:
    """Entries with their time; what has none keeps its place behind the one before it."""
    at = 0.0
    while (entries := log.read()) is not None:
        for entry in entries:
            if isinstance(entry.parsed, LoggedRequest):
                at = entry.parsed.at
            yield at, entry


class Following:
    """Growing logs; what comes first is given first."""

    def __init__(self, logs: Sequence[Followed]) -> None:
        self._logs = logs

    def read(self) -> list[Entry]:
        return [entry for log in self._logs for entry in log.read()]

    def live(self) -> set[str]:
        return {key for log in self._logs for key in log.live()}


def open_feed(names: Sequence[str], formats: Formats, marks: Mapping[str, Mark], follow: bool) -> Feed:
    """The logs of these names, each from its mark on. Raises SourceError."""
    if follow:
        for name in names:
            if "://" in name or name == source.STDIN:
                raise SourceError(f"{name}: only files can be followed; leave --follow out")
        return Following([Followed(name, formats, marks) for name in names])
    for name in names:
        if "://" not in name and name != source.STDIN and not os.access(name, os.R_OK):
            raise SourceError(f"{name}: {'cannot be read' if os.path.exists(name) else 'no such file'}")
    return Merged([Log(name, formats, marks.get(name)) for name in names])
