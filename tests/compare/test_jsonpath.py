"""Patterns of places in JSON."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.compare.jsonpath import ByKey, Key, Reached, compile_pattern, covers, render
from shadow.compare.values import margin


def matches(pattern: str, keys: tuple[Key, ...]) -> bool:
    """Does `pattern` name the place that `keys` lead to?"""
    reached = Reached((compile_pattern(pattern, "ignore"),))
    for key in keys:
        reached = reached.step(key)
    return reached.ignored


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("$", ()),
        ("$.a", ("a",)),
        ("$.a.b[*].c", ("a", "b", 7, "c")),
        ("$.a[3]", ("a", 3)),
        ("$[*]", (0,)),
        ("$[*]", ("any",)),
        ("$.*", ("any",)),
        ("$.*", (5,)),
        ("$..email", ("email",)),
        ("$..email", ("a", 0, "b", "email")),
        ("$..email", ("email", "email")),
        ("$.a..b.c", ("a", "x", "b", "b", "c")),
        ("$..[0]", ("a", 0)),
        ('$..["x y"]', ("a", "x y")),
        ("$['a.b']", ("a.b",)),
        ('$["3"]', ("3",)),
        ('$["a\\u0062"]', ("ab",)),
        ("$.generated-at", ("generated-at",)),
        ("$.価格", ("価格",)),
        ("$.$ref", ("$ref",)),
    ],
)
def test_matches(pattern: str, keys: tuple[Key, ...]) -> None:
    """A pattern names the places it looks like."""
    assert matches(pattern, keys)


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("$", ("a",)),
        ("$.a", ()),
        ("$.a", ("a", "b")),
        ("$.a", ("A",)),
        ("$.a[3]", ("a", 4)),
        ("$.a[3]", ("a", "3")),
        ('$["3"]', (3,)),
        ("$..email", ("emails",)),
        ("$.a..b.c", ("a", "b", "x", "c")),
        ("$..a.b", ("a", "x", "b")),
    ],
)
def test_does_not_match(pattern: str, keys: tuple[Key, ...]) -> None:
    """A pattern names no other places, nor what lies above or below them."""
    assert not matches(pattern, keys)


@pytest.mark.parametrize(
    "pattern",
    [
        "a",
        ".a",
        "$a",
        "$.",
        "$..",
        "$.a b",
        "$[a]",
        "$[-1]",
        "$[1",
        "$.a]",
        '$["a]',
        "$.a.[0]",
        "$.a*",
        '$["\\x"]',
    ],
)
def test_a_bad_pattern_is_refused(pattern: str) -> None:
    """One line says which path, and what steps there are."""
    with pytest.raises(
        ValueError, match=r"^the path .*(does not begin with \$|steps are|no JSON string)"
    ) as refused:
        compile_pattern(pattern, "ignore")
    assert "\n" not in str(refused.value)


def test_what_rules_say_of_a_place() -> None:
    """All patterns that reach a place speak of it, each with its line."""
    reached = Reached(
        (
            compile_pattern("$.a", "one", "unordered"),
            compile_pattern("$.*", "two", margin("0.1")),
            compile_pattern("$..a", "three", margin("50%")),
            compile_pattern("$.b", "four", ByKey("id")),
        )
    )

    assert not reached.unordered
    assert reached.margins == []
    assert reached.step("a").unordered == "one"
    assert reached.step("a").margins == [(margin("0.1"), "two"), (margin("50%"), "three")]
    assert reached.step("b").margins == [(margin("0.1"), "two")]
    assert reached.step("b").by_key == [("id", "four")]


@pytest.mark.parametrize(
    ("outer", "inner", "covered"),
    [
        ("$.a", "$.a", True),
        ("$.a", "$.a.b[3]", True),
        ("$..t", "$.l[*].t.u", True),
        ("$.l[*]", "$.l[3]", True),
        ("$", "$.a", True),
        ("$.l[3]", "$.l[*]", False),
        ("$.a.b", "$.a", False),
        ("$.a", "$..a", False),
        ("$.a", "$.b", False),
    ],
)
def test_a_pattern_may_cover_another(outer: str, inner: str, covered: bool) -> None:
    """Then what is said of the inner places says nothing."""
    assert covers(outer, inner) is covered


def test_where_no_rule_speaks() -> None:
    """Off every pattern the way down costs nothing."""
    reached = Reached((compile_pattern("$.a.b", "ignore"),))

    assert not reached.idle
    assert reached.step("x").idle
    assert reached.step("x").step("y").idle


def test_many_descents_stay_few_states() -> None:
    """Patterns that could match a path in a million ways do not make a step slow or states many."""
    reached = Reached((compile_pattern("$" + "..a" * 20 + "..b", "ignore"),))
    for _ in range(10_000):
        reached = reached.step("a")

    assert reached.step("b").ignored
    assert len(reached._known) < 30


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ((), "json:$"),
        (("items", 3, "price"), "json:$.items[3].price"),
        (("generated-at",), "json:$.generated-at"),
        (("価格",), "json:$.価格"),
        (("a b",), 'json:$["a b"]'),
        (("a.b", "3", ""), 'json:$["a.b"]["3"][""]'),
        (('"',), 'json:$["\\""]'),
        (("\ud800",), 'json:$["\\ud800"]'),
    ],
)
def test_render(keys: tuple[Key, ...], path: str) -> None:
    """A path is shown as short as a pattern can be written."""
    assert render(keys) == path


@settings(derandomize=True, max_examples=300)
@given(st.lists(st.text(max_size=10) | st.integers(0, 99), max_size=6).map(tuple))
def test_a_rendered_path_is_a_pattern_of_its_place(keys: tuple[Key, ...]) -> None:
    """What the report shows can be pasted into the configuration."""
    assert matches(render(keys).removeprefix("json:"), keys)


def test_long_keys_are_cut() -> None:
    """A key of a megabyte does not make a path of a megabyte."""
    assert len(render(("x" * 1_000_000,) * 64)) <= 1000
