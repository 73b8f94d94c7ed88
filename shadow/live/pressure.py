"""What a live worker does when memory runs short: first without the shadow, then without new requests.

It stops by itself, because the kernel would stop it in the middle of everybody's answer.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
from typing import Final

from shadow import container
from shadow.live.capture import Budget
from shadow.settings import Config
from shadow.wire.front import Front

_EVERY: Final = 0.1  # seconds between two looks
_SHED: Final = 0.75  # of the limit: from here on nothing more is captured
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_LINE: Final = 256  # bytes; seven numbers


def limit(config: Config, live: int) -> int:
    """Bytes that each of so many live workers may grow by: as configured, or of half of what the container
    has. The other half is for the rest of the processes."""
    return config.limits.memory or container.memory() // 2 // live


class Pressure:
    """Looks at the memory of this process, and holds back what would need more."""

    def __init__(self, loop: asyncio.AbstractEventLoop, front: Front, budget: Budget, most: int) -> None:
        """It may grow by `most` bytes from now on."""
        self._loop = loop
        self._front = front
        self._budget = budget
        self._usual = budget.limit
        self._most = most
        self._file = os.open("/proc/self/statm", os.O_RDONLY)  # to open it takes most of a look
        self._began = self._resident()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """Look now, and again and again."""
        self.look()
        self._timer = self._loop.call_later(_EVERY, self.watch)

    def look(self) -> None:
        """Hold back, or go on."""
        grown = self._resident() - self._began
        if grown > _SHED * self._most and self._trim():  # what was freed counts until it is given back
            grown = self._resident() - self._began
        self._budget.limit = 0 if grown > _SHED * self._most else self._usual
        self._front.short_of_memory = grown > self._most

    def _resident(self) -> int:
        """Bytes of this process in memory."""
        return int(os.pread(self._file, _LINE, 0).split()[1]) * _PAGE

    def _trim(self) -> bool:
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except (AttributeError, OSError):
            return False  # another C library than glibc
        return True

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        os.close(self._file)
