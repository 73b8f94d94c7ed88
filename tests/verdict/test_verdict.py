"""Ready, regressed, not enough data."""

from __future__ import annotations

from shadow.record.tally import Tally
from shadow.verdict.verdict import Verdict, judge, overall, was_tried

READY, REGRESSED, SHORT = Verdict.READY, Verdict.REGRESSED, Verdict.NOT_ENOUGH_DATA


def tally(matched: int = 0, differed: int = 0, failed: int = 0, **skipped: int) -> Tally:
    received = matched + differed + failed + sum(skipped.values())
    return Tally(received=received, matched=matched, differed=differed, failed=failed, skipped=skipped)


def test_ready() -> None:
    """Enough requests, all answered equally."""
    verdict, why, needed = judge(tally(matched=5000))

    assert (verdict, needed) == (READY, 0)
    assert why == "0 of 5,000 differ: at most 0.096 %, 95 % sure, where 0.1 % is allowed"


def test_ready_does_not_mean_perfect() -> None:
    """A share that is surely below the tolerance is ready, for legacy itself is not perfect."""
    assert judge(tally(matched=100_000, differed=20)).verdict is READY


def test_regressed() -> None:
    """A share that is surely above the tolerance; more requests like these would not make it ready."""
    verdict, why, needed = judge(tally(matched=900, differed=90, failed=10))

    assert (verdict, needed) == (REGRESSED, None)
    assert why == "100 of 1,000 differ (10 failed): more than the 0.1 % allowed, 95 % sure"


def test_failures_are_mismatches() -> None:
    """A target that gave no answer is as bad as one that gave a wrong one."""
    assert judge(tally(matched=900, failed=100)).verdict is REGRESSED


def test_not_enough_data() -> None:
    """Neither: it says how many more requests are needed, and that many are enough."""
    verdict, why, needed = judge(tally(matched=1000))

    assert (verdict, needed) == (SHORT, 3741)
    assert why == "0 of 1,000 differ: 3,741 more without a difference are needed to be 95 % sure of 0.1 %"
    assert judge(tally(matched=1000 + 3741)).verdict is READY


def test_one_mismatch_is_no_regression() -> None:
    """A single difference is told, and proves nothing yet."""
    assert judge(tally(matched=10, differed=1)).verdict is SHORT


def test_nothing_compared() -> None:
    """Where all was skipped there is no verdict, and the need is that of a beginning."""
    verdict, why, needed = judge(tally(method=120))

    assert (verdict, why, needed) == (SHORT, "nothing was compared", 4741)


def test_the_tolerance_decides() -> None:
    """The same counts under another tolerance."""
    assert judge(tally(matched=990, differed=10), tolerance=0.001).verdict is REGRESSED
    assert judge(tally(matched=990, differed=10), tolerance=0.05).verdict is READY


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
        "of 1 endpoint 1 is ready; 1 more was kept from the target by rules",
    )
    assert overall([], 2) == (SHORT, "nothing was compared; 2 more were kept from the target by rules")


def test_what_was_tried() -> None:
    """Only rules excuse: what load dropped, or what is still under way, was to be compared."""
    assert not was_tried(tally(method=3))
    assert was_tried(tally(matched=1, method=3))
    assert was_tried(Tally(received=4, skipped={"method": 3}))
    assert was_tried(Tally(received=4, skipped={"method": 3}, dropped={"memory": 1}))
