"""So many a second at most."""

from __future__ import annotations

import pytest

from shadow.mirror.bucket import Bucket


def taken(bucket: Bucket, now: float) -> int:
    """How many it gives at once."""
    count = 0
    while bucket.take(now):
        count += 1
    return count


@pytest.mark.parametrize(("rate", "burst"), [(5.0, 5), (1.0, 1), (0.5, 1), (0.0, 0)])
def test_it_holds_a_second_and_one_at_least(rate: float, burst: int) -> None:
    """However long nothing was taken; at a rate of nought there is never any."""
    bucket = Bucket(rate)
    assert taken(bucket, 1000.0) == burst
    assert taken(bucket, 9000.0) == burst


def test_it_fills_as_time_passes() -> None:
    """In fractions too."""
    bucket = Bucket(4.0)
    assert taken(bucket, 100.0) == 4
    assert taken(bucket, 100.2) == 0
    assert taken(bucket, 100.25) == 1
    assert taken(bucket, 100.75) == 2
