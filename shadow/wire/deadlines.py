"""One sweeper for every timeout.

A timer per request costs more than parsing it. Here a connection only holds the time at which it
has waited long enough, and one timer per process looks at all of them, four times a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Protocol

NEVER: Final = float("inf")
INTERVAL: Final = 0.25
"""Seconds between two looks: how late a deadline can be noticed."""

_PARTS: Final = 8  # turns of the loop that are waited for at least; a new connection takes four


class Timed(Protocol):
    """What can be watched: `deadline` is in the loop's time, NEVER for none."""

    deadline: float

    def expired(self, now: float) -> None:
        """The deadline has passed."""


class Deadlines:
    """Watches connections and tells those whose deadline has passed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._watched: set[Timed] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._watched)

    def watch(self, timed: Timed) -> None:
        self._watched.add(timed)
        if self._timer is None:
            self._timer = self._loop.call_later(INTERVAL, self._sweep)

    def forget(self, timed: Timed) -> None:
        self._watched.discard(timed)

    def _sweep(self) -> None:
        self._timer = self._loop.call_later(INTERVAL, self._sweep) if self._watched else None
        self.sweep(self._loop.time())

    def sweep(self, now: float) -> None:
        """Tell those whose deadline has passed by `now`."""
        for timed in [timed for timed in self._watched if timed.deadline <= now]:
            if timed.deadline <= now and timed in self._watched:  # one that expires may move another's
                timed.expired(now)


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """As `asyncio.timeout`, but what takes several turns of the loop gets them. On a busy machine the turns
    of a process of the lowest priority come seconds late, which is not the other side's fault: so the time is
    waited for in parts, of at least one turn each."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def wait(parts: int) -> None:
        nonlocal timer
        if parts:
            timer = loop.call_later(seconds / _PARTS, wait, parts - 1)
        else:
            limit.reschedule(loop.time())

    async with asyncio.timeout(None) as limit:
        wait(_PARTS)
        try:
            yield
        finally:
            timer.cancel()
