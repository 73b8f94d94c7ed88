"""Causes: one entry for what is one fault, on however many endpoints."""

from __future__ import annotations

from shadow.model import Comparison, Difference, DifferenceKind, Exchange, Fate, Request, Response
from shadow.record.evidence import Evidence, evidence
from shadow.record.mask import Mask
from shadow.record.parts import OTHER, Seen
from shadow.record.tally import Tally, TallyRecord
from shadow.verdict.causes import MOST, Causes, Example

MASK = Mask((), b"key")


def window(start: float, endpoint: str, **differences: Seen) -> TallyRecord:
    named = {name.replace("__", " ").replace("_", ":"): seen for name, seen in differences.items()}
    return TallyRecord(start, 60.0, endpoint, "hash", Tally(differences=named))


def kept(at: float, name: str, difference: Difference) -> Evidence:
    exchange = Exchange(name, "GET /a", at, Request(b"GET", b"/a/1", ()), Response(200, ()))
    comparison = MASK.comparison(Comparison(Fate.DIFFERED, (difference,)))
    return evidence(exchange, Response(200, ()), comparison, MASK)


def test_differences_of_one_signature_are_one_cause() -> None:
    """Counts of windows and endpoints are added; first and last seen are the edges of the windows."""
    causes = Causes()
    causes.add(window(120, "GET /b", missing__header_x=Seen(2, "1")))
    causes.add(window(60, "GET /a", missing__header_x=Seen(3, "2")))
    causes.add(window(300, "GET /a", missing__header_x=Seen(1, "3"), added__body=Seen(1)))

    first, second = causes.listed()
    assert (first.kind, first.path, first.count) == ("missing", "header:x", 6)
    assert first.endpoints == ["GET /a", "GET /b"]
    assert (first.first_seen, first.last_seen) == (60, 360)
    assert (first.legacy, first.target, first.example) == ("1", None, None)
    assert (second.kind, second.path, second.count) == ("added", "body", 1)


def test_each_pair_of_statuses_is_a_cause() -> None:
    """The pair shows in the values; the path is only `status`."""
    causes = Causes()
    tally = Tally(
        differences={"changed status 200→404": Seen(1, "200", "404"), "changed status 200→timeout": Seen(2)}
    )
    causes.add(TallyRecord(0, 60, "GET /", "", tally))

    assert [(cause.path, cause.count) for cause in causes.listed()] == [("status", 2), ("status", 1)]


def test_the_earliest_evidence_is_the_example() -> None:
    """Whatever the order of reading: its values are shown, with the way to find it again."""
    early = kept(5, "b", Difference(DifferenceKind.CHANGED, "json:$.a[3]", "1", "2"))
    late = kept(6, "a", Difference(DifferenceKind.CHANGED, "json:$.a[0]", "8", "9"))
    for order in ((early, late), (late, early)):
        causes = Causes()
        for each in order:
            causes.illustrate(each)
        causes.add(
            TallyRecord(0, 60, "GET /a", "", Tally(differences={"changed json:$.a[*]": Seen(2, "0", "0")}))
        )

        (cause,) = causes.listed()
        assert cause.example == Example("b", 5, "GET /a", "GET /a/1")
        assert (cause.count, cause.legacy, cause.target) == (2, "1", "2")


def test_what_was_folded_is_no_cause() -> None:
    """Differences that a tally no longer tells apart have nothing in common."""
    causes = Causes()
    causes.add(TallyRecord(0, 60, "GET /", "", Tally(differences={OTHER: Seen(9)})))

    assert causes.listed() == []


def test_the_list_is_bounded() -> None:
    """The most frequent are listed; equal counts in the order of their names."""
    causes = Causes()
    names = [f"changed json:$.k{i:05}" for i in range(MOST + 50)]
    causes.add(
        TallyRecord(0, 60, "GET /", "", Tally(differences={name: Seen(1) for name in reversed(names)}))
    )

    assert [f"{cause.kind} {cause.path}" for cause in causes.listed()] == names[:MOST]
