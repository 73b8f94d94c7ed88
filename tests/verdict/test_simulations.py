"""What the verdict promises, by simulation with fixed seeds: watched at every moment, and in any run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from math import inf, log, log1p

import pytest

from shadow.record.units import MOST
from shadow.verdict.statistics import ALPHA, above, discoveries, excluded, log_evidence

TOLERANCE = 0.001


def mismatches(chance: random.Random, rate: float) -> Iterator[int]:
    """The numbers of the units that are mismatched, one after the other."""
    number = 0
    while True:
        number += 1 + int(log1p(-chance.random()) / log1p(-rate))
        yield number


def below(mismatched: int, units: int) -> bool:
    """Would the share alone make it ready?"""
    return mismatched < TOLERANCE * units and excluded(TOLERANCE, mismatched, units, TOLERANCE)


def test_false_ready() -> None:
    """A target at just the tolerance is called ready, ever in 60,000 units, in less than 5 % of all runs."""
    chance = random.Random(1)
    runs, length, wrong = 3000, 60_000, 0
    for _ in range(runs):
        for mismatched, number in enumerate(mismatches(chance, TOLERANCE)):
            # Between mismatches the evidence for ready only grows: it is greatest just before the next.
            if number > length or below(mismatched, number - 1):
                wrong += number <= length
                break

    assert 0 < wrong / runs < ALPHA


def test_false_ready_where_a_sample_tells_how_many() -> None:
    """Of 5 million distinct requests of an hour 8,192 are held: their number is known but to 1.1 %, and the
    promise is kept."""
    np = pytest.importorskip("numpy")
    chance = np.random.default_rng(2)
    runs, units, growth = 600, 2 * MOST, 1.05
    wrong = np.zeros(runs, bool)
    mismatched = chance.binomial(units, TOLERANCE, runs)
    edge = chance.beta(MOST, units - MOST + 1, runs)  # the largest number held, as a share of all numbers
    while units < 5_000_000:
        more = int(units * (growth - 1))
        units += more
        mismatched += chance.binomial(more, TOLERANCE, runs)
        among = MOST + chance.binomial(more, edge)  # those below it, of which the smallest stay
        edge = edge * chance.beta(MOST, among - MOST + 1)
        seen = ((MOST - 1) / edge).astype(int)
        wrong |= [below(int(k), int(n)) for k, n in zip(mismatched, seen, strict=True)]

    assert wrong.mean() < ALPHA


def test_false_regressed_across_three_hundred_endpoints() -> None:
    """All at just the tolerance, watched: any is called regressed in less than 5 % of all runs, ever."""
    chance = random.Random(3)
    runs, endpoints, length = 200, 300, 10_000
    wrong = alone = 0
    for _ in range(runs):
        events = sorted(
            (number, endpoint)
            for endpoint in range(endpoints)
            for number in _until(mismatches(chance, TOLERANCE), length)
        )
        seen = [0] * endpoints
        flagged = suspected = False
        for number, endpoint in events:
            seen[endpoint] += 1
            # Nothing falls unless one is at least as suspicious as it had to be on its own.
            if above(TOLERANCE, seen[endpoint], number) >= -log(ALPHA):
                suspected = True
                flagged = flagged or any(discoveries([above(TOLERANCE, k, number) for k in seen]))
        wrong += flagged
        alone += suspected

    assert alone / runs > 0.5  # without e-BH more than every other report would raise a false alarm
    assert wrong / runs < ALPHA


def _until(numbers: Iterator[int], length: int) -> list[int]:
    found = []
    for number in numbers:
        if number > length:
            return found
        found.append(number)
    raise AssertionError


def test_a_doubled_rate_is_found_when_theory_says() -> None:
    """Wald: evidence grows by KL(2 δ, δ) a unit, less what the prior costs; half of all runs are there by
    then, and nearly all after three times as many."""
    rate = 2 * TOLERANCE
    expected = next(
        units
        for units in range(1000, 10**6, 500)
        if log_evidence(TOLERANCE, round(rate * units), units, TOLERANCE) >= -log(ALPHA)
    )
    information = rate * log(2) + (1 - rate) * (log1p(-rate) - log1p(-TOLERANCE))
    assert -log(ALPHA) / information < expected < 2 * -log(ALPHA) / information

    chance = random.Random(4)
    stops = sorted(_found_after(mismatches(chance, rate)) for _ in range(400))
    assert stops[200] == pytest.approx(expected, rel=0.35)
    assert stops[380] < 3 * expected


def _found_after(numbers: Iterator[int]) -> int:
    return next(n for k, n in enumerate(numbers, 1) if above(TOLERANCE, k, n) >= -log(ALPHA))


def test_fifteen_bad_ones_among_three_hundred() -> None:
    """At four times the tolerance all are found in 20,000 units, and of those found few are innocent."""
    chance = random.Random(5)
    found = false = 0
    for _ in range(20):
        seen = [
            len(_until(mismatches(chance, TOLERANCE * (4 if endpoint < 15 else 1)), 20_000))
            for endpoint in range(300)
        ]
        flags = discoveries([above(TOLERANCE, k, 20_000) for k in seen])
        found += sum(flags[:15])
        false += sum(flags[15:])

    assert found == 20 * 15
    assert false / found < ALPHA


def test_discoveries_by_their_definition() -> None:
    """The most of those, by falling evidence, of which the m-th has at least K / (m α)."""
    chance = random.Random(6)
    for _ in range(200):
        values = [chance.choice([-inf, chance.uniform(-2, 12)]) for _ in range(chance.randrange(1, 30))]
        ordered = sorted(values, reverse=True)
        needed = [log(len(values) / (place * ALPHA)) for place in range(1, len(values) + 1)]
        most = max((place for place, e in enumerate(ordered, 1) if e >= needed[place - 1]), default=0)

        assert sum(discoveries(values)) == most
        assert list(accumulate(discoveries(ordered), min)) == discoveries(ordered)
    assert discoveries([]) == []
