"""What the verdict weighs: exchanges and distinct requests, without what is excused."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tallies import BROKEN, LEGACY, TIMEOUT, VALUE, about, add, learn, tally

from shadow.model import Difference, DifferenceKind, Failure, FailureKind, Fate, Masked
from shadow.record import units
from shadow.record.tally import Tally
from shadow.verdict import counting
from shadow.verdict.counting import count
from shadow.verdict.noise import learn as learn_noise
from shadow.verdict.verdict import verdicts

STAMP = Difference(DifferenceKind.CHANGED, "json:$.at", "1", "2")
PRICE, AT = "changed json:$.price", "changed json:$.at"


def test_exchanges_and_units() -> None:
    """A unit is mismatched if any of its exchanges is; each hour has its own."""
    made = add(add(Tally(), [1, 2, 2, 3]), [2, 2, 4], VALUE)
    add(made, [2], hour=1)

    assert count(made) == (8, 3, 5, 2)


def test_excused_is_only_what_shows_nothing_else() -> None:
    """A mask takes a difference away, not the exchange that has it and another one too."""
    made = add(add(add(Tally(), [1], STAMP), [2], STAMP, VALUE), [3], VALUE)

    assert count(made, frozenset({AT})) == (3, 2, 3, 2)
    assert count(made, frozenset({AT, PRICE})) == (3, 0, 3, 0)


def test_failures_count() -> None:
    """A target that gave no answer is a mismatch, and so is an answer that nobody could look at."""
    made = add(Tally(), [1], TIMEOUT, target=Failure(FailureKind.TIMEOUT))
    made.count(LEGACY, LEGACY, Masked(Fate.DIFFERED), about(2))

    assert count(made, frozenset({AT})) == (2, 2, 2, 2)


def test_what_was_spent_on_learning_does_not_count() -> None:
    """The evidence that made the masks has no part in the verdict."""
    made = learn(add(Tally(), [1, 2], VALUE), 7, (STAMP,), (STAMP,))

    assert count(made) == (2, 2, 2, 2)


def test_differences_without_number_are_never_excused() -> None:
    """Of a pattern that had no place nobody knows what it showed."""
    many = tuple(Difference(DifferenceKind.CHANGED, f"json:$.k{i}", "1", "2") for i in range(60))
    made = add(Tally(), [1], *many)

    assert count(made, frozenset(made.differences)) == (1, 1, 1, 1)


def test_of_too_many_requests_the_number_is_told_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many there were, about; the mismatched ones are all counted."""
    for module in units, counting:
        monkeypatch.setattr(module, "MOST", 500)
    made = add(add(Tally(), range(4000)), range(4000, 4300), VALUE)
    got = count(made)

    assert (got.exchanges, got.differing, got.mismatched) == (4300, 300, 300)
    assert got.units == pytest.approx(4300, rel=0.1)


def test_of_too_many_mismatches_a_sample_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those within the sample of all, or their share would grow with the traffic."""
    for module in units, counting:
        monkeypatch.setattr(module, "MOST", 500)
    got = count(add(add(Tally(), range(4000)), range(4000, 4800), VALUE))

    assert (got.exchanges, got.differing, got.units) == (4800, 800, 500)
    assert got.mismatched / got.units == pytest.approx(800 / 4800, abs=0.05)


def test_numbers_of_requests_are_spread_well_enough() -> None:
    """Paths that differ in a number or two are told apart by a checksum, and still counted by a sample."""
    for path in b"/items/%d", b"/search?page=%d", b"/%08x":
        held = units.Units()
        for number in range(60_000):
            held.add(units.unit(b"GET", path % number, b"", False))
        assert counting._hour(held, [])[0] == pytest.approx(60_000, rel=0.04)


@st.composite
def streams(draw: st.DrawFn) -> list[Callable[[Tally], object]]:
    """Exchanges of a few hours, with requests that come again and again."""
    ends = {
        "equal": (),
        "value": (VALUE,),
        "stamp": (STAMP,),
        "both": (STAMP, VALUE),
        "broken": (BROKEN,),
    }
    some = st.tuples(st.integers(0, 40), st.integers(0, 3), st.sampled_from(sorted(ends)))
    stream: list[Callable[[Tally], object]] = [
        lambda tally, one=one: add(tally, [one[0]], *ends[one[2]], hour=one[1])
        for one in draw(st.lists(some, max_size=60))
    ]
    stream += [lambda tally: learn(tally, 1, (STAMP,), (STAMP,))] * draw(st.integers(0, 40))
    return stream


@given(streams(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_ten_workers_make_the_verdict_of_one(stream: list[Callable[[Tally], object]], chance: object) -> None:
    """Exchanges spread over ten workers, whose tallies are written, read and merged in any order."""
    one = Tally()
    workers = [Tally() for _ in range(10)]
    for counted in stream:
        counted(one)
        counted(chance.choice(workers))  # type: ignore[attr-defined]
    chance.shuffle(workers)  # type: ignore[attr-defined]
    merged = Tally()
    for worker in workers:
        worker.settle()
        merged.merge(msgspec.json.decode(msgspec.json.encode(worker), type=Tally))

    assert verdicts({"": merged}) == verdicts({"": one})
    assert learn_noise({"": merged}) == learn_noise({"": one})


def test_ten_workers_and_more_requests_than_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample of ten workers' requests is the sample of one's."""
    for module in units, counting:
        monkeypatch.setattr(module, "MOST", 300)
    one, merged = tally(3000, 200), Tally()
    for worker in range(10):
        share = add(add(Tally(), range(worker, 3000, 10)), range(3000 + worker, 3200, 10), VALUE)
        share.settle()
        merged.merge(share)

    assert count(merged) == count(one)
    assert json.dumps(verdicts({"": merged})[""]) == json.dumps(verdicts({"": one})[""])
