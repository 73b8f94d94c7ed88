"""Text by charset and by lines."""

from __future__ import annotations

import pytest

from shadow.compare.charset import read
from shadow.compare.found import Found
from shadow.compare.text import MOST_LINES, byte_order_mark, compare
from shadow.model import Difference, DifferenceKind

CHANGED, MISSING, ADDED = DifferenceKind.CHANGED, DifferenceKind.MISSING, DifferenceKind.ADDED


def unsilenced(legacy: str, target: str) -> None:
    """No rule makes anything equal."""


@pytest.mark.parametrize(
    ("legacy", "target", "differences"),
    [
        pytest.param("a\nb\nc", "a\nb\nc", [], id="equal"),
        pytest.param("a\nb\nc", "a\nB\nc", [Difference(CHANGED, "text:2", "b", "B")], id="a line changed"),
        pytest.param("a\nb\nc", "a\nc", [Difference(MISSING, "text:2", "b", None)], id="a line missing"),
        pytest.param("a\nc", "a\nb\nc", [Difference(ADDED, "text:2", None, "b")], id="a line added"),
        pytest.param(
            "a\r\nb",
            "a",
            [Difference(MISSING, "text:2", "b", None)],
            id="a single line has no line ends",
        ),
        pytest.param("a", "a\n", [Difference(ADDED, "text:2", None, "")], id="an end of line added"),
        pytest.param(
            "a\nb\nc\nd\ne",
            "a\nx\nc\ny\nd\ne",
            [Difference(CHANGED, "text:2", "b", "x"), Difference(ADDED, "text:4", None, "y")],
            id="what follows an added line has not changed",
        ),
        pytest.param(
            "a\r\nb\r\n",
            "a\nb\n",
            [Difference(CHANGED, "text", "lines end with CR LF", "lines end with LF")],
            id="line ends differ once, not in every line",
        ),
        pytest.param(
            "a\r\nb\n",
            "a\nb\r\n",
            [Difference(CHANGED, "text:1", "a\r", "a"), Difference(CHANGED, "text:2", "b", "b\r")],
            id="mixed line ends differ by line",
        ),
    ],
)
def test_lines(legacy: str, target: str, differences: list[Difference]) -> None:
    """Lines are named by number, from 1, and shown as they are."""
    assert compare(legacy, target, unsilenced) == Found(differences, [])


def test_a_rewritten_page_is_cut() -> None:
    """Of a thousand changed lines a hundred are listed, and a note says so."""
    found = compare("a\n" * 1000 + "b", "\n".join(map(str, range(1000))), unsilenced)

    assert found is not None
    assert len(found.differences) == 100
    assert found.notes == ["only the first 100 differences of the body are listed"]


def test_too_many_lines_are_not_compared() -> None:
    """Millions of empty lines would take gigabytes as lists."""
    assert compare("\n" * (MOST_LINES + 1), "", unsilenced) is None


def test_a_byte_order_mark_is_one_difference() -> None:
    """A mark on one side only is a difference in charset, not in the first line."""
    found = byte_order_mark(read(b"\xef\xbb\xbfa", "", "text/plain"), read(b"a", "", "text/plain"))

    assert found == [Difference(DifferenceKind.CHARSET, "body", "byte order mark", "no byte order mark")]


def test_a_silenced_line_is_a_hit() -> None:
    """A changed line that a rule makes equal is no difference; the rule is named once. It is not asked of
    lines that one side only has."""
    asked: list[tuple[str, str]] = []

    def silence(legacy: str, target: str) -> str | None:
        asked.append((legacy, target))
        return "rule" if legacy != "c" else None

    found = compare("a\n-\nb\n-\nc", "A\n-\nB\n-\nC\nd", silence)

    expected = [Difference(CHANGED, "text:5", "c", "C"), Difference(ADDED, "text:6", None, "d")]
    assert found == Found(expected, [], ("rule",))
    assert asked == [("a", "A"), ("b", "B"), ("c", "C")]
