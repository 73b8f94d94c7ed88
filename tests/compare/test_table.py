"""Differences of tables."""

from __future__ import annotations

import csv
import io
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.processor import within

from shadow.compare.found import Found
from shadow.compare.table import compare
from shadow.model import Difference, DifferenceKind

CHANGED, MISSING, ADDED = DifferenceKind.CHANGED, DifferenceKind.MISSING, DifferenceKind.ADDED
ORDER = DifferenceKind.ORDER
NONE: frozenset[str] = frozenset()


def strict(legacy: str, target: str) -> str | None:
    """No two values count as equal."""
    return None


def lenient(legacy: str, target: str) -> str | None:
    """Any two values count as equal."""
    return "any"


def found(legacy: str, target: str, *ignored: str) -> Found:
    """What is found between two tables."""
    result = compare(legacy, target, frozenset(ignored), strict)
    assert result is not None
    return result


def swapped(differences: list[Difference]) -> list[Difference]:
    """The differences seen from the other side."""
    return [difference.swapped() for difference in differences]


@pytest.mark.parametrize(
    ("legacy", "target", "differences"),
    [
        pytest.param("a,b\n1,2\n", 'a,"b"\r\n"1",2', [], id="quotes, line ends, and the last one"),
        pytest.param('a,b\n"1 ""x""",2', 'a,b\n"1 ""x""","2"', [], id="quotes within quotes"),
        pytest.param("1,a|b|c\n2,d", '"1","a|b|c"\n"2","d"', [], id="quotes around what separates elsewhere"),
        pytest.param("1,5;2,5;3\n4;5;6", '"1,5";"2,5";3\n4;5;6', [], id="quotes around decimals"),
        pytest.param("a,b\n1,2", "a,b\n\n1,2\n\n", [], id="empty lines"),
        pytest.param("a,b\n1,2", "a,b\n1,3", [Difference(CHANGED, "csv:b[2]", "2", "3")], id="a cell"),
        pytest.param(
            'a,b\n"1\n2",3', 'a,b\n"1\n2",4', [Difference(CHANGED, "csv:b[2]", "3", "4")], id="lines"
        ),
        pytest.param("1,2\n3,4", "1,2\n3,5", [Difference(CHANGED, "csv:2[2]", "4", "5")], id="no header row"),
        pytest.param(
            "a,b\n1,2\n3,4",
            "a,b\n0,0\n1,2\n3,4",
            [Difference(ADDED, "csv[2]", None, "0, 0")],
            id="one inserted row is one difference",
        ),
        pytest.param(
            "id,b\n1,2\n2,4",
            "id,b\n0,0\n1,3\n2,5",
            [
                Difference(ADDED, "csv[2]", None, "0, 0"),
                Difference(CHANGED, "csv:b[2]", "2", "3"),
                Difference(CHANGED, "csv:b[3]", "4", "5"),
            ],
            id="an inserted row among changed ones",
        ),
        pytest.param(
            "a,b\n1,2\n3,4",
            "a,b\n3,4\n1,2",
            [Difference(ORDER, "csv", "1, 2; 3, 4", "3, 4; 1, 2")],
            id="order",
        ),
        pytest.param("a,b\n1,2", "a,b,c\n1,2,3", [Difference(ADDED, "csv:c", None, "c")], id="a column"),
        pytest.param("1,2\n1,2", "1,2,3\n1,2,3", [Difference(ADDED, "csv:3", None, "3")], id="no header"),
        pytest.param(
            "a,b,c\n1,2,3",
            "c,a,b\n3,1,2",
            [Difference(ORDER, "csv", "a, b, c", "c, a, b")],
            id="order of columns",
        ),
        pytest.param(
            "a,b\n1,2",
            "a,c\n1,2",
            [Difference(MISSING, "csv:b", "b"), Difference(ADDED, "csv:c", None, "c")],
            id="a column of another name",
        ),
        pytest.param("a,b\n1,2", "a,b\n1", [Difference(MISSING, "csv:b[2]", "2")], id="a cell missing"),
        pytest.param("a,b\n1,2", "a,b\n1,2,3", [Difference(CHANGED, "csv[2]", "", "'3'")], id="a cell more"),
        pytest.param(
            "x,a[3]\n1,2",
            "x,a[3]\n1,3",
            [Difference(CHANGED, 'csv:"a[3]"[2]', "2", "3")],
            id="odd name",
        ),
    ],
)
def test_difference(legacy: str, target: str, differences: list[Difference]) -> None:
    """A cell is named by column and row; from the other side it is the same, swapped."""
    assert found(legacy, target) == Found(differences, [])
    assert found(target, legacy) == Found(swapped(differences), [])


def test_tabs() -> None:
    """Or anything else that separates cells; in doubt it is what hardly stands in a cell."""
    differences = found("a\tb,c\n1\t2", "a\tb,c\n1\t3").differences

    assert differences == [Difference(CHANGED, "csv:b,c[2]", "2", "3")]


@pytest.mark.parametrize("column", ["b", "c"])
def test_ignored_columns(column: str) -> None:
    """Their cells do not count, nor whether they are there, and rows are aligned without them."""
    rows = [f"{i},x" for i in range(40)]
    legacy = f"a,{column}\n" + "\n".join(rows)
    target = "a,b\nnew,y\n" + "\n".join(row.replace("x", "z") for row in rows)

    ignored = found(legacy, target, "b", "c", "d")
    assert [difference.path for difference in ignored.differences] == ["csv[2]"]
    assert "csv:b" in ignored.hits
    assert "csv:d" not in ignored.hits


def test_values_that_count_as_equal() -> None:
    """The rule is asked for each pair of unequal cells; its line is named once."""
    assert compare("a,b\n1,2", "a,b\n3,4", NONE, lenient) == Found([], [], ("any",))


@pytest.mark.parametrize(
    "body",
    ["", "\n\n", "text\nmore, text", "<html>", pytest.param('a,b\n"' + "x" * 200_000, id="an open quote")],
)
def test_no_table(body: str) -> None:
    """One cell in the first row, or a quote that nobody closed: for the caller to compare as text, unless
    the other side is a table, of whose lines no mask could tell what is in them."""
    assert compare(body, "text", NONE, strict) is None
    for sides in ((body, "a,b\n1,2"), ("a,b\n1,2", body)):
        assert [each.path for each in found(*sides).differences] == ["body"]


HOSTILE = {
    "commas": ("," * 10_000_000, "a,b"),
    "lines": ("a,b" + "\n" * 10_000_000, "a,b"),
    "commas within the limit": ("," * 99_000, ";," * 99_000),
    "rows within the limit": (
        "a,b\n" + "".join(f"{i},{i}\n" for i in range(45_000)),
        "a,b\n" + "".join(f"{-i},{i}\n" for i in range(45_001)),
    ),
    "small gaps": (
        "a,b\n" + "".join(f"{i if i % 16 else ''},{i}\n" for i in range(45_000)),
        "a,b\n" + "".join(f"{-i if i % 16 else ''},{i}\n" for i in range(45_000)),
    ),
    "short rows under a wide head": (
        ",".join(f"c{i}" for i in range(40_000)) + "\n" + "1\n" * 40_000,
        ",".join(f"c{i}" for i in range(40_000)) + "\n" + "2\n" * 40_000,
    ),
    "NUL": ("a,b\0\n" * 45_000, "a,b\n" * 45_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tables(name: str) -> None:
    """Take bounded time, whichever side they come from, and say what was not compared."""
    one, other = HOSTILE[name]

    for legacy, target in ((one, other), (other, one)):
        result = within(1, partial(found, legacy, target))
        assert result.differences
        assert result.notes or len(result.differences) < 100


CELLS = st.text(st.sampled_from('ab1,;| "\n\0é'), max_size=3)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=6)


def written(rows: list[list[str]], quoting: int = csv.QUOTE_MINIMAL) -> str:
    """A table as the standard library writes it."""
    out = io.StringIO()
    csv.writer(out, quoting=quoting).writerows(rows)
    return out.getvalue()


@given(TABLES, TABLES)
@settings(deadline=None)
def test_laws(legacy: list[list[str]], target: list[list[str]]) -> None:
    """Nothing differs from itself however it is quoted, tables differ exactly where their rows do, and
    swapping the sides swaps what is found."""
    one, other = written(legacy), written(target)

    assert found(one, one) == Found([], [])
    assert found(one, written(legacy, csv.QUOTE_ALL)) == Found([], [])
    result = found(one, other)
    assert swapped(result.differences) == found(other, one).differences
    assert bool(result.differences) == (legacy != target)


@given(st.text(), st.text())
def test_never_an_error(legacy: str, target: str) -> None:
    """Whatever the bodies."""
    compare(f"a,{legacy}", f"b,{target}", NONE, strict)
