"""How many exchanges and units were compared, and how many of them showed more than is excused.

Pure. A fold over one tally, without the exchanges that were spent on learning. A repeated request counts
once an hour: a *unit* is mismatched if any of its exchanges is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from shadow.record.parts import OTHER, UNANALYSED
from shadow.record.tally import Tally
from shadow.record.units import MOST, Units


class Counts(NamedTuple):
    """What the verdict weighs: `exchanges`, and those `differing` or failed among them; `units`, and those
    `mismatched` among them."""

    exchanges: int
    differing: int
    units: int
    mismatched: int


def count(tally: Tally, excused: frozenset[str] = frozenset()) -> Counts:
    """What was compared, and what of it differs in anything that is not `excused`, a set of signatures."""
    exchanges = compared(tally)
    differing = 0
    suspects: dict[int, list[Units]] = {}
    for name, pattern in tally.patterns.items():
        if not shows_only(name, excused):
            differing += pattern.count
            for hour, each in pattern.units.items():
                suspects.setdefault(hour, []).append(each)
    hourly = [_hour(each, suspects.get(hour, [])) for hour, each in tally.units.items()]
    # Records that are older hold units of what legacy did not answer, and of many the number is an estimate.
    units, mismatched = min(sum(all_ for all_, _ in hourly), exchanges), sum(some for _, some in hourly)
    return Counts(exchanges, min(differing, exchanges), units, min(mismatched, units))


def compared(tally: Tally) -> int:
    """Exchanges that count for the verdict, those included of which the target failed. Where legacy failed,
    there was nothing to compare with."""
    spent = tally.learned.matched + tally.learned.differed
    return max(0, tally.compared + tally.failed - spent)


def signatures(pattern: str) -> list[str]:
    """The signatures of a pattern; none where they were too many to be told apart, or nobody looked."""
    return [] if pattern in (OTHER, UNANALYSED) else lines(pattern)


def lines(pattern: str) -> list[str]:
    """What a pattern is made of: its signatures, or the word for why there are none."""
    return pattern.split("\n")


def shows_only(pattern: str, excused: frozenset[str]) -> bool:
    """Whether all that the exchanges of a pattern showed is excused."""
    return pattern != OTHER and excused.issuperset(lines(pattern))


def hours(tallies: Iterable[Tally]) -> set[int]:
    """The hours in which anything was compared, as hours since 1970, UTC."""
    return {hour for tally in tallies for hour in tally.units}


def _hour(units: Units, suspects: list[Units]) -> tuple[int, int]:
    """The units of an hour, and how many of them are `suspects`, each set of which is part of them.

    Of too many units those with the smallest numbers are held, a sample that changes as more come. To count
    within it would be to draw again and again: of 5 million requests an hour, a target at just the tolerance
    would be called ready in 9 % of all runs. So the suspects are all counted, and how many units there were
    is told by how close together the smallest are, within 1.1 % (Bar-Yossef and others, 2002).
    """
    numbers = set[int]().union(*(each.numbers() for each in suspects))
    held = len(units)
    if held < MOST:
        return held, len(numbers)
    largest = int.from_bytes(units.packed[-4:], "little")
    if any(len(each) >= MOST for each in suspects):  # they are a sample too: what both samples share
        return held, sum(number <= largest for number in numbers)
    return ((held - 1) << 32) // (largest + 1), len(numbers)
