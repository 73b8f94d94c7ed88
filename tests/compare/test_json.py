"""Differences of JSON trees."""

from __future__ import annotations

import json as standard
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.compare.found import Found
from shadow.compare.json import DEEPEST, compare
from shadow.compare.jsontext import Document, Unread, read
from shadow.compare.rules import compile_rule
from shadow.model import Difference, DifferenceKind
from shadow.settings import Compare, Margin

CHANGED, MISSING, ADDED = DifferenceKind.CHANGED, DifferenceKind.MISSING, DifferenceKind.ADDED
TYPE, ORDER = DifferenceKind.TYPE, DifferenceKind.ORDER
NOTHING = Compare()


def found(legacy: str | bytes, target: str | bytes, lines: Compare = NOTHING) -> Found:
    """What is found between two bodies."""
    ours, theirs = (read(text.encode() if isinstance(text, str) else text) for text in (legacy, target))
    assert isinstance(ours, Document)
    assert isinstance(theirs, Document)
    result = compare(ours, theirs, compile_rule(lines, NOTHING).root)
    assert not isinstance(result, Unread)
    return result


@pytest.mark.parametrize(
    ("legacy", "target"),
    [
        pytest.param('{"a":1,"b":2}', '{ "b": 2, "a": 1 }', id="order of keys, and layout"),
        pytest.param('"é"', '"\\u00e9"', id="escapes"),
        pytest.param('{"é":1}', '{"\\u00e9":1}', id="escapes in keys"),
        pytest.param('"/"', '"\\/"', id="escaped slash"),
        pytest.param("1.0", "1.00", id="trailing zeros"),
        pytest.param("1e3", "1000.0", id="exponent or fraction"),
        pytest.param("-0", "0", id="signed zero"),
        pytest.param("[[1,[]],{}]", "[ [1, []], {} ]", id="nested arrays"),
        pytest.param('[{"a":1,"b":[1.0]}]', '[{"b":[1.00],"a":1}]', id="all of it deep down"),
    ],
)
def test_no_difference(legacy: str, target: str) -> None:
    """Two ways of writing one value."""
    assert found(legacy, target) == Found([], [])


@pytest.mark.parametrize(
    ("legacy", "target", "difference"),
    [
        pytest.param('{"a":1}', '{"a":2}', Difference(CHANGED, "json:$.a", "1", "2"), id="changed"),
        pytest.param('{"a":1}', "{}", Difference(MISSING, "json:$.a", "1"), id="missing"),
        pytest.param(
            "{}", '{"a":null}', Difference(ADDED, "json:$.a", None, "null"), id="added, though null"
        ),
        pytest.param('{"a":1}', '{"a":"1"}', Difference(TYPE, "json:$.a", "1", '"1"'), id="number or string"),
        pytest.param('{"a":1}', '{"a":1.0}', Difference(TYPE, "json:$.a", "1", "1.0"), id="1 or 1.0"),
        pytest.param('{"a":1}', '{"a":true}', Difference(TYPE, "json:$.a", "1", "true"), id="1 or true"),
        pytest.param('{"a":0}', '{"a":false}', Difference(TYPE, "json:$.a", "0", "false"), id="0 or false"),
        pytest.param('{"a":0}', '{"a":null}', Difference(TYPE, "json:$.a", "0", "null"), id="0 or null"),
        pytest.param('{"a":[]}', '{"a":{}}', Difference(TYPE, "json:$.a", "[]", "{}"), id="array or object"),
        pytest.param(
            '{"a":10}', '{"a":10.5}', Difference(CHANGED, "json:$.a", "10", "10.5"), id="value before type"
        ),
        pytest.param("true", "false", Difference(CHANGED, "json:$", "true", "false"), id="at the root"),
        pytest.param(
            "12345678901234567890123",
            "12345678901234567890124",
            Difference(CHANGED, "json:$", "12345678901234567890123", "12345678901234567890124"),
            id="big integers",
        ),
        pytest.param(
            "0.1234567890123456789",
            "0.1234567890123456788",
            Difference(CHANGED, "json:$", "0.1234567890123456789", "0.1234567890123456788"),
            id="long fractions",
        ),
        pytest.param(
            "9007199254740993",
            "9007199254740992",
            Difference(CHANGED, "json:$", "9007199254740993", "9007199254740992"),
            id="beyond 2^53",
        ),
        pytest.param(
            "1e99999999999999999999",
            "1",
            Difference(CHANGED, "json:$", "1e99999999999999999999", "1"),
            id="beyond decimals",
        ),
        pytest.param("1e400", "1e401", Difference(CHANGED, "json:$", "1e400", "1e401"), id="beyond doubles"),
        pytest.param(
            '{"a.b":[{"c d":1}]}',
            '{"a.b":[{"c d":2}]}',
            Difference(CHANGED, 'json:$["a.b"][0]["c d"]', "1", "2"),
            id="path with odd keys",
        ),
        pytest.param(
            '{"a":1,"a":2}',
            '{"a":2}',
            Difference(MISSING, 'json:$["a (given before)"]', "[1]"),
            id="key twice",
        ),
        pytest.param("[1,2,3]", "[1,9,3]", Difference(CHANGED, "json:$[1]", "2", "9"), id="element"),
        pytest.param(
            "[1,2,3]", "[0,1,2,3]", Difference(ADDED, "json:$[0]", None, "0"), id="element added in front"
        ),
        pytest.param("[1,2,3]", "[1,3]", Difference(MISSING, "json:$[1]", "2"), id="element missing within"),
        pytest.param("[1,2,3]", "[3,1,2]", Difference(ORDER, "json:$", "[1,2,3]", "[3,1,2]"), id="order"),
        pytest.param(
            '{"l":[{"a":1,"b":1},{"a":2}]}',
            '{"l":[{"a":2},{"b":1,"a":1}]}',
            Difference(ORDER, "json:$.l", '[{"a":1,"b":1},{"a":2}]', '[{"a":2},{"b":1,"a":1}]'),
            id="order of objects whose keys have another order, too",
        ),
    ],
)
def test_one_difference(legacy: str, target: str, difference: Difference) -> None:
    """One cause, one difference, at its place."""
    assert found(legacy, target) == Found([difference], [])


def test_differences_come_in_the_order_of_keys() -> None:
    """Whatever the order in which either side writes them."""
    differences = found('{"c":1,"a":[1,2],"b":1}', '{"b":2,"a":[3,4],"d":1}').differences

    assert [difference.path for difference in differences] == [
        "json:$.a[0]",
        "json:$.a[1]",
        "json:$.b",
        "json:$.c",
        "json:$.d",
    ]


@pytest.mark.parametrize(
    ("legacy", "target", "line"),
    [
        pytest.param('{"a":1}', '{"a":2}', "json:$.a", id="changed"),
        pytest.param('{"a":1}', "{}", "json:$.a", id="missing"),
        pytest.param("{}", '{"a":1}', "json:$.a", id="added"),
        pytest.param('{"a":{"x":1}}', '{"a":[2]}', "json:$.a", id="everything below"),
        pytest.param(
            '{"l":[{"t":1},{"t":2}]}', '{"l":[{"t":3},{"t":4}]}', "json:$.l[*].t", id="in every element"
        ),
        pytest.param(
            '{"l":[{"t":1},{"t":2}]}', '{"l":[{"t":2},{"t":1}]}', "json:$.l[*].t", id="not taken for order"
        ),
        pytest.param('[[1],{"a":{"id":5}}]', '[[1],{"a":{"id":6}}]', "json:$..id", id="anywhere"),
        pytest.param("1", "2", "json:$", id="all of it"),
    ],
)
def test_ignore(legacy: str, target: str, line: str) -> None:
    """What a rule ignores is no difference."""
    assert found(legacy, target, Compare(ignore=(line,))) == Found([], [], (f"ignore {line}",))


def test_ignoring_one_place_leaves_the_others() -> None:
    """Rules name places, not names."""
    lines = Compare(ignore=("json:$.a.id", "json:$.l[1]"))

    assert [
        d.path
        for d in found(
            '{"a":{"id":1},"id":1,"l":[1,1]}', '{"a":{"id":2},"id":2,"l":[2,2]}', lines
        ).differences
    ] == [
        "json:$.id",
        "json:$.l[0]",
    ]


def test_order_is_found_beside_ignored_members() -> None:
    """A shuffled list with new timestamps is a shuffled list."""
    legacy, target = '[{"id":1,"t":1},{"id":2,"t":1}]', '[{"id":2,"t":5},{"id":1,"t":5}]'

    assert found(legacy, target, Compare(ignore=("json:$[*].t",))).differences == [
        Difference(ORDER, "json:$", legacy, target)
    ]


@pytest.mark.parametrize(
    ("legacy", "target", "differences"),
    [
        pytest.param("[1,2,3]", "[3,1,2]", [], id="shuffled"),
        pytest.param(
            "[1,2,2]", "[2,1,1]", [Difference(CHANGED, "json:$[2]", "2", "1")], id="how often counts"
        ),
        pytest.param("[1,2,3]", "[3,1]", [Difference(MISSING, "json:$[1]", "2")], id="missing"),
        pytest.param(
            '[{"id":1,"n":1},{"id":2,"n":2},{"id":3,"n":3}]',
            '[{"id":3,"n":3},{"id":1,"n":9},{"id":2,"n":8}]',
            [Difference(CHANGED, "json:$[0].n", "1", "9"), Difference(CHANGED, "json:$[1].n", "2", "8")],
            id="changed elements find each other",
        ),
    ],
)
def test_unordered(legacy: str, target: str, differences: list[Difference]) -> None:
    """Where order does not matter, elements are taken away in pairs, and the rest is compared."""
    assert found(legacy, target, Compare(unordered=("json:$",))).differences == differences


def test_unordered_within_unordered() -> None:
    """The order within elements that are themselves in no order."""
    lines = Compare(unordered=("json:$.l", "json:$.l[*].tags"), ignore=("json:$..t",))
    legacy = '{"l":[{"tags":["a","b"],"t":1},{"tags":["c"],"t":2}]}'

    assert found(legacy, '{"l":[{"t":5,"tags":["c"]},{"t":6,"tags":["b","a"]}]}', lines).differences == []


def test_a_long_unordered_list_that_changed_everywhere() -> None:
    """It is not weighed each against each, and the list of differences is cut."""
    result = found(str(list(range(2000))), str(list(range(5000, 7000))), Compare(unordered=("json:$",)))

    assert len(result.differences) == 100
    assert result.notes == ["only the first 100 differences of the body are listed"]


@pytest.mark.parametrize(
    ("legacy", "target", "equal"),
    [
        ("10.00", "10.01", True),
        ("1.10", "1.09", True),
        ("1.1", "1.111", False),
        ("10", "10.0", True),
        ("-0.005", "0.005", True),
        ("12345678901234567890.01", "12345678901234567890.02", True),
        ("1e999999", "1", False),
        ('"10.00"', '"10.01"', False),
        ("10", "null", False),
    ],
)
def test_tolerance(legacy: str, target: str, equal: bool) -> None:
    """Numbers may differ by as much as the rule says, calculated in decimals; nothing else may."""
    differences = found(
        f'{{"a":{legacy}}}', f'{{"a":{target}}}', Compare(tolerance={"json:$.a": Margin("0.01")})
    ).differences

    assert (differences == []) is equal


def test_one_side_that_is_not_strict() -> None:
    """NaN in a body is a finding of its own: JSON.parse refuses all of it."""
    result = found('{"a":1}', '{"a":NaN}')

    assert [(difference.kind, difference.path) for difference in result.differences] == [
        (DifferenceKind.UNDECODABLE, "body"),
        (TYPE, "json:$.a"),
    ]
    assert result.notes == ["target: not strict JSON: JSON is malformed: invalid character (byte 5)"]


def test_both_sides_that_are_not_strict() -> None:
    """If legacy's clients can live with it, only what differs is reported."""
    result = found('{"a":NaN,"b":1}', '{"b":2,"a":NaN}')

    assert result.differences == [Difference(CHANGED, "json:$.b", "1", "2")]
    assert len(result.notes) == 2


def test_invalid_utf8_differs_byte_by_byte() -> None:
    """Two bytes that are no characters are not the same character."""
    assert found(b'["\xff"]', b'["\xff"]').differences == []
    assert found(b'["\xff"]', b'["\xfe"]').differences == [
        Difference(CHANGED, "json:$[0]", '"\\\\udcff"', '"\\\\udcfe"')
    ]


def test_invalid_utf8_beside_what_moved() -> None:
    """Where elements are compared regardless of how they are written, such bytes stay as they are."""
    assert found(b'["\xff",1,2]', b"[1,2]").differences == [Difference(MISSING, "json:$[0]", '"\\\\udcff"')]


def test_levels_below_the_deepest() -> None:
    """They are compared as written, with a note."""
    result = found("[" * 100 + "1" + "]" * 100, "[" * 100 + "2" + "]" * 100)

    assert [difference.path for difference in result.differences] == ["json:$" + "[0]" * DEEPEST]
    assert result.notes == ["JSON below 64 levels is compared as it is written"]


def test_many_differences_are_cut() -> None:
    """A hundred thousand differences are found in no more time than they take to skip."""
    result = found(str([0] * 100_000), str([1] * 100_000))

    assert len(result.differences) == 100
    assert result.notes == ["only the first 100 differences of the body are listed"]


def test_order_is_found_in_long_lists() -> None:
    """A list that differs in more places than are listed may still be the same list, shuffled."""
    result = found(str(list(range(1000))), str(list(range(999, -1, -1))))

    assert [difference.kind for difference in result.differences] == [ORDER]
    assert result.notes == []


trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.0, 1.0, 1.5])
    | st.sampled_from(["", "1", "é"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "c d", "é"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("shown", [39, 40])
def test_a_fault_beside_another_order(shown: int) -> None:
    """Of a list in random order what lacks, or is new, is told once, and nothing of the others."""
    items = [{"id": i, "name": f"n{i}", "price": i * 10} for i in range(40)]
    target = [items[i * 7 % 40] for i in range(40) if i * 7 % 40 != 13]
    if shown == 40:
        target.insert(20, items[13] | {"price": 0})
    differences = found(standard.dumps({"items": items}), standard.dumps({"items": target})).differences

    paths = [(each.kind, each.path) for each in differences]
    lost = (MISSING, "json:$.items[13]") if shown == 39 else (CHANGED, "json:$.items[13].price")
    assert paths == [lost, (ORDER, "json:$.items")]


def typed(tree: Any) -> Any:
    """A tree in which 1, 1.0 and true are not equal."""
    if isinstance(tree, dict):
        return {key: typed(value) for key, value in tree.items()}
    return [typed(value) for value in tree] if isinstance(tree, list) else (type(tree).__name__, tree)


@settings(derandomize=True, max_examples=1000)
@given(trees, trees, st.booleans())
def test_differences_are_found_exactly_where_trees_differ(legacy: Any, target: Any, layout: bool) -> None:
    """Against the standard library: no differences if, and only if, the trees are equal."""
    ours = standard.dumps(legacy, ensure_ascii=layout, indent=1 if layout else None)

    assert (found(ours, standard.dumps(target)).differences == []) == (typed(legacy) == typed(target))


@settings(derandomize=True, max_examples=500)
@given(trees, trees)
def test_swapping_swaps(legacy: Any, target: Any) -> None:
    """The same places, whichever side comes first, also where elements have moved."""
    lines = Compare(unordered=("json:$.a", "json:$[*]"), ignore=('json:$..["c d"]',))
    for rule in (NOTHING, lines):
        there = found(standard.dumps(legacy), standard.dumps(target), rule).differences
        back = found(standard.dumps(target), standard.dumps(legacy), rule).differences
        assert [difference.swapped() for difference in back] == there


@settings(derandomize=True, max_examples=300)
@given(st.lists(trees, max_size=6).flatmap(lambda tree: st.tuples(st.just(tree), st.permutations(tree))))
def test_a_permutation_is_a_difference_in_order_at_most(trees: tuple[list[Any], list[Any]]) -> None:
    """Of two elements or more; and none where the rule says that order does not matter."""
    ours, theirs = map(standard.dumps, trees)
    kinds = [(difference.kind, difference.path) for difference in found(ours, theirs).differences]

    assert kinds in ([], [(ORDER, "json:$")])
    assert found(ours, theirs, Compare(unordered=("json:$",))).differences == []
