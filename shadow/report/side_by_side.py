"""Two bodies side by side, around what differs. Pure.

Bodies are hostile: however long, or however many lines, a look takes about a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import zip_longest

import msgspec

from shadow.record.bodies import Kept
from shadow.report.shown import Line

ROWS = 40
"""Shown of one example."""

WIDE = 160
"""Characters shown of a line."""

_AROUND = 3  # equal rows before and after one that differs
_COMPARED = 150  # lines of each side from the first unequal one on
_LONG = 400  # characters of a line that is broken up
_LEAD = 40  # equal characters shown before the first unequal one


def beside(legacy: Kept | None, target: Kept | None) -> list[Line]:
    """The rows; none where a side's text was not kept, or both are equal."""
    if legacy is None or target is None or legacy.text is None or target.text is None:
        return []
    ours, theirs = _lines(legacy.text, target.text)
    if ours == theirs:
        return []
    start = next((i for i, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), None)
    first = max(0, (min(len(ours), len(theirs)) if start is None else start) - _AROUND)
    rows = [Line("…", None, None)] if first else []
    rows += _thinned(_rows(ours[first : first + _COMPARED], theirs[first : first + _COMPARED]))
    more = len(rows) > ROWS or max(len(ours), len(theirs)) > first + _COMPARED
    return rows[:ROWS] + [Line("…", None, None)] * (more and rows[min(len(rows), ROWS) - 1].mark != "…")


def _lines(legacy: str, target: str) -> tuple[list[str], list[str]]:
    try:
        return _json(legacy), _json(target)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return _broken(legacy), _broken(target)


def _json(text: str) -> list[str]:
    """As it is, but for the blanks."""
    return msgspec.json.format(text.encode(), indent=2).decode().split("\n")


def _broken(text: str) -> list[str]:
    """Lines; markup in one long line has a line for each element."""
    if any(len(line) > _LONG for line in text.split("\n")):
        text = text.replace("><", ">\n<")
    return text.split("\n")


def _rows(ours: list[str], theirs: list[str]) -> Iterator[Line]:
    for tag, a, b, c, d in SequenceMatcher(None, ours, theirs).get_opcodes():
        if tag == "equal":
            yield from (Line("=", each[:WIDE], each[:WIDE]) for each in ours[a:b])
        else:
            for one, other in zip_longest(ours[a:b], theirs[c:d]):
                yield _unequal(one, other)


def _unequal(legacy: str | None, target: str | None) -> Line:
    if legacy is None or target is None:
        return Line("+" if legacy is None else "-", legacy and legacy[:WIDE], target and target[:WIDE])
    same = next((i for i, (a, b) in enumerate(zip(legacy, target, strict=False)) if a != b), 0)
    skipped = max(0, same - _LEAD) if max(len(legacy), len(target)) > WIDE else 0
    lead = "…" if skipped else ""
    return Line("!", lead + legacy[skipped : skipped + WIDE], lead + target[skipped : skipped + WIDE])


def _thinned(rows: Iterator[Line]) -> list[Line]:
    """Without equal rows far from any that differs."""
    every = list(rows)
    near = set[int]()
    for i, row in enumerate(every):
        if row.mark != "=":
            near.update(range(i - _AROUND, i + _AROUND + 1))
    thinned: list[Line] = []
    for i, row in enumerate(every):
        if i in near:
            thinned.append(row)
        elif not thinned or thinned[-1].mark != "…":
            thinned.append(Line("…", None, None))
    return thinned
