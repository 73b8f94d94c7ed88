"""Who gives way to whom on a busy machine: every cycle belongs to the clients first, and every page."""

from __future__ import annotations

import enum
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_NICEST: Final = 19


class Priority(enum.Enum):
    """Of a process. A lower one is for good: who has no privileges cannot go back."""

    CLIENTS = "serves them, or tells how it goes"
    SHADOW = "asks the target, and measures how long it takes: little work, often"
    SPARE = "works for milliseconds and more"

    def take(self) -> None:
        """Make it that of this process."""
        if self is not Priority.CLIENTS:
            _die_first()  # before it may wait long for a processor
            os.nice(_NICEST - os.nice(0))
            with suppress(OSError):  # a sandbox may forbid it
                os.sched_setscheduler(0, _POLICIES[self], os.sched_param(0))


# To be nice is not enough. Who wakes up is often let in at once, since it has used so little, and whoever is
# let in keeps the processor for up to some milliseconds, though a client's answer has come.
_POLICIES: Final = {
    Priority.SHADOW: os.SCHED_BATCH,  # waits for who is at work, but for those that are spare
    Priority.SPARE: os.SCHED_IDLE,  # goes at once when anybody else wakes up
}


def _die_first() -> None:
    """Where the machine has no memory left, the kernel takes this process before one that serves clients."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
