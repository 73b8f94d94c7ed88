"""Kept evidence, judged again: the same under the same rule, or it says that it cannot be."""

from __future__ import annotations

import gzip
import json
from typing import Any

import brotli
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.again.rules import EndpointRules
from shadow.compare.judge import judge
from shadow.compare.rules import compile_rule
from shadow.compare.signature import signature
from shadow.model import (
    Body,
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
from shadow.record.again import checked, judged_again
from shadow.record.bodies import Kept
from shadow.record.evidence import Answered, Asked, Evidence, Failed, evidence
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked
from shadow.settings import Compare, Config

MASK = Mask(("json:$.private", "form:nickname"), b"key")
PLAIN = compile_rule(Compare(), Compare())


def answer(
    body: Body, kind: str = "application/json", *fields: tuple[bytes, bytes], status: int = 200
) -> Response:
    return Response(status, head_of(((b"Content-Type", kind.encode()), *fields)), body)


def written(legacy: Outcome, target: Outcome, rule: Any = PLAIN, bodies: int = 100_000) -> Evidence:
    """The evidence of a pair as it comes back from a segment."""
    exchange = Exchange("1", "GET /", 1.0, Request(b"GET", b"/", ()), legacy)
    comparison = masked(judge(exchange, target, rule), MASK)
    shown = checked(evidence(exchange, target, comparison, MASK, bodies), rule)
    return msgspec.json.decode(msgspec.json.encode(shown), type=Evidence)


def assert_same(shown: Evidence, rule: Any = PLAIN) -> None:
    again = judged_again(shown, rule)
    assert not isinstance(again, str), again
    assert again.fate == shown.fate
    assert {signature(each) for each in again.differences} == {signature(each) for each in shown.differences}


NAMES = st.sampled_from(["id", "name", "password", "items", "token", "private", "email", "at", "ключ", "a b"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**17),
    st.sampled_from([1.0, 2.5, 4111111111111111, 1e300]),
    st.text(max_size=6),
    st.sampled_from(["bob@example.com", "amy@example.com", "090-1234-5678", "Bearer abcdefgh12", "x" * 300]),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(TREES, TREES)
@settings(max_examples=300, deadline=None)
def test_json_is_judged_again_as_it_was(ours: Any, theirs: Any) -> None:
    """Of trees with secrets at any place, what differs is found at the same places, of the same kind."""
    shown = written(answer(json.dumps(ours).encode()), answer(json.dumps(theirs).encode()))

    assert shown.final == ""
    assert_same(shown)


PAGE = (
    '<html><body><form><input type="hidden" name="csrf_token" value="{}">'
    '<p class="x">{}</p></form></body></html>'
)

DATA = (
    '<script type="application/json" id="data">'
    '{{"password":"{}","h":"token=x\\u003c/script>","n":{}}}</script><p>x</p>'
)

ASSETS = '<html><head><script src="/assets/application-{}.js"></script></head><body><p>{}</p></body></html>'


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [
        ("text/html", PAGE.format("k3JdL0aQ91xZ", "Hello"), PAGE.format("Zq8mW2rT55pB", "Hallo")),
        (
            "text/html",
            PAGE.format("k3JdL0aQ91xZ", "bob@example.com"),
            PAGE.format("k3JdL0aQ91xZ", "amy@example.com"),
        ),
        (
            "text/html",
            PAGE.format("a", "<a href='/x?token=1&b=2'>"),
            PAGE.format("a", "<a href='/x?token=2&b=3'>"),
        ),
        ("text/html", DATA.format("a", 1), DATA.format("b", 2)),
        ("text/html", ASSETS.format("a1" * 32, "x"), ASSETS.format("b2" * 32, "y")),
        ("application/xml", "<a><b>1</b><password>x</password></a>", "<a><b>2</b><password>y</password></a>"),
        ("text/csv", "id,password,name\n1,x,a\n2,y,b\n", "id,password,name\n1,z,a\n2,y,c\n"),
        ("application/x-www-form-urlencoded", "a=1&nickname=x&b=2", "a=1&nickname=y&b=3"),
        ("text/plain", "one\ntoken: abc\nthree\n", "one\ntoken: abd\nfour\n"),
        ("text/plain; charset=Shift_JIS", "名前 太郎\n", "名前 次郎\n"),
        ("application/x-ndjson", '{"id":1,"token":"a"}\n{"id":2}\n', '{"id":1,"token":"b"}\n{"id":3}\n'),
        ("application/json", '{"a":1,"a":2,"password":NaN}', '{"a":1,"a":3,"password":NaN}'),
        ("application/json", "not json password=a", "not json password=b"),
    ],
)
def test_every_form_is_judged_again(kind: str, ours: str, theirs: str) -> None:
    """What a body is stays, so that the same comparer finds the same."""
    charset = "cp932" if "JIS" in kind else "utf-8"
    shown = written(answer(ours.encode(charset), kind), answer(theirs.encode(charset), kind))

    assert (shown.fate, shown.final) == (Fate.DIFFERED, "")
    assert_same(shown)


def test_content_codings() -> None:
    """Bodies are kept decoded, and judged under the codings that the heads name."""
    ours, theirs = b'{"a":1,"b":2}', b'{"a":1,"b":3}'
    shown = written(
        answer(gzip.compress(ours), "application/json", (b"Content-Encoding", b"gzip")),
        answer(brotli.compress(theirs), "application/json", (b"Content-Encoding", b"br")),
    )

    assert not isinstance(shown.legacy, Failure)
    assert shown.legacy.body.text == ours.decode()  # type: ignore[union-attr]
    assert_same(shown)


def test_another_charset_on_each_side() -> None:
    """Text in EUC-JP against the same in UTF-8 stays what it was."""
    text = "<html><head><title>日本語のページ</title></head><body><p>こんにちは、世界</p></body></html>"
    shown = written(
        answer(text.encode("euc_jp"), "text/html; charset=euc-jp"), answer(text.encode(), "text/html")
    )

    assert shown.final == ""
    assert_same(shown)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"a":"' + b"x" * 2000 + b'"}', "a body is not kept: larger than record.bodies"),
        (Digest(10**7, b"x" * 32), "a body is not kept: too large to be captured"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a body is not kept: binary"),
    ],
)
def test_what_was_not_kept_cannot_be_judged(body: Body, why: str) -> None:
    """It says why; but where the rule does not need the body, it is judged."""
    shown = written(answer(body), answer(b'{"a":1}', "application/json", (b"X-A", b"1")), bodies=1000)

    assert judged_again(shown, PLAIN) == why
    again = judged_again(shown, compile_rule(Compare(ignore=("body",)), Compare()))
    assert not isinstance(again, str)
    assert [each.path for each in again.differences] == ["header:x-a"]


def test_equal_bodies_need_not_be_kept() -> None:
    """Equal digests are equal bodies."""
    shown = written(answer(b"\x89PNG\0"), answer(b"\x89PNG\0", "application/json", (b"X-A", b"1")))

    assert_same(shown)


def test_failures_and_statuses_need_no_bodies() -> None:
    """A target that gave no answer, and an error page against an answer."""
    assert_same(written(answer(b"{}"), Failure(FailureKind.TIMEOUT, "10 s", 10.0)), PLAIN)
    assert_same(written(answer(b"\0"), answer(b"\1", status=500)))


def test_another_rule_finds_something_else() -> None:
    """That is what it is kept for: with a rule that ignores the place, nothing differs; and the other way."""
    pair = answer(b'{"a":1,"b":1}'), answer(b'{"a":2,"b":1}')
    ignoring = compile_rule(Compare(ignore=("json:$.a",)), Compare())
    silenced = judged_again(written(*pair), ignoring)
    found = judged_again(written(*pair, ignoring), PLAIN)

    assert not isinstance(silenced, str)
    assert not isinstance(found, str)
    assert (silenced.fate, found.fate) == (Fate.MATCHED, Fate.DIFFERED)


ANYTHING = st.text(max_size=8)
KEPT = st.builds(
    Kept,
    length=st.integers(0, 2**40),
    text=st.none() | st.text(max_size=40),
    charset=st.sampled_from(["utf-8", "cp932", "utf-16", "latin-1"]),
    why=ANYTHING,
    digest=ANYTHING,
)
FIELDS = st.lists(
    st.tuples(
        st.sampled_from(["Content-Type", "content-encoding", "Location", "Set-Cookie", "X-A", ""]), ANYTHING
    )
).map(tuple)
SIDES = st.builds(
    Answered,
    st.integers(-5, 10**30),
    FIELDS,
    st.integers(),
    st.floats(0, 9),
    st.floats(0, 9),
    st.none() | KEPT,
) | st.builds(Failed, ANYTHING, ANYTHING, st.floats(0, 9))


@given(st.builds(Asked, ANYTHING, ANYTHING, FIELDS, st.none() | KEPT), SIDES, SIDES, st.floats(0, 1e11))
@settings(max_examples=300, deadline=None)
def test_hostile_evidence(
    asked: Asked, legacy: Answered | Failed, target: Answered | Failed, at: float
) -> None:
    """Whatever a segment holds that was changed by somebody: it is judged, or it is said why not."""
    shown = Evidence("1", at, "GET /", Fate.DIFFERED, asked, legacy, target, (), (), (), "")

    assert judged_again(shown, PLAIN) is not None
    EndpointRules(Config()).of(shown)
