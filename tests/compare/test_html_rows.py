"""Shortened pages differ in what the whole ones differ in."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from shadow.compare import html, html_rows, html_tree
from shadow.compare.found import Found
from shadow.compare.html_rows import MARK, shortened


def unsilenced(legacy: str, target: str) -> None:
    """No rule makes anything equal."""


def table(*rows: str) -> str:
    """A page as a parser writes it."""
    return html_tree.write(
        html_tree.parse(f"<table>{''.join(f'<tr><td>{row}</td></tr>' for row in rows)}</table>")
    )


def whole(legacy: str, target: str) -> Found:
    """What differs, without shortening anything."""
    with patch.object(html_rows, "shortened", lambda *pages: pages):
        return html.compare(legacy, target, (), unsilenced)


def test_what_both_have_in_a_run_becomes_a_number() -> None:
    """The same on both sides; what differs keeps its text, and so do its neighbours."""
    rows = [f"row {i}" for i in range(30)]
    ours, theirs = shortened(table(*rows), table(*rows[:10], "new", *rows[11:]))
    assert ours.count(MARK) == theirs.count(MARK) == 25
    assert "row 10" in ours
    assert "new" in theirs
    assert "row 9" in ours
    assert "row 11" in theirs
    assert "row 5<" not in ours


def test_few_rows_stay() -> None:
    """Nothing is won by shortening a small page."""
    pages = table("a", "b"), table("a", "c")
    assert shortened(*pages) == pages


def test_indentation_is_no_difference_between_rows() -> None:
    """Where every row is indented otherwise; but not where white space is seen."""
    page = "<ul>" + "".join(f"<li>\n<b>{i}</b>\n</li>" for i in range(40)) + "</ul>"
    pages = [html_tree.write(html_tree.parse(each)) for each in (page, page.replace("\n", "\n  "))]
    assert MARK in shortened(*pages)[0]
    kept = [each.replace("<b>1</b>", "<pre> <b>1</b></pre>") for each in pages]
    assert MARK not in shortened(*kept)[0]


WORDS = st.sampled_from(["a", "b", "<b>c</b>", " d ", "<p>e", "<i>", "<table><tr><td>f</table>", "<li>g"])
ROWS = st.lists(st.lists(WORDS, max_size=3).map("".join), max_size=8)
ELEMENTS = st.sampled_from(
    ["<tr><td>{}</td></tr>", "<li>{}</li>", "<p>{}</p>", "<div>{}</div>", "<tr class=x><td>{}"]
)


@given(ROWS, st.lists(st.tuples(st.integers(0, 40), WORDS | st.none()), max_size=4), ELEMENTS, st.booleans())
def test_the_shortened_differ_as_the_whole(
    some: list[str], changes: list[tuple[int, str | None]], element: str, moved: bool
) -> None:
    """Whatever was changed, taken away or moved: the same differences, at the same places."""
    rows = [*some, *(f"row {i}" for i in range(30))]
    others = list(rows)
    for at, word in changes:
        if word is None:
            others.pop(at % len(others))
        else:
            others[at % len(others)] = word
    if moved:
        others[3], others[-3] = others[-3], others[3]
    legacy, target = ("<table>" + "".join(map(element.format, each)) + "</table>" for each in (rows, others))

    found = html.compare(legacy, target, (), unsilenced)
    assert found == whole(legacy, target)
    other = html.compare(target, legacy, (), unsilenced)
    assert [each.swapped() for each in other.differences] == found.differences


@given(st.lists(st.tuples(st.integers(0, 40), WORDS | st.none()), max_size=4), ELEMENTS)
def test_rows_that_recur(changes: list[tuple[int, str | None]], element: str) -> None:
    """What belongs to what may be told in several ways then, but the same from both sides."""
    rows = [f"row {i // 2}" for i in range(30)]
    others = list(rows)
    for at, word in changes:
        others[at % len(others)] = word or "row 3"
    legacy, target = ("<table>" + "".join(map(element.format, each)) + "</table>" for each in (rows, others))

    found = html.compare(legacy, target, (), unsilenced)
    other = html.compare(target, legacy, (), unsilenced)
    assert [each.swapped() for each in other.differences] == found.differences
    assert bool(found.differences) == bool(whole(legacy, target).differences)
