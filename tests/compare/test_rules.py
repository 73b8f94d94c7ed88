"""Rules of the configuration."""

from __future__ import annotations

import pickle

import pytest

from shadow.compare.rules import compile_rule
from shadow.settings import Compare

NOTHING = Compare()


def test_without_lines_everything_is_compared() -> None:
    """The defaults silence only what `fields` lists."""
    rule = compile_rule(NOTHING, NOTHING)

    assert rule.status
    assert rule.body
    assert rule.text
    assert rule.codings
    assert rule.root.idle
    assert rule.fields[b"Content-Type"] == b"content-type"
    assert rule.fields[b"DATE"] is None


def test_general_and_own_lines_add_up() -> None:
    """An endpoint's lines are added to the general ones."""
    general = Compare(ignore=("header:X-One", "json:$.a"), tolerance={"json:$.n": 1.0})
    own = Compare(ignore=("header:x-two", "cookie:sid", "status"), tolerance={"json:$.n": 0.5})
    rule = compile_rule(general, own)

    assert rule.fields[b"x-one"] is None
    assert rule.fields[b"X-TWO"] is None
    assert rule.cookies == {"sid"}
    assert not rule.status
    assert rule.root.step("a").ignored
    assert str(rule.root.step("n").tolerance) == "0.5"


@pytest.mark.parametrize("line", ["status", "body", "text"])
def test_whole_parts(line: str) -> None:
    """A part of the answer can be left out as a whole."""
    rule = compile_rule(Compare(ignore=(line,)), NOTHING)

    assert {"status": rule.status, "body": rule.body, "text": rule.text} == {
        part: part != line for part in ("status", "body", "text")
    }


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
        "xml:/a",
        "json",
    ],
)
def test_a_line_that_says_nothing_is_refused(line: str) -> None:
    """The line is repeated, and what it could be."""
    with pytest.raises(ValueError, match=r"^ignore: .* is not understood; it can be header:NAME") as refused:
        compile_rule(NOTHING, Compare(ignore=(line,)))
    assert repr(line) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (Compare(ignore=("json:a",)), r"^the path 'a' does not begin with \$"),
        (Compare(ignore=("json:$.a[x]",)), r"^the path '\$.a\[x\]' cannot be read from '\[x\]' on"),
        (Compare(unordered=("$.a",)), r"^unordered: '\$.a' is not understood; it can be json:\$.path"),
        (Compare(unordered=("json:$.",)), r"^the path '\$.' cannot be read"),
        (Compare(tolerance={"price": 1.0}), r"^tolerance: 'price' is not understood"),
        (
            Compare(tolerance={"json:$.a": -1.0}),
            r"^tolerance: 'json:\$.a' has -1.0; it can be a number from 0 up",
        ),
        (Compare(tolerance={"json:$.a": float("nan")}), r"^tolerance: 'json:\$.a' has nan"),
        (Compare(tolerance={"json:$.a": float("inf")}), r"^tolerance: 'json:\$.a' has inf"),
    ],
)
def test_other_lines_are_refused_too(lines: Compare, message: str) -> None:
    """Each setting says what is wrong with its line."""
    with pytest.raises(ValueError, match=message):
        compile_rule(lines, NOTHING)


def test_ignoring_the_coding_is_known() -> None:
    """Then equal bytes may be different bodies."""
    assert not compile_rule(Compare(ignore=("header:Content-Encoding",)), NOTHING).codings


def test_a_rule_can_be_sent_to_another_process() -> None:
    """Judges run in processes of their own."""
    rule = pickle.loads(pickle.dumps(compile_rule(Compare(ignore=("json:$..a", "header:x")), NOTHING)))

    assert rule.root.step("b").step("a").ignored
    assert rule.fields[b"X"] is None


def test_names_that_come_along_are_bounded() -> None:
    """A backend that sends new names for ever does not fill the memory."""
    fields = compile_rule(NOTHING, NOTHING).fields
    for i in range(5000):
        assert fields[b"x-%d" % i] == b"x-%d" % i

    assert len(fields) <= 1000
