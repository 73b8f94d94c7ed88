"""Bodies that are tables: values separated by commas, semicolons, tabs or bars, by row and column.

A cell is `csv:price[12]`, column and row, the header row being the first; a whole column `csv:price` and a
whole row `csv[12]`. What stands above, a title or Excel's `sep=;`, is `csv`. Without a header row that both
sides have in common, columns are numbers from 1. How a cell is quoted and how lines end does not count.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Hashable
from itertools import islice, pairwise
from typing import NamedTuple, TypeAlias

from shadow.compare import beside
from shadow.compare.align import Pair, place
from shadow.compare.binary import whole_texts
from shadow.compare.found import SOUGHT, Findings, Found, Silences, added, changed, missing, shown
from shadow.compare.pairing import matched, reordered
from shadow.model import DifferenceKind

MOST_CELLS = 100_000
"""Cells and rows of one table, some 1 MB; beyond, bodies are compared as a whole."""

_SEPARATORS = ("\t", ",", ";", "|")  # where a first row has as many of two, the earlier one
_LONGEST_HEAD = 10_000  # characters of a first row that are looked at
ABOVE = 10  # rows among which it is looked for
_QUOTED = re.compile(r'"[^"]*+"')
_NAMING = 10  # columns that say what a value in their row is
_LONGEST_NAME = 60  # characters of a cell that may be the name of a column
_NUMBERED = re.compile(r'.*\[\d+\]|".*', re.DOTALL)

Cells: TypeAlias = list[str]


class _Table(NamedTuple):
    """What stands above the first row of several cells, and the rows from that on."""

    above: str
    rows: list[Cells]


class _Row(NamedTuple):
    """A row as it is compared: the cells of the columns that both sides have, and what stands beyond."""

    cells: tuple[str | None, ...]
    beyond: str

    @property
    def key(self) -> str:
        """The same for equal rows."""
        return repr(tuple(self))

    @property
    def name(self) -> str:
        """Any row may be paired with any."""
        return ""

    def parts(self) -> frozenset[Hashable]:
        """What another row may have too."""
        return frozenset(enumerate(self.cells))


class _Column(NamedTuple):
    """A column that both sides have: its name, and where it stands."""

    name: str
    ours: int
    theirs: int


def separator(*bodies: str) -> str:
    """The separator of these tables: the one that all of their first rows have most of. The row with the
    fewest of a kind counts, for what stands within a cell only some writers quote."""
    firsts = [_first_row(body) for body in bodies]
    return max(_SEPARATORS, key=lambda each: min(first.count(each) for first in firsts))


def _first_row(body: str) -> str:
    """The first row of a table, without what is quoted: one that has as many of a separator as the next, as a
    title has not."""
    lines = _QUOTED.sub("", body[:_LONGEST_HEAD]).replace("\r", "\n").split("\n")
    rows = [line for line in lines if line][: ABOVE + 1] or [""]
    alike = (
        row
        for row, after in pairwise(rows)
        if any(0 < row.count(each) == after.count(each) for each in _SEPARATORS)
    )
    return next(alike, rows[0])


def compare(legacy: str, target: str, ignored: frozenset[str], silence: Silences) -> Found | None:
    """Differences of two tables; None where both are none."""
    delimiter = separator(legacy, target)
    for body in (legacy, target):
        if body.count(delimiter) + body.count("\n") + body.count("\r") > MOST_CELLS:
            return whole_texts(legacy, target, f"more than {MOST_CELLS} cells")
    ours, theirs = _table(legacy, delimiter), _table(target, delimiter)
    if ours is None or theirs is None:
        if all(_table(body, separator(body)) is None for body in (legacy, target)):
            return None
        # A line of a table does not say what is in it: nobody could mask it.
        return whole_texts(legacy, target, "no tables of one kind")
    # Short rows may stand under a wide head.
    if max(len(side.rows) * len(side.rows[0]) for side in (ours, theirs)) > MOST_CELLS:
        return whole_texts(legacy, target, f"more than {MOST_CELLS} cells")
    walk = _Walk(ignored, silence)
    walk.value("csv", ours.above or None, theirs.above or None)
    walk.tables(ours.rows, theirs.rows)
    return walk.found()


def _table(body: str, delimiter: str) -> _Table | None:
    """A table without empty lines; None for a body whose rows are single cells."""
    try:
        rows = [row for row in csv.reader(io.StringIO(body, newline=""), delimiter=delimiter) if row]
    except csv.Error:  # a cell of over 128 KB: a quote that nobody closed
        return None
    first = next((number for number, row in enumerate(rows[:ABOVE]) if filled(row) > 1), 0)
    if not rows or len(rows[first]) < 2:
        return None
    return _Table(", ".join(map(repr, rows[:first])), rows[first:])


def filled(row: Cells) -> int:
    """How many cells of a row have something in them: of a title one."""
    return sum(bool(cell.strip()) for cell in row)


def _header(row: Cells) -> bool:
    """Does the row look like names: short ones, each once, and none a number?"""
    return len(set(row)) == len(row) and all(
        len(name) <= _LONGEST_NAME and name.strip(" +-.")[:1].strip("0123456789") for name in row
    )


def _named(legacy: Cells, target: Cells) -> bool:
    """Do both tables begin with a header row, and have a column in common?"""
    return _header(legacy) and _header(target) and not set(legacy).isdisjoint(target)


def _numbers(row: Cells) -> Cells:
    return [str(number) for number in range(1, len(row) + 1)]


class _Walk(Findings):
    """Compares two tables, and collects what it finds."""

    def __init__(self, ignored: frozenset[str], silence: Silences) -> None:
        super().__init__(silence)
        self._ignored = ignored
        self._naming: list[tuple[list[Cells], list[int]]] = []
        """Of each side the rows, and the columns that say what a value in their row is."""

    def tables(self, legacy: list[Cells], target: list[Cells]) -> None:
        """Differences of columns, then of rows."""
        named = _named(legacy[0], target[0])
        heads = [row[0] if named else _numbers(row[0]) for row in (legacy, target)]
        columns = self._columns(*heads)
        self._ignored_columns(legacy, target, columns)
        columns = [column for column in columns if not self._line(column.name)]
        self._naming = [
            (rows[named:], _naming(head)) for rows, head in zip((legacy, target), heads, strict=True)
        ]
        ours = _compared(legacy[named:], [column.ours for column in columns], len(heads[0]))
        theirs = _compared(target[named:], [column.theirs for column in columns], len(heads[1]))
        if reordered(ours, theirs):
            values = ["; ".join(map(_written, side)) for side in (ours, theirs)]
            self.differences.append(changed("csv", values[0], values[1], DifferenceKind.ORDER))
            return
        for pair in matched(ours, theirs):
            if len(self.differences) > SOUGHT:
                return
            self._row(pair, ours, theirs, [column.name for column in columns], 1 + named)

    def _columns(self, legacy: Cells, target: Cells) -> list[_Column]:
        """What differs in the columns themselves; gives back those that both sides have."""
        ours, theirs = ({name: number for number, name in enumerate(side)} for side in (legacy, target))
        for name in sorted(ours.keys() ^ theirs.keys()):
            if line := self._line(name):
                self.hits[line] = None
            elif name in ours:
                self.differences.append(missing(_path(name), name))
            else:
                self.differences.append(added(_path(name), name))
        shared = [_Column(name, number, theirs[name]) for name, number in ours.items() if name in theirs]
        there = sorted(shared, key=lambda column: column.theirs)
        if shared != there:
            orders = [", ".join(column.name for column in side) for side in (shared, there)]
            self.differences.append(changed("csv", orders[0], orders[1], DifferenceKind.ORDER))
        return sorted(shared, key=lambda column: (column.ours + column.theirs, column.name))

    def _ignored_columns(self, legacy: list[Cells], target: list[Cells], columns: list[_Column]) -> None:
        for name, ours, theirs in columns:
            line = self._line(name)
            if line and [row[ours : ours + 1] for row in legacy] != [
                row[theirs : theirs + 1] for row in target
            ]:
                self.hits[line] = None

    def _line(self, name: str) -> str:
        """By which a column is not compared, which names it as it stands or as differences do; or empty."""
        return next((line for line in (f"csv:{name}", _path(name)) if line[4:] in self._ignored), "")

    def _row(self, pair: Pair, legacy: list[_Row], target: list[_Row], names: list[str], first: int) -> None:
        i, j = pair
        number = f"[{place(pair) + first}]"
        if j is None:
            self.differences.append(missing(f"csv{number}", _written(legacy[place(pair)])))
        elif i is None:
            self.differences.append(added(f"csv{number}", _written(target[j])))
        else:
            for name, ours, theirs in zip(names, legacy[i].cells, target[j].cells, strict=True):
                before = len(self.differences)
                self.value(_path(name) + number, ours, theirs)
                if len(self.differences) > before and name.lower() in beside.VALUES:
                    beside.call(self.differences, before, self._said(0, i), self._said(1, j))
            self.value(f"csv{number}", legacy[i].beyond, target[j].beyond)

    def _said(self, side: int, row: int) -> list[str]:
        """What a row of a side says of a value in it, be it in a column that the other side has or not."""
        rows, naming = self._naming[side]
        return [rows[row][column] for column in naming if column < len(rows[row])]


def _naming(head: Cells) -> list[int]:
    return list(islice((i for i, name in enumerate(head) if name.lower() in beside.NAMES), _NAMING))


def _compared(rows: list[Cells], columns: list[int], width: int) -> list[_Row]:
    """The rows by the columns at these places; a cell beyond the width of the head belongs to none."""
    return [
        _Row(
            tuple(row[column] if column < len(row) else None for column in columns),
            ", ".join(map(repr, row[width:])),
        )
        for row in rows
    ]


def _written(row: _Row) -> str:
    return ", ".join(filter(None, (*row.cells, row.beyond)))


def _path(column: str) -> str:
    """The path of a column; quoted where its own name could be taken for a quoted or a numbered one."""
    name = shown(column)
    return f"csv:{json.dumps(name, ensure_ascii=False) if _NUMBERED.fullmatch(name) else name}"
