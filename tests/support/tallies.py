"""Tallies of exchanges that differ as a test wants it: every request is another one unless it says not."""

from __future__ import annotations

from collections.abc import Iterable

from shadow.model import (
    Comparison,
    Difference,
    DifferenceKind,
    Failure,
    FailureKind,
    Fate,
    Masked,
    Outcome,
    Response,
)
from shadow.record.parts import About
from shadow.record.tally import Tally

LEGACY = Response(200, b"", b"", 0.010, 0.020)
VALUE = Difference(DifferenceKind.CHANGED, "json:$.price", "1", "2")
BROKEN = Difference(DifferenceKind.CHANGED, "status", "200", "500")
TIMEOUT = Difference(DifferenceKind.CHANGED, "status", "200", "timeout")

HOURLY = 5000
"""Requests of an hour: of many more a tally would hold a sample."""

_SPREAD = 2654435761  # so that numbers of requests are spread like hashes


def about(number: int, hour: int = 0, version: str = "") -> About:
    """Of request `number`, in that hour since 1970."""
    return About(hour * 3600.0, number * _SPREAD & 0xFFFFFFFF, version)


def add(
    tally: Tally,
    numbers: Iterable[int],
    *found: Difference,
    hour: int = 0,
    target: Outcome = LEGACY,
    version: str = "",
) -> Tally:
    """Count these requests, whose answers differ in what was `found`."""
    failed = isinstance(target, Failure)
    fate = Fate.FAILED if failed else Fate.DIFFERED if found else Fate.MATCHED
    for number in numbers:
        tally.received += 1
        at = about(number, hour + number // HOURLY, version)
        tally.count(LEGACY, target, Masked(fate, found), at)
    return tally


def tally(matched: int = 0, differed: int = 0, failed: int = 0, **skipped: int) -> Tally:
    """So many requests of each fate."""
    made = Tally(skipped=skipped, received=sum(skipped.values()))
    add(made, range(matched))
    add(made, range(matched, matched + differed), VALUE)
    dead = Failure(FailureKind.TIMEOUT)
    return add(made, range(matched + differed, matched + differed + failed), TIMEOUT, target=dead)


def learn(
    tally: Tally, times: int, target: tuple[Difference, ...] = (), control: tuple[Difference, ...] = ()
) -> Tally:
    """Count exchanges of which legacy was asked twice: in what the target's answer differs from its first
    one, and in what its second does."""
    fate = Fate.DIFFERED if target else Fate.MATCHED
    second = Comparison(Fate.DIFFERED if control else Fate.MATCHED, control)
    for number in range(times):
        tally.received += 1
        tally.count_learned(LEGACY, LEGACY, Masked(fate, target), second, about(number))
    return tally
