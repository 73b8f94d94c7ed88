"""Durations in logarithmic buckets, as DDSketch has them (Masson, Rim, Lee, VLDB 2019). Pure.

Buckets of equal keys add, so that workers, pods and days do.
"""

from __future__ import annotations

from math import ceil, log2
from typing import Annotated

from msgspec import Meta, Struct, field

ERROR = 0.01
"""Relative error of a quantile, at most."""

_GAMMA = (1 + ERROR) / (1 - ERROR)  # DDSketch's: bucket i holds (gamma^(i-1), gamma^i]
_SCALE = 1 / log2(_GAMMA)  # of two, as `log` looks for a second argument for as long as it takes to compute
_SHORTEST = 1e-6  # seconds; what is shorter, or a clock that went backwards, counts as this
_LONGEST = 1e6  # seconds; eleven days
SHORTEST_KEY = ceil(log2(_SHORTEST) * _SCALE)
"""Of what took no time that can be told."""
_HIGHEST_KEY = ceil(log2(_LONGEST) * _SCALE)

# What a segment holds may have been changed by anyone: the bounds keep its numbers inside a float.
Count = Annotated[int, Meta(ge=0, le=2**53)]
Moment = Annotated[float, Meta(ge=0, le=1e11)]  # Unix seconds; the year 5138
Key = Annotated[int, Meta(ge=SHORTEST_KEY, le=_HIGHEST_KEY)]


class Buckets(Struct):
    """Durations by logarithmic bucket: a quantile is at most 1 % off, and buckets of equal keys add."""

    counts: dict[Key, Count] = field(default_factory=dict)

    def add(self, seconds: float) -> Key:
        """Count one duration; the key of its bucket."""
        key = ceil(log2(seconds) * _SCALE) if _SHORTEST < seconds < _LONGEST else _outer_key(seconds)
        counts = self.counts
        counts[key] = counts.get(key, 0) + 1
        return key

    def add_another(self, key: Key) -> None:
        """Count a duration that another `add` has found the bucket of."""
        counts = self.counts
        counts[key] = counts.get(key, 0) + 1

    def merge(self, other: Buckets) -> None:
        """Take over what `other` counted."""
        counts = self.counts
        if not counts:
            counts.update(other.counts)  # at the speed of C, and most of what a report merges
            return
        known = counts.get
        for key, count in other.counts.items():
            counts[key] = known(key, 0) + count

    @property
    def total(self) -> int:
        """How many durations were counted."""
        return sum(self.counts.values())

    @property
    def sum(self) -> float:
        """Seconds in all, as exact as a bucket is."""
        return sum(count * middle(key) for key, count in self.counts.items())

    def below(self, seconds: float) -> int:
        """How many durations were at most this long, as exact as a bucket is."""
        edge = log2(seconds) * _SCALE
        return sum(count for key, count in self.counts.items() if key <= edge)

    def quantile(self, q: float) -> float | None:
        """Seconds that a share `q` of the durations does not pass; None if nothing was counted."""
        rank = q * self.total
        seen = 0
        for key in sorted(self.counts):
            seen += self.counts[key]
            if seen >= rank:
                return middle(key)
        return None


def _outer_key(seconds: float) -> int:
    return _HIGHEST_KEY if seconds >= _LONGEST else SHORTEST_KEY


def edge(key: int) -> float:
    """The longest duration that is in a bucket, in seconds."""
    return float(_GAMMA**key)


def milliseconds(seconds: float) -> str:
    """Three digits that count, as a bucket knows no more, and all before the point, as people read them."""
    ms = seconds * 1000
    return f"{ms:.3g}" if ms < 999.5 else f"{ms:,.0f}"


def middle(key: int) -> float:
    """The duration that is equally far from both edges of a bucket, relatively."""
    return float(2 * _GAMMA**key / (_GAMMA + 1))
