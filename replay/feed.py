"""All logs together, as one stream of entries. Blocks, so it runs in a thread of its own."""

from __future__ import annotations

import heapq
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, Protocol

import structlog

from replay.follow import Followed
from replay.model import BadLine, LoggedRequest, LogSkip
from replay.reading import Entry, FormatError, Formats, Reading
from replay.source import CHUNK, STDIN, Source, SourceError, UnopenedError
from shadow.record.replayed import Mark

logger = structlog.get_logger()

_TOGETHER: Final = 128  # entries of several logs that are given at once


class Feed(Protocol):
    """Gives entries, in the order in which they shall be replayed."""

    def read(self) -> list[Entry] | None:
        """Some more; none if there are none now, None at the end."""

    def live(self) -> set[str] | None:
        """Names of logs whose marks are still needed; None for all."""

    def share(self) -> float | None:
        """How much of all logs was read, from 0 to 1; None where that cannot be known."""


class Log:
    """One log that does not grow."""

    def __init__(self, name: str, formats: Formats, mark: Mark | None = None) -> None:
        self._name = name
        self._formats = formats
        self._mark = mark
        self._reading = Reading(name, formats, mark)
        self._source: Source | None = None
        self._ended = False
        self._last = 0
        self.size = os.path.getsize(name) if os.path.isfile(name) else None
        """Bytes, as it lies there."""
        self.done = 0
        """How many of them were read."""

    def begins(self) -> float:
        """When its first request was, for which its beginning is read; 0 where that can be read only once."""
        if self._name == STDIN:
            return 0.0
        beginning = Log(self._name, self._formats, self._mark)
        try:
            return next((at for at, _ in _timed(beginning) if at), 0.0)
        finally:
            beginning._close()

    def read(self) -> list[Entry] | None:
        if self._ended:
            return None
        try:
            data = self._next()
        except UnopenedError:  # all of it would be missing
            raise
        except SourceError as error:
            return self._end(self._damaged(str(error)))
        if not data:
            return self._end([])
        try:
            return self._seen(self._reading.feed(data, short=len(data) < CHUNK))
        except FormatError:
            self._close()
            raise

    def _close(self) -> None:
        if self._source is not None:
            self._source.close()

    def _next(self) -> bytes:
        if self._source is None:
            self._source = Source(self._name)
            try:
                self._source.skip(self._reading.start)
            except SourceError:
                self._ended = True  # the damage that an earlier run has counted
                raise
        data = self._source.read()
        self.done = self._source.tell()
        return data

    def _end(self, more: list[Entry]) -> list[Entry] | None:
        self._close()
        if self._ended:
            return None
        self._ended = True
        return self._seen(self._reading.finish()) + more

    def _seen(self, entries: list[Entry]) -> list[Entry]:
        if entries:
            self._last = entries[-1].end
        return entries

    def _damaged(self, why: str) -> list[Entry]:
        """Told, and counted like a line that cannot be read: what is missing must not go unnoticed."""
        if not self._ended:
            logger.warning("log_damaged", log=self._name, reason=why)
        at = max(self._last, self._reading.start) + CHUNK
        bad = BadLine(LogSkip.MALFORMED, why.removeprefix(f"{self._name}: "))
        return [Entry(self._name, at, at + 1, bad, b"", "", b"")]


class Merged:
    """Logs that do not grow, merged by the time of their requests."""

    def __init__(self, logs: Sequence[Log]) -> None:
        self._logs = logs
        self._merged = _merged(logs)

    def read(self) -> list[Entry] | None:
        if len(self._logs) == 1:
            return self._logs[0].read()
        return list(islice(self._merged, _TOGETHER)) or None

    def live(self) -> None:
        return None

    def share(self) -> float | None:
        sizes = [log.size for log in self._logs]
        whole = sum(size or 0 for size in sizes)
        return sum(log.done for log in self._logs) / whole if whole and None not in sizes else None


def _merged(logs: Sequence[Log]) -> Iterator[Entry]:
    """A log is opened when its time has come: a load balancer writes thousands in a day."""
    waiting = deque(sorted((log.begins(), number) for number, log in enumerate(logs)))
    active: list[tuple[float, int, Entry, Iterator[tuple[float, Entry]]]] = []
    while waiting or active:
        while waiting and (not active or waiting[0][0] <= active[0][0]):
            number = waiting.popleft()[1]
            rest = _timed(logs[number])
            if first := next(rest, None):
                heapq.heappush(active, (first[0], number, first[1], rest))
        if active:
            _, number, entry, rest = active[0]
            yield entry
            if following := next(rest, None):
                heapq.heapreplace(active, (following[0], number, following[1], rest))
            else:
                heapq.heappop(active)


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

    def share(self) -> None:
        return None


def open_feed(names: Sequence[str], formats: Formats, marks: Mapping[str, Mark], follow: bool) -> Feed:
    """The logs of these names, each from its mark on. Raises SourceError."""
    if follow:
        return Following([Followed(name, formats, marks) for name in names])
    for name in names:
        if "://" not in name and name != STDIN and not os.access(name, os.R_OK):
            raise SourceError(f"{name}: {'cannot be read' if os.path.exists(name) else 'no such file'}")
    return Merged([Log(name, formats, marks.get(name)) for name in names])
