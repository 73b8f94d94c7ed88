"""What stands beside a place in a page and says what it is: the cell before it, the heads of its row and its
column, `<dt>`, `<label>`, a text that ends in a colon."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from shadow.compare import html_rows
from shadow.compare.beside import BOLD, CELLS, COLONS, HEADS, LINKS, columns, label, writable
from shadow.compare.html_path import Place
from shadow.compare.html_tree import FIELDS, Page

_OF_ROWS = ("tr", "tbody", "tfoot")
_FARTHEST = 20  # tags between that of a table and its first row
_BOLD = tuple(f"<{name}{end}" for name in BOLD for end in " >")
_NEAR = 10  # tags between a label and its value


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
        self._heading: set[int] = set()  # rows of a head whose cells need not be called so

    def of(self, place: Place) -> Iterable[str]:
        item = self._item(place)
        if item is None:
            return ()
        before = html_rows.whole(self._page.before(item))
        said = [before] if before.endswith(COLONS) else [self._label(item)]
        return chain(said, self._around(place))

    def _item(self, place: Place) -> int | None:
        return place.legacy if self._ours else place.target

    def _label(self, item: int) -> str:
        """What the `<label>` says that an item stands behind, or if it is a field, in; empty without one."""
        page = self._page
        last = item if item >= 0 else ~item
        if page.name(last) in LINKS or not writable(page.name(last), page.attributes(last).get("type", "")):
            return ""
        in_label = page.name(last) in FIELDS
        texts: list[str] = []
        for number in range(last, max(last - _NEAR, 0), -1):
            name = page.name(number)
            if name == "label":
                return html_rows.whole(" ".join(reversed(texts))) if in_label else ""
            if name == "/label":
                if texts:
                    break
                in_label = True
            elif number != last and name.removeprefix("/") in FIELDS | LINKS:
                break
            texts += page.text(~(number - 1)).split()[::-1]
        return ""

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
        heads = self._heads(place.parent)
        if row in self._heading:
            return []
        cell = self._cells(row)[item]
        return [*cell.names, *heads[cell.column : cell.column + cell.span]]

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
        heading = False
        for number in range(table + 1, table + _FARTHEST):
            name = self._page.name(number)
            if name in ("table", "/table"):  # one in a cell, or its own end
                break
            heading = name == "thead" or (heading and name != "/thead")
            if name == "tr":
                if heading or self._is_bold(number):
                    self._heading.add(number)
                cells = self._cells(number).values()
                said = [cell.head for cell in cells for _ in range(cell.span)]
                heads = said if any(said) else heads
                if len(cells) > 1:
                    break
        return heads

    def _is_bold(self, row: int) -> bool:
        """Do all cells of a row begin in bold, as those of a head whose cells are not called so?"""
        cells = [item for item in self._page.children(row) if self._page.name(item) in CELLS]
        inner = (self._page.written(cell)[:1000].partition(">")[2].lstrip() for cell in cells)
        return len(cells) > 1 and all(text.startswith(_BOLD) for text in inner)

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
                is_head = name == "th" or row in self._heading
                cells[item] = _Cell(column, span, (last, head), words if is_head else "")
                column += span
                last, head = label(name, words), words if name in HEADS else head
        return cells
