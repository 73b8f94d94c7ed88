"""The judgement as a whole."""

from __future__ import annotations

import gzip
import hashlib

import brotli
import msgspec
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shadow.compare.jsontext import Document, read
from shadow.compare.judge import judge, quick
from shadow.compare.rules import Rule, compile_rule
from shadow.model import (
    Body,
    Comparison,
    Difference,
    DifferenceKind,
    Digest,
    Exchange,
    Failure,
    FailureKind,
    Fate,
    Headers,
    Request,
    Response,
    head_of,
)
from shadow.settings import Compare, Margin

CHANGED, MISSING, ADDED = DifferenceKind.CHANGED, DifferenceKind.MISSING, DifferenceKind.ADDED
UNDECODABLE = DifferenceKind.UNDECODABLE
JSON, TEXT, PNG = "application/json", "text/css", "image/png"
PLAIN = compile_rule(Compare(), Compare())
MATCHED = Comparison(Fate.MATCHED)


def ruled(*ignore: str) -> Rule:
    """A rule that ignores."""
    return compile_rule(Compare(ignore=ignore), Compare())


def exchange(response: Response, method: bytes = b"GET") -> Exchange:
    """An exchange in which legacy gave `response`."""
    return Exchange("1", "GET /", 0.0, Request(method, b"/", ()), response)


def answer(body: Body = b"", kind: str = "", coding: str = "", status: int = 200) -> Response:
    """An answer with a Content-Type and a Content-Encoding, where given."""
    fields = ((b"Content-Type", kind.encode()), (b"Content-Encoding", coding.encode()))
    return Response(status, head_of(tuple(field for field in fields if field[1])), body)


def digest(body: bytes) -> Digest:
    """What is kept of a body that was too large."""
    return Digest(len(body), hashlib.sha256(body).digest())


def judged(legacy: Response, target: Response, rule: Rule = PLAIN) -> Comparison:
    """The comparison of two answers."""
    return judge(exchange(legacy), target, rule)


@pytest.mark.parametrize("kind", FailureKind)
def test_a_target_that_gave_no_answer(kind: FailureKind) -> None:
    """Is a difference, named by how it failed, never a gap."""
    failed = judge(exchange(answer(b"x", status=404)), Failure(kind, "detail"), ruled("status", "body"))

    assert failed == Comparison(Fate.FAILED, (Difference(CHANGED, "status", "404", kind.value),))


def test_both_failed() -> None:
    """Clients see no difference; the note says how each failed."""
    legacy = Exchange("1", "GET /", 0.0, Request(b"GET", b"/", ()), Failure(FailureKind.TIMEOUT))

    assert judge(legacy, Failure(FailureKind.REFUSED), PLAIN) == Comparison(
        Fate.MATCHED, (), ("both failed: legacy timeout, target refused",)
    )


def test_only_legacy_failed() -> None:
    """The target's answer is a difference, whatever the rule ignores."""
    legacy = Exchange("1", "GET /", 0.0, Request(b"GET", b"/", ()), Failure(FailureKind.TIMEOUT))

    assert judge(legacy, answer(b"x"), ruled("status", "body")) == Comparison(
        Fate.DIFFERED, (Difference(CHANGED, "status", "timeout", "200"),)
    )


EUC, UTF8 = ("<html>価格は〜円".encode(charset) for charset in ("euc_jp", "utf-8"))


@pytest.mark.parametrize(
    ("legacy", "target", "path"),
    [
        pytest.param(
            answer(EUC, "text/html; charset=euc-jp"),
            answer(UTF8, "text/html; charset=utf-8"),
            "header:content-type",
            id="header",
        ),
        pytest.param(
            answer(EUC, "text/html; charset=euc-jp"),
            answer(b"\xef\xbb\xbf" + UTF8, "text/html"),
            "header:content-type",
            id="header and mark",
        ),
        pytest.param(
            answer(b"<meta charset=euc-jp>" + EUC, "text/html"),
            answer(b"<meta charset=utf-8>" + UTF8, "text/html"),
            "body",
            id="page",
        ),
        pytest.param(answer(EUC, "text/plain"), answer(UTF8, "text/plain"), "body", id="nobody says it"),
        pytest.param(
            answer(b'{"a":"%b"}' % EUC, JSON + "; charset=euc-jp"),
            answer(b'{"a":"%b"}' % UTF8, JSON),
            "header:content-type",
            id="JSON",
        ),
        pytest.param(
            answer(b"a,b\n1,%b" % EUC, "text/csv; charset=euc-jp"),
            answer(b"a,b\n1,%b" % UTF8, "text/csv; charset=utf-8"),
            "header:content-type",
            id="table",
        ),
    ],
)
def test_another_charset_is_said_once(legacy: Response, target: Response, path: str) -> None:
    """Where the heads say it there, else of the body; and nothing of it in the text."""
    for one, other in ((legacy, target), (target, legacy)):
        (difference,) = judged(one, other).differences

        assert (difference.kind, difference.path) == (DifferenceKind.CHARSET, path)


def test_status() -> None:
    """Another status of the same class is one difference among others."""
    differences = judged(answer(b"a", "text/plain"), answer(b"b", "text/plain", status=201)).differences

    assert differences == (
        Difference(CHANGED, "status", "200", "201"),
        Difference(CHANGED, "text:1", "a", "b"),
    )


def test_an_answer_of_another_class() -> None:
    """An error page is not compared with an answer: the status says it all, and a note says so."""
    failed = judged(answer(b'{"a":1}', "application/json"), answer(b"<h1>", "text/html", status=500))

    assert failed.differences == (Difference(CHANGED, "status", "200", "500"),)
    assert failed.notes == ("only the status was compared: the answers are of different classes",)


def test_ignored_status() -> None:
    """Then the rest is compared, whatever the classes."""
    differences = judged(answer(b"a", "text/plain"), answer(b"b", "text/plain", status=500), ruled("status"))

    assert differences == Comparison(
        Fate.DIFFERED, (Difference(CHANGED, "text:1", "a", "b"),), hits=("ignore status",)
    )


@pytest.mark.parametrize(
    ("legacy", "target"),
    [
        pytest.param(answer(b'{"a":1}', JSON), answer(b'{ "a": 1 }', JSON), id="JSON laid out otherwise"),
        pytest.param(
            answer(gzip.compress(b"x" * 99, 1), TEXT, "gzip"),
            answer(gzip.compress(b"x" * 99, 9, mtime=5), TEXT, "gzip"),
            id="compressed otherwise",
        ),
        pytest.param(
            answer(brotli.compress(b'{"a":1}'), JSON, "br"),
            answer(brotli.compress(b'{"a" :1}'), JSON, "br"),
            id="JSON laid out otherwise, compressed",
        ),
        pytest.param(answer(digest(b"x"), PNG), answer(digest(b"x"), PNG), id="equal digests"),
        pytest.param(answer(b"x", PNG), answer(digest(b"x"), PNG), id="a digest of the other body"),
        pytest.param(answer(b"a", status=204), answer(b"b", status=204), id="204 has no body"),
        pytest.param(answer(b"a", status=304), answer(b"b", status=304), id="304 has no body"),
    ],
)
def test_matched(legacy: Response, target: Response) -> None:
    """Bytes that mean the same are the same."""
    assert judged(legacy, target) == MATCHED


@pytest.mark.parametrize(
    ("legacy", "target", "difference"),
    [
        pytest.param(
            answer(b'{"a":1}', JSON),
            answer(b'{"a":2}', JSON),
            Difference(CHANGED, "json:$.a", "1", "2"),
            id="JSON",
        ),
        pytest.param(
            answer('{"a":"価"}'.encode("cp932"), JSON + "; charset=shift_jis"),
            answer('{"a":"格"}'.encode("cp932"), JSON + "; charset=shift_jis"),
            Difference(CHANGED, "json:$.a", '"価"', '"格"'),
            id="JSON in Shift_JIS",
        ),
        pytest.param(
            answer(b"\xef\xbb\xbf{}", JSON),
            answer(b"{}", JSON),
            Difference(DifferenceKind.CHARSET, "body", "byte order mark", "no byte order mark"),
            id="JSON with a mark",
        ),
        pytest.param(
            answer(b"a\nb", TEXT), answer(b"a\nc", TEXT), Difference(CHANGED, "text:2", "b", "c"), id="text"
        ),
        pytest.param(
            answer("価格".encode("euc_jp"), TEXT + "; charset=euc-jp"),
            answer("価格".encode(), TEXT + "; charset=utf-8"),
            Difference(
                DifferenceKind.CHARSET,
                "header:content-type",
                "text/css; charset=euc-jp",
                "text/css; charset=utf-8",
            ),
            id="the same text in another charset is one difference",
        ),
        pytest.param(
            answer(b"a", PNG),
            answer(b"bc", PNG),
            Difference(
                CHANGED, "body", "1 bytes, sha256 ca978112ca1bbdca", "2 bytes, sha256 1e0bbd6c686ba050"
            ),
            id="other bytes",
        ),
        pytest.param(
            answer(b"a", PNG),
            answer(digest(b"b"), PNG),
            Difference(
                CHANGED, "body", "1 bytes, sha256 ca978112ca1bbdca", "1 bytes, sha256 3e23e8160039594a"
            ),
            id="a body and a digest",
        ),
        pytest.param(
            answer(b"a", JSON),
            answer(b"", JSON),
            Difference(MISSING, "body", "1 bytes, sha256 ca978112ca1bbdca"),
            id="an empty body",
        ),
        pytest.param(
            answer(b"{}", JSON),
            answer(b"<h1>", JSON),
            Difference(UNDECODABLE, "body", "JSON", "not JSON: Expecting value: line 1 column 1 (char 0)"),
            id="one side is not what it says",
        ),
        pytest.param(
            answer(b"<b>", JSON),
            answer(b"<i>", JSON),
            Difference(CHANGED, "text:1", "<b>", "<i>"),
            id="neither is: compared as text",
        ),
        pytest.param(
            answer(b"not gzip", TEXT, "gzip"),
            answer(gzip.compress(b"x", mtime=0), TEXT, "gzip"),
            Difference(
                UNDECODABLE,
                "body",
                "gzip: Error -3 while decompressing data: incorrect header check",
                "1 bytes, sha256 2d711642b726b044",
            ),
            id="one side cannot be decoded",
        ),
        pytest.param(
            answer(b"a", TEXT),
            answer(b"a", "text/plain"),
            Difference(CHANGED, "header:content-type", TEXT, "text/plain"),
            id="equal bytes of another type",
        ),
        pytest.param(
            answer(b"x", TEXT),
            answer(gzip.compress(b"x"), TEXT, "gzip"),
            Difference(ADDED, "header:content-encoding", None, "gzip"),
            id="compressed on one side only",
        ),
    ],
)
def test_one_difference(legacy: Response, target: Response, difference: Difference) -> None:
    """Bodies are compared as what they are, and each change is said once."""
    comparison = judged(legacy, target)

    assert comparison.fate is Fate.DIFFERED
    assert comparison.differences == (difference,)


def test_one_content_type_is_enough() -> None:
    """A lost Content-Type is one difference; the body is compared as what the other side says it is."""
    differences = judged(answer(b'{"a":1}', JSON), answer(b'{"a":2}')).differences

    assert [difference.path for difference in differences] == ["header:content-type", "json:$.a"]


def test_a_lost_body_counts_where_the_status_does_not() -> None:
    """An answer without content in the place of one with it; a client that was told 304 has it already."""
    rule = ruled("status")

    assert judged(answer(b"a"), answer(status=204), rule).fate is Fate.DIFFERED
    assert judged(answer(), answer(status=204), rule).fate is Fate.MATCHED
    assert judged(answer(b"a"), answer(status=304), rule).fate is Fate.MATCHED


@pytest.mark.parametrize(
    ("legacy", "target"), [(b'{"a":1}\n{"b":2}\n', b'{"a":1},{"b":2}\n'), (b"[1,2]\n", b"[1\n2]\n")]
)
def test_json_lines_are_told_by_their_ends(legacy: bytes, target: bytes) -> None:
    """A comma in the place of a line end is no JSON line, and a reader of lines fails."""
    kind = "application/x-ndjson"
    (difference,) = judged(answer(legacy, kind), answer(target, kind)).differences

    assert (difference.kind, difference.path) == (DifferenceKind.UNDECODABLE, "body")


def test_head_has_no_body() -> None:
    """Whatever was read after a head."""
    assert judge(exchange(answer(b"a"), b"HEAD"), answer(b"b"), PLAIN) == MATCHED


def test_a_compressed_body_known_by_its_digest() -> None:
    """Its digest says nothing of the content: it is not compared, and a note says why."""
    legacy, target = answer(digest(b"a"), TEXT, "gzip"), answer(digest(b"b"), TEXT, "gzip")

    assert judged(legacy, target) == Comparison(
        Fate.MATCHED, (), ("bodies not compared: legacy's was too large to keep and is compressed",)
    )


@pytest.mark.parametrize("body", [b"", b"error"])
def test_a_compressed_body_known_by_its_digest_against_a_small_one(body: bytes) -> None:
    """What was too large to keep does not unpack to nothing, or to a line."""
    legacy, target = answer(digest(b"a" * 999), TEXT, "gzip"), answer(gzip.compress(body), TEXT, "gzip")

    assert [each.path for each in judged(legacy, target).differences] == ["body"]
    assert judged(target, legacy).differences == tuple(
        each.swapped() for each in judged(legacy, target).differences
    )


def test_a_small_body_compressed_and_known_by_its_digest() -> None:
    """Nothing takes up some bytes once it is packed."""
    legacy, target = answer(digest(gzip.compress(b"")), TEXT, "gzip"), answer(b"", TEXT, "gzip")

    assert judged(legacy, target).fate is Fate.MATCHED


def test_a_compressed_body_against_a_digest() -> None:
    """What can be decoded is decoded before its digest is taken."""
    legacy, target = answer(digest(b"a"), TEXT), answer(gzip.compress(b"a"), TEXT, "gzip")

    rule = ruled("header:content-encoding")

    assert judged(legacy, target, rule) == Comparison(Fate.MATCHED, hits=("ignore header:content-encoding",))


@pytest.mark.parametrize(
    ("line", "kind"), [("body", JSON), ("body", TEXT), ("body", PNG), ("text", TEXT), ("json:$", JSON)]
)
def test_ignored_bodies(line: str, kind: str) -> None:
    """Bodies can be ignored, all of them or by how they are compared."""
    comparison = judged(answer(b"1", kind), answer(b"2", kind), ruled(line))

    assert comparison == Comparison(Fate.MATCHED, hits=(f"ignore {line}",))


def test_equal_bytes_in_another_coding_are_not_equal() -> None:
    """Even if the rule does not compare Content-Encoding."""
    legacy, target = answer(gzip.compress(b"x"), TEXT, "gzip"), answer(gzip.compress(b"x"), TEXT)
    rule = ruled("header:content-encoding")

    assert not quick(legacy, target, rule)
    assert judged(legacy, target, rule).fate is Fate.DIFFERED


BOMBS = {
    "gzip": gzip.compress(bytes(16 << 20)),
    "br": brotli.compress(bytes(16 << 20), quality=5),
    "zstd": zstandard.compress(bytes(16 << 20)),
}


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb(coding: str) -> None:
    """16 MiB in a few bytes are not decoded to the end, and the result says so."""
    (difference,) = judged(answer(b"x", TEXT, coding), answer(BOMBS[coding], TEXT, coding)).differences

    assert difference.kind is UNDECODABLE
    assert difference.target is not None
    assert difference.target.startswith(f"too large: {coding} gives more than")


@pytest.mark.parametrize(
    ("body", "note"),
    [
        pytest.param(b"[" * 100_000 + b"]" * 100_000, "nested too deep", id="100,000 levels"),
        pytest.param(b"{" + b'"a":1,' * 400_000 + b'"b":2}', "more than 150000 values", id="400,000 keys"),
    ],
)
def test_json_past_a_limit(body: bytes, note: str) -> None:
    """It is compared as bytes, and the note says why."""
    comparison = judged(answer(body, JSON), answer(body + b" ", JSON))

    assert [(difference.kind, difference.path) for difference in comparison.differences] == [
        (CHANGED, "body")
    ]
    assert comparison.notes == (f"legacy: {note}", f"target: {note}")


def test_json_at_the_limit_of_the_stack() -> None:
    """A tree that can just be read may be too deep to be walked; that is not an error either."""
    deepest = next(n for n in range(2000, 0, -1) if isinstance(read(b"[" * n + b"]" * n), Document))
    for depth in range(deepest - 200, deepest + 1, 5):
        legacy, target = b"[" * depth + b"]" * depth, b"[" * depth + b"1" + b"]" * depth
        (difference,) = judged(answer(legacy, JSON), answer(target, JSON)).differences

        assert difference.path in ("body", "json:$" + "[0]" * 64)


def test_text_past_a_limit() -> None:
    """So are millions of lines."""
    comparison = judged(answer(b"\n" * 2_000_000, TEXT), answer(b"\n" * 2_000_001, TEXT))

    assert [difference.path for difference in comparison.differences] == ["body"]
    assert comparison.notes == ("more than 100000 lines: bodies compared as a whole",)


def test_differences_are_in_the_order_of_an_answer() -> None:
    """Status, fields, cookies, body; each by name."""
    legacy = Response(
        200,
        head_of(((b"X", b"1"), (b"B", b"1"), (b"Set-Cookie", b"s=1"), (b"Content-Type", b"text/css"))),
        b"a",
    )
    target = Response(201, head_of(((b"Content-Type", b"text/css"), (b"X", b"2"), (b"A", b"1"))), b"b")

    paths = [difference.path for difference in judged(legacy, target).differences]
    assert paths == ["status", "header:a", "header:b", "header:x", "cookie:s", "text:1"]


def test_quick_needs_no_closer_look() -> None:
    """Equal answers, up to ignored fields and the order of fields, are known equal at once."""
    legacy = Response(200, head_of(((b"Date", b"Mon"), (b"A", b"1"), (b"ETag", b"1"))), b"x")
    target = Response(200, head_of(((b"a", b"1"), (b"ETag", b"2"), (b"Server", b"y"))), b"x")

    assert quick(legacy, target, PLAIN) == MATCHED


def test_quick_counts_what_lines_silence() -> None:
    """No process is asked only to count."""
    legacy = Response(200, head_of(((b"X-Build", b"1"), (b"A", b"1"))), b"x")
    target = Response(500, head_of(((b"A", b"1"), (b"X-Build", b"2"))), b"y")
    rule = ruled("header:x-build", "status", "body", "header:x-other")
    hits = ("ignore status", "ignore body", "ignore header:x-build")

    assert quick(legacy, target, rule) == Comparison(Fate.MATCHED, hits=hits)
    assert quick(legacy, legacy, rule) is quick(target, target, rule)
    assert quick(legacy, replace(target, head=b""), rule) is None


@pytest.mark.parametrize(
    "target",
    [
        Response(500, head_of(((b"A", b"1"),)), b"x"),
        Response(200, head_of(((b"A", b"2"),)), b"x"),
        Response(200, head_of(((b"A", b"1"),)), b"y"),
        Response(200, b"", b"x"),
        Response(200, head_of(((b"A", b"1"),)), digest(b"x")),
    ],
)
def test_quick_is_false_when_in_doubt(target: Response) -> None:
    """Anything else takes a closer look."""
    assert not quick(Response(200, head_of(((b"A", b"1"),)), b"x"), target, PLAIN)


names = st.sampled_from(
    [b"Content-Type", b"content-encoding", b"Set-Cookie", b"Vary", b"ETag", b"Date", b"X", b"\xff"]
)
values = st.sampled_from(
    [
        b"",
        b"a",
        b"b",
        b"a, b",
        b"application/json",
        b"text/html; charset=shift_jis",
        b"text/html; charset=utf-16",
        b"gzip",
        b"br, gzip",
        b"deflate",
        b"zstd",
        b"sid=1; Path=/; Secure",
        b"sid=2; Max-Age=0",
        b"\xff\x00;=",
    ]
) | st.binary(max_size=8)
blocks: st.SearchStrategy[Headers] = st.lists(st.tuples(names, values), max_size=5).map(tuple)
bodies: st.SearchStrategy[Body] = (
    st.binary(max_size=30)
    | st.text('[]{}",:0123.eE-+\\untrfalsi \n\ud800é', max_size=30).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    )
    | st.sampled_from([b'{"a":1}', b'{"a":[1,{"b":2}]}', b"a\nb\nc", b"a\r\nc", gzip.compress(b'{"a":1}')])
    | st.binary(max_size=3).map(digest)
)
responses = st.builds(Response, st.sampled_from([200, 201, 204, 304, 404, 500]), blocks.map(head_of), bodies)
rules = st.sampled_from(
    [
        PLAIN,
        ruled("header:content-encoding", "header:content-type", "json:$..a", "status"),
        compile_rule(
            Compare(unordered=("json:$..*",), tolerance={"json:$..*": Margin("1")}),
            Compare(ignore=("cookie:sid",)),
        ),
    ]
)
methods = st.sampled_from([b"GET", b"HEAD"])


@settings(derandomize=True, max_examples=500)
@given(responses, rules, methods)
def test_nothing_differs_from_itself(response: Response, rule: Rule, method: bytes) -> None:
    """judge(x, x) is matched."""
    assert judge(exchange(response, method), response, rule) == MATCHED


@settings(derandomize=True, max_examples=2000)
@given(responses, responses, rules, methods)
@example(Response(200, b"", b"1\r"), Response(200, b"", b"2"), PLAIN, b"GET")
def test_any_two_answers(legacy: Response, target: Response, rule: Rule, method: bytes) -> None:
    """Judging never raises; swapping sides swaps differences; what `quick` says is what `judge` says;
    and everything found can be written down."""
    there = judge(exchange(legacy, method), target, rule)
    back = judge(exchange(target, method), legacy, rule)

    assert [difference.swapped() for difference in back.differences] == list(there.differences)
    assert there.fate is (Fate.DIFFERED if there.differences else Fate.MATCHED)
    assert quick(legacy, target, rule) in (None, there)
    assert msgspec.json.decode(msgspec.json.encode(there), type=Comparison) == there
    assert all(len(shown or "") <= 300 for each in there.differences for shown in (each.legacy, each.target))


@pytest.mark.parametrize("kind", ["text/html", TEXT, "text/plain"])
def test_equal_bytes_under_another_charset_are_another_text(kind: str) -> None:
    """What a browser shows is garbled, and no line about the header is silent about that."""
    body = "<p>\u3053\u3093\u306b\u3061\u306f</p>".encode("cp932")
    legacy, target = (answer(body, f"{kind}; charset={label}") for label in ("Shift_JIS", "UTF-8"))
    found = judged(legacy, target, ruled("header:content-type"))
    assert found.fate is Fate.DIFFERED
    assert found.differences[0].path != "header:content-type"
    assert judged(legacy, answer(body, f"{kind}; charset=x-sjis")) == MATCHED, "of the same name"
    latin = answer(b"<p>hello</p>", f"{kind}; charset=UTF-8")
    assert not judged(answer(b"<p>hello</p>", kind), latin, ruled("header:content-type")).differences


@pytest.mark.parametrize("field", [b"If-None-Match", b"if-modified-since"])
def test_what_a_client_has_of_legacy_the_target_cannot_know(field: bytes) -> None:
    """A validator is a server's own: a target that gives all of its answer to it does what it should."""
    asked = Request(b"GET", b"/", ((field, b'"of-legacy"'),))
    known = Exchange("1", "GET /", 0.0, asked, answer(status=304))
    assert judge(known, answer(b"all", "text/plain"), PLAIN).fate is Fate.MATCHED
    assert judge(known, answer(b"error", "text/plain", status=500), PLAIN).fate is Fate.DIFFERED
    assert judged(answer(status=304), answer(b"all", "text/plain")).fate is Fate.DIFFERED, "nobody asked"
    part = Exchange("1", "GET /", 0.0, Request(b"GET", b"/", ((b"If-Range", b'"a"'),)), answer(status=206))
    assert judge(part, answer(b"all", "text/plain"), PLAIN).fate is Fate.MATCHED
