"""Status changes that were reproduced."""

from __future__ import annotations

import pytest
from support.tallies import BROKEN, LEGACY, TIMEOUT, VALUE, add, tally

from shadow.model import Difference, DifferenceKind, Failure, FailureKind
from shadow.record.tally import Tally
from shadow.verdict.confirmed import confirmed

AWAY = Difference(DifferenceKind.CHANGED, "status", "200", "503")
NAME = "changed status 200→500"


def test_asked_again_and_still_there() -> None:
    """One exchange is enough, if a change was stable more often than not."""
    made = add(tally(matched=50), [99], BROKEN)
    assert confirmed(made) == ""

    made.differences[NAME].stable = 1
    assert confirmed(made) == "status 200→500"

    made.differences[NAME].settled = 1
    assert confirmed(made) == ""


@pytest.mark.parametrize("kind", [DifferenceKind.MISSING, DifferenceKind.ADDED, DifferenceKind.TYPE])
def test_what_is_gone_of_one_page_alone(kind: DifferenceKind) -> None:
    """Its visits are one unit in an hour, and each differs: to be asked again twice is enough, unless it
    passed, or may be what a gateway leaves away that has no backend."""
    lost = Difference(kind, "json:$.last", "1", "2")
    made = add(tally(matched=39), [99] * 22, lost)
    [seen] = made.differences.values()
    seen.stable = 1
    assert confirmed(made) == ""

    seen.stable = 2
    assert confirmed(made) == f"{kind} json:$.last"
    assert confirmed(made, frozenset([f"{kind} json:$.last"])) == ""

    seen.flapping = 1
    assert confirmed(made) == ""

    seen.flapping = 0
    assert confirmed(add(made, [98], lost, AWAY)) == ""


def test_every_exchange_of_two_requests() -> None:
    """One request may be special; two, and nothing else, are a rule."""
    assert confirmed(add(Tally(), [1, 1, 1], BROKEN)) == ""
    assert confirmed(add(Tally(), [1, 2], BROKEN)) == "status 200→500"
    assert confirmed(add(add(Tally(), [1], BROKEN), [2], BROKEN, VALUE)) == "status 200→500"
    assert confirmed(add(add(Tally(), [1, 2], BROKEN), [3])) == ""


def test_where_the_target_was_not_there_nothing_could_be_seen() -> None:
    """A timeout, or a gateway's 503 in its place, is no answer without the difference; a match is."""
    away = add(add(Tally(), [1, 2], BROKEN), [3, 4], TIMEOUT, target=Failure(FailureKind.TIMEOUT))
    add(away, [5], AWAY, VALUE)
    assert confirmed(away) == "status 200→500"

    assert confirmed(add(away, [6])) == ""


@pytest.mark.parametrize(("difference", "stable"), [(AWAY, 5), (VALUE, 5), (TIMEOUT, 5)])
def test_what_may_pass_is_never_confirmed(difference: Difference, stable: int) -> None:
    """A gateway without a backend, a timeout, or a value: statistics decide."""
    target = Failure(FailureKind.TIMEOUT) if difference is TIMEOUT else LEGACY
    made = add(Tally(), [1, 2, 3], difference, target=target)
    for seen in made.differences.values():
        seen.stable = stable

    assert confirmed(made) == ""


def test_of_several_the_most_frequent_is_told() -> None:
    """One is named, and what the client sees first; the causes list them all."""
    other = Difference(DifferenceKind.CHANGED, "status", "200", "404")
    made = add(add(tally(matched=9), [10, 11], other), [12], BROKEN)
    for name in NAME, "changed status 200→404":
        made.differences[name].stable = 1

    assert confirmed(made) == "status 200→404"

    partial = Difference(DifferenceKind.CHANGED, "status", "206", "200")
    body = Difference(DifferenceKind.ADDED, "header:x", None, "1")
    assert confirmed(add(Tally(), [1, 2], partial, body)) == "status 206→200"
