"""Causes: one entry for what is one fault, on however many endpoints."""

from __future__ import annotations

import re

from shadow.compare.signature import parse
from shadow.model import Comparison, Difference, DifferenceKind, Exchange, Fate, Request, Response
from shadow.record.evidence import Evidence, evidence
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked
from shadow.record.parts import OTHER, Seen
from shadow.record.tally import Tally
from shadow.verdict.causes import Causes, identity

MASK = Mask((), b"key")


def kept(at: float, name: str, difference: Difference) -> Evidence:
    exchange = Exchange(name, "GET /a", at, Request(b"GET", b"/a/1", ()), Response(200, b""))
    comparison = masked(Comparison(Fate.DIFFERED, (difference,)), MASK)
    return evidence(exchange, Response(200, b""), comparison, MASK)


def test_differences_of_one_signature_are_one_cause() -> None:
    """Counts of endpoints are added; first and last seen are the times of the first and the last."""
    causes = Causes()
    causes.add("GET /b", Tally(differences={"missing header:x": Seen(2, "1", None, 125, 170)}))
    causes.add("GET /a", Tally(differences={"missing header:x": Seen(4, "2", None, 61, 333)}))
    causes.add("GET /a", Tally(differences={"added body": Seen(1)}))

    first, second = causes.listed()
    assert (first.name, first.seen.count) == ("missing header:x", 6)
    assert first.endpoints == {"GET /a", "GET /b"}
    assert (first.seen.first, first.seen.last) == (61, 333)
    assert (first.seen.legacy, first.seen.target, first.example) == ("1", None, None)
    assert (second.name, second.seen.count) == ("added body", 1)


def test_each_pair_of_statuses_is_a_cause() -> None:
    """The pair shows in the values; the path is only `status`."""
    causes = Causes()
    seen = {"changed status 200→404": Seen(1, "200", "404"), "changed status 200→timeout": Seen(2)}
    causes.add("GET /", Tally(differences=seen))

    assert [parse(cause.name)[:2] for cause in causes.listed()] == [("changed", "status")] * 2


def test_a_cause_has_one_id() -> None:
    """The same in every report, and another for every cause."""
    assert identity("changed body") == identity("changed body") != identity("changed text")
    assert re.fullmatch("[0-9a-f]{10}", identity("changed json:$.\ud800"))


def test_the_earliest_evidence_is_the_example() -> None:
    """Whatever the order of reading: its values are shown, with the way to find it again."""
    early = kept(5, "b", Difference(DifferenceKind.CHANGED, "json:$.a[3]", "1", "2"))
    late = kept(6, "a", Difference(DifferenceKind.CHANGED, "json:$.a[0]", "8", "9"))
    for order in ((early, late), (late, early)):
        causes = Causes()
        for each in order:
            causes.illustrate(each)
        causes.add("GET /a", Tally(differences={"changed json:$.a[*]": Seen(2, "0", "0")}))

        (cause,) = causes.listed()
        assert cause.example == (early, early.differences[0])
        assert cause.seen.count == 2


def test_what_was_folded_is_no_cause() -> None:
    """Differences that a tally no longer tells apart have nothing in common."""
    causes = Causes()
    causes.add("GET /", Tally(differences={OTHER: Seen(9)}))

    assert causes.listed() == []


def test_the_most_frequent_come_first() -> None:
    """Equal counts in the order of their names."""
    causes = Causes()
    names = [f"changed json:$.k{i:05}" for i in range(50)]
    causes.add("GET /", Tally(differences={name: Seen(1) for name in reversed(names)}))

    assert [cause.name for cause in causes.listed()] == names
