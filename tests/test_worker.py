"""What every worker tells of its loop."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from shadow.frame import Stream, WorkerReport
from shadow.model import Response
from shadow.record.parts import About
from shadow.worker import LoopLag, Worker


def test_late_by_its_own_doing() -> None:
    """A loop that used a processor all the time was blocked for as long as it is late."""
    loop_lag = LoopLag()
    loop_lag.expect(due=10.0, used=3.0)
    loop_lag.look(now=10.2, used=3.24)
    assert {name: round(seconds, 6) for name, seconds in loop_lag.tell().items()} == {
        "loop_lag_seconds": 0.2,
        "loop_blocked_seconds": 0.2,
    }


def test_late_for_want_of_a_processor() -> None:
    """One that had none for most of the time was blocked for no longer than it had one."""
    loop_lag = LoopLag()
    loop_lag.expect(due=10.0, used=3.0)
    loop_lag.look(now=10.2, used=3.01)
    assert {name: round(seconds, 6) for name, seconds in loop_lag.tell().items()} == {
        "loop_lag_seconds": 0.2,
        "loop_blocked_seconds": 0.01,
    }


def test_a_loop_is_starved_that_is_often_without_a_processor() -> None:
    """For a tenth of the time of the last reports, in delays that an answer would be called slower by."""
    loop_lag = LoopLag()

    def second(lag: float, own: float) -> bool:
        loop_lag.expect(due=10.0, used=3.0)
        loop_lag.look(now=10.0 + lag, used=3.0 + own)
        starved = loop_lag.starved
        loop_lag.tell()
        return starved

    assert not second(0.3, 0.29), "what it does itself is no want of a processor"
    assert not second(0.009, 0.0)
    assert second(0.6, 0.01)
    assert [second(0.0, 0.0) for _ in range(10)] == [True, True, True, *[False] * 7]


def test_the_longest_is_told_for_a_minute() -> None:
    """Sixty reports tell of it, so that whoever asks less often sees it; then it is forgotten."""
    loop_lag = LoopLag()
    loop_lag.expect(due=10.0, used=3.0)
    loop_lag.look(now=10.5, used=3.5)
    loop_lag.expect(due=11.0, used=4.0)
    loop_lag.look(now=11.125, used=4.125)
    assert [loop_lag.tell()["loop_lag_seconds"] for _ in range(61)] == [0.5] * 60 + [0.0]


@pytest.mark.parametrize(("used", "starved"), [(3.01, 1), (3.6, 0)])
async def test_what_a_starved_loop_timed_is_told(used: float, starved: int) -> None:
    """Of each endpoint, so that nobody takes it for the target's time."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    loop = asyncio.get_running_loop()
    worker = Worker(loop, "shadow-0")
    await worker.start(theirs)
    answer = Response(200, b"", b"", 0.1, 0.1)
    worker.tally("GET /").count_match(answer, answer, About(0.0))
    worker._loop_lag.expect(due=10.0, used=3.0)
    worker._loop_lag.look(now=10.6, used=used)
    await worker.finish()
    tallies = [
        one for report in Stream(WorkerReport).feed(ours.recv(1 << 20)) for one in report.tallies.values()
    ]

    assert [(each.target.total, each.starved) for each in tallies] == [(1, starved)]
    ours.close()


async def test_a_worker_tells_of_its_loop() -> None:
    """Its tasks, and a callback that held the loop for a fifth of a second."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    loop = asyncio.get_running_loop()
    worker = Worker(loop, "live-0")
    await worker.start(theirs)
    told = Stream(WorkerReport)

    def burn() -> None:
        until_then = time.thread_time() + 0.2
        while time.thread_time() < until_then:
            pass

    loop.call_soon(burn)
    gauges: dict[str, float] = {}
    async with asyncio.timeout(10):
        while gauges.get("loop_blocked_seconds", 0.0) < 0.1:
            for report in told.feed(await loop.sock_recv(ours, 1 << 20)):
                gauges = report.gauges
    assert gauges["tasks"] == len(asyncio.all_tasks())
    assert gauges["loop_lag_seconds"] >= gauges["loop_blocked_seconds"] <= 1.0
    await worker.finish()
    ours.close()


async def test_a_supervisor_that_was_killed_is_told_no_more() -> None:
    """What a worker still finishes without one is no error of its own."""
    ours, theirs = socket.socketpair()
    worker = Worker(asyncio.get_running_loop(), "live-0")
    await worker.start(theirs)
    ours.close()
    await worker.stopping.wait()
    for _ in range(5):  # the first finds out
        worker.tell()
        await asyncio.sleep(0)
    await worker.finish()
