"""When requests are due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.pace import Rate, Recorded, Unpaced, rate, speed

gaps = st.floats(0, 1e8)
factors = st.floats(0.001, 1000)
numbers = st.integers(0, 10**9)


@given(gaps, factors, numbers)
def test_a_recorded_gap_is_kept(gap: float, factor: float, number: int) -> None:
    """A speed divides the recorded gap, whatever came between."""
    assert Recorded(factor).due(number, gap) == gap / factor


@given(st.lists(gaps, min_size=2), factors)
def test_a_speed_keeps_the_order(recorded: list[float], factor: float) -> None:
    """What began first is due first."""
    due = [Recorded(factor).due(n, gap) for n, gap in enumerate(sorted(recorded))]
    assert due == sorted(due)


@given(numbers, factors, gaps)
def test_a_rate_never_drifts(number: int, per_second: float, gap: float) -> None:
    """The n-th request is due after n periods exactly: no error adds up over a billion of them."""
    assert Rate(per_second).due(number, gap) == pytest.approx(number / per_second, rel=1e-12)


@given(numbers, gaps)
def test_max_waits_for_nothing(number: int, gap: float) -> None:
    """At full speed all are due at once."""
    assert Unpaced().due(number, gap) == 0.0


@pytest.mark.parametrize(
    ("text", "found"), [("1", Recorded(1)), ("0.5", Recorded(0.5)), ("10x", Recorded(10)), ("max", Unpaced())]
)
def test_speeds_are_read(text: str, found: object) -> None:
    """A speed is a factor, or max."""
    assert speed(text) == found


@pytest.mark.parametrize(
    ("text", "found"), [("500/s", 500), ("500", 500), ("30000/m", 500), ("1800/h", 0.5), ("0.1/s", 0.1)]
)
def test_rates_are_read(text: str, found: float) -> None:
    """A rate is for a second, a minute or an hour."""
    assert rate(text) == Rate(found)


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "1/d", "inf", "nan", "1e3"])
def test_what_is_no_pace_is_refused(text: str) -> None:
    """The error says what to write."""
    with pytest.raises(ValueError, match="write 1 for"):
        speed(text)
    with pytest.raises(ValueError, match="write 500/s"):
        rate(text)
