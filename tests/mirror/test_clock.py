"""A clock that leaves out what a process waits for a processor."""

from __future__ import annotations

import os
import time

from shadow.mirror.clock import OwnClock


def test_it_goes_on_while_the_process_sleeps() -> None:
    """Waiting for an answer is what is to be measured."""
    clock = OwnClock()
    before, began = clock(), time.perf_counter()
    time.sleep(0.02)
    assert 0.0 < clock() - before <= time.perf_counter() - began
    clock.close()


def test_it_stands_still_while_others_have_the_processor() -> None:
    """Two processes on one processor: each has about half of the time, and its own clock says so."""
    there = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(there)})
    try:
        other = os.fork()
        if other == 0:
            while True:
                pass
        clock = OwnClock()
        before, began = clock(), time.perf_counter()
        while time.perf_counter() - began < 0.5:
            pass
        own, wall = clock() - before, time.perf_counter() - began
        os.kill(other, 9)
        os.waitpid(other, 0)
        clock.close()
    finally:
        os.sched_setaffinity(0, there)
    assert own < 0.8 * wall


def test_it_never_goes_backwards() -> None:
    """What was waited is at most what has passed."""
    clock = OwnClock()
    seen = [clock() for _ in range(20_000)]
    assert seen == sorted(seen)
    clock.close()
