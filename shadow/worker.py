"""What every worker process has: a loop, counters that it reports each second, and an end.

A worker talks to the supervisor over one socket. It says what it counted; that the socket closes
means that the supervisor is gone, and a worker without one leaves.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Final, cast

from shadow.frame import Served, Stream, WorkerReport
from shadow.record.tally import SLOWER_SECONDS, Tally

EVERY: Final = 1.0
"""Seconds between two reports."""

_REMEMBERED: Final = 60  # reports in which a delay is told: metrics are not asked for every second
_LOOK: Final = 0.02  # seconds between two looks at how late a busy loop is, unless its worker says otherwise
_LOOK_AT_IDLE: Final = 0.5
_RECENT: Final = 10  # reports that say whether it is starved: what was timed is counted seconds later
_STARVED: Final = 0.1  # share of their time; by the slowest twentieth of its answers a target is called slow
_IDLE: Final = 0.05  # share of a processor; a loop that uses less is looked at less often
_RECONNECT: Final = 0.1  # seconds


class LoopLag:
    """How late a loop comes to what is due, and how much of that is its own doing. Pure: it is given the
    seconds of two clocks, of time that passed and of processor time that this thread used.

    A loop is late because it was busy, or because others had the processor. What it did itself took processor
    time: of a delay at most as much as was used since the look before is its own, the rest is a wait for a
    processor. (A wait for a disk looks the same.)
    """

    def __init__(self) -> None:
        self._due = self._used = 0.0
        self._lag: deque[float] = deque([0.0], _REMEMBERED)
        self._blocked: deque[float] = deque([0.0], _REMEMBERED)
        self._wanted: deque[float] = deque([0.0], _RECENT)

    def expect(self, due: float, used: float) -> None:
        """The next look is due then; so much of a processor was used until now."""
        self._due, self._used = due, used

    def look(self, now: float, used: float) -> float:
        """What was due is done now. Gives what was used of a processor since the look before."""
        lag, own = now - self._due, used - self._used
        self._lag[-1] = max(self._lag[-1], lag)
        self._blocked[-1] = max(self._blocked[-1], min(lag, own))
        if lag - own > SLOWER_SECONDS:  # less makes no answer count as slower
            self._wanted[-1] += lag - own
        return own

    @property
    def starved(self) -> bool:
        """Had the loop no processor for so much of the last reports that what it timed tells little?"""
        return sum(self._wanted) > _STARVED * EVERY * len(self._wanted)

    def tell(self) -> dict[str, float]:
        """The longest of the last reports; another one begins."""
        told = {"loop_lag_seconds": max(self._lag), "loop_blocked_seconds": max(self._blocked)}
        self._lag.append(0.0)
        self._blocked.append(0.0)
        self._wanted.append(0.0)
        return told


class LagWatch:
    """Looks again and again how late a loop is: often where it is busy."""

    def __init__(self, loop: asyncio.AbstractEventLoop, loop_lag: LoopLag, often: float = _LOOK) -> None:
        """Often is every so many seconds."""
        self._loop = loop
        self._loop_lag = loop_lag
        self._often = often
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._expect(self._often, time.thread_time())

    def _expect(self, after: float, used: float) -> None:
        # Not the loop's time: it stands still while the loop does something.
        self._loop_lag.expect(time.monotonic() + after, used)
        self._timer = self._loop.call_later(after, self._look, after)

    def _look(self, after: float) -> None:
        used = time.thread_time()
        is_idle = self._loop_lag.look(time.monotonic(), used) < after * _IDLE
        self._expect(_LOOK_AT_IDLE if is_idle else self._often, used)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class Worker(asyncio.Protocol):
    """One worker's counters and its line to the supervisor."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, look: float = _LOOK) -> None:
        """It looks every `look` seconds how late its loop is while that is busy."""
        self.loop = loop
        self.name = name
        self.stopping = asyncio.Event()
        """Set when the worker shall leave: when the supervisor says no more, or is gone."""
        self.tallies: dict[str, Tally] = {}
        self.handed: dict[int, dict[str, int]] = {}
        self.served = Served()
        self.gauges: Callable[[], dict[str, float]] = dict
        self._stream = Stream(WorkerReport)
        self._transport: asyncio.WriteTransport  # from connection_made on
        self._timer: asyncio.TimerHandle | None = None
        self._loop_lag = LoopLag()
        self._watch = LagWatch(loop, self._loop_lag, look)
        self._closed: asyncio.Future[None] = loop.create_future()

    async def start(self, line: socket.socket) -> None:
        """Connect to the supervisor."""
        await self.loop.create_unix_connection(lambda: self, sock=line)
        self._watch.start()
        self._report()

    def tally(self, endpoint: str) -> Tally:
        """The counters of an endpoint since the last report."""
        tally = self.tallies.get(endpoint)
        if tally is None:
            tally = self.tallies[endpoint] = Tally()
        return tally

    def _report(self) -> None:
        # A supervisor that does not read costs nothing but its own view: counters go on adding here.
        if self._transport.get_write_buffer_size() == 0:
            self.tell()
        self._timer = self.loop.call_later(EVERY, self._report)

    def tell(self) -> None:
        """Report now, unless the supervisor is gone."""
        if self._transport.is_closing():
            return
        tallies, self.tallies = self.tallies, {}
        if self._loop_lag.starved:
            for tally in tallies.values():
                tally.starved = tally.target.total
        handed, self.handed = self.handed, {}
        served, self.served = self.served, Served()
        gauges = self.gauges() | self._loop_lag.tell() | {"tasks": len(asyncio.all_tasks(self.loop))}
        report = WorkerReport(self.name, os.getpid(), tallies, handed, gauges, served)
        self._transport.writelines(self._stream.encode(report))

    async def finish(self) -> None:
        """Send the last report, and close the line behind it."""
        self._watch.stop()
        if self._timer is not None:
            self._timer.cancel()
        self.tell()
        self._transport.close()
        await self._closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def eof_received(self) -> bool:
        self.stopping.set()
        return True  # the last report is still to be sent

    def connection_lost(self, exc: Exception | None) -> None:
        self.stopping.set()
        if not self._closed.done():
            self._closed.set_result(None)


async def connect_unix(
    loop: asyncio.AbstractEventLoop, protocol: Callable[[], asyncio.BaseProtocol], path: str
) -> None:
    """Connect to another worker's socket, trying until it is there."""
    while True:
        try:
            await loop.create_unix_connection(protocol, path)
        except OSError:
            await asyncio.sleep(_RECONNECT)
        else:
            return
