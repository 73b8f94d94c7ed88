"""Status, header fields and cookies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.compare.fields import FIELDS
from shadow.compare.headers import compare as compared
from shadow.compare.headers import same, value
from shadow.compare.meaning import MEANINGS, means
from shadow.compare.rules import Rule, compile_rule
from shadow.compare.silence import Silence
from shadow.model import Difference, DifferenceKind, Headers, Request, head_of
from shadow.settings import Compare, Margin

CHANGED, MISSING, ADDED = DifferenceKind.CHANGED, DifferenceKind.MISSING, DifferenceKind.ADDED
PLAIN = compile_rule(Compare(), Compare())


def compare(legacy: Headers, target: Headers, rule: Rule) -> list[Difference]:
    """The differences."""
    return compared(legacy, target, rule, Silence(rule.steps)).differences


def block(text: str) -> Headers:
    """Header pairs from lines such as `Vary: Origin`."""
    pairs = (line.partition(":") for line in text.splitlines())
    return tuple((name.strip().encode("latin-1"), said.strip().encode("latin-1")) for name, _, said in pairs)


@pytest.mark.parametrize(
    ("legacy", "target"),
    [
        pytest.param("Vary: Origin", "vary: Origin", id="case of the name"),
        pytest.param("A: 1\nB: 2", "B: 2\nA: 1", id="order of different fields"),
        pytest.param("Date: Mon\nServer: a", "Date: Tue\nServer: b", id="values of ignored fields"),
        pytest.param("Via: 1.1 a\nX-Request-Id: 1", "", id="absence of ignored fields"),
        pytest.param("Content-Length: 10", "Transfer-Encoding: chunked", id="framing"),
        pytest.param('ETag: "a"\nExpires: Mon', 'Expires: Tue\nETag: "b"', id="drift of validators"),
        pytest.param(
            "Expires: Thu, 01 Jan 2026 00:00:00 GMT",
            "Expires: Fri, 02 Jan 2026 00:00:00 GMT",
            id="two clocks",
        ),
        pytest.param("Expires: 0", "Expires: Thu, 19 Nov 1981 08:52:00 GMT", id="expired long ago"),
        pytest.param(
            "Expires: -1",
            "Date: Thu, 01 Jan 2026 00:00:00 GMT\nExpires: Wed, 31 Dec 2025 23:59:59 GMT",
            id="expired when it was given, as nginx writes it",
        ),
        pytest.param("Vary: A\nVary: B", "Vary: A, B", id="one line or several"),
        pytest.param(
            "Content-Type: text/html;charset=UTF-8",
            'Content-Type: Text/HTML; charset="utf-8"',
            id="media type",
        ),
        pytest.param(
            "Content-Type: multipart/form-data; boundary=a",
            "Content-Type: multipart/form-data; boundary=b",
            id="boundary",
        ),
        pytest.param(
            'Content-Type: multipart/related; boundary=a; type="text/xml"; start="<1@a>"',
            'Content-Type: multipart/related; boundary=b; type="text/xml"; start="<2@a>"',
            id="the part to begin with",
        ),
        pytest.param(
            "Set-Cookie: sid=1; Path=/; Secure", "Set-Cookie: sid=2; secure; path=/", id="value of a cookie"
        ),
        pytest.param(
            "Set-Cookie: a=1\nSet-Cookie: b=1", "Set-Cookie: b=1\nSet-Cookie: a=1", id="order of cookies"
        ),
        pytest.param("Set-Cookie: a=1; SameSite=Lax", "Set-Cookie: a=1; SameSite=lax", id="case of SameSite"),
        pytest.param(
            "Set-Cookie: a=1; Domain=.X.example", "Set-Cookie: a=1; Domain=x.example", id="dot of a domain"
        ),
        pytest.param("Vary: Accept, Cookie", "Vary: cookie,accept, ACCEPT", id="a set of names"),
        pytest.param("Allow: GET, HEAD", "allow: HEAD,GET", id="methods that are allowed"),
        pytest.param(
            "Access-Control-Allow-Methods: GET, PUT\nAccess-Control-Allow-Headers: X-A,X-B",
            "Access-Control-Allow-Headers: x-b, x-a\nAccess-Control-Allow-Methods: PUT,GET",
            id="CORS",
        ),
        pytest.param(
            "Cache-Control: max-age=60, no-transform, Private",
            'Cache-Control: private,no-transform\nCache-Control: max-age="60"',
            id="directives",
        ),
        pytest.param(
            "Strict-Transport-Security: max-age=60; includeSubDomains",
            "Strict-Transport-Security: includesubdomains;max-age=60",
            id="transport security",
        ),
        pytest.param(
            "Content-Security-Policy: default-src 'self' a.example; script-src 'nonce-abc' 'self'",
            "Content-Security-Policy: script-src 'self' 'nonce-xyz'; default-src a.example 'self'",
            id="nonce and order of a policy",
        ),
        pytest.param(
            "Location: HTTP://Shop.example:80/a%e3?b", "Location: http://shop.example/a%E3?b", id="URL"
        ),
        pytest.param("Location: https://shop.example", "Location: https://shop.example/", id="empty path"),
        pytest.param(
            'Link: <HTTP://a.example/x,y>; rel="next"; title="a, b"',
            'Link: <http://a.example:80/x,y>;title="a, b";REL=Next',
            id="link",
        ),
        pytest.param("Content-Encoding: GZIP", "Content-Encoding: gzip", id="coding"),
        pytest.param(
            "Set-Cookie: a=1; Max-Age=86400", "Set-Cookie: a=1; Max-Age=86399", id="a second of a day"
        ),
        pytest.param(
            "Date: Thu, 01 Jan 2026 00:00:00 GMT\nSet-Cookie: a=1; Expires=Fri, 02 Jan 2026 00:00:00 GMT",
            "Date: Thu, 01 Jan 2026 00:00:30 GMT\nSet-Cookie: a=1; Expires=Fri, 02-Jan-26 00:00:40 GMT",
            id="lifetime from the date of the answer",
        ),
        pytest.param(
            "Set-Cookie: a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "Set-Cookie: a=; Expires=Thu, 01 Jan 1970 00:00:01 GMT",
            id="deleted, whenever that was",
        ),
        pytest.param(
            "Set-Cookie: a=1; Max-Age=60; Expires=Mon",
            "Set-Cookie: a=1; Expires=Tue; Max-Age=59",
            id="clocks",
        ),
        pytest.param(
            "Date: Thu, 01 Jan 2026 00:00:00 GMT\nSet-Cookie: a=1; Expires=Fri, 02 Jan 2026 00:00:00 GMT",
            "Set-Cookie: a=1; Expires=Mon, 05 Jan 2026 00:00:00 GMT; Max-Age=86400",
            id="Max-Age before Expires, as PHP adds it from 5.5 on",
        ),
        pytest.param(
            "Set-Cookie: a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Set-Cookie: a=; Max-Age=0", id="deleted"
        ),
        pytest.param(
            "Set-Cookie: a=; Max-Age=0", "Set-Cookie: a=deleted; Max-Age=0", id="deleted, as PHP writes it"
        ),
        pytest.param('Set-Cookie: a=""', "Set-Cookie: a=", id="no value"),
        pytest.param("Set-Cookie: a=1; Expires=0", "Set-Cookie: a=1", id="for the session"),
    ],
)
def test_no_difference(legacy: str, target: str) -> None:
    """What no client can tell apart, or what differs between any two answers, is not reported."""
    assert compare(block(legacy), block(target), PLAIN) == []


@pytest.mark.parametrize(
    ("legacy", "target", "differences"),
    [
        pytest.param(
            "Cache-Control: private",
            "Cache-Control: public",
            [Difference(CHANGED, "header:cache-control", "private", "public")],
            id="value",
        ),
        pytest.param(
            "X-Frame-Options: DENY",
            "",
            [Difference(MISSING, "header:x-frame-options", "DENY")],
            id="lost field",
        ),
        pytest.param("", "X-New: 1", [Difference(ADDED, "header:x-new", None, "1")], id="new field"),
        pytest.param('ETag: "a"', "", [Difference(MISSING, "header:etag", '"a"')], id="lost validator"),
        pytest.param(
            "Content-Encoding: gzip",
            "",
            [Difference(MISSING, "header:content-encoding", "gzip")],
            id="lost compression",
        ),
        pytest.param("X: A\nX: A", "X: A", [Difference(CHANGED, "header:x", "A, A", "A")], id="duplicate"),
        pytest.param(
            "Link: a\nLink: b",
            "Link: b\nLink: a",
            [Difference(DifferenceKind.ORDER, "header:link", "a, b", "b, a")],
            id="order within one name",
        ),
        pytest.param(
            "Content-Type: text/html; charset=EUC-JP",
            "Content-Type: text/html; charset=utf-8",
            [
                Difference(
                    DifferenceKind.CHARSET,
                    "header:content-type",
                    "text/html; charset=EUC-JP",
                    "text/html; charset=utf-8",
                )
            ],
            id="charset",
        ),
        pytest.param(
            "Content-Type: text/html; charset=utf-8",
            "Content-Type: text/plain",
            [Difference(CHANGED, "header:content-type", "text/html; charset=utf-8", "text/plain")],
            id="media type",
        ),
        pytest.param(
            "Content-Type: multipart/mixed; boundary=a",
            "Content-Type: multipart/mixed",
            [
                Difference(
                    CHANGED,
                    "header:content-type",
                    "multipart/mixed; boundary=a",
                    "multipart/mixed",
                )
            ],
            id="a boundary that is gone",
        ),
        pytest.param(
            "X: caf\xe9",
            "X: cafe",
            [Difference(CHANGED, "header:x", "caf\xe9", "cafe")],
            id="bytes as Latin-1",
        ),
        pytest.param("X: ", "", [Difference(MISSING, "header:x", "")], id="an empty value is a value"),
        pytest.param(
            'ETag: "a"',
            'ETag: W/"a"',
            [Difference(CHANGED, "header:etag", '"a"', 'W/"a"')],
            id="a validator that became weak",
        ),
        pytest.param(
            "Cache-Control: max-age=60",
            "Cache-Control: max-age=61",
            [Difference(CHANGED, "header:cache-control", "max-age=60", "max-age=61")],
            id="another lifetime",
        ),
        pytest.param(
            "Expires: Thu, 19 Nov 1981 08:52:00 GMT",
            "Expires: Thu, 01 Jan 2026 00:00:00 GMT",
            [
                Difference(
                    CHANGED,
                    "header:expires",
                    "Thu, 19 Nov 1981 08:52:00 GMT",
                    "Thu, 01 Jan 2026 00:00:00 GMT",
                )
            ],
            id="what was not to be kept",
        ),
        pytest.param(
            "Expires: 0",
            "Date: Thu, 01 Jan 2026 00:00:00 GMT\nExpires: Thu, 01 Jan 2026 00:00:01 GMT",
            [Difference(CHANGED, "header:expires", "0", "Thu, 01 Jan 2026 00:00:01 GMT")],
            id="what may be kept for a second",
        ),
        pytest.param("Expires: 0", "", [Difference(MISSING, "header:expires", "0")], id="lost expiry"),
        pytest.param(
            "Vary: Cookie, Accept",
            "Vary: Accept",
            [Difference(CHANGED, "header:vary", "Cookie, Accept", "Accept")],
            id="a set that lost a member",
        ),
        pytest.param(
            "Location: /a", "Location: /b", [Difference(CHANGED, "header:location", "/a", "/b")], id="path"
        ),
        pytest.param(
            "Location: http://a/",
            "Location: https://a/",
            [Difference(CHANGED, "header:location", "http://a/", "https://a/")],
            id="scheme",
        ),
        pytest.param(
            'X: "a, b", c',
            'X: "b, a", c',
            [Difference(CHANGED, "header:x", '"a, b", c', '"b, a", c')],
            id="a quoted comma is no comma",
        ),
        pytest.param(
            "Access-Control-Allow-Origin: *",
            "Access-Control-Allow-Origin: null",
            [Difference(CHANGED, "header:access-control-allow-origin", "*", "null")],
            id="any origin",
        ),
    ],
)
def test_fields(legacy: str, target: str, differences: list[Difference]) -> None:
    """Differences are named by the field in lower case, and show both values."""
    assert compare(block(legacy), block(target), PLAIN) == differences


@pytest.mark.parametrize(
    ("legacy", "target", "differences"),
    [
        pytest.param(
            "sid=1; Path=/; Secure", None, [Difference(MISSING, "cookie:sid", "path=/; secure")], id="lost"
        ),
        pytest.param(None, "sid=1", [Difference(ADDED, "cookie:sid", None, "")], id="new"),
        pytest.param(
            "sid=1; Secure", "sid=1", [Difference(MISSING, "cookie:sid;secure", "")], id="lost Secure"
        ),
        pytest.param(
            "sid=1",
            "sid=1; HttpOnly",
            [Difference(ADDED, "cookie:sid;httponly", None, "")],
            id="new HttpOnly",
        ),
        pytest.param(
            "sid=1; SameSite=Strict",
            "sid=1; SameSite=None",
            [Difference(CHANGED, "cookie:sid;samesite", "strict", "none")],
            id="SameSite",
        ),
        pytest.param(
            "sid=1; Path=/", "sid=1; Path=/a", [Difference(CHANGED, "cookie:sid;path", "/", "/a")], id="Path"
        ),
        pytest.param(
            "sid=1; Max-Age=60", "sid=1", [Difference(MISSING, "cookie:sid;max-age", "60")], id="lost Max-Age"
        ),
        pytest.param(
            "sid=1; Path=/",
            "sid=; Path=/",
            [Difference(CHANGED, "cookie:sid", "a value", "no value")],
            id="a value that was emptied",
        ),
        pytest.param(
            "sid=; Max-Age=0",
            "sid=1; Max-Age=60",
            [Difference(CHANGED, "cookie:sid;max-age", "0", "1m")],
            id="deletion",
        ),
        pytest.param(
            "sid=1; Max-Age=86400",
            "sid=1; Max-Age=3600",
            [Difference(CHANGED, "cookie:sid;max-age", "1d", "1h")],
            id="a shorter life",
        ),
        pytest.param(
            "sid=1; Max-Age=3600",
            "sid=1; Max-Age=1h",
            [Difference(CHANGED, "cookie:sid;max-age", "1h", "not understood")],
            id="a life that browsers ignore",
        ),
        pytest.param(
            "SID=1",
            "sid=1",
            [Difference(MISSING, "cookie:SID", ""), Difference(ADDED, "cookie:sid", None, "")],
            id="names of cookies have case",
        ),
        pytest.param(
            "novalue", "novalue; Secure", [Difference(ADDED, "cookie:;secure", None, "")], id="without a name"
        ),
    ],
)
def test_cookies(legacy: str | None, target: str | None, differences: list[Difference]) -> None:
    """A cookie is its name and attributes, and has a value or none."""
    ours, theirs = (block("" if text is None else f"Set-Cookie: {text}") for text in (legacy, target))

    assert compare(ours, theirs, PLAIN) == differences


def test_the_value_of_a_cookie_is_never_shown() -> None:
    """It is a secret, whatever else differs."""
    legacy = block("Set-Cookie: sid=hunter2; Secure\nSet-Cookie: gone=hunter2\nSet-Cookie: hunter2")

    assert "hunter2" not in str(compare(legacy, block("Set-Cookie: sid=hunter2"), PLAIN))


def test_a_cookie_set_twice() -> None:
    """How often a cookie is set counts; two equal differences are one."""
    twice = block("Set-Cookie: a=1; Path=/\nSet-Cookie: a=1; Path=/")

    assert compare(twice, block("Set-Cookie: a=1; Path=/"), PLAIN) == [
        Difference(CHANGED, "cookie:a", "set 2 times", "set 1 times")
    ]
    assert compare(twice, block("Set-Cookie: a=1\nSet-Cookie: a=1"), PLAIN) == [
        Difference(MISSING, "cookie:a;path", "/")
    ]


def test_rules_silence_fields_and_cookies() -> None:
    """By name of field, of cookie, and of one attribute; no other difference goes with them."""
    lines = ("header:X-One", "cookie:a", "cookie:b;path")
    rule = compile_rule(Compare(ignore=lines), Compare())
    legacy = block("x-one: 1\nx-two: 1\nSet-Cookie: a=1\nSet-Cookie: b=1; Path=/; Secure")

    assert [difference.path for difference in compare(legacy, block("Set-Cookie: b=1"), rule)] == [
        "header:x-two",
        "cookie:b;secure",
    ]


def test_all_cookies_can_be_ignored() -> None:
    """They are a header field, too."""
    rule = compile_rule(Compare(ignore=("header:set-cookie",)), Compare())

    assert compare(block("Set-Cookie: a=1"), (), rule) == []


@pytest.mark.parametrize(
    ("request_lines", "legacy", "target", "equal"),
    [
        ("Host: shop.example\nX-Forwarded-Proto: https", "https://shop.example/a?b", "/a?b", True),
        ("Host: shop.example:443\nX-Forwarded-Proto: https", "https://Shop.example/a", "/a", True),
        ("Host: shop.example\nX-Forwarded-Proto: https", "http://shop.example/a", "/a", False),
        ("Host: shop.example\nX-Forwarded-Proto: https", "https://other.example/a", "/a", False),
        ("Host: shop.example\nX-Forwarded-Proto: https", "https://shop.example/a/b", "b", True),
        ("Host: shop.example\nX-Forwarded-Proto: https", "https://shop.example/a", "//shop.example/a", True),
        ("Host: shop.example\nX-Forwarded-Proto: https", "https://shop.example/a", "http:a", False),
        ("", "login.php", "/a/login.php", True),
        ("", "./b", "b", True),
        ("", "../x", "/x", True),
        ("", "?p=2", "/a/c?p=2", True),
        ("", "b", "/b", False),
        ("", "//shop.example/a", "http://shop.example/a", False),
        ("", "//[", "/a", False),
        ("Host: shop.example", "https://shop.example/a", "/a", False),
        ("X-Forwarded-Proto: https", "https://shop.example/a", "/a", False),
    ],
)
def test_a_path_and_the_url_it_leads_to(request_lines: str, legacy: str, target: str, equal: bool) -> None:
    """They are the same where it is known how the client came; else they are not."""
    request = Request(b"GET", b"/a/c", block(request_lines))
    ours, theirs = block(f"Location: {legacy}"), block(f"Location: {target}")

    for one, other in ((ours, theirs), (theirs, ours)):
        found = compared(one, other, PLAIN, Silence(()), request).differences
        assert (found == []) is equal


@pytest.mark.parametrize(
    ("lines", "legacy", "target", "line"),
    [
        (Compare(ignore=("header:x",)), "X: 1", "X: 2", "ignore header:x"),
        (Compare(ignore=("header:x",)), "X: 1", "", "ignore header:x"),
        (Compare(ignore=("header:vary",)), "Vary: a", "Vary: b", "ignore header:vary"),
        (Compare(ignore=("header:vary",)), "Vary: a", "Vary: A", None),
        (Compare(ignore=("header:etag",)), "ETag: a", "", "ignore header:etag"),
        (Compare(ignore=("header:etag",)), "ETag: a", "ETag: b", None),
        (
            Compare(ignore=("header:expires",)),
            "Expires: 0",
            "Expires: Thu, 01 Jan 2026 00:00:00 GMT",
            "ignore header:expires",
        ),
        (Compare(ignore=("cookie:a",)), "Set-Cookie: a=1", "", "ignore cookie:a"),
        (Compare(ignore=("cookie:a",)), "Set-Cookie: a=1; Path=/", "Set-Cookie: a=1", "ignore cookie:a"),
        (
            Compare(ignore=("cookie:a;path",)),
            "Set-Cookie: a=1; Path=/",
            "Set-Cookie: a=1",
            "ignore cookie:a;path",
        ),
        (Compare(ignore=("cookie:a",)), "Set-Cookie: a=1", "Set-Cookie: a=2", None),
        (Compare(ignore=("cookie:a",)), "Set-Cookie: a=1", "Set-Cookie: a=", "ignore cookie:a"),
        (Compare(ignore=("header:set-cookie",)), "Set-Cookie: a=1", "", "ignore header:set-cookie"),
        (Compare(tolerance={"header:x": Margin("5")}), "X: 10", "X: 12.5", "tolerance header:x 5"),
        (
            Compare(tolerance={"header:sunset": Margin("2s")}),
            "Sunset: Thu, 01 Jan 2026 00:00:00 GMT",
            "Sunset: Thu, 01 Jan 2026 00:00:02 GMT",
            "tolerance header:sunset 2s",
        ),
        (
            Compare(same_host=("header:location",)),
            "Location: http://old/a",
            "Location: https://new/a",
            "same_host header:location",
        ),
        (Compare(hosts=("old", "new")), "Location: http://OLD:80/", "Location: http://new/", "hosts old new"),
        (
            Compare(hosts=("old", "new")),
            "Set-Cookie: a=1; Domain=old",
            "Set-Cookie: a=1; Domain=new",
            "hosts old new",
        ),
        (Compare(cut=("v[0-9]+",)), "X: v1", "X: v22", "cut v[0-9]+"),
    ],
)
def test_lines_that_silence_are_counted(lines: Compare, legacy: str, target: str, line: str | None) -> None:
    """And those that silence nothing are not."""
    rule = compile_rule(lines, Compare())
    found = compared(block(legacy), block(target), rule, Silence(rule.steps))

    assert found.differences == []
    assert found.hits == ((line,) if line else ())


@settings(derandomize=True, max_examples=1000)
@given(
    st.sampled_from(sorted(MEANINGS)),
    st.text("ab,;=\"\\<>' /:%2fAW-\xff", max_size=20)
    | st.text(st.characters(max_codepoint=255), max_size=20),
)
def test_a_meaning_means_itself(name: str, text: str) -> None:
    """Normalising twice is normalising once, and nothing is an error."""
    assert means(name, means(name, text)) == means(name, text)


def test_value_joins_lines() -> None:
    """A field that was given in several lines has one value."""
    assert value(block("A: 1\nb: 2\na: 3"), b"a") == b"1, 3"
    assert value((), b"a") == b""


def test_what_is_remembered_of_fields_is_bounded() -> None:
    """A hostile target sends other fields each time, and endless ones: few are kept, and no long one."""
    for number in range(10_000):
        same(head_of(((b"X-%d" % number, b"1"),)), head_of(((b"X-A", b"%d" % number),)))
    same(head_of(((b"X-" + b"x" * 100_000, b"1"),)), head_of(((b"X-A", b"2"),)))
    assert len(FIELDS) <= 4096
    assert max(map(len, FIELDS)) <= 128


HEADERS = st.lists(
    st.tuples(
        st.sampled_from((b"A", b"a", b"B", b"Date", b"ETag", b"Set-Cookie", b"Expires")),
        st.sampled_from(
            (
                b"1",
                b"2",
                b"1, 2",
                b'W/"x"',
                b'"x"',
                b"sid=1; Secure",
                b"sid=2; Secure",
                b"sid=; Secure",
                b"Thu, 01 Jan 2026 00:00:00 GMT",
            )
        ),
    ),
    max_size=5,
).map(tuple)


@settings(max_examples=500)
@given(HEADERS, HEADERS)
def test_what_is_plainly_the_same_does_not_differ(legacy: Headers, target: Headers) -> None:
    """The quick look never says more than the slow one; whoever is asked first."""
    ours, theirs = head_of(legacy), head_of(target)
    if same(ours, theirs):
        assert compare(legacy, target, PLAIN) == []
    assert same(ours, ours)
    assert same(ours, theirs) == same(theirs, ours)
