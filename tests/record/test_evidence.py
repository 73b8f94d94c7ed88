"""What is kept of one comparison: complete, bounded, and the same when read back."""

from __future__ import annotations

import msgspec

from shadow.model import (
    Comparison,
    Difference,
    DifferenceKind,
    Digest,
    Exchange,
    Failure,
    FailureKind,
    Fate,
    Outcome,
    Request,
    Response,
)
from shadow.record.evidence import (
    LONGEST,
    MOST_CAUSES,
    MOST_FIELDS,
    Answered,
    Evidence,
    Failed,
    Quota,
    evidence,
)
from shadow.record.mask import Mask

MASK = Mask((), b"key")
LEGACY = Response(200, ((b"X-Name", b"caf\xe9"),), b"12345", 0.1, 0.2)
EXCHANGE = Exchange("id-1", "GET /a", 12.5, Request(b"GET", b"/a?b=\xe9", ((b"Host", b"h"),), b""), LEGACY)
DIFFERENCE = Difference(DifferenceKind.CHANGED, "json:$.a[3]", "1", "2")


def kept(outcome: Outcome, exchange: Exchange = EXCHANGE, *found: Difference) -> Evidence:
    comparison = MASK.comparison(Comparison(Fate.DIFFERED, found, ("a note",)))
    return evidence(exchange, outcome, comparison, MASK)


def test_what_is_kept() -> None:
    """Both heads, the sizes, the times, what differs, and the notes; of the bodies nothing."""
    shown = kept(LEGACY._replace(status=500, body=Digest(9_000_000, b"x" * 32)), EXCHANGE, DIFFERENCE)

    assert (shown.id, shown.at, shown.endpoint, shown.fate) == ("id-1", 12.5, "GET /a", "differed")
    assert (shown.request.method, shown.request.target, shown.request.headers) == (
        "GET",
        "/a?b=é",
        (("Host", "h"),),
    )
    assert shown.legacy == Answered(200, (("X-Name", "café"),), 5, 0.1, 0.2)
    assert shown.target == Answered(500, (("X-Name", "café"),), 9_000_000, 0.1, 0.2)
    assert shown.differences == (DIFFERENCE,)
    assert shown.notes == ("a note",)


def test_a_failure_is_kept_as_one() -> None:
    """Where the target gave no answer, the evidence says how."""
    assert kept(Failure(FailureKind.TIMEOUT, "after 10 s", 10.0)).target == Failed(
        "timeout", "after 10 s", 10.0
    )


def test_it_survives_json() -> None:
    """What is decoded from a segment equals what was encoded."""
    for outcome in (LEGACY, Failure(FailureKind.DNS, "no such host", 0.1)):
        shown = kept(outcome, EXCHANGE, DIFFERENCE)
        assert msgspec.json.decode(msgspec.json.encode(shown), type=Evidence) == shown


def test_it_is_bounded() -> None:
    """A hostile answer cannot make its evidence large."""
    hostile = LEGACY._replace(headers=tuple((b"X" * 10_000, b"\x01" * 100_000) for _ in range(1000)))
    shown = kept(hostile, EXCHANGE._replace(request=Request(b"GET", b"/" + b"a" * 100_000, ())))

    assert isinstance(shown.target, Answered)
    assert len(shown.target.headers) == MOST_FIELDS
    assert max(len(text) for pair in shown.target.headers for text in pair) == LONGEST
    assert len(shown.request.target) == LONGEST
    assert len(msgspec.json.encode(shown)) < 300_000


def test_a_quota_for_each_cause() -> None:
    """Of one cause so many are kept, however often it comes; another cause has its own."""
    quota = Quota(2)
    often = MASK.comparison(Comparison(Fate.DIFFERED, (DIFFERENCE,)))
    elsewhere = MASK.comparison(
        Comparison(Fate.DIFFERED, (Difference(DifferenceKind.CHANGED, "json:$.a[4]"),))
    )
    other = MASK.comparison(
        Comparison(Fate.DIFFERED, (DIFFERENCE, Difference(DifferenceKind.ADDED, "header:x")))
    )
    without = MASK.comparison(Comparison(Fate.DIFFERED, (), ("not compared",)))

    assert [quota.take(each) for each in (often, elsewhere, often, other, other, other)] == [
        *(True, True, False),  # the same cause at another index
        *(True, True, False),  # a cause more
    ]
    assert [quota.take(without) for _ in range(3)] == [True, True, False]
    quota.renew()
    assert quota.take(often)


def test_a_quota_is_bounded() -> None:
    """Causes without end, as keys that are data make them, have one share together."""
    quota = Quota(2)
    taken = 0
    for i in range(3 * MOST_CAUSES):
        found = Difference(DifferenceKind.ADDED, f"json:$.k{i}")
        taken += quota.take(MASK.comparison(Comparison(Fate.DIFFERED, (found,))))

    assert taken == MOST_CAUSES + 2


def test_matches_are_not_kept() -> None:
    """What proved equal once it was decoded is counted, and no evidence of anything."""
    assert not Quota(2).take(MASK.comparison(Comparison(Fate.MATCHED)))
