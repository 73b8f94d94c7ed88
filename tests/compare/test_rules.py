"""Rules of the configuration."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shadow.compare.rules import compile_rule, compile_rules
from shadow.settings import Accept, Compare, Config, Endpoint, Margin

NOTHING = Compare()


def accepting(*differences: str) -> Compare:
    """A section that accepts."""
    return Compare(
        accept=tuple(
            Accept(difference=each, owner="web", reason="new", until=date(2026, 12, 31))
            for each in differences
        )
    )


def test_without_lines_everything_is_compared() -> None:
    """The defaults silence only what `fields` lists."""
    rule = compile_rule(NOTHING, NOTHING)

    assert not rule.ignored
    assert not rule.steps
    assert not rule.accepted
    assert not rule.lines
    assert rule.root.idle


def test_each_endpoint_has_its_rule() -> None:
    """By its line's index; all others have one together."""
    line = Endpoint(match="GET /a", compare=Compare(ignore=("status",)))
    rules = compile_rules(Config(endpoints=(line,)))

    assert "status" in rules[0].ignored
    assert "status" not in rules[None].ignored


def test_general_and_own_lines_add_up() -> None:
    """An endpoint's lines are added to the general ones, and its margin counts instead of a general one."""
    general = Compare(ignore=("header:X-One", "json:$.a"), tolerance={"json:$.n": Margin("1")})
    own = Compare(ignore=("header:x-two", "cookie:sid", "status"), tolerance={"json:$.n": Margin("0.5")})
    rule = compile_rule(general, own)

    assert set(rule.ignored) == {"header:x-one", "header:x-two", "json:$.a", "cookie:sid", "status"}
    assert rule.root.step("a").ignored == "ignore json:$.a"
    assert [str(margin) for margin, _ in rule.root.step("n").margins] == ["0.5"]


def test_every_line_is_listed_in_the_words_of_its_hits() -> None:
    """So that a report can say which never hit."""
    rule = compile_rule(
        Compare(
            ignore=("header:X-Build", "html:div#ads", "xml:/feed/updated", "form:t", "csv:at"),
            unordered=("json:$.tags", "json:$.items key=id"),
            tolerance={"json:$.price": Margin("1.0%"), "header:x-wait": Margin("2000ms")},
            type_only=("json:$.id",),
            same_host=("json:$.self", "header:Location"),
            hosts=("old.example", "new.example:8080"),
            cut=(r"build-\d+",),
            equivalent=("wave-dash",),
        ),
        accepting("changed header:vary", "json:$.items[*].price", "changed status 301->302"),
    )

    assert rule.lines == (
        "ignore header:x-build",
        "ignore html:div#ads",
        "ignore xml:/feed/updated",
        "ignore form:t",
        "ignore csv:at",
        "unordered json:$.tags",
        "unordered json:$.items key=id",
        "tolerance json:$.price 1%",
        "tolerance header:x-wait 2s",
        "type_only json:$.id",
        "same_host json:$.self",
        "same_host header:location",
        r"cut build-\d+",
        "equivalent wave-dash",
        "accept changed header:vary",
        "accept json:$.items[*].price",
        "accept changed status 301→302",
        "hosts old.example new.example:8080",
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "date",
        "header:",
        "header:x y",
        "header: date",
        "cookie:",
        "cookie:a;b;c",
        "Status",
        "status:",
        "yaml:/a",
        "json",
    ],
)
def test_a_line_that_says_nothing_is_refused(line: str) -> None:
    """The line is repeated, and what it could be."""
    with pytest.raises(ValueError, match=r"^ignore: .* is not understood; it can be status or") as refused:
        compile_rule(NOTHING, Compare(ignore=(line,)))
    assert repr(line) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ({"ignore": ("json:a",)}, r"^ignore: the path 'a' does not begin with \$"),
        ({"ignore": ("json:$.a[x]",)}, r"^ignore: the path '\$.a\[x\]' cannot be read from '\[x\]' on"),
        ({"ignore": ("html:[",)}, r"^ignore: html:\[ is not understood"),
        ({"unordered": ("$.a",)}, r"^unordered: '\$.a' is not understood; it can be json:\$.path$"),
        ({"unordered": ("json:$.",)}, r"^unordered: the path '\$.' cannot be read"),
        ({"unordered": ("header:vary",)}, r"^unordered: 'header:vary' is not understood"),
        ({"tolerance": {"price": Margin("1")}}, r"^tolerance: 'price' is not understood"),
        (
            {"tolerance": {"json:$.a": Margin("-1")}},
            r"^tolerance: 'json:\$.a': '-1' is not understood; it can be a number such as 0.01, 1% or 2s",
        ),
        ({"tolerance": {"json:$.a": Margin("nan")}}, r"^tolerance: 'json:\$.a': 'nan' is not understood"),
        ({"type_only": ("header:x",)}, r"^type_only: 'header:x' is not understood"),
        ({"same_host": ("cookie:a",)}, r"^same_host: 'cookie:a' is not understood"),
        ({"hosts": ("http://a", "b")}, r"^hosts: 'http://a' is not understood; it can be a host name"),
        ({"cut": ("(",)}, r"^cut: '\(' is no pattern as RE2 reads it: missing \)"),
        ({"cut": (r"(?=a)",)}, r"^cut: .* is no pattern as RE2 reads it"),
        ({"cut": ("(abcdefgh){500}",)}, r"^cut: .* is too large"),
        ({"equivalent": ("dash",)}, r"^equivalent: 'dash' is not understood; it can be wave-dash"),
    ],
)
def test_other_lines_are_refused_too(lines: dict[str, Any], message: str) -> None:
    """Each setting says what is wrong with its line."""
    with pytest.raises(ValueError, match=message):
        compile_rule(Compare(**lines), NOTHING)


@pytest.mark.parametrize(
    ("general", "own", "message"),
    [
        pytest.param(
            Compare(ignore=("header:X-Runtime",)),
            NOTHING,
            r"^ignore: 'header:x-runtime' can match nothing: the field is never compared \(which machine",
            id="built-in",
        ),
        pytest.param(
            Compare(tolerance={"header:etag": Margin("1")}), NOTHING, "of this field values", id="presence"
        ),
        pytest.param(
            Compare(tolerance={"header:vary": Margin("1")}), NOTHING, "the meaning is compared", id="a set"
        ),
        pytest.param(
            Compare(same_host=("header:set-cookie",)), NOTHING, "of this field values", id="cookies"
        ),
        pytest.param(Compare(cut=("",)), NOTHING, "^cut: '' can match nothing", id="empty pattern"),
        pytest.param(Compare(hosts=("a.example",)), NOTHING, "name two hosts, or more", id="one host"),
        pytest.param(
            Compare(ignore=("header:X-A", "header:x-a")), NOTHING, "'header:x-a' is given twice", id="twice"
        ),
        pytest.param(
            Compare(ignore=("json:$.a",)), Compare(ignore=("json:$.a",)), "is given twice", id="in both"
        ),
        pytest.param(
            Compare(unordered=("json:$.a", "json:$.a key=id")), NOTHING, "is given twice", id="in two ways"
        ),
        pytest.param(accepting("status", "status"), NOTHING, "is given twice", id="accepted twice"),
        pytest.param(
            Compare(ignore=("body", "json:$.a")), NOTHING, "'json:.*because body is ignored", id="below body"
        ),
        pytest.param(
            Compare(ignore=("json:$.a",)),
            Compare(ignore=("json:$.a.b[3]",)),
            r"'json:\$.a.b\[3\]' can match nothing, because json:\$.a is ignored",
            id="below a path",
        ),
        pytest.param(
            Compare(ignore=("json:$..t",), tolerance={"json:$.l[*].t": Margin("1")}),
            NOTHING,
            "because json:.*t is ignored",
            id="margin below a path",
        ),
        pytest.param(
            Compare(ignore=("cookie:a", "cookie:a;path")), NOTHING, "because cookie:a is", id="attribute"
        ),
        pytest.param(
            Compare(ignore=("header:set-cookie", "cookie:a")),
            NOTHING,
            "because header:set-cookie",
            id="cookie",
        ),
        pytest.param(
            Compare(ignore=("header:x",)), accepting("changed header:x"), "because header:x", id="accepted"
        ),
        pytest.param(accepting("header:date"), NOTHING, "never compared", id="accepted, built-in"),
        pytest.param(
            accepting("changed json:$.l[3].a"),
            NOTHING,
            r"^accept: 'changed json:\$.l\[3\].a' can match nothing; write 'json:\$.l\[\*\].a'",
            id="accepted at an index",
        ),
        pytest.param(accepting("altered status"), NOTHING, "is not understood", id="accepted, no kind"),
        pytest.param(
            accepting("changed status 200→timeout"),
            NOTHING,
            "is never accepted",
            id="accepted, a dead target",
        ),
        pytest.param(accepting("changed status 200→200"), NOTHING, "both are the same", id="accepted, equal"),
        pytest.param(
            accepting("changed status 301"),
            NOTHING,
            "it can be 'changed status 301→302'",
            id="accepted, to what",
        ),
        pytest.param(
            accepting("changed status 301→302", "changed status 301->302"),
            NOTHING,
            "is given twice",
            id="accepted, in two ways",
        ),
        pytest.param(
            Compare(ignore=("status",)), accepting("status 301→302"), "because status", id="accepted status"
        ),
    ],
)
def test_a_line_that_can_match_nothing_is_refused(general: Compare, own: Compare, message: str) -> None:
    """Whoever wrote it believes that it works."""
    with pytest.raises(ValueError, match=message):
        compile_rule(general, own)


@pytest.mark.parametrize(
    ("general", "own"),
    [
        (Compare(ignore=("json:$.a",)), Compare(ignore=("body",))),
        (Compare(ignore=("json:$.a", "cookie:a")), Compare(ignore=("json:$", "header:set-cookie"))),
        (Compare(ignore=("json:$.a.b",)), Compare(ignore=("json:$.a.c", "json:$..b.d"))),
        (Compare(hosts=("a.example",)), Compare(hosts=("b.example",))),
        (accepting("status", "changed status", "changed status 301→302"), NOTHING),
        (Compare(same_host=("header:location", "header:x-next")), NOTHING),
    ],
)
def test_a_general_line_may_be_idle_at_one_endpoint(general: Compare, own: Compare) -> None:
    """It is for all the others; and lines that only look alike are two."""
    compile_rule(general, own)
