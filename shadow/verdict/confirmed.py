"""Differences that were reproduced: a deterministic bug needs no statistics. Pure.

Confirmed is a change from one status to another, not to a failure, that was still there in most of the
exchanges in which both sides were asked again later; anything missing, added or of another type that was
still there whenever they were, and that twice at least: on one of forty pages, it would be a few units for
ever; and any difference that every answer of the target showed so far, to at least two distinct requests or
many times. Where an endpoint has but one address, its units would take months to tell what the first hundred
answers have; and where the target was not there, it has not shown that it can do otherwise.

502, 503 and 504 are never confirmed: a gateway's words for *nobody there just now* are the same for as long
as a rollout or an outage lasts. Nor is a value that legacy may vary itself, as far as is known: legacy must
have been asked again, and have said the same. All of that counts as any mismatch does.
"""

from __future__ import annotations

from collections.abc import Mapping

from shadow.compare.signature import parse
from shadow.model import AWAY, DifferenceKind
from shadow.record.parts import Pattern, Seen
from shadow.record.tally import Tally
from shadow.verdict.counting import compared, signatures

_DISTINCT = 2
_MANY = 20
_PAIRS = 5  # in which legacy was asked again, and did not differ from itself at that place
_TWICE = 2
_VALUES = {DifferenceKind.CHANGED, DifferenceKind.ORDER}
_STRUCTURE = {DifferenceKind.MISSING, DifferenceKind.ADDED, DifferenceKind.TYPE}


def confirmed(tally: Tally, unclear: frozenset[str] = frozenset()) -> str:
    """The most frequent difference that was reproduced, a status before others, as `status 200→500` or
    `missing header:x`; empty if there is none. `unclear` are the signatures that are, or may be, legacy's own
    noise."""
    there = {name: each for name, each in tally.patterns.items() if not _is_away(name)}
    away = {name: each.count for name, each in tally.patterns.items() if name not in there}
    answered = max(1, compared(tally) - sum(away.values()))
    passing = {name for pattern in away for name in signatures(pattern)}
    found = [
        (not _is_status(name), -seen.count, name)
        for name, seen in tally.differences.items()
        if name not in unclear and (_is_status(name) or _is_lasting(tally, name))
        if (_is_stable(name, seen) and name not in passing) or _always(there, name, answered)
    ]
    return min(found)[-1].removeprefix("changed ") if found else ""


def _is_status(name: str) -> bool:
    """Whether this signature is that of a change from one status to another that may be lasting."""
    both = parse(name).sides
    return both.legacy_answered and both.target_answered and both.target not in AWAY


def _is_stable(name: str, seen: Seen) -> bool:
    """Whether it was still there when both sides were asked again, and is of a kind that this confirms."""
    passed = seen.settled + seen.flapping
    if _is_status(name):
        return seen.stable > passed
    return parse(name).kind in _STRUCTURE and seen.stable >= _TWICE and not passed


def _is_away(pattern: str) -> bool:
    """Whether the target gave no answer, or a gateway one for it: whatever it does could not be seen."""
    found = map(parse, signatures(pattern))
    pairs = [each.sides for each in found if each.statuses]
    return any(each.target in AWAY or not each.target_answered for each in pairs)


def _is_lasting(tally: Tally, name: str) -> bool:
    """Whether a difference in anything but the status is not one that legacy has from itself."""
    found = parse(name)
    pairs = tally.learned.matched + tally.learned.differed
    return found.path != "status" and (found.kind not in _VALUES or pairs >= _PAIRS)


def _always(patterns: Mapping[str, Pattern], name: str, answered: int) -> bool:
    """Whether all answers of the target showed it, to several distinct requests or many times."""
    showing = [each for pattern, each in patterns.items() if name in signatures(pattern)]
    times = sum(each.count for each in showing)
    if times < answered:
        return False
    requests = set[int]().union(*(units.numbers() for each in showing for units in each.units.values()))
    return len(requests) >= _DISTINCT or times >= _MANY
