"""Ready, regressed, not enough data."""

from __future__ import annotations

from copy import deepcopy

import pytest
from msgspec.structs import replace
from support.processor import within
from support.tallies import BROKEN, LEGACY, TIMEOUT, VALUE, about, add, learn, tally

from shadow.model import Difference, DifferenceKind, Failure, FailureKind, Fate, Masked, Outcome, Response
from shadow.record.tally import Tally
from shadow.settings import Criteria
from shadow.verdict.statistics import Interval
from shadow.verdict.verdict import Reason, Verdict, judge, overall, verdicts, was_tried

READY, REGRESSED, SHORT = Verdict.READY, Verdict.REGRESSED, Verdict.NOT_ENOUGH_DATA
STAMP = Difference(DifferenceKind.CHANGED, "json:$.at", "1", "2")


def test_ready() -> None:
    """Enough requests, all answered equally."""
    judged = judge(tally(matched=5000))

    assert (judged.verdict, judged.needed, judged.hours, judged.reasons) == (READY, 0, 0.0, ())
    assert judged.why == "0 of 5,000 differ: at most 0.096 %, 95 % sure, where 0.1 % is allowed"
    assert judged.interval == Interval(0.0, pytest.approx(0.00096, rel=0.01))


def test_ready_does_not_mean_perfect() -> None:
    """A share that is surely below the tolerance is ready, for legacy itself is not perfect."""
    assert judge(tally(matched=30_000, differed=9)).verdict is READY


def test_regressed() -> None:
    """A share that is surely above the tolerance; more requests like these would not make it ready."""
    judged = judge(tally(matched=900, differed=90, failed=10))

    assert (judged.verdict, judged.needed, judged.hours) == (REGRESSED, None, None)
    assert judged.reasons == (Reason.DIFFERS,)
    assert judged.why == "100 of 1,000 differ (10 failed): more than the 0.1 % allowed, 95 % sure"


def test_failures_are_mismatches() -> None:
    """A target that gave no answer is as bad as one that gave a wrong one."""
    assert judge(tally(matched=900, failed=100)).verdict is REGRESSED


def test_what_neither_side_answered_says_nothing() -> None:
    """With both backends dead nothing was compared, however often; nor does it add to what was."""
    refused = Failure(FailureKind.REFUSED)
    dead = Tally()
    for number in range(6000):
        dead.count(refused, refused, Masked(Fate.MATCHED), about(number))
    judged = judge(dead)

    assert (dead.matched, judged.verdict, judged.reasons) == (6000, SHORT, (Reason.NOTHING,))
    assert judged.why == "neither legacy nor the target gave an answer"
    few = tally(matched=100)
    few.merge(dead)
    assert judge(few).verdict is SHORT
    assert judge(few).why.startswith("0 of 100 differ")


@pytest.mark.parametrize(
    ("gone", "said"),
    [(Failure(FailureKind.REFUSED), "refused"), (Response(502), "502"), (Response(503), "503")],
)
def test_what_legacy_did_not_answer_is_held_against_nobody(gone: Outcome, said: str) -> None:
    """A legacy that cannot be reached, or whose balancer says so, makes no target regressed; beside answers
    it is only told."""
    alone = Tally()
    for number in range(100):
        found = Masked(Fate.DIFFERED, (Difference(DifferenceKind.CHANGED, "status", said, "200"),))
        alone.count(gone, LEGACY, found, about(number))
    judged = judge(alone)

    assert (alone.differed, judged.verdict, judged.reasons) == (100, SHORT, (Reason.NOTHING,))
    assert judged.why == "legacy gave no answer, so there was nothing to compare with"
    most = tally(matched=5000)
    most.merge(alone)
    assert judge(most).verdict is READY
    assert judge(most).why.startswith("0 of 5,000 differ, without 100 that legacy did not answer: at most")


def test_what_the_target_alone_answered_and_somebody_accepted_hides_no_noise() -> None:
    """It did not differ: what did is more than what is weighed."""
    made = add(learn(tally(matched=5000), 30, (STAMP,), (STAMP,)), range(6000, 6050), STAMP)
    for number in range(50):
        made.count(Failure(FailureKind.TIMEOUT), LEGACY, Masked(Fate.MATCHED, ()), about(number))

    assert judge(made).why.startswith(
        "0 of 5,050 differ beside legacy's own noise, without 50 that legacy did"
    )


def test_units_are_no_more_than_exchanges() -> None:
    """Older records hold units of what legacy did not answer. Without an exchange nothing was compared."""
    found = Masked(Fate.DIFFERED, (Difference(DifferenceKind.CHANGED, "status", "refused", "200"),))
    old = Tally()
    old.count(LEGACY, LEGACY, found, about(1))  # makes the pattern and the unit
    old.status = {"refused→200": 1}

    judged = judge(old)
    assert (judged.verdict, judged.reasons, judged.counts.units) == (SHORT, (Reason.NOTHING,), 0)


def test_what_chance_left_out_may_come_yet() -> None:
    """More requests help where a sample was taken, not where rules keep all."""
    assert judge(Tally(received=40, skipped={"sample": 40})).reasons == (Reason.NOTHING,)
    assert judge(Tally(received=40, skipped={"rule": 40})).reasons == (Reason.KEPT,)


def test_not_enough_data() -> None:
    """Neither: it says how many more requests are needed, and that many are enough."""
    judged = judge(tally(matched=1000))

    assert (judged.verdict, judged.needed, judged.reasons) == (SHORT, 3741, (Reason.FEW,))
    assert judged.why == (
        "0 of 1,000 differ: 3,741 more without a difference would show that at most 0.1 % do, 95 % sure"
    )
    assert judge(tally(matched=1000 + 3741)).verdict is READY


def test_how_many_hours_are_needed() -> None:
    """At the rate of distinct requests in the time that was recorded."""
    made = tally(matched=1000)

    assert verdicts({"": made}, seconds=7200)[""].hours == pytest.approx(7.482)
    assert judge(made).hours == pytest.approx(3.741)
    assert judge(add(made, range(1000), hour=3)).hours == pytest.approx(2741 / 2000 * 4)
    assert judge(Tally()).hours is None


def test_what_one_address_was_weighed_by_is_told() -> None:
    """Of a single request nobody would believe a share of a thousandth; and where nothing ever differed, the
    share may be nought."""
    judged = judge(add(Tally(), [7] * 8000))

    assert judged.why == (
        "0 of 8,000 exchanges of 1 distinct request differ: "
        "at most 0.091 %, 95 % sure, where 0.1 % is allowed"
    )
    assert judged.interval == (0.0, pytest.approx(0.00091, rel=0.01))


def test_noise_is_told_beside_what_is_weighed() -> None:
    """All of them differed, and the table says so: the sentence must not deny it."""
    noisy = learn(Tally(), 60, (VALUE,), (VALUE,))

    assert judge(add(noisy, range(100, 5100), VALUE)).why.startswith(
        "0 of 5,000 differ beside legacy's own noise: at most 0.096 %"
    )


def test_what_may_be_noise_is_no_reason_to_regress() -> None:
    """The sentence counts what surely is the target's: that alone made it regressed."""
    made = learn(add(Tally(), range(5000), STAMP), 3, (STAMP,), (STAMP,))
    judged = judge(add(made, range(5000, 5100), VALUE))

    assert judged.verdict is REGRESSED
    assert judged.why.startswith("100 of 5,100 differ beside what may be legacy's own noise: more than")


def test_a_repeated_request_counts_once_an_hour() -> None:
    """A page that a monitor asks for all day long has been tested once an hour."""
    made = tally(matched=10)
    for hour in range(2):
        for _ in range(3000):
            add(made, [7], hour=hour)
    judged = judge(made)

    assert judged.verdict is SHORT
    assert judged.counts == (6010, 0, 11, 0)
    assert judged.why.startswith("0 of 11 distinct requests differ: 18,213 more")
    assert judged.hours == pytest.approx(18_213 / 6010 * 2), "sooner than so many that are new"


def test_an_endpoint_of_one_address_can_be_ready() -> None:
    """It is weighed by its exchanges: hardly any request is one that was not compared before."""
    made = add(Tally(), [7] * 6500)

    assert judge(made).verdict is SHORT, "the first request was a new one"
    assert judge(add(made, [7] * 1000)).verdict is READY
    assert judge(add(made, [7], VALUE)).verdict is SHORT


def test_many_new_requests_do_not_pass_for_repeated_ones() -> None:
    """Where one in a hundred requests is new, what comes next has often not been compared."""
    made = Tally()
    for number in range(80):
        add(made, [number] * 100)

    assert judge(made).verdict is SHORT


def test_what_one_address_always_shows_is_a_regression() -> None:
    """It need not wait for months of units, if legacy does not vary there itself, or could not."""
    missing = Difference(DifferenceKind.MISSING, "header:cache-control", "no-store", None)

    assert judge(add(Tally(), [7] * 100, missing)).reasons == (Reason.CONFIRMED,)
    assert judge(add(Tally(), [7] * 100, VALUE)).verdict is SHORT
    assert judge(learn(add(Tally(), [7] * 100, VALUE), 9, (VALUE,))).reasons == (Reason.CONFIRMED,)
    assert judge(learn(add(Tally(), [7] * 100, VALUE), 9, (VALUE,), (VALUE,))).verdict is SHORT


def test_one_mismatch_is_no_regression() -> None:
    """A single difference is told, and proves nothing yet."""
    assert judge(tally(matched=10, differed=1)).verdict is SHORT


def test_nothing_compared() -> None:
    """Where all was dropped there is no verdict, and the need is that of a beginning."""
    judged = judge(Tally(received=120, dropped={"memory": 120}))

    assert (judged.verdict, judged.why, judged.needed) == (SHORT, "nothing was compared", 4741)
    assert (judged.hours, judged.reasons) == (None, (Reason.NOTHING,))


def test_nothing_compared_that_counts() -> None:
    """The first exchange of an endpoint is for learning: beside `1 compared` it is not said that none was."""
    judged = judge(learn(Tally(), 1, (VALUE,)))

    assert judged.why == "what was compared went into learning legacy's own noise"
    assert (judged.verdict, judged.needed, judged.reasons) == (SHORT, 4741, (Reason.NOTHING,))


def test_the_tolerance_decides() -> None:
    """The same counts under another tolerance."""
    made = tally(matched=990, differed=10)

    assert judge(made, Criteria(tolerance=0.001)).verdict is REGRESSED
    assert judge(made, Criteria(tolerance=0.05)).verdict is READY


def test_among_many_endpoints_more_evidence_is_needed() -> None:
    """What is one suspect of one is a chance hit among hundreds: e-BH, which several bad ones make easier."""
    others = {f"GET /{number}": tally(matched=20) for number in range(299)}
    suspect = tally(matched=2000, differed=10)

    assert judge(suspect).verdict is REGRESSED
    assert verdicts({"": suspect} | others)[""].verdict is SHORT
    assert verdicts({"": tally(matched=2000, differed=14)} | others)[""].verdict is REGRESSED
    assert verdicts({str(n): suspect for n in range(150)} | others)["1"].verdict is REGRESSED


def test_noise_is_no_mismatch() -> None:
    """What legacy varies of itself is not held against the target, even where it was seen before."""
    made = learn(add(Tally(), range(5000), STAMP), 30, (STAMP,), (STAMP,))

    assert judge(made).verdict is READY
    assert judge(made).counts == (5000, 0, 5000, 0)
    assert judge(add(made, range(5000, 5100), STAMP, VALUE)).counts.mismatched == 100


def test_what_may_be_noise_is_no_regression_yet() -> None:
    """As long as the pairs do not tell whether the target varies more than legacy does."""
    made = learn(add(Tally(), range(5000), STAMP), 3, (STAMP,), (STAMP,))
    judged = judge(made)

    assert (judged.verdict, judged.reasons, judged.needed) == (SHORT, (Reason.LEARNING,), None)
    assert judged.why == "5,000 of 5,000 differ: whether that is legacy's own noise is being learned"
    assert judge(add(made, range(5000, 5100), VALUE)).reasons == (Reason.DIFFERS,)

    early = judge(learn(add(Tally(), range(500), STAMP), 3, (STAMP,), (STAMP,)))
    assert early.reasons == (Reason.LEARNING, Reason.FEW)
    assert early.why.endswith(
        "is being learned; 4,241 more without a difference would show that at most 0.1 % do, 95 % sure"
    )


def test_structure_that_legacy_varies_itself_needs_a_rule() -> None:
    """A slot that is there or not is no regression, and no mask makes it ready: it says what it takes."""
    slot = Difference(DifferenceKind.ADDED, "html:div#ad", None, "Buy!")
    made = learn(add(Tally(), range(5000), slot), 40, (slot,), (slot,))
    judged = judge(made)

    assert (judged.verdict, judged.reasons, judged.needed) == (SHORT, (Reason.RULE,), None)
    assert judged.why == (
        "5,000 of 5,000 differ: legacy itself varies added html:div#ad, "
        "and only a rule may be silent about structure"
    )
    assert judge(add(made, range(5000, 5100), VALUE)).reasons == (Reason.DIFFERS,)


def test_what_nobody_could_look_at_is_no_regression_yet() -> None:
    """A burst that the judge could not follow says that answers differ, and not whether by noise alone."""
    made = learn(add(Tally(), range(5000), STAMP), 30, (STAMP,), (STAMP,))
    for number in range(5000, 5100):
        made.count(LEGACY, LEGACY, Masked(Fate.DIFFERED, ()), about(number))
    judged = judge(made)

    assert (judged.verdict, judged.reasons) == (SHORT, (Reason.UNANALYSED,))
    assert judged.counts.mismatched == 100


def test_what_nobody_could_look_at_is_not_called_noise() -> None:
    """Beside what surely differs."""
    made = add(add(Tally(), range(5000)), range(5000, 5100), VALUE)
    for number in range(6000, 6050):
        made.count(LEGACY, LEGACY, Masked(Fate.DIFFERED, ()), about(number))

    assert judge(made).why.startswith("100 of 5,150 differ beside what could not be analysed in time: more")


def test_that_all_of_one_address_differed_is_told() -> None:
    """However many more requests that asks for: some of its answers were not looked at, the others differ."""
    made = add(Tally(), [7] * 100, VALUE)
    for _ in range(50):
        made.count(LEGACY, LEGACY, Masked(Fate.DIFFERED, ()), about(7))
    judged = judge(made)

    assert (judged.verdict, judged.reasons) == (SHORT, (Reason.FEW,))
    assert judged.why.startswith("1 of 1 distinct requests differ: ")


def test_a_status_change_that_was_reproduced_is_told_at_once() -> None:
    """A deterministic bug needs no statistics: one exchange, asked again with the same end, is enough."""
    made = add(tally(matched=50), [99], BROKEN)
    assert judge(made).verdict is SHORT

    made.differences["changed status 200→500"].stable = 1
    judged = judge(made)

    assert (judged.verdict, judged.reasons) == (REGRESSED, (Reason.CONFIRMED,))
    assert judged.why == "a difference was reproduced: status 200→500"


def test_a_confirmed_change_below_the_tolerance_is_told_and_allowed() -> None:
    """The owner said what share may differ; that one request of many does so reliably stays in sight."""
    made = add(tally(matched=30_000), [40_000], BROKEN)
    made.differences["changed status 200→500"].stable = 1
    judged = judge(made)

    assert (judged.verdict, judged.reasons) == (READY, (Reason.CONFIRMED,))
    assert judged.why.endswith("; a difference was reproduced: status 200→500")


def test_a_slower_target_is_regressed() -> None:
    """Equal answers that take surely longer are a regression with a reason of its own."""
    slow = add(Tally(), range(200), target=replace(LEGACY, total=0.050))
    judged = judge(slow)

    assert (judged.verdict, judged.reasons) == (REGRESSED, (Reason.SLOWER,))
    assert judged.why == "the target was slower in 200 of 200 exchanges, 95 % sure"
    assert judge(slow, Criteria(latency=False)).reasons == (Reason.FEW,)


def test_ready_without_times_says_so() -> None:
    """A log may have none: nobody shall take that for a target that is as fast."""
    untimed = replace(LEGACY, first_byte=0.0, total=0.0)
    made = Tally()
    for number in range(5000):
        made.count_match(untimed, LEGACY, about(number, 1))
    judged = judge(made)

    assert judged.verdict is READY
    assert judged.why.endswith("; latency was not compared: nothing tells how long legacy took")
    assert "latency" not in judge(made, Criteria(latency=False)).why


def test_ready_means_as_fast() -> None:
    """As long as the target may be slower, more answers are needed, and it says how many."""
    made, slow = tally(matched=5000), replace(LEGACY, total=0.5)
    for number in range(240):
        made.count_match(slow, LEGACY, about(9000 + number, 1))
        made.count_match(LEGACY, slow, about(9240 + number, 1))
    judged = judge(made)

    assert (judged.verdict, judged.reasons) == (SHORT, (Reason.LATENCY,))
    assert judged.why.startswith(
        "more answers must show that the target is as fast: so far 95 % of legacy's answers take"
    )
    assert judge(made, Criteria(latency=False)).verdict is READY

    assert judged.needed
    for _ in range((judged.needed // 5480).bit_length()):
        made.merge(deepcopy(made))
    assert judge(made).verdict is READY


def test_hours_of_the_day_are_a_gate_where_configured() -> None:
    """By default the count of requests decides."""
    made = tally(matched=5000)
    for hour in range(3):
        add(made, range(10), hour=hour + 24)
    judged = judge(made, Criteria(hours=5))

    assert judge(made).verdict is READY
    assert (judged.verdict, judged.reasons, judged.needed, judged.hours) == (SHORT, (Reason.HOURS,), 0, 2.0)
    assert judged.why == "2 more hours of the day must be seen"
    assert judge(made, Criteria(hours=3)).verdict is READY


def test_a_hostile_tally_is_judged() -> None:
    """Counters that contradict each other raise nothing, and make nothing ready."""
    odd = learn(tally(differed=3), 2, (TIMEOUT,), (VALUE,))
    odd.matched = odd.failed = 0
    odd.learned.matched = 2**53
    odd.slower = 2**53
    odd.patterns["no signature"] = odd.patterns["changed json:$.price"]

    assert judge(odd).verdict is SHORT


def test_three_hundred_endpoints_take_no_time() -> None:
    """A live page judges all of them every few seconds."""
    made = {f"GET /{number}": Tally() for number in range(300)}
    for number, each in enumerate(made.values()):
        for hour in range(24):
            add(each, range(hour * 20, hour * 20 + 20), hour=hour)
        add(each, range(number % 3), VALUE)
        each.settle()

    within(0.5, lambda: verdicts(made))  # it takes 0.06 s


def test_overall() -> None:
    """Regressed where one endpoint is, ready only where all are."""
    assert overall([READY, READY], 0) == (READY, "of 2 endpoints 2 are ready")
    assert overall([READY, SHORT], 0) == (SHORT, "of 2 endpoints 1 needs more data, 1 is ready")
    assert overall([READY, SHORT, REGRESSED], 0)[0] is REGRESSED
    assert overall([], 0) == (SHORT, "nothing was compared")


def test_what_rules_keep_away_is_told_and_does_not_count() -> None:
    """A write that is never mirrored does not keep the service from being ready for ever."""
    assert overall([READY], 1) == (
        READY,
        "of 1 endpoint 1 is ready; 1 more was kept from the target by rules or the sample",
    )
    assert overall([], 2) == (
        SHORT,
        "nothing was compared; 2 more were kept from the target by rules or the sample",
    )


def test_what_rules_keep_away_needs_no_requests() -> None:
    """More of them would not be compared either. What broke off was to be compared."""
    judged = judge(tally(method=3, rule=5))

    assert (judged.verdict, judged.why) == (SHORT, "kept from the target by rules or the sample")
    assert (judged.needed, judged.reasons) == (None, (Reason.KEPT,))
    assert judge(tally(method=3, client_left=1)).reasons == (Reason.NOTHING,)


def test_what_was_tried() -> None:
    """Only rules excuse: what load dropped, is still under way, or broke off, was to be compared."""
    assert not was_tried(tally(method=3))
    assert not was_tried(tally(method=3, sample=2, refused=1))
    assert was_tried(tally(method=3, legacy_failed=1))
    assert was_tried(tally(client_left=9))
    assert was_tried(tally(matched=1, method=3))
    assert was_tried(Tally(received=4, skipped={"method": 3}))
    assert was_tried(Tally(received=4, skipped={"method": 3}, dropped={"memory": 1}))
