"""What is kept of one comparison: complete, bounded, and the same when read back."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

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
    head_of,
)
from shadow.record.bodies import Kept
from shadow.record.evidence import (
    LARGEST_HEAD,
    LONGEST,
    Answered,
    Asked,
    Evidence,
    Failed,
    evidence,
)
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked

MASK = Mask((), b"key")
LEGACY = Response(200, head_of(((b"X-Name", b"caf\xe9"),)), b"12345", 0.1, 0.2)
EXCHANGE = Exchange("id-1", "GET /a", 12.5, Request(b"GET", b"/a?b=\xe9", ((b"Host", b"h"),), b""), LEGACY)
DIFFERENCE = Difference(DifferenceKind.CHANGED, "json:$.a[3]", "1", "2")


def kept(outcome: Outcome, exchange: Exchange = EXCHANGE, *found: Difference) -> Evidence:
    comparison = masked(Comparison(Fate.DIFFERED, found, ("a note",)), MASK)
    return evidence(exchange, outcome, comparison, MASK, 1024)


def test_what_is_kept() -> None:
    """Both heads, the bodies, the sizes, the times, what differs, and the notes."""
    shown = kept(replace(LEGACY, status=500, body=Digest(9_000_000, b"x" * 32)), EXCHANGE, DIFFERENCE)

    assert (shown.id, shown.at, shown.endpoint, shown.fate) == ("id-1", 12.5, "GET /a", "differed")
    assert shown.request == Asked("GET", "/a?b=é", (("Host", "h"),), Kept(0, ""), 15)
    assert shown.legacy == Answered(200, (("X-Name", "café"),), 5, 0.1, 0.2, Kept(5, "12345"))
    assert isinstance(shown.target, Answered)
    assert shown.target.body is not None
    assert (shown.target.length, shown.target.body.length, shown.target.body.text) == (
        *(9_000_000, 9_000_000, None),
    )
    assert shown.differences == (DIFFERENCE,)
    assert shown.notes == ("a note",)
    assert shown.final == ""


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
    """A hostile answer cannot make its evidence large, and what was cut is not judged again."""
    hostile = replace(LEGACY, head=head_of(((b"X" * 100, b"\x01" * 100_000),) * 1000))
    shown = kept(hostile, EXCHANGE._replace(request=Request(b"GET", b"/" + b"a" * 100_000, ())))

    assert isinstance(shown.target, Answered)
    assert sum(len(name) + len(value) for name, value in shown.target.headers) <= LARGEST_HEAD
    assert max(len(text) for pair in shown.target.headers for text in pair) == LONGEST
    assert len(shown.request.target) == LONGEST
    assert len(msgspec.json.encode(shown)) < 500_000
    assert shown.final == "its header fields are too large to be kept"


def test_evidence_of_an_earlier_version_is_read() -> None:
    """Segments are kept for weeks: what was written without bodies is shown, and not judged again."""
    line = (
        b'{"record":"comparison","id":"a","at":1.5,"endpoint":"GET /","fate":"differed","request":'
        b'{"method":"GET","target":"/","headers":[["Host","h"]]},"legacy":{"outcome":"answered","status":200,'
        b'"headers":[],"length":3,"first_byte":0.1,"total":0.2},"target":{"outcome":"failed","kind":"timeout",'
        b'"detail":"","total":10.0},"differences":[],"notes":[]}'
    )
    found = msgspec.json.decode(line, type=Evidence)

    assert isinstance(found.legacy, Answered)
    assert found.legacy.body is None
    assert found.final == "kept by a version that kept no bodies"
