"""Latencies as a report shows them: quantiles, and a small distribution. Pure."""

from __future__ import annotations

from shadow.record.buckets import SHORTEST_KEY, Buckets, edge
from shadow.report.schema import Distribution, Quantiles, Sides

BINS = 40
"""Of a distribution: a picture of a few hundred pixels shows no more."""


def sides(legacy: Buckets, target: Buckets) -> Sides:
    """The quantiles of both."""
    return Sides(_quantiles(legacy), _quantiles(target))


def quantile(buckets: Buckets, q: float) -> float | None:
    """Seconds, rounded: digits below are the bucket's, not the backend's. None where nobody knows: a log that
    does not say how long an answer took counts as no time."""
    seconds = buckets.quantile(q)
    return None if seconds is None or seconds <= edge(SHORTEST_KEY) else round(seconds, 6)


def distribution(legacy: Buckets, target: Buckets) -> Distribution:
    """Both sides over the same edges."""
    keys = legacy.counts.keys() | target.counts.keys()
    if not keys:
        return Distribution([], [], [])
    low = min(keys)
    width = -(-(max(keys) - low + 1) // BINS)
    bins = -(-(max(keys) - low + 1) // width)
    edges = [float(f"{edge(low - 1 + i * width):.3g}") for i in range(bins + 1)]
    return Distribution(edges, _reduced(legacy, low, width, bins), _reduced(target, low, width, bins))


def _reduced(buckets: Buckets, low: int, width: int, bins: int) -> list[int]:
    counts = [0] * bins
    for key, count in buckets.counts.items():
        counts[(key - low) // width] += count
    return counts


def _quantiles(buckets: Buckets) -> Quantiles:
    return Quantiles(*(quantile(buckets, q) for q in (0.5, 0.95, 0.99)))
