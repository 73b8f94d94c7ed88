"""What stands beside a place in a page and says what it is: the cell before it, the heads of its row and its
column, `<dt>`, a text that ends in a colon."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from shadow.compare import html_rows
from shadow.compare.beside import CELLS, COLONS, HEADS, label
from shadow.compare.html_path import Place
from shadow.compare.html_tree import Page

_FARTHEST = 20  # tags between that of a table and its first row


class _Cell(NamedTuple):
    """One of a row: its column, what those before it say, and what it says itself if it is a head."""

    column: int
    names: tuple[str, ...]
    head: str


class Labels:
    """Finds them in two pages."""

    def __init__(self, legacy: Page, target: Page) -> None:
        self._sides = _Side(legacy, ours=True), _Side(target, ours=False)

    def of(self, place: Place) -> list[Iterable[str]]:
        """What is said of a place, for each side."""
        return [side.of(place) for side in self._sides]


class _Side:
    """One of the two. Each row is read once."""

    def __init__(self, page: Page, *, ours: bool) -> None:
        self._page = page
        self._ours = ours
        self._rows: dict[int, dict[int, _Cell]] = {}
        self._columns: dict[int, list[str]] = {}

    def of(self, place: Place) -> Iterable[str]:
        item = self._item(place)
        if item is None:
            return ()
        before = self._page.before(item)
        return chain([before] if before.endswith(COLONS) else (), self._around(place))

    def _item(self, place: Place) -> int | None:
        return place.legacy if self._ours else place.target

    def _around(self, place: Place) -> list[str]:
        """What is said of the cell, or of the cells of the row, that a place is in."""
        here: Place | None = place
        while here is not None and (item := self._item(here)) is not None:
            name = self._page.name(item)
            if name == "tr":
                return self._heads(here)
            if name in HEADS:
                break
            if name in CELLS:
                return self._said(here, item)
            here = here.parent
        return []

    def _said(self, place: Place, item: int) -> list[str]:
        row = self._item(place.parent) if place.parent is not None else None
        if row is None or place.parent is None:
            return []
        cell = self._cells(row)[item]
        return [*cell.names, *self._heads(place.parent)[cell.column : cell.column + 1]]

    def _heads(self, row: Place) -> list[str]:
        """The heads of the columns of a row's table; empty for a cell that is none."""
        here: Place | None = row
        while here is not None and (item := self._item(here)) is not None:
            if self._page.name(item) == "table":
                if item not in self._columns:
                    self._columns[item] = self._first_row(item)
                return self._columns[item]
            here = here.parent
        return []

    def _first_row(self, table: int) -> list[str]:
        near = range(table + 1, table + _FARTHEST)
        first = next((number for number in near if self._page.name(number) == "tr"), None)
        return [] if first is None else [cell.head for cell in self._cells(first).values()]

    def _cells(self, row: int) -> dict[int, _Cell]:
        if row not in self._rows:
            html_rows.whole(self._page.written(row))
            self._rows[row] = self._read(row)
        return self._rows[row]

    def _read(self, row: int) -> dict[int, _Cell]:
        cells: dict[int, _Cell] = {}
        last = head = ""
        for item in self._page.children(row):
            name = self._page.name(item)
            if name in CELLS:
                words = self._page.words(item)
                cells[item] = _Cell(len(cells), (last, head), words if name == "th" else "")
                last, head = label(name, words), words if name in HEADS else head
        return cells
