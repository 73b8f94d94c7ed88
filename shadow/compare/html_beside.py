"""What stands beside a place in a page and says what it is: the cell before it, the heads of its row and its
column, `<dt>`, a text that ends in a colon."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from shadow.compare import html_rows
from shadow.compare.beside import CELLS, COLONS, HEADS, columns, label
from shadow.compare.html_path import Place
from shadow.compare.html_tree import Page

_OF_ROWS = ("tr", "tbody", "tfoot")
_FARTHEST = 20  # tags between that of a table and its first row


class _Cell(NamedTuple):
    """One of a row: its first column and how many it has, what those before it say, and what it says itself
    if it is a head."""

    column: int
    span: int
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
        before = html_rows.whole(self._page.before(item))
        return chain([before] if before.endswith(COLONS) else (), self._around(place))

    def _item(self, place: Place) -> int | None:
        return place.legacy if self._ours else place.target

    def _around(self, place: Place) -> list[str]:
        """What is said of the cell, or of the cells of the row, that a place is in."""
        here: Place | None = place
        while here is not None and (item := self._item(here)) is not None:
            name = self._page.name(item)
            if name in _OF_ROWS:
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
        return [*cell.names, *self._heads(place.parent)[cell.column : cell.column + cell.span]]

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
        """The heads of the first row of several cells, or of a title above it."""
        heads: list[str] = []
        for number in range(table + 1, table + _FARTHEST):
            name = self._page.name(number)
            if name in ("table", "/table"):  # one in a cell, or its own end
                break
            if name == "tr":
                cells = self._cells(number).values()
                said = [cell.head for cell in cells for _ in range(cell.span)]
                heads = said if any(said) else heads
                if len(cells) > 1:
                    break
        return heads

    def _cells(self, row: int) -> dict[int, _Cell]:
        if row not in self._rows:
            html_rows.whole(self._page.written(row))
            self._rows[row] = self._read(row)
        return self._rows[row]

    def _read(self, row: int) -> dict[int, _Cell]:
        cells: dict[int, _Cell] = {}
        last = head = ""
        column = 0
        for item in self._page.children(row):
            name = self._page.name(item)
            if name in CELLS:
                words = self._page.words(item)
                span = columns(self._page.attributes(item).get("colspan", ""))
                cells[item] = _Cell(column, span, (last, head), words if name == "th" else "")
                column += span
                last, head = label(name, words), words if name in HEADS else head
        return cells
