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
    more = needed(mismatches, asked, tolerance)
    if asked == 0:
        return Judgement(Verdict.NOT_ENOUGH_DATA, "nothing was compared", more)
    seen = f"{mismatches:,} of {asked:,} differ" + (f" ({tally.failed:,} failed)" if tally.failed else "")
    if not excluded(tolerance, mismatches, asked, tolerance):
        why = f"{seen}: {more:,} more without a difference are needed to be {_SURE} of {_share(tolerance)}"
        return Judgement(Verdict.NOT_ENOUGH_DATA, why, more)
    if mismatches / asked > tolerance:
        why = f"{seen}: more than the {_share(tolerance)} allowed, {_SURE}"
        return Judgement(Verdict.REGRESSED, why, None)
    most = interval(mismatches, asked, tolerance).upper
    why = f"{seen}: at most {_share(most)}, {_SURE}, where {_share(tolerance)} is allowed"
    return Judgement(Verdict.READY, why, 0)


def overall(tried: Sequence[Verdict], untried: int) -> tuple[Verdict, str]:
    """One verdict for all, and why: regressed where one endpoint is, ready only where all are.

    `tried` are the verdicts of the endpoints that were to be compared. Those that a rule kept away
    altogether are `untried`: they are told, and do not count, or no service that has a write would be ready.
    """
    regressed, short, ready = (tried.count(each) for each in Verdict)
    counts = [
        (regressed, "regressed", "regressed"),
        (short, "needs more data", "need more data"),
        (ready, "is ready", "are ready"),
    ]
    parts = [f"{count:,} {one if count == 1 else many}" for count, one, many in counts if count]
    noun = "endpoint" if len(tried) == 1 else "endpoints"
    why = f"of {len(tried):,} {noun} {', '.join(parts)}" if tried else "nothing was compared"
    if untried:
        why += f"; {untried:,} more {'was' if untried == 1 else 'were'} kept from the target by rules"
    if regressed:
        return Verdict.REGRESSED, why
    return (Verdict.READY if tried and not short else Verdict.NOT_ENOUGH_DATA), why


def was_tried(tally: Tally) -> bool:
    """Whether any request was to be compared; where a rule skipped them all, none was."""
    return tally.fates > sum(tally.skipped.values()) or tally.in_flight > 0


def _share(rate: float) -> str:
    return f"{rate * 100:.2g} %"


_SURE = f"{100 * (1 - ALPHA):.0f} % sure"
