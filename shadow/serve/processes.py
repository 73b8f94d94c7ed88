"""Forking a worker: what it gets, what it must not keep, and how its life is told.

The supervisor has no loop, no thread and no pool, so it may fork at any time; a child closes
whatever the supervisor holds for others, or a dead process would look alive to its peers.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import structlog
import uvloop

from shadow.frame import Stream, WorkerReport
from shadow.serve.priority import Priority

Main = Callable[[socket.socket], Coroutine[Any, Any, None]]

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP)
"""Those that the supervisor has handlers for, which are not its children's."""


class WorkerSpec(NamedTuple):
    """One worker to be kept running. `main` gets the line to the supervisor."""

    name: str
    main: Main
    priority: Priority
    keeps: tuple[socket.socket, ...]  # listeners that it uses
    hears: bool = False  # is told everything that is counted


class Closable(Protocol):
    """A socket or a selector."""

    def fileno(self) -> int:
        """Its descriptor."""

    def close(self) -> None:
        """Close it in this process."""


class Process:
    """A running worker, as the supervisor knows it."""

    def __init__(self, spec: WorkerSpec, pid: int, line: socket.socket, started: float) -> None:
        self.spec = spec
        self.pid = pid
        self.line = line
        self.started = started
        self.ready = False
        self.reports: Stream[WorkerReport] = Stream(WorkerReport)
        self.outgoing = bytearray()  # what its line has not taken yet

    def dismiss(self) -> None:
        """Tell it to finish what it has, and to leave; what it still tells is heard."""
        with suppress(OSError):  # it has left already
            self.line.shutdown(socket.SHUT_WR)


def fork(spec: WorkerSpec, foreign: list[Closable], now: float) -> Process:
    """Start a worker. `foreign` is what the child must not keep. Raises OSError."""
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    # One that comes before the child has forgotten our handlers would be noted there and never heeded.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        pid = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        ours.close()
        theirs.close()
        raise
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        theirs.close()
        ours.setblocking(False)
        return Process(spec, pid, ours, now)
    status = 1
    try:
        ours.close()
        _become(spec, foreign)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(spec.main(theirs))
        status = 0
    except Exception:
        structlog.get_logger().exception("worker_crashed", worker=spec.name)
    finally:
        # Not sys.exit: what the supervisor would do at its end is not for its children.
        os._exit(status)


def _become(spec: WorkerSpec, foreign: list[Closable]) -> None:
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    # A terminal tells its whole process group, as systemd and `pkill` do; only the supervisor knows in which
    # order to leave, and tells by the line.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    keeps = {keep.fileno() for keep in spec.keeps}
    for other in foreign:
        if other.fileno() not in keeps:
            other.close()
    _be_called(f"shadow {spec.name}")
    spec.priority.take()


def _be_called(name: str) -> None:
    """In `top` and `ps -e`; of a longer name the kernel keeps 15 bytes."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name, encoding="ascii")


def share_memory(captures: int) -> None:
    """Leave as much as possible as it is in memory, so that the workers go on sharing it after the fork. Each
    may hold so many bytes of `captures`."""
    try:
        # glibc returns blocks above 128 KiB to the kernel at once, and each read of a large body faults its
        # pages in anew: more than half of a download's time. M_MMAP_THRESHOLD, above the largest frame, and
        # M_TRIM_THRESHOLD, above what comes and goes with every burst of downloads.
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 8 << 20)
        libc.mallopt(-1, min(captures + (16 << 20), 2**31 - 1))
    except (AttributeError, OSError):
        pass  # another C library, other habits
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # requests make no cycles; looking for them costs more than it finds
