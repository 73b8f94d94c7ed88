"""Counters and latency buckets of one endpoint in one window of time.

Pure. Tallies merge in any order to the same sums, so that workers, pods and days add up. Counting a match
is on the shadow worker's event loop and builds nothing.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, log
from typing import Annotated, TypeVar

from msgspec import Meta, Struct, field

from shadow.compare.signature import generalise
from shadow.model import Difference, Drop, Failure, Fate, Outcome, Response, Skip
from shadow.record.mask import Masked

_K = TypeVar("_K")

ERROR = 0.01
"""Relative error of a quantile, at most."""

_GAMMA = (1 + ERROR) / (1 - ERROR)  # DDSketch's: bucket i holds (gamma^(i-1), gamma^i]
_SCALE = 1 / log(_GAMMA)
_SHORTEST = 1e-6  # seconds; what is shorter, or a clock that went backwards, counts as this
_LONGEST = 1e6  # seconds; eleven days
_LOWEST_KEY = ceil(log(_SHORTEST) * _SCALE)
_HIGHEST_KEY = ceil(log(_LONGEST) * _SCALE)

SIGNATURES = 100
"""Differences told apart in one tally; the rest are counted as `OTHER`. A page rarely has more that an
owner would read one by one, and a JSON object keyed by number must not fill the memory."""

OTHER = "other"

# What a segment holds may have been changed by anyone: the bounds keep its numbers inside a float.
Count = Annotated[int, Meta(ge=0, le=2**53)]
Moment = Annotated[float, Meta(ge=0, le=1e11)]  # Unix seconds; the year 5138
Key = Annotated[int, Meta(ge=_LOWEST_KEY, le=_HIGHEST_KEY)]


class Buckets(Struct):
    """Durations by logarithmic bucket: a quantile is at most 1 % off, and buckets of equal keys add."""

    counts: dict[Key, Count] = field(default_factory=dict)

    def add(self, seconds: float) -> None:
        """Count one duration."""
        if _SHORTEST < seconds < _LONGEST:
            key = ceil(log(seconds) * _SCALE)
        else:
            key = _HIGHEST_KEY if seconds >= _LONGEST else _LOWEST_KEY
        counts = self.counts
        if key in counts:
            counts[key] += 1
        else:
            counts[key] = 1

    def merge(self, other: Buckets) -> None:
        """Take over what `other` counted."""
        add_counts(self.counts, other.counts)

    @property
    def total(self) -> int:
        """How many durations were counted."""
        return sum(self.counts.values())

    @property
    def sum(self) -> float:
        """Seconds in all, as exact as a bucket is."""
        return sum(count * _middle(key) for key, count in self.counts.items())

    def below(self, seconds: float) -> int:
        """How many durations were at most this long, as exact as a bucket is."""
        edge = log(seconds) * _SCALE
        return sum(count for key, count in self.counts.items() if key <= edge)

    def quantile(self, q: float) -> float | None:
        """Seconds that a share `q` of the durations does not pass; None if nothing was counted."""
        rank = q * (self.total - 1)
        seen = 0
        for key in sorted(self.counts):
            seen += self.counts[key]
            if seen > rank:
                return _middle(key)
        return None


class Seen(Struct):
    """How many exchanges showed one difference, and the values of one of them."""

    count: Count
    legacy: str | None = None
    target: str | None = None

    def merge(self, other: Seen) -> None:
        """Add; of two examples the smaller stays, so that the order of merging does not tell."""
        self.count += other.count
        self.legacy, self.target = min(
            (self.legacy, self.target), (other.legacy, other.target), key=_example_order
        )


class Tally(Struct):
    """What became of the requests of one endpoint.

    `mirrored` counts the shadow requests sent. `status` counts pairs: `200→500`, equal ones too, and
    `200→timeout` where the target gave no answer. Latencies are of the exchanges that both sides answered,
    so that the two sides' quantiles are about the same requests: to the last byte, and to the `_first`.
    `differences` counts exchanges, not places: by `signature`, an exchange once for each of its own.
    """

    received: Count = 0
    mirrored: Count = 0
    matched: Count = 0
    differed: Count = 0
    failed: Count = 0
    skipped: dict[str, Count] = field(default_factory=dict)
    dropped: dict[str, Count] = field(default_factory=dict)
    status: dict[str, Count] = field(default_factory=dict)
    legacy: Buckets = field(default_factory=Buckets)
    target: Buckets = field(default_factory=Buckets)
    legacy_first: Buckets = field(default_factory=Buckets)
    target_first: Buckets = field(default_factory=Buckets)
    differences: dict[str, Seen] = field(default_factory=dict)

    @property
    def fates(self) -> int:
        """Requests whose end is known."""
        ended = self.matched + self.differed + self.failed
        return ended + sum(self.skipped.values()) + sum(self.dropped.values())

    @property
    def in_flight(self) -> int:
        """Requests received whose end is not known yet. Below nought where the part of the tally that
        counted them received is missing."""
        return self.received - self.fates

    def count_skipped(self, reason: Skip) -> None:
        """Count a request that a rule kept from the target."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def count_dropped(self, reason: Drop, requests: int = 1) -> None:
        """Count requests that load kept from the target."""
        self.dropped[reason] = self.dropped.get(reason, 0) + requests

    def count_match(self, legacy: Response, target: Response) -> None:
        """Count an exchange whose answers are equal."""
        self.matched += 1
        self._answered(legacy, target)

    def count(self, legacy: Response, outcome: Outcome, comparison: Masked) -> None:
        """Count an exchange by what its comparison found."""
        if isinstance(outcome, Failure):
            self.failed += 1
            pair = f"{legacy.status}→{outcome.kind}"
            self.status[pair] = self.status.get(pair, 0) + 1
        elif comparison.fate is Fate.MATCHED:
            self.count_match(legacy, outcome)
        else:
            self.differed += 1
            self._answered(legacy, outcome)
        if comparison.differences:
            for name, difference in {signature(each): each for each in comparison.differences}.items():
                self._see(name, Seen(1, difference.legacy, difference.target))
            self._fold()

    def merge(self, other: Tally) -> None:
        """Take over what `other` counted."""
        self.received += other.received
        self.mirrored += other.mirrored
        self.matched += other.matched
        self.differed += other.differed
        self.failed += other.failed
        add_counts(self.skipped, other.skipped)
        add_counts(self.dropped, other.dropped)
        add_counts(self.status, other.status)
        self.legacy.merge(other.legacy)
        self.target.merge(other.target)
        self.legacy_first.merge(other.legacy_first)
        self.target_first.merge(other.target_first)
        for name, seen in other.differences.items():
            self._see(name, Seen(seen.count, seen.legacy, seen.target))  # a copy: it will be added to
        self._fold()

    def _answered(self, legacy: Response, target: Response) -> None:
        pair = _pair(legacy.status, target.status)
        status = self.status
        status[pair] = status.get(pair, 0) + 1
        self.legacy.add(legacy.total)
        self.target.add(target.total)
        self.legacy_first.add(legacy.first_byte)
        self.target_first.add(target.first_byte)

    def _see(self, name: str, seen: Seen) -> None:
        known = self.differences.get(name)
        if known is None:
            self.differences[name] = seen
        else:
            known.merge(seen)

    def _fold(self) -> None:
        """Put what is past `SIGNATURES` under `OTHER`.

        Those that rank first stay, whenever they came: a signature among the first of all workers' is among
        the first of each, so merging in another order ends in the same.
        """
        if len(self.differences) <= SIGNATURES:
            return
        others = self.differences.pop(OTHER, None) or Seen(0)
        for name in sorted(self.differences, key=_rank)[SIGNATURES:]:
            others.count += self.differences.pop(name).count
        if others.count:
            self.differences[OTHER] = others


class TallyRecord(Struct, tag_field="record", tag="tally"):
    """The tally of one endpoint in the window that began at `window`, in Unix seconds."""

    window: Moment
    seconds: Annotated[float, Meta(ge=0, le=1e9)]
    endpoint: str
    config_hash: str
    tally: Tally


def _middle(key: int) -> float:
    """The duration that is equally far from both edges of a bucket, relatively."""
    return float(2 * _GAMMA**key / (_GAMMA + 1))


def signature(difference: Difference) -> str:
    """The words that one difference has in common with others like it: kind and generalised path.

    Statuses are few and each pair has a cause of its own, so that of a status the values belong to it.
    """
    name = f"{difference.kind} {generalise(difference.path)}"
    return f"{name} {difference.legacy}→{difference.target}" if difference.path == "status" else name


def add_counts(into: dict[_K, int], counts: dict[_K, int]) -> None:
    """Add `counts` to `into`, key by key."""
    for key, count in counts.items():
        into[key] = into.get(key, 0) + count


def _rank(name: str) -> tuple[bool, int, str]:
    """Which signatures to keep: status and headers before the tree, whose keys can be data; then short
    before long, as a difference high in the tree tells more than one far down."""
    return " json:" in name, len(name), name


def _example_order(example: tuple[str | None, str | None]) -> tuple[bool, str, bool, str]:
    legacy, target = example
    return legacy is not None, legacy or "", target is not None, target or ""


@lru_cache(maxsize=4096)
def _pair(legacy: int, target: int) -> str:
    return f"{legacy}→{target}"
