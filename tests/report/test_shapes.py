"""Latencies as a report shows them."""

from __future__ import annotations

from shadow.record.buckets import Buckets
from shadow.report.schema import Quantiles
from shadow.report.shapes import sides


def test_what_nobody_timed_has_no_quantiles() -> None:
    """A log that does not say how long legacy took is no legacy that takes a microsecond."""
    legacy, target = Buckets(), Buckets()
    for _ in range(10):
        legacy.add(0.0)
        target.add(0.005)
    found = sides(legacy, target)
    assert found.legacy == Quantiles(None, None, None)
    assert found.target.p50 is not None
