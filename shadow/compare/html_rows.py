"""Rows that two pages share become numbers, so that they need not be taken apart.

Most of a page is rows, of a table or a list, and most rows of two answers are the same. Equal rows get the
same number on both sides and unequal ones keep their text, so that comparing the shortened pages finds what
comparing the whole ones does. Only what a row holds cannot be told then: whoever needs it finds `MARK`.
"""

from __future__ import annotations

import re

NAMES = ("tr", "li", "p", "div")
"""Elements that are rows. Of a line of text none: what stands beside it tells whether white space is seen."""

MARK = "\udfff"
"""Stands in a row that was shortened, and in no page: it cannot be encoded."""


class Shortened(Exception):
    """What is within a row has to be known after all."""


def whole(text: str) -> str:
    """The text; raises `Shortened` where a row in it is no more than a number."""
    if MARK in text:
        raise Shortened
    return text


_FEW = 20  # rows that are not worth it
_SAMPLE = 8192  # characters

_BETWEEN = re.compile(r">[ \t\n\f\r]+<")
_KEEPING = re.compile(r"<(?:pre|textarea|listing)[ >]")  # in these, white space between tags is seen


def split(*pages: str) -> tuple[str, list[list[str]]]:
    """The pages at the end tag of the rows that the first has most of, in its middle; and that tag."""
    middle = len(pages[0]) // 2
    sample = pages[0][max(0, middle - _SAMPLE) : middle + _SAMPLE]
    end = max((f"</{name}>" for name in NAMES), key=sample.count)
    return end, [page.split(end) for page in pages]


def shortened(legacy: str, target: str) -> tuple[str, str]:
    """Two pages as a parser writes them, with numbers in the place of what is within the rows of both. The
    first and the last of equal rows in a run stay, so that what stands beside a row is what it was."""
    end, (ours, theirs) = split(legacy, target)
    if len(ours) < _FEW:
        return legacy, target
    found = _found(ours, theirs)
    if found.count(-1) * 2 > len(found) and not (_KEEPING.search(legacy) or _KEEPING.search(target)):
        # Perhaps one side is indented otherwise, everywhere.
        ours, theirs = (_BETWEEN.sub("> <", page).split(end) for page in (legacy, target))
        found = _found(ours, theirs)
    name = end[2:-1]
    starts = f"<{name}>", f"<{name} "
    equal: list[tuple[int, int]] = []
    for i, (before, j, after) in enumerate(zip(found, found[1:-1], found[2:-1], strict=False), 1):
        row = ours[i]
        # Within a run, and a whole row that holds no other.
        if (
            before + 1 == j == after - 1
            and row.startswith(starts, row.find("<"))
            and row.count(starts[0][:-1]) == 1
        ):
            equal.append((i, j))
    # Numbered by their order as texts, which is the same from both sides.
    numbers = {row: number for number, row in enumerate(sorted({ours[i] for i, _ in equal}))}
    for i, j in equal:
        row = ours[i]
        ours[i] = theirs[j] = f"{row[: row.find('<')]}{starts[0]}{MARK}{numbers[row]}"
    return end.join(ours), end.join(theirs)


def _found(ours: list[str], theirs: list[str]) -> list[int]:
    """For each row where the other side has it; -1 if it has not, or if that cannot be told."""
    if len(ours) == len(theirs):
        same = [i if row == other else -1 for i, (row, other) in enumerate(zip(ours, theirs, strict=True))]
        if same.count(-1) * 2 <= len(same):
            return same
    here, there = _once(ours), _once(theirs)
    return [there.get(row, -1) if here[row] >= 0 else -1 for row in ours]


def _once(rows: list[str]) -> dict[str, int]:
    """Where each row stands; -1 for one that stands in several places."""
    places: dict[str, int] = {}
    for i, row in enumerate(rows):
        places[row] = -1 if row in places else i
    return places
