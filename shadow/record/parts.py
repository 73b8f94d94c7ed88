"""The parts of a tally: what is counted of a difference, of a set of them, of a version. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import inf
from typing import TypeVar

from msgspec import Struct, field

from shadow.compare.signature import signature
from shadow.model import Comparison, Difference, DifferenceKind
from shadow.record.alike import bit, shared
from shadow.record.buckets import Count, Moment
from shadow.record.units import Units

_K = TypeVar("_K")

SIGNATURES = 100
"""Differences told apart in one tally; the rest are counted as `OTHER`. A page rarely has more that an
owner would read one by one, and a JSON object keyed by number must not fill the memory."""

OTHER = "other"

UNANALYSED = "unanalysed"
"""In the place of the signatures of an exchange that no judge could look at."""


LIKELY = 10
"""Pairs in which legacy varied a place, from which on it is likely to be noise."""


class About(Struct, frozen=True, gc=False):
    """What is counted of an exchange beside its answers: when it began (Unix seconds), which request it was
    (`units.unit`), and the version that the target says it is of, if any."""

    at: float = 0.0
    unit: int = 0
    version: str = ""


class Seen(Struct):
    """How many exchanges showed one difference, the values of one of them, the time of the first and the last
    (Unix seconds), and what became of it where both were asked again later."""

    count: Count
    legacy: str | None = None
    target: str | None = None
    first: Moment = 0.0
    last: Moment = 0.0
    stable: Count = 0
    settled: Count = 0
    flapping: Count = 0

    def merge(self, other: Seen) -> None:
        """Add; of two examples the smaller stays, so that the order of merging does not tell."""
        self.count += other.count
        self.legacy, self.target = min(
            (self.legacy, self.target), (other.legacy, other.target), key=_example_order
        )
        self.first = min(self.first or inf, other.first or inf) if self.first or other.first else 0.0
        self.last = max(self.last, other.last)
        self.stable += other.stable
        self.settled += other.settled
        self.flapping += other.flapping


class Pattern(Struct):
    """One set of differences that exchanges showed: how many, and which units, by hour."""

    count: Count = 0
    units: dict[int, Units] = field(default_factory=dict)

    def merge(self, other: Pattern) -> None:
        """Take over what `other` counted."""
        self.count += other.count
        merge_units(self.units, other.units)


class Paired(Struct):
    """One difference in the exchanges of which legacy was asked twice: seen between its two answers and
    against the target's, against the target's only, between its two only. Of both: in how many the target's
    value has less in common with legacy's first one than legacy's second has (`alike.shared`), and which
    values were seen, as bits (`alike.bit`): the target's, and legacy's second ones."""

    both: Count = 0
    target_only: Count = 0
    control_only: Count = 0
    less_alike: Count = 0
    target_values: Count = 0
    control_values: Count = 0

    @property
    def varies(self) -> bool:
        """Whether it looks like legacy's own noise. Nothing is excused by that, only folded."""
        varied = self.both + self.control_only
        return varied >= LIKELY and 2 * self.target_only <= varied

    def merge(self, other: Paired) -> None:
        """Take over what `other` counted."""
        self.both += other.both
        self.target_only += other.target_only
        self.control_only += other.control_only
        self.less_alike += other.less_alike
        self.target_values |= other.target_values
        self.control_values |= other.control_values

    def see(self, target: list[Difference], control: list[Difference]) -> None:
        """Take in the values of one exchange at the places that both show."""
        self.less_alike += shared(target) < shared(control)
        for ours, second in zip(target, control, strict=True):
            self.target_values |= bit(ours.target)
            self.control_values |= bit(second.target)


class Learned(Struct):
    """Exchanges of which legacy was asked a second time, to learn what legacy itself varies. They have fates
    like all, `matched` and `differed`, and no part in the verdict."""

    matched: Count = 0
    differed: Count = 0
    differences: dict[str, Paired] = field(default_factory=dict)

    def merge(self, other: Learned) -> None:
        """Take over what `other` counted."""
        self.matched += other.matched
        self.differed += other.differed
        for name, paired in other.differences.items():
            self.differences.setdefault(name, Paired()).merge(paired)
        self.fold()

    def see_values(self, target: Iterable[Difference], control: Iterable[Difference]) -> None:
        """Take in the values of one exchange, of the differences that the target's answer and legacy's second
        show at the same place."""
        seconds = {each.path: each for each in control if each.kind is DifferenceKind.CHANGED}
        places: dict[str, list[Difference]] = {}
        for each in target:
            if each.kind is DifferenceKind.CHANGED and each.path in seconds and each.path != "status":
                places.setdefault(signature(each), []).append(each)
        for name, ours in places.items():
            self.differences[name].see(ours, [seconds[each.path] for each in ours])

    def fold(self) -> None:
        """Put what is past `SIGNATURES` under `OTHER`."""
        for name in past(SIGNATURES, self.differences):
            self.differences.setdefault(OTHER, Paired()).merge(self.differences.pop(name))


class Release(Struct):
    """What became of the exchanges that one version of the target answered, between which times."""

    compared: Count = 0
    differed: Count = 0
    first: Moment = 0.0
    last: Moment = 0.0
    differences: dict[str, Count] = field(default_factory=dict)

    def merge(self, other: Release) -> None:
        """Take over what `other` counted."""
        self.compared += other.compared
        self.differed += other.differed
        self.first = min(self.first or inf, other.first or inf) if self.first or other.first else 0.0
        self.last = max(self.last, other.last)
        add_counts(self.differences, other.differences)
        for name in past(SIGNATURES, self.differences):
            add_counts(self.differences, {OTHER: self.differences.pop(name)})


def signatures(comparison: Comparison) -> tuple[str, ...]:
    """Those of all that was found, each once."""
    return tuple(sorted({signature(each) for each in comparison.differences}))


def add_counts(into: dict[_K, int], counts: dict[_K, int]) -> None:
    """Add `counts` to `into`, key by key."""
    for key, count in counts.items():
        into[key] = into.get(key, 0) + count


def merge_units(into: dict[int, Units], other: dict[int, Units]) -> None:
    """Add the units of `other` to those of `into`, hour by hour."""
    for hour, units in other.items():
        into.setdefault(hour, Units()).merge(units)


def past(most: int, names: Collection[str]) -> list[str]:
    """Those that go under `OTHER`, which itself does not count, where only the `most` first by rank stay.

    They stay whenever they came: a signature among the first of all workers' is among the first of each, so
    merging in another order ends in the same.
    """
    if len(names) <= most + (OTHER in names):
        return []
    return sorted((name for name in names if name != OTHER), key=rank)[most:]


def rank(name: str) -> tuple[bool, int, str]:
    """Which signatures to keep first: status and headers before the tree, whose keys can be data; then short
    before long, as a difference high in the tree tells more than one far down."""
    return " json:" in name, len(name), name


def _example_order(example: tuple[str | None, str | None]) -> tuple[bool, str, bool, str]:
    legacy, target = example
    return legacy is not None, legacy or "", target is not None, target or ""
