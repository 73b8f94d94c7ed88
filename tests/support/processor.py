"""How much of a processor some work may take, whatever processor it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

Given = TypeVar("Given")

_TRIES: Final = 3
_YARDSTICK: Final = 0.06  # seconds that it takes where bounds are told in seconds


def within(seconds: float, work: Callable[[], Given]) -> Given:
    """What `work` gives, and gives within so many seconds of the processor.

    A machine that is slow just now is slow for a yardstick too, and what others have driven out of its caches
    is tried again: what is left takes too much each time.
    """
    took = []
    for _ in range(_TRIES):
        began = time.process_time()
        given = work()
        took.append(time.process_time() - began)
        if took[-1] <= seconds or took[-1] <= seconds * _slowness():
            return given
    raise AssertionError(f"took {took} s of the processor, and may take {seconds}")


def _slowness() -> float:
    """How many times as long as where bounds were set everything takes here and now."""
    began = time.process_time()
    sum(len(str(number)) for number in range(1_000_000))
    return (time.process_time() - began) / _YARDSTICK
