"""Ready, regressed, or not enough data: for one endpoint, and for all.

Pure. A target that gave no answer is a mismatch: its failures weigh as much as wrong answers.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

from shadow.record.tally import Tally
from shadow.verdict.statistics import ALPHA, excluded, interval, needed

TOLERANCE = 0.001
"""Share of requests that may be answered differently by a target that is called ready."""


class Verdict(enum.StrEnum):
    """What the owner is told, the worst first."""

    REGRESSED = "regressed"
    NOT_ENOUGH_DATA = "not enough data"
    READY = "ready"


class Judgement(NamedTuple):
    """A verdict, a sentence that says why, and how many more requests could make it ready: none where it
    is, None where more requests like these would not."""

    verdict: Verdict
    why: str
    needed: int | None


def judge(tally: Tally, tolerance: float = TOLERANCE) -> Judgement:
    """What one endpoint's tally says of it."""
    mismatches = tally.differed + tally.failed
    asked = tally.matched + mismatches
    if asked == 0:
        return Judgement(Verdict.NOT_ENOUGH_DATA, _never_asked(tally), needed(0, 0, tolerance))
    seen = f"{mismatches:,} of {asked:,} differ" + (f" ({tally.failed:,} failed)" if tally.failed else "")
    if excluded(tolerance, mismatches, asked, tolerance):
        low, high = interval(mismatches, asked, tolerance)
        if mismatches / asked < tolerance:
            why = f"{seen}: at most {_share(high)}, {_SURE}; {_share(tolerance)} is allowed"
            return Judgement(Verdict.READY, why, 0)
        why = f"{seen}: at least {_share(low)}, {_SURE}; {_share(tolerance)} is allowed"
        return Judgement(Verdict.REGRESSED, why, None)
    more = needed(mismatches, asked, tolerance)
    why = f"{seen}: {more:,} more without a difference are needed to be sure of {_share(tolerance)}"
    return Judgement(Verdict.NOT_ENOUGH_DATA, why, more)


def overall(tried: Sequence[Verdict], untried: int) -> tuple[Verdict, str]:
    """One verdict for all, and why: regressed where one endpoint is, ready only where all are.

    `tried` are the verdicts of the endpoints that were to be compared. Those that a rule kept away
    altogether are `untried`: they are told, and do not count, or no service that has a write would be ready.
    """
    regressed, short, ready = (tried.count(each) for each in Verdict)
    if not tried:
        verdict, why = Verdict.NOT_ENOUGH_DATA, "nothing was compared"
    elif ready == len(tried):
        verdict, why = Verdict.READY, f"{ready} of {ready} endpoints are ready"
    else:
        verdict = Verdict.REGRESSED if regressed else Verdict.NOT_ENOUGH_DATA
        why = f"of {len(tried)} endpoints {regressed} regressed, {short} lack data, {ready} are ready"
    return verdict, why + (f"; {untried} more were kept away by rules" if untried else "")


def was_tried(tally: Tally) -> bool:
    """Whether any request was to be compared; where a rule skipped them all, none was."""
    return tally.fates > sum(tally.skipped.values()) or tally.in_flight > 0


def _never_asked(tally: Tally) -> str:
    lost = [f"{count:,} skipped ({reason})" for reason, count in sorted(tally.skipped.items())]
    lost += [f"{count:,} dropped ({reason})" for reason, count in sorted(tally.dropped.items())]
    return "nothing was compared" + (f": {', '.join(lost)}" if lost else " yet")


def _share(rate: float) -> str:
    return f"{rate * 100:.2g} %"


_SURE = f"{1 - ALPHA:.0%} sure"
