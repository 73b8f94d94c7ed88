"""How values of differences are shown."""

from __future__ import annotations

import pytest

from shadow.compare.found import LISTED, SHOWN, SOUGHT, Found, added, changed, cut, missing, shown
from shadow.model import DifferenceKind


def test_short_values_are_shown_whole() -> None:
    """Nothing is done to a value that fits."""
    difference = changed("status", "200", "500")

    assert (difference.kind, difference.legacy, difference.target) == (DifferenceKind.CHANGED, "200", "500")


def test_long_values_are_cut() -> None:
    """A value is bounded, and one can see that it was longer."""
    assert shown("x" * 1000) == "x" * (SHOWN - 1) + "…"


def test_long_values_are_shown_where_they_begin_to_differ() -> None:
    """The first unequal character is in sight, however far into the value it stands."""
    difference = changed("body", "x" * 5000 + "old", "x" * 5000 + "new")

    assert difference.legacy == "…" + "x" * 40 + "old"
    assert difference.target == "…" + "x" * 40 + "new"


def test_shown_values_can_be_written_as_utf8() -> None:
    """A lone surrogate becomes its escape; other characters stay."""
    assert shown("価格\ud800") == "価格\\ud800"
    assert len(shown("\ud800" * SHOWN)) == SHOWN


def test_absent_values_are_none() -> None:
    """What is not there has no text, not an empty one."""
    assert missing("header:a", "").target is None
    assert added("header:a", "").legacy is None


def test_differences_alike_are_listed_to_a_bound() -> None:
    """Exactly as many as are listed need no note; one more does. Of another cause one is listed, always."""
    differences = [missing(f"text:{i}", "") for i in range(LISTED + 1)]
    other = changed("json:$.a", "1", "2")

    assert cut(differences[:LISTED], []) == Found(differences[:LISTED], [])
    found = cut([*differences, other, other], ["before"])
    assert found.differences == [*differences[:LISTED], other]
    assert found.notes == ["before", "2 more differences are like those listed"]
    assert not found.is_cut


@pytest.mark.parametrize("path", ["text:{}", "json:$.k{}"])
def test_the_list_is_cut_with_a_note(path: str) -> None:
    """Where nobody has looked any further, or causes are too many to be listed."""
    differences = [missing(path.format(i), "") for i in range(SOUGHT + 1)]

    found = cut(differences, ["before"])
    assert found.differences == differences[:LISTED]
    assert found.notes == ["before", "only the first 100 differences of the body are listed"]
    assert found.is_cut
