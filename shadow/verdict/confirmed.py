"""Status changes that were reproduced: a deterministic bug needs no statistics. Pure.

Confirmed is a change from one status to another, not to a failure, that

* was still there in most of the exchanges in which both sides were asked again later, or
* every exchange of the endpoint showed so far, of at least two distinct requests.

502, 503 and 504 are never confirmed: a gateway's words for *nobody there just now* are the same for as long
as a rollout or an outage lasts. They count as any mismatch does.
"""

from __future__ import annotations

from shadow.record.tally import Tally
from shadow.verdict.counting import compared, signatures

_PASSING = {"502", "503", "504"}
_DISTINCT = 2
_PREFIX = "changed status "


def confirmed(tally: Tally) -> str:
    """The most frequent status change that was reproduced, as `200→500`; empty if there is none."""
    found = [
        (-seen.count, name)
        for name, seen in tally.differences.items()
        if _counts(name) and (seen.stable > seen.settled + seen.flapping or _always(tally, name))
    ]
    return min(found)[1].removeprefix(_PREFIX) if found else ""


def _counts(name: str) -> bool:
    """Whether this signature is that of a change from one status to another that may be lasting."""
    legacy, _, target = name.removeprefix(_PREFIX).partition("→")
    return name.startswith(_PREFIX) and legacy.isdigit() and target.isdigit() and target not in _PASSING


def _always(tally: Tally, name: str) -> bool:
    """Whether all exchanges showed it, and several distinct requests."""
    showing = [each for pattern, each in tally.patterns.items() if name in signatures(pattern)]
    if sum(each.count for each in showing) < max(1, compared(tally)):
        return False
    requests = set[int]().union(*(units.numbers() for each in showing for units in each.units.values()))
    return len(requests) >= _DISTINCT
