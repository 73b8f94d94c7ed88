"""The confidence sequence: the figures of theory, and what it promises."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb, inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.verdict.statistics import ALPHA, above, excluded, interval, log_evidence, needed, ranks

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
    got = log_evidence(float(rate), mismatches, compared, float(tolerance))

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


@given(st.integers(0, 10_000), st.integers(0, 10_000), tolerances)
def test_the_edges_are_where_the_evidence_is_enough(matches: int, mismatches: int, tolerance: float) -> None:
    """A rate just within the interval is possible, one just outside is not."""
    lower, upper = interval(mismatches, matches + mismatches, tolerance)
    for edge, outwards in (lower, -1), (upper, 1):
        if 0 < edge < 1:
            inside, outside = (edge * (1 + way * outwards * 1e-6) for way in (-1, 1))
            assert not excluded(inside, mismatches, matches + mismatches, tolerance)
            assert excluded(outside, mismatches, matches + mismatches, tolerance)


def test_evidence_for_a_regression() -> None:
    """None at the tolerance or below it; above, that against the tolerance."""
    assert above(0.01, 0, 0) == above(0.01, 1, 100) == -inf
    assert above(0.01, 9, 100) == log_evidence(0.01, 9, 100, 0.01)


@pytest.mark.parametrize(("share", "total"), [(0.95, 100), (0.95, 5000), (0.99, 5000), (0.5, 40)])
def test_ranks_around_a_quantile(share: float, total: int) -> None:
    """All counts of answers at or below the quantile that the sequence leaves possible lie between."""
    low, high = ranks(share, total, ALPHA)

    assert 0 <= low <= share * total <= high <= total + 1
    possible = [
        below for below in range(total + 1) if not excluded(1 - share, total - below, total, 1 - share)
    ]
    assert (low, high) == (possible[0], possible[-1] + 1)


def test_oracle() -> None:
    """scipy knows both distributions that the evidence is the ratio of, and the usual interval, which is the
    narrower one, as it may not be watched."""
    stats = pytest.importorskip("scipy.stats")
    for mismatches, compared, tolerance in (
        (0, 20, 0.1),
        (3, 1000, 0.001),
        (70, 900, 0.01),
        (5, 10**6, 0.001),
    ):
        seen = stats.betabinom(compared, 1, 1 / tolerance).logpmf(mismatches)
        other = stats.binom(compared, 2 * tolerance).logpmf(mismatches)
        got = log_evidence(2 * tolerance, mismatches, compared, tolerance)
        assert got == pytest.approx(seen - other, rel=1e-6, abs=1e-6)

        usual = stats.binomtest(mismatches, compared).proportion_ci(1 - ALPHA)
        lower, upper = interval(mismatches, compared, tolerance)
        assert lower <= usual.low <= usual.high <= upper
