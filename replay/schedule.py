"""Requests that wait until they are due, and until those before them in their session are answered. Pure:
time is an argument.

Due times are fixed when a request is placed; nothing that happens later moves them.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import Final, Generic, NamedTuple, TypeVar

from replay.pace import Pace

EARLY: Final = 0.0005
"""Seconds that a request may leave before it is due: timers know milliseconds."""

T = TypeVar("T")


class Due(NamedTuple, Generic[T]):
    """One request that waits. `at` is in seconds after the start."""

    at: float
    number: int  # keeps the order of those that are due together
    session: bytes | None
    item: T


class Schedule(Generic[T]):
    """A window of the requests to come, sorted by when they are due: servers log in the order of ends."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._placed = 0
        self._added = 0
        self._first = 0.0
        self._waiting: list[Due[T]] = []
        self._sessions: dict[bytes, deque[Due[T]]] = {}
        self.held = 0
        """Requests that are due, and wait for the one before them in their session."""

    def __len__(self) -> int:
        return len(self._waiting)

    def place(self, at: float) -> float:
        """When the next request of the log is due, which began at `at` (Unix seconds). Asked for those of
        other shards too, so that all keep one schedule."""
        if not self._placed:
            self._first = at
        due = self._pace.due(self._placed, at - self._first)
        self._placed += 1
        return due

    def add(self, due: float, session: bytes | None, item: T) -> None:
        """Have it wait."""
        self._added += 1
        heapq.heappush(self._waiting, Due(due, self._added, session, item))

    def wait(self, now: float) -> float | None:
        """Seconds until one is due; None if there is none."""
        return max(0.0, self._waiting[0].at - now) if self._waiting else None

    def next(self, now: float) -> Due[T] | None:
        """What to send now; the session that it belongs to is busy until `answered`."""
        while self._waiting and self._waiting[0].at <= now + EARLY:
            due = heapq.heappop(self._waiting)
            if due.session is None:
                return due
            behind = self._sessions.get(due.session)
            if behind is None:
                self._sessions[due.session] = deque()
                return due
            behind.append(due)
            self.held += 1
        return None

    def answered(self, session: bytes | None) -> Due[T] | None:
        """The next request of the session, if it is due already."""
        if session is None:
            return None
        behind = self._sessions[session]
        if not behind:
            del self._sessions[session]
            return None
        self.held -= 1
        return behind.popleft()

    def items(self) -> list[T]:
        """All that waits, in no order."""
        items = [due.item for due in self._waiting]
        return items + [due.item for behind in self._sessions.values() for due in behind]

    def clear(self) -> None:
        """Give up all that waits."""
        self._waiting.clear()
        for behind in self._sessions.values():
            behind.clear()
        self.held = 0
