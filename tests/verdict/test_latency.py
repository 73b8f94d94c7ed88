"""Is the target as fast? Surely, surely not, or not known yet."""

from __future__ import annotations

import random
from math import log

import pytest
from support.tallies import LEGACY, add

from shadow.model import Response
from shadow.record.buckets import milliseconds
from shadow.record.parts import About
from shadow.record.tally import Tally
from shadow.verdict.latency import Pace, latency
from shadow.verdict.statistics import ALPHA, excluded


def timed(legacy: list[float], target: list[float]) -> Tally:
    made = Tally()
    for number, (ours, theirs) in enumerate(zip(legacy, target, strict=True)):
        made.count_match(
            Response(200, b"", b"", 0.0, ours), Response(200, b"", b"", 0.0, theirs), About(0, number)
        )
    return made


def durations(number: int, seed: int, median: float = 0.2, spread: float = 0.8) -> list[float]:
    chance = random.Random(seed)
    return [chance.lognormvariate(log(median), spread) for _ in range(number)]


def test_equal_durations_are_as_fast() -> None:
    """As soon as there are enough answers to know of the slowest twentieth."""
    assert latency(timed([0.2] * 150, [0.2] * 150)).pace is Pace.AS_FAST

    few = latency(timed([0.2] * 5, [0.2] * 5))
    assert (few.pace, few.why) == (Pace.UNSURE, "the target was slower in 0 of 5 exchanges")


def test_the_margin_is_no_slowdown() -> None:
    """A tenth more, or 9 ms, is within what the shadow path adds by itself."""
    ours = durations(20_000, 1, spread=0.5)

    assert latency(timed(ours, [each * 1.1 for each in ours])).pace is Pace.AS_FAST
    assert latency(timed([0.001] * 600, [0.010] * 600)).pace is Pace.AS_FAST


def test_slower_in_most_pairs() -> None:
    """Two wide distributions hide it; each pair shows it."""
    ours = durations(300, 2)
    found = latency(timed(ours, [each * 1.25 + 0.010 for each in ours]))

    assert (found.pace, found.needed) == (Pace.SLOWER, None)
    assert found.why == "the target was slower in 300 of 300 exchanges"


def test_what_looks_slower_is_told_first() -> None:
    """Not of 95 %, where nothing is wrong but the number of answers."""
    found = latency(timed(durations(300, 1, 0.02, 0.35), durations(292, 2, 0.02, 0.35) + [0.9] * 8))

    assert (found.pace, found.needed) == (Pace.UNSURE, None)
    assert found.why.startswith("99 % of legacy's answers take up to")


@pytest.mark.parametrize(("every", "share"), [(10, "95 %"), (50, "99 %")])
def test_slower_in_the_tail_alone(every: int, share: str) -> None:
    """A few answers hang for a second: the median says nothing."""
    found = latency(timed([0.1] * 2000, [1.0 if n % every == 0 else 0.1 for n in range(2000)]))

    assert found.pace is Pace.SLOWER
    assert found.why == f"{share} of legacy's answers take up to 99.2 ms, of the target's 990 ms"


def test_the_sentence_tells_what_the_report_does() -> None:
    """Of 264 durations the 251st is the first that 95 % do not pass: the sentence and the table have that."""
    ours = [0.01 * 1.02**n for n in range(264)]
    tally = timed(ours, [each if n < 200 else 10 * each for n, each in enumerate(ours)])

    legacy, target = (milliseconds(side.quantile(0.95) or 0.0) for side in (tally.legacy, tally.target))
    assert latency(tally).why.endswith(f"answers take up to {legacy} ms, of the target's {target} ms")


def test_seconds_are_told_in_full() -> None:
    """No power of ten stands in a sentence for people."""
    found = latency(timed([1.3] * 2000, [4.2 if n % 10 == 0 else 1.3 for n in range(2000)]))

    assert found.why == "95 % of legacy's answers take up to 1,310 ms, of the target's 4,179 ms"


def test_the_slowest_hundredth_is_not_held_against_a_target_that_is_not_surely_slower() -> None:
    """To be sure of it would take three times what it takes to be sure of the answers."""
    ours, theirs = durations(6000, 3, spread=0.5), durations(6000, 4, spread=0.5)

    assert latency(timed(ours, theirs)).pace is Pace.AS_FAST


def test_unsure_says_how_many_more() -> None:
    """About so many more answers like those seen would do; where they would not, it says nothing."""
    once = durations(1000, 5)
    made = timed(once, once)
    found = latency(made)
    assert found == (Pace.UNSURE, found.why, 3000)

    for _ in range(3):
        made.merge(timed(once, once))
    assert latency(made).pace is Pace.AS_FAST

    assert latency(timed(once, [each * 1.4 for each in once])).needed is None


@pytest.mark.parametrize(
    "target", [[0.3] * 2000, [1.0 if n % 10 == 0 else 0.1 for n in range(2000)]], ids=["most", "tail"]
)
def test_what_was_timed_without_a_processor_is_held_against_no_target(target: list[float]) -> None:
    """Where those may be all that was slow it is not known; a few beside many change nothing."""
    made = timed([0.1] * 2000, target)
    made.starved = 20
    assert latency(made).pace is Pace.SLOWER

    made.starved = 2000
    found = latency(made)
    assert (found.pace, found.needed) == (Pace.UNSURE, None)
    assert found.why.endswith("; 2,000 of 2,000 were timed while Shadow waited for a processor")


def test_what_no_log_tells_is_not_judged() -> None:
    """A log without durations makes no target slow, and nothing answered is nothing to judge."""
    assert latency(timed([0.0] * 500, [0.3] * 500)).pace is Pace.UNTIMED
    assert latency(Tally()).pace is Pace.UNTIMED
    hostile = add(Tally(), range(50), target=LEGACY)
    hostile.legacy.counts.clear()
    assert latency(hostile).pace is Pace.UNTIMED


def test_among_many_endpoints_more_evidence_is_needed() -> None:
    """Any of 300 endpoints that are as fast is called slower with a chance of 5 %, not each."""
    made = timed([0.1] * 16, [0.2] * 16)

    assert latency(made).pace is Pace.SLOWER
    assert latency(made, endpoints=300).pace is Pace.UNSURE


@pytest.mark.parametrize("share", [0.5, 0.05, 0.01])
def test_the_shares_may_be_watched(share: float) -> None:
    """Looked at after every answer, the share that is true is lost in less than 5 % of all runs, ever."""
    chance = random.Random(20261122)
    runs, length, losers = 300, int(200 / share), 0
    for _ in range(runs):
        slower = answered = 0
        lost = False
        while answered < length and not lost:
            answered += int(log(1 - chance.random()) / log(1 - share))
            lost = excluded(share, slower, answered, share)
            answered, slower = answered + 1, slower + 1
            lost = lost or excluded(share, slower, answered, share)
        losers += lost

    assert losers / runs < ALPHA


def test_a_target_just_at_the_margin_is_seldom_called_as_fast() -> None:
    """With its 95th percentile a little above what is allowed, watched while the answers come."""
    runs, wrong, chance = 100, 0, random.Random(20261122)
    for _ in range(runs):
        made = Tally()
        for _ in range(4):
            ours = [chance.lognormvariate(-2, 0.5) for _ in range(250)]
            theirs = [1.22 * chance.lognormvariate(-2, 0.5) + 0.010 for _ in range(250)]
            made.merge(timed(ours, theirs))
            if latency(made).pace is Pace.AS_FAST:
                wrong += 1
                break

    assert wrong / runs < ALPHA
