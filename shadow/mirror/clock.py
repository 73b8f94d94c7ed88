"""A clock that stands still while this process waits for a processor.

A shadow worker runs at the lowest priority, so that clients come first. On a busy machine it learns of an
answer long after that has come: measured by the wall the target would look slow, and be called regressed.
The kernel tells how long a process was ready to run and did not (/proc/PID/schedstat, its second number).
"""

from __future__ import annotations

import os
import time
from typing import Final

_STALE: Final = 0.0001  # seconds; reading costs a microsecond, and whoever has waited longer reads anew


class OwnClock:
    """Seconds of one process, from an arbitrary moment on. To be made after the fork."""

    def __init__(self) -> None:
        try:
            self._file = os.open("/proc/self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1  # another system: then the wall has to do
        self._waited = 0.0
        self._read = self._last = 0.0

    def __call__(self) -> float:
        now = time.perf_counter()
        if now - self._read > _STALE and self._file >= 0:
            self._read = now
            self._waited = int(os.pread(self._file, 64, 0).split(b" ", 2)[1]) * 1e-9
        # A wait that falls between the two looks is told with the next: time must not run backwards by it.
        self._last = max(self._last, now - self._waited)
        return self._last

    def close(self) -> None:
        """Give the file back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
