"""JSON trees under a rule: what it silences, and which of its lines were needed."""

from __future__ import annotations

import json as standard
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.compare.jsonpath import render
from shadow.compare.judge import judge
from shadow.compare.rules import compile_rule
from shadow.model import Comparison, DifferenceKind, Exchange, Fate, Request, Response, head_of
from shadow.settings import Compare, Margin

NOTHING = Compare()
HEAD = ((b"Content-Type", b"application/json"),)


def judged(legacy: str, target: str, lines: Compare = NOTHING) -> Comparison:
    """The comparison of two bodies."""
    answer = Response(200, head_of(HEAD), legacy.encode())
    exchange = Exchange("1", "GET /", 0.0, Request(b"GET", b"/", ()), answer)
    return judge(exchange, Response(200, head_of(HEAD), target.encode()), compile_rule(lines, NOTHING))


def paths(comparison: Comparison) -> list[str]:
    return [difference.path for difference in comparison.differences]


def within(margin: str) -> Compare:
    """A rule for `$.a`."""
    return Compare(tolerance={"json:$.a": Margin(margin)})


@pytest.mark.parametrize(
    ("lines", "legacy", "target", "line"),
    [
        (within("1%"), '{"a":100}', '{"a":101}', "tolerance json:$.a 1%"),
        (within("2s"), '{"a":1767225600}', '{"a":1767225602}', "tolerance json:$.a 2s"),
        (within("2s"), '{"a":1767225600.5}', '{"a":1767225602}', "tolerance json:$.a 2s"),
        (
            within("1m"),
            '{"a":"2026-01-01T00:00:00Z"}',
            '{"a":"2026-01-01T09:00:30+09:00"}',
            "tolerance json:$.a 60s",
        ),
        (Compare(type_only=("json:$.a",)), '{"a":"x"}', '{"a":"y"}', "type_only json:$.a"),
        (Compare(type_only=("json:$.a",)), '{"a":1}', '{"a":2.5}', "type_only json:$.a"),
        (Compare(type_only=("json:$.a",)), '{"a":[1]}', '{"a":[]}', "type_only json:$.a"),
        (
            Compare(same_host=("json:$.l.self",)),
            '{"l":{"self":"http://old/a"}}',
            '{"l":{"self":"https://new/a"}}',
            "same_host json:$.l.self",
        ),
        (Compare(hosts=("old", "new")), '["http://old/a"]', '["http://new/a"]', "hosts old new"),
        (Compare(cut=(r"v\d",)), '["a v1"]', '["a v2"]', r"cut v\d"),
        (Compare(equivalent=("wave-dash",)), '["〜"]', '["～"]', "equivalent wave-dash"),
        (Compare(unordered=("json:$",)), "[1,2,3]", "[3,1,2]", "unordered json:$"),
        (
            Compare(unordered=("json:$ key=id",)),
            '[{"id":1,"a":1},{"id":2,"a":2}]',
            '[{"a":2,"id":2},{"id":1,"a":1}]',
            "unordered json:$ key=id",
        ),
        (Compare(ignore=("json:$.a",)), '{"a":1}', "{}", "ignore json:$.a"),
    ],
)
def test_a_line_silences_and_is_counted(lines: Compare, legacy: str, target: str, line: str) -> None:
    """Once, from either side; without it there is a difference."""
    assert judged(legacy, target, lines) == Comparison(Fate.MATCHED, hits=(line,))
    assert judged(target, legacy, lines) == Comparison(Fate.MATCHED, hits=(line,))
    assert judged(legacy, target).differences


@pytest.mark.parametrize(
    ("lines", "legacy", "target"),
    [
        (Compare(ignore=("json:$.a",)), '{"a":{"b":1,"c":1.0}}', '{"a":{"c":1.00,"b":1}}'),
        (Compare(type_only=("json:$.a",)), '{"a":"é"}', '{"a":"\\u00e9"}'),
        (within("1"), '{"a":1.0}', '{"a":1.00}'),
        (Compare(unordered=("json:$",)), '[1,{"a":1,"b":2}]', '[1,{"b":2,"a":1}]'),
        (Compare(unordered=("json:$ key=id",)), '[{"id":1,"b":2}]', '[{"b":2,"id":1}]'),
        (Compare(cut=("é",)), '["é"]', '["\\u00e9"]'),
    ],
)
def test_another_way_of_writing_is_no_hit(lines: Compare, legacy: str, target: str) -> None:
    """There would be no difference without the line either."""
    assert judged(legacy, target, lines) == Comparison(Fate.MATCHED)


@pytest.mark.parametrize(
    ("lines", "legacy", "target", "expected"),
    [
        (Compare(type_only=("json:$.a",)), '{"a":1}', '{"a":"1"}', ["json:$.a"]),
        (Compare(type_only=("json:$.a",)), '{"a":null}', '{"a":1}', ["json:$.a"]),
        (within("2s"), '{"a":"2026-01-01T00:00:00Z"}', '{"a":1767225600}', ["json:$.a"]),
        (within("5"), '{"a":"1"}', '{"a":"2"}', ["json:$.a"]),
        (Compare(same_host=("json:$.a",)), '{"a":"http://o/a"}', '{"a":"http://n/b"}', ["json:$.a"]),
    ],
)
def test_what_a_line_does_not_silence(lines: Compare, legacy: str, target: str, expected: list[str]) -> None:
    """It is for its kind of values only."""
    comparison = judged(legacy, target, lines)

    assert paths(comparison) == expected
    assert comparison.hits == ()


@pytest.mark.parametrize(
    ("legacy", "target", "expected"),
    [
        ('[{"id":1,"a":1},{"id":2,"a":2}]', '[{"id":2,"a":9},{"id":1,"a":1}]', ["changed json:$[0].a"]),
        ('[{"id":1},{"id":2}]', '[{"id":2}]', ["missing json:$[0]"]),
        ('[{"id":1}]', '[{"id":2}]', ["missing json:$[0]", "added json:$[0]"]),
        ('[{"id":1,"a":1},{"id":1,"a":2}]', '[{"id":1,"a":2},{"id":1,"a":3}]', ["changed json:$[0].a"]),
        ('[{"a":1},{"id":2}]', '[{"id":2},{"a":1}]', []),
        ('[{"id":"é"},1]', '[1,{"id":"\\u00e9"}]', []),
        ("[1,2]", "[2,1]", []),
    ],
)
def test_arrays_by_key(legacy: str, target: str, expected: list[str]) -> None:
    """Members are known by their key; those without one, or with one of several, are compared as a set."""
    lines = Compare(unordered=("json:$ key=id",))
    there, back = judged(legacy, target, lines), judged(target, legacy, lines)

    assert sorted(f"{one.kind} {one.path}" for one in there.differences) == sorted(expected)
    assert [one.swapped() for one in back.differences] == list(there.differences)


def test_what_is_ignored_within_what_moved_is_counted() -> None:
    """Elements that belong together are looked into, though they count as equal."""
    legacy, target = '[{"id":1,"t":1},{"id":2,"t":2}]', '[{"id":2,"t":3},{"id":1,"t":4}]'
    lines = Compare(ignore=("json:$[*].t",))

    assert judged(legacy, target, lines).hits == ("ignore json:$[*].t",)
    assert [one.kind for one in judged(legacy, target, lines).differences] == [DifferenceKind.ORDER]
    lines = Compare(ignore=("json:$[*].t",), unordered=("json:$",))
    assert judged(legacy, target, lines).hits == ("unordered json:$", "ignore json:$[*].t")


def test_json_lines() -> None:
    """Each line is a document, at its place."""
    head = ((b"Content-Type", b"application/x-ndjson"),)
    legacy, target = (Response(200, head_of(head), b'{"a":1}\n\n{"a":%d}\r\n' % n) for n in (2, 3))
    exchange = Exchange("1", "GET /", 0.0, Request(b"GET", b"/", ()), legacy)

    assert paths(judge(exchange, target, compile_rule(NOTHING, NOTHING))) == ["json:$[1].a"]


@dataclass(frozen=True)
class Only:
    """A rule of some of these lines, by setting."""

    lines: tuple[tuple[str, str], ...]

    def compare(self) -> Compare:
        places: dict[str, Any] = {}
        for setting, place in self.lines:
            if setting == "tolerance":
                places.setdefault(setting, {})[place] = Margin("1")
            else:
                places[setting] = (*places.get(setting, ()), place)
        return Compare(**places)


LINES = (
    ("ignore", "json:$.a"),
    ("ignore", "json:$.u.t"),
    ("tolerance", "json:$.b"),
    ("type_only", "json:$.c"),
)
leaves = st.none() | st.integers(-3, 3) | st.sampled_from(["", "x1", "x2", "y"])
objects = st.dictionaries(st.sampled_from(["a", "b", "c", "t", "u"]), leaves, max_size=5)
trees = st.dictionaries(st.sampled_from(["a", "b", "c", "u"]), leaves | objects, max_size=4)


@settings(derandomize=True, max_examples=500)
@given(trees, trees)
def test_hits_are_exact(legacy: Any, target: Any) -> None:
    """Without a line that hit there are more differences; without one that did not nothing changes."""
    ours, theirs = standard.dumps(legacy), standard.dumps(target)
    comparison = judged(ours, theirs, Only(LINES).compare())

    for line in LINES:
        without = judged(ours, theirs, Only(tuple(one for one in LINES if one != line)).compare())
        if any(hit.startswith(" ".join(line)) for hit in comparison.hits):
            assert len(without.differences) > len(comparison.differences)
        else:
            assert without == comparison


@settings(derandomize=True, max_examples=300)
@given(trees | st.lists(trees, max_size=3), st.data())
def test_deepdiff_finds_the_same_places(legacy: Any, data: st.DataObject) -> None:
    """Against another's comparer of objects, and of lists of one length."""
    deepdiff = pytest.importorskip("deepdiff")
    if isinstance(legacy, list):
        target: Any = data.draw(st.lists(trees, min_size=len(legacy), max_size=len(legacy)))
    else:
        target = data.draw(trees)
    found = deepdiff.DeepDiff(legacy, target, view="tree", threshold_to_diff_deeper=0)
    places = {render(tuple(one.path(output_format="list"))) for kind in found for one in found[kind]}
    comparison = judged(standard.dumps(legacy), standard.dumps(target))

    if DifferenceKind.ORDER not in {one.kind for one in comparison.differences}:
        assert set(paths(comparison)) == places
