"""Counting and merging: every sum holds, in any order."""

from __future__ import annotations

import math
from itertools import chain, combinations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shadow.compare.found import CUT
from shadow.compare.signature import signature
from shadow.model import (
    Comparison,
    Difference,
    DifferenceKind,
    Drop,
    Failure,
    FailureKind,
    Fate,
    Masked,
    Outcome,
    Response,
    Skip,
)
from shadow.record import parts
from shadow.record import tally as tally_module
from shadow.record.alike import bit
from shadow.record.buckets import ERROR, Buckets
from shadow.record.parts import LIKELY, OTHER, UNANALYSED, About, Learned, Paired, Release, Seen
from shadow.record.tally import Tally, TallyRecord

LEGACY = Response(200, b"", b"", 0.010, 0.020)
TARGET = Response(200, b"", b"", 0.011, 0.030)
CHANGED = DifferenceKind.CHANGED
ABOUT = About(7200.0, 1)

seconds = st.floats(1e-6, 1e5)
paths = st.sampled_from(
    ["status", "body", "header:a", "header:bb", "text:3", *(f"json:$.k{i}[{i}]" for i in range(6))]
)
values = st.none() | st.sampled_from(["", "1", "2"])
differences = st.builds(Difference, st.sampled_from(DifferenceKind), paths, values, values)
compared = st.tuples(
    st.builds(Response, st.sampled_from([200, 404]), first_byte=seconds, total=seconds),
    st.builds(Response, st.sampled_from([200, 500]), first_byte=seconds, total=seconds)
    | st.builds(Failure, st.sampled_from(FailureKind)),
    st.lists(differences, max_size=4).map(tuple),
)


@pytest.fixture(autouse=True)
def _few_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few differences are already too many."""
    monkeypatch.setattr(parts, "SIGNATURES", 3)
    monkeypatch.setattr(tally_module, "SIGNATURES", 3)
    monkeypatch.setattr(tally_module, "PATTERNS", 3)


def masked(*found: Difference, fate: Fate = Fate.DIFFERED) -> Masked:
    return Masked(fate, found)


def tally_of(comparisons: list[tuple[Response, Outcome, tuple[Difference, ...]]]) -> Tally:
    tally = Tally(received=len(comparisons))
    for legacy, outcome, found in comparisons:
        tally.count(legacy, outcome, Masked(Fate.DIFFERED if found else Fate.MATCHED, found), ABOUT)
    return tally


def merged(*tallies: Tally) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.merge(tally)
    return whole


@given(st.lists(seconds, min_size=1, max_size=200), st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_at_most_one_percent_off(durations: list[float], q: float) -> None:
    """A quantile of the buckets is within 1 % of the shortest duration that a share `q` does not pass."""
    buckets = Buckets()
    for duration in durations:
        buckets.add(duration)

    exact = sorted(durations)[max(0, math.ceil(q * len(durations)) - 1)]
    assert buckets.quantile(q) == pytest.approx(exact, rel=ERROR * 1.0001)


@pytest.mark.parametrize("odd", [0.0, -1.0, 1e-9, 1e300, math.inf, math.nan])
def test_an_impossible_duration_is_counted(odd: float) -> None:
    """A clock that jumps never raises, and its request is still counted."""
    buckets = Buckets()
    buckets.add(odd)

    assert buckets.total == 1
    assert buckets.quantile(0.5) is not None


def test_sum_and_share() -> None:
    """What Prometheus wants of a histogram: the seconds in all, and how many were at most so long."""
    buckets = Buckets()
    for duration in (0.009, 0.011, 0.5, 2.0):
        buckets.add(duration)

    assert buckets.sum == pytest.approx(2.52, rel=ERROR)
    assert [buckets.below(edge) for edge in (0.001, 0.01, 1.0, 10.0)] == [0, 1, 3, 4]


def test_nothing_has_no_quantile() -> None:
    """Where nothing was counted there is no latency, not one of zero."""
    assert Buckets().quantile(0.5) is None


@given(st.lists(compared, max_size=8), st.lists(compared, max_size=8), st.lists(compared, max_size=8))
def test_merging_is_associative_and_commutative(a: list, b: list, c: list) -> None:
    """Workers, windows and pods may be merged in any order."""
    x, y, z = tally_of(a), tally_of(b), tally_of(c)

    assert merged(x, y, z) == merged(z, merged(y, x))
    assert merged(x, y) == merged(y, x)


@given(st.lists(compared, max_size=8), st.lists(compared, max_size=8))
def test_merging_counts_as_one_worker_would(a: list, b: list) -> None:
    """Two tallies merged are the tally of all their exchanges."""
    assert merged(tally_of(a), tally_of(b)) == tally_of(a + b)


@given(st.lists(compared, max_size=8))
def test_a_tally_survives_json(comparisons: list) -> None:
    """What is decoded from a segment equals what was encoded."""
    record = TallyRecord(1.5e9, 60.0, "GET /検索", "abc", tally_of(comparisons))

    assert msgspec.json.decode(msgspec.json.encode(record), type=TallyRecord) == record


@given(st.lists(compared, max_size=8))
def test_merging_leaves_the_other_alone(comparisons: list) -> None:
    """What was merged shares nothing with the sum."""
    tally = tally_of(comparisons)
    before = msgspec.json.encode(tally)
    merged(tally, tally, tally)

    assert msgspec.json.encode(tally) == before


def test_fates_add_up() -> None:
    """received = matched + differed + failed + skipped + dropped + in flight."""
    tally = Tally(received=12)
    tally.count_match(LEGACY, TARGET, ABOUT)
    tally.count(LEGACY, TARGET, masked(Difference(CHANGED, "body")), ABOUT)
    tally.count(LEGACY, Failure(FailureKind.RESET), masked(fate=Fate.FAILED), ABOUT)
    tally.count_skipped(Skip.METHOD)
    tally.count_dropped(Drop.LOST, 5)

    assert (tally.matched, tally.differed, tally.failed) == (1, 1, 1)
    assert (tally.skipped, tally.dropped) == ({"method": 1}, {"lost": 5})
    assert tally.fates == 9
    assert tally.in_flight == 3


def test_a_comparison_that_found_nothing_counts_as_a_match() -> None:
    """Answers that are equal only once decoded count as those that are equal at once."""
    judged, at_once = Tally(), Tally()
    judged.count(LEGACY, TARGET, masked(fate=Fate.MATCHED), ABOUT)
    at_once.count_match(LEGACY, TARGET, ABOUT)

    assert judged == at_once


def test_status_pairs() -> None:
    """Pairs of statuses are counted, equal ones too, and failures by their kind."""
    tally = Tally()
    tally.count_match(LEGACY, TARGET, ABOUT)
    tally.count(LEGACY, replace(TARGET, status=500), masked(), ABOUT)
    tally.count(LEGACY, Failure(FailureKind.TIMEOUT), masked(fate=Fate.FAILED), ABOUT)

    assert tally.status == {"200→200": 1, "200→500": 1, "200→timeout": 1}


def test_latencies_are_of_the_same_requests() -> None:
    """A request that the target did not answer is in neither side's latency."""
    tally = Tally()
    tally.count_match(LEGACY, TARGET, ABOUT)
    tally.count(LEGACY, Failure(FailureKind.TIMEOUT, total=10.0), masked(fate=Fate.FAILED), ABOUT)

    assert [each.total for each in (tally.legacy, tally.target, tally.legacy_first, tally.target_first)] == [
        1
    ] * 4
    assert tally.target.quantile(0.5) == pytest.approx(0.030, rel=ERROR)
    assert tally.target_first.quantile(0.5) == pytest.approx(0.011, rel=ERROR)


def test_differences_are_counted_by_exchange() -> None:
    """A field that differs in 75 members of a list is one difference of one exchange."""
    tally = Tally()
    found = [Difference(CHANGED, f"json:$.items[{i}].price", "1", "2") for i in range(75)]
    tally.count(LEGACY, TARGET, masked(*found), ABOUT)

    assert tally.differences == {"changed json:$.items[*].price": Seen(1, "1", "2", ABOUT.at, ABOUT.at)}


def test_each_pair_of_statuses_is_a_difference_of_its_own() -> None:
    """A 404 for a 200 has another cause than a 500."""
    assert signature(Difference(CHANGED, "status", "200", "404")) == "changed status 200→404"


def test_status_and_headers_outlast_data_in_keys() -> None:
    """A tree whose keys are data does not push the few differences out that an owner must see."""
    tally = Tally()
    for i in range(50):
        tally.count(LEGACY, TARGET, masked(Difference(CHANGED, f"json:$.k{i}")), ABOUT)
    tally.count(LEGACY, TARGET, masked(Difference(CHANGED, "header:strict-transport-security")), ABOUT)

    kept = {"changed json:$.k0", "changed json:$.k1", "changed header:strict-transport-security"}
    assert set(tally.differences) == kept | {OTHER}
    assert tally.differences[OTHER] == Seen(48, first=ABOUT.at, last=ABOUT.at)


@pytest.mark.parametrize(
    "hostile",
    [
        b'{"legacy":{"counts":{"99999":1}}}',
        b'{"legacy":{"counts":{"1":-1}}}',
        b'{"matched":123456789012345678901234567890}',
        b'{"matched":-1}',
        b'{"status":{"200":1e9}}',
    ],
)
def test_impossible_numbers_are_refused(hostile: bytes) -> None:
    """A segment that was changed by hand cannot make the arithmetic of the report overflow."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(hostile, type=Tally)


def test_one_set_of_differences_is_one_pattern() -> None:
    """Exchanges are counted by all of what they showed, however often and in whatever order."""
    price, name = Difference(CHANGED, "json:$.items[3].price"), Difference(CHANGED, "json:$.name")
    tally = Tally()
    tally.count(LEGACY, TARGET, masked(price, name), ABOUT)
    tally.count(LEGACY, TARGET, masked(name, price, price), replace(ABOUT, unit=2))

    assert {name: (each.count, len(each.units[2])) for name, each in tally.patterns.items()} == {
        "changed json:$.items[*].price\nchanged json:$.name": (2, 2)
    }


@pytest.mark.parametrize(("number", "notes", "name"), [(0, (), UNANALYSED), (9, (CUT,), OTHER)])
def test_what_is_not_known_whole_is_no_pattern_of_its_own(
    number: int, notes: tuple[str, ...], name: str
) -> None:
    """Nothing may be excused of an exchange whose differences are not known, or not all listed."""
    tally = Tally()
    found = (Difference(CHANGED, "json:$.a"),) * number
    tally.count(LEGACY, TARGET, Masked(Fate.DIFFERED, found, notes), ABOUT)

    assert list(tally.patterns) == [name]


def test_noise_is_folded_where_there_are_too_many_patterns() -> None:
    """Places that vary each by itself, in all combinations: they count as one pattern, by which they can be
    excused, and what stands beside them stays what it was."""
    places = [Difference(CHANGED, f"json:$.{name}", "1", "2") for name in "abc"]
    price = Difference(CHANGED, "json:$.price", "1", "2")
    tally = Tally()
    for _ in range(LIKELY):
        found = Comparison(Fate.DIFFERED, tuple(places))
        tally.count_learned(LEGACY, TARGET, masked(*places), found, ABOUT)
    for unit, each in enumerate(chain.from_iterable(combinations(places, n) for n in (1, 2, 3))):
        tally.count(LEGACY, TARGET, masked(*each), replace(ABOUT, unit=unit))
    tally.count(LEGACY, TARGET, masked(places[0], price), replace(ABOUT, unit=7))

    noise = [signature(each) for each in places]
    assert {name: each.count for name, each in tally.patterns.items()} == {
        "\n".join(noise): 7,
        "\n".join([*noise, signature(price)]): 1,
    }


def test_a_request_asked_again_is_one_unit() -> None:
    """Units tell distinct requests of an hour, counts tell all."""
    tally = Tally()
    for at, unit in ((0.0, 1), (10.0, 1), (20.0, 2), (3600.0, 1)):
        tally.count_match(LEGACY, TARGET, About(at, unit))

    assert (tally.matched, {hour: len(units) for hour, units in tally.units.items()}) == (4, {0: 2, 1: 1})


def test_what_is_learned_has_no_part_in_the_verdict() -> None:
    """An exchange with a control has its fate, and no units and no pattern."""
    noise, new = Difference(CHANGED, "json:$.at", "1", "2"), Difference(CHANGED, "json:$.new", "1", "2")
    tally = Tally()
    tally.count_learned(LEGACY, TARGET, masked(noise, new), Comparison(Fate.DIFFERED, (noise,)), ABOUT)
    tally.count_learned(LEGACY, TARGET, masked(fate=Fate.MATCHED), Comparison(Fate.MATCHED), ABOUT)

    assert (tally.matched, tally.differed, tally.units, tally.patterns) == (1, 1, {}, {})
    assert (tally.learned.matched, tally.learned.differed) == (1, 1)
    assert tally.learned.differences == {
        "changed json:$.at": Paired(both=1, target_values=bit("2"), control_values=bit("2")),
        "changed json:$.new": Paired(target_only=1),
    }


def test_both_failed_is_a_match() -> None:
    """A target that fails where legacy failed answers as legacy does."""
    tally = Tally()
    failed = Failure(FailureKind.TIMEOUT)
    tally.count(failed, Failure(FailureKind.REFUSED), masked(fate=Fate.MATCHED), ABOUT)

    assert (tally.matched, tally.failed, tally.status) == (1, 0, {"timeout→refused": 1})


def test_what_legacy_did_not_answer_is_no_unit() -> None:
    """It differs, and that is told; but nothing that weighs is made of it, nor of what a release shows."""
    tally = Tally()
    failed = Failure(FailureKind.TIMEOUT)
    difference = Difference(CHANGED, "status", "timeout", "200")
    tally.count(failed, TARGET, masked(difference), About(5.0, 1, "v1"))

    assert (tally.differed, tally.unanswered, tally.target_alone) == (1, 1, 1)
    assert list(tally.differences) == ["changed status timeout→200"]
    assert (tally.units, tally.patterns, tally.releases) == ({}, {}, {})


def test_what_only_the_target_answered_may_be_accepted() -> None:
    """It matches then, and is not among what differed."""
    tally = Tally()
    failed = Failure(FailureKind.TIMEOUT)
    tally.count(failed, TARGET, masked(fate=Fate.MATCHED), ABOUT)
    tally.count(failed, failed, masked(fate=Fate.MATCHED), ABOUT)
    tally.count(failed, TARGET, masked(Difference(CHANGED, "status", "timeout", "200")), ABOUT)
    twice = Tally()
    twice.merge(tally)
    twice.merge(tally)

    assert (tally.matched, tally.differed, tally.target_alone, tally.differed_alone) == (2, 1, 2, 1)
    assert (twice.differed, twice.target_alone, twice.differed_alone) == (2, 4, 2)


def test_what_a_gateway_said_in_the_place_of_legacy_is_no_answer() -> None:
    """Nothing is compared with it, nor learned of it, nor timed; but for a target that says the same."""
    tally, gone = Tally(), Response(502, b"", b"", 0.001, 0.001)
    found = masked(Difference(CHANGED, "status", "502", "200"))
    tally.count(gone, TARGET, found, ABOUT)
    tally.count_learned(gone, TARGET, found, found, ABOUT)

    assert (tally.differed, tally.unanswered, tally.target_alone, tally.slower) == (2, 2, 2, 0)
    assert (tally.learned, tally.units, tally.patterns) == (Learned(), {}, {})
    assert tally.legacy.total == tally.target.total == 0

    tally.count(gone, gone, masked(Difference(CHANGED, "body", "1", "2")), ABOUT)
    assert (tally.compared, list(tally.patterns)) == (1, ["changed body"])


def test_releases_tell_what_each_version_showed() -> None:
    """By the version that the target says it is, with first and last."""
    tally = Tally()
    tally.count_match(LEGACY, TARGET, About(5.0, 1, "v1"))
    tally.count(LEGACY, TARGET, masked(Difference(CHANGED, "body")), About(9.0, 1, "v2"))
    tally.count_match(LEGACY, TARGET, About(8.0, 1, "v2"))

    assert tally.releases == {
        "v1": Release(1, 0, 5.0, 5.0),
        "v2": Release(2, 1, 8.0, 9.0, {"changed body": 1}),
    }


def test_a_release_tells_so_many_differences_apart_and_no_more() -> None:
    """A page with its data in its keys does not fill the memory, in whatever order it is merged."""
    made = [Release(1, 1, differences={f"changed json:$.k{key}": 1}) for key in range(9)]
    there, back = Release(), Release()
    for one, other in zip(made, reversed(made), strict=True):
        there.merge(one)
        back.merge(other)

    assert there == back
    assert there.differences == {
        "changed json:$.k0": 1,
        "changed json:$.k1": 1,
        "changed json:$.k2": 1,
        OTHER: 6,
    }


def test_the_hits_of_rules_are_counted() -> None:
    """Once for each exchange, whether it took the judge or not."""
    tally = Tally()
    tally.count_match(LEGACY, TARGET, ABOUT, ("ignore header:x",))
    tally.count(LEGACY, TARGET, Masked(Fate.MATCHED, (), (), ("ignore header:x", "ignore text")), ABOUT)

    assert tally.rules == {"ignore header:x": 2, "ignore text": 1}


def test_slower_is_well_beyond_what_measuring_makes() -> None:
    """Only more than 1.2 times and 10 ms counts."""
    tally = Tally()
    for total in (0.033, 0.035):
        tally.count_match(LEGACY, replace(TARGET, total=total), ABOUT)

    assert tally.slower == 1
