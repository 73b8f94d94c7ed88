"""The confidence sequence: the figures of theory, and what it promises."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.verdict import statistics
from shadow.verdict.statistics import ALPHA, excluded, interval, needed

tolerances = st.sampled_from([0.001, 0.01, 0.1])


def evidence(rate: Fraction, mismatches: int, compared: int, tolerance: Fraction) -> Fraction:
    """E_n by its definition, in exact arithmetic: with a = 1 the beta functions are products."""
    b = 1 / tolerance
    weight = b
    for i in range(mismatches):
        weight *= 1 + i
    for i in range(compared - mismatches):
        weight *= b + i
    for i in range(compared + 1):
        weight /= b + i
    return weight / (rate**mismatches * (1 - rate) ** (compared - mismatches))


@pytest.mark.parametrize(("tolerance", "matches"), [(0.001, 4741), (0.01, 472)])
def test_the_price_of_ready(tolerance: float, matches: int) -> None:
    """So many requests without a mismatch make an endpoint ready, and not one fewer."""
    assert needed(0, 0, tolerance) == matches
    assert interval(0, matches, tolerance).upper < tolerance
    assert interval(0, matches - 1, tolerance).upper > tolerance


@pytest.mark.parametrize(("mismatches", "compared"), [(0, 1), (1, 1), (3, 40), (40, 40), (0, 300), (7, 300)])
def test_the_closed_form(mismatches: int, compared: int) -> None:
    """The logarithm of gamma functions is that of the definition."""
    rate, tolerance = Fraction(1, 50), Fraction(1, 100)
    exact = evidence(rate, mismatches, compared, tolerance)
    got = statistics._log_evidence(float(rate), mismatches, compared, float(tolerance))

    assert got == pytest.approx(log(exact), abs=1e-9)


@pytest.mark.parametrize("rate", [Fraction(1, 100), Fraction(1, 20), Fraction(9, 10)])
def test_the_evidence_is_a_martingale(rate: Fraction) -> None:
    """Where the rate is true, the evidence against it is 1 on average, at any sample size."""
    for n in (1, 2, 30):
        mean = sum(
            comb(n, k) * rate**k * (1 - rate) ** (n - k) * evidence(rate, k, n, Fraction(1, 100))
            for k in range(n + 1)
        )
        assert mean == 1


@given(st.integers(0, 100_000), st.integers(0, 100_000), tolerances)
def test_the_interval_holds_the_share_seen(matches: int, mismatches: int, tolerance: float) -> None:
    """The interval is one, lies within 0 and 1, and has the share seen within."""
    compared = matches + mismatches
    lower, upper = interval(mismatches, compared, tolerance)

    assert 0 <= lower <= (mismatches / compared if compared else 0) <= upper <= 1


@given(st.integers(0, 1000), st.integers(0, 100_000), tolerances)
def test_needed_is_the_least_that_is_enough(mismatches: int, matches: int, tolerance: float) -> None:
    """So many more matches put the interval below the tolerance, and one fewer does not."""
    compared = matches + mismatches
    more = needed(mismatches, compared, tolerance)

    assert interval(mismatches, compared + more, tolerance).upper <= tolerance
    assert more == 0 or interval(mismatches, compared + more - 1, tolerance).upper >= tolerance


def test_large_numbers() -> None:
    """Days of traffic neither overflow nor lose the digits that decide."""
    lower, upper = interval(1_000_000_000, 10**12, 0.001)

    assert lower == pytest.approx(0.001, rel=1e-3)
    assert upper == pytest.approx(0.001, rel=1e-3)
    assert needed(0, 2**53, 0.001) == 0
    assert excluded(0.001, 2**53, 2**53, 0.001)
    assert interval(10**6 - 1, 10**6, 0.001).upper <= 1.0


def test_the_interval_may_be_watched() -> None:
    """Looked at after every request, it loses the true rate in less than 5 % of all runs, ever."""
    rate, runs, length = 0.01, 400, 2000
    chance = random.Random(20261121)
    losers = 0
    for _ in range(runs):
        mismatches = compared = 0
        lost = False
        while compared < length and not lost:
            # Through a row of matches the evidence falls, then rises: only its ends need be looked at.
            compared += int(log(1 - chance.random()) / log(1 - rate))
            lost = excluded(rate, mismatches, compared, tolerance=rate)
            compared, mismatches = compared + 1, mismatches + 1
            lost = lost or excluded(rate, mismatches, compared, tolerance=rate)
        losers += lost

    assert 0 < losers / runs < ALPHA
