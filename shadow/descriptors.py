"""Descriptors: the first three are the standard streams, and the others allow so many connections.

A process that has none left can neither answer its clients nor open its files. So fewer connections are
taken in than there are descriptors, and what a connection brings with it is counted too.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Final

RESERVE: Final = 64
"""Kept for listeners, logs, segments, and the sockets between the processes."""


def raise_limit() -> None:
    """Let this process and its children have as many as the system grants."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def allowed(wanted: int, each: int) -> int:
    """As many connections as are wanted, or fewer: one may come to hold `each` descriptors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, max(1, (soft - RESERVE) // each))


def hold_standard_streams() -> None:
    """Open on /dev/null those that were closed when we were started: else the next socket would become one of
    them, and a client would be sent the log."""
    while (fd := os.open(os.devnull, os.O_RDWR)) < 3:
        os.set_inheritable(fd, True)
    os.close(fd)
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(fd, "w" if fd else "r", closefd=False))
