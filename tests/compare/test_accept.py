"""Accepted differences."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from shadow.compare.judge import judge
from shadow.compare.rules import compile_rule
from shadow.model import Comparison, Exchange, Failure, FailureKind, Fate, Outcome, Request, Response, head_of
from shadow.settings import Accept, Compare

LAST = date(2026, 12, 31)


def judged(
    legacy: Outcome,
    target: Outcome,
    *accepted: str,
    at: datetime = datetime(2026, 12, 31, 23, 59, tzinfo=UTC),
) -> Comparison:
    """The comparison of two outcomes at some time."""
    lines = tuple(Accept(difference=each, owner="web", reason="r", until=LAST) for each in accepted)
    exchange = Exchange("1", "GET /", at.timestamp(), Request(b"GET", b"/", ()), legacy)
    return judge(exchange, target, compile_rule(Compare(accept=lines), Compare()))


def paths(comparison: Comparison) -> list[str]:
    return [difference.path for difference in comparison.differences]


def json(body: bytes) -> Response:
    """A JSON answer."""
    return Response(200, head_of(((b"Content-Type", b"application/json"), (b"X-A", b"1"))), body)


@pytest.mark.parametrize("line", ["changed json:$.l[*].a", "json:$.l[*].a"])
def test_it_counts_as_a_hit(line: str) -> None:
    """Wherever in a list it is; and nothing else goes with it."""
    legacy, target = json(b'{"l":[{"a":1},{"a":2}],"b":1}'), json(b'{"l":[{"a":3},{"a":4}],"b":2}')

    assert judged(legacy, target, line).hits == (f"accept {line}",)
    assert paths(judged(legacy, target, line)) == ["json:$.b"]


def test_only_of_its_kind() -> None:
    """What is lost is not what was changed."""
    comparison = judged(json(b'{"a":1}'), json(b"{}"), "changed json:$.a")

    assert paths(comparison) == ["json:$.a"]
    assert comparison.hits == ()


def test_all_accepted_is_a_match() -> None:
    """Headers and statuses too."""
    legacy, target = json(b"{}"), Response(404, b"", b"")

    assert judged(legacy, target, "changed status").fate is Fate.MATCHED
    target = replace(json(b"{}"), head=head_of((*json(b"").headers[:1], (b"X-A", b"2"))))
    assert judged(legacy, target, "header:x-a") == Comparison(Fate.MATCHED, hits=("accept header:x-a",))


def test_an_expired_one_is_a_difference_again() -> None:
    """From midnight on, in UTC; a note says whose it was."""
    midnight = datetime(2027, 1, 1, tzinfo=UTC)
    comparison = judged(json(b"1"), json(b"2"), "changed json:$", at=midnight)

    assert paths(comparison) == ["json:$"]
    assert comparison.hits == ()
    assert comparison.notes == ("accepted until 2026-12-31 only, by web: changed json:$",)


def test_many_accepted_ones_hide_nothing() -> None:
    """A thousand of them do not fill the list in which another would be found."""
    body = b'{"l":[%b],"z":%d}'
    comparison = judged(
        json(body % (b",".join([b"1"] * 1000), 1)), json(body % (b",".join([b"2"] * 1000), 2)), "json:$.l[*]"
    )

    assert paths(comparison) == ["json:$.z"]


@pytest.mark.parametrize("line", ["changed status 301→302", "changed status 301->302", "status 301→302"])
def test_a_status_is_accepted_between_two_values(line: str) -> None:
    """What it changes to one day is not what somebody has accepted; without values it is any change."""
    moved, found, failed = (Response(status) for status in (301, 302, 500))

    assert judged(moved, found, line).hits == (f"accept {line.replace('->', '→')}",)
    for legacy, target in ((moved, failed), (found, moved), (Response(200), found)):
        assert judged(legacy, target, line).fate is Fate.DIFFERED
    assert judged(moved, failed, "changed status").fate is Fate.MATCHED
    assert judged(moved, found, "status", line).hits == (f"accept {line.replace('->', '→')}",)


def test_of_a_legacy_that_gives_no_answer_the_change_is_accepted() -> None:
    """The client got none, and would have got one: that can be what was mended."""
    dead = Failure(FailureKind.RESET)

    assert judged(dead, Response(200), "changed status reset→200").fate is Fate.MATCHED
    assert judged(dead, Response(500), "changed status reset→200").fate is Fate.DIFFERED


def test_a_list_that_was_cut_is_not_accepted() -> None:
    """Nobody knows then whether the rest is."""
    texts = (
        Response(
            200,
            head_of(((b"Content-Type", b"text/plain"),)),
            b"\n".join(b"%d" % (i + n) for i in range(1001)),
        )
        for n in (0, 5000)
    )

    assert len(judged(*texts, "text").differences) == 100


def test_a_target_without_an_answer_is_never_accepted() -> None:
    """That it gave none is no difference of answers."""
    failed = judged(json(b""), Failure(FailureKind.RESET), "changed status")

    assert failed.fate is Fate.FAILED
    assert failed.hits == ()
