"""What stands beside a value in XML or HTML, and says that it is a secret: `<key>password</key><string>…`,
`<th>Password</th><td>…`, `<b>Password:</b> …`. Pure.

Told of tags and texts in their order; nothing is a tree here, so a page may say more to be a secret than is.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from shadow.compare import beside
from shadow.compare.html_tree import FIELDS

if TYPE_CHECKING:
    from shadow.record.mask import Mask

_ELEMENT = re.compile(r"<(/?)(?:[\w.-]++:)?([\w.-]++)([^<>]*+)>([^<]*+)")
_VALUE = re.compile(rf"(?i)<(?:[\w.-]++:)?(?:{'|'.join(sorted(beside.ELEMENTS))})[\s>]")
_GROUPS = ("thead", "tbody", "tfoot")


def _attribute(name: str, begins: str) -> re.Pattern[str]:
    """Finds how the value of an attribute begins. In possessive steps: each blank is looked at once."""
    return re.compile(rf"(?i)(?:^|[\s\"'/]){name}\s*+=\s*+[\"']?+\s*+({begins})")


_TYPE, _COLSPAN = _attribute("type", r"\w+"), _attribute("colspan", r"\d+")


def _says(text: str, mask: Mask) -> bool:
    """Does a text say that a value beside it is a secret?"""
    said = html.unescape(text).strip()
    return len(said) <= beside.LONGEST and mask.named(said)


def told(text: str, mask: Mask) -> set[int]:
    """Where elements of XML begin that are secret by a name behind them, the first of their siblings':
    `<value>…</value><name>password</name>`. Of XML that was cut those too whose name may have stood there."""
    found: set[int] = set()
    if _VALUE.search(text) is None:
        return found
    around: list[tuple[bool, list[int]]] = []
    named, values = False, list[int]()
    for element in _ELEMENT.finditer(text):
        end, name, attributes, said = element.groups()
        if end:
            named, values = around.pop() if around else (False, [])
            continue
        name = name.lower()
        if name in beside.NAMES and not named:
            found.update(values if _says(said, mask) or said.endswith("…") else ())
            named, values = True, []
        elif name in beside.ELEMENTS and not named:
            values.append(element.start())
        if not attributes.endswith("/"):
            around.append((named, values))
            named, values = False, []
    return found.union(values, *(earlier for _, earlier in around)) if text.endswith("…") else found


class Elements:
    """Of XML: an element that is a value is what the last name before it says."""

    secret = False
    """Is a comment here one? No element says so of its neighbours' texts."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._naming = self._called = False

    def begins(self, name: str, _: str) -> bool:
        """Whether the element is a secret that begins here."""
        self._naming = name.lower() in beside.NAMES
        return self._called and name.lower() in beside.ELEMENTS

    def text(self, text: str) -> bool:
        """Whether a text is a secret. Takes in what it says of the next."""
        if self._naming:
            self._called = _says(text, self._mask)
        return False

    def ends(self, name: str) -> None:
        self._naming = False


class Cells:
    """Of HTML: a cell is what the one before it says, or the heads of its row and its column; what stands
    behind a label, or a field in one, is what that says."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._within = self._next = False  # a secret cell, and behind a colon
        self._before = ""  # the last text
        self._label: str | None = None  # the text of the one that is open
        self._labelled = False  # behind one of a secret
        self._heading = False  # in a `<thead>`
        self._cell = self._said = ""  # the name of the one that is open, and its text
        self._called = self._by_head = False
        self._column = 0
        self._span = range(0)  # columns of the cell that is open
        self._columns: set[int] = set()  # that are secret
        self._bold = False  # does the cell that is open begin so?
        self._row: list[tuple[bool, bool, range]] = []  # of each cell whether it does, and names a secret

    @property
    def secret(self) -> bool:
        """Is what stands here one?"""
        return self._within or self._next or self._labelled

    def begins(self, name: str, attributes: str) -> bool:
        """Whether the value is a secret of what begins here."""
        name = name.lower()
        if name in FIELDS and name != "output":
            return self._field(name, attributes)
        if name == "label":
            self._label, self._labelled = "", False
        elif name in beside.LINKS:
            self._labelled = False
        elif name in beside.BOLD:
            self._bold = self._bold or not self._said
        elif name in _GROUPS:
            self._heading = name == "thead"
        elif name in beside.CELLS:
            self._close()
            name = "th" if name == "td" and self._heading else name
            span = _COLSPAN.search(attributes)
            self._span = range(self._column, self._column + beside.columns(span[1] if span else ""))
            by_column = not self._columns.isdisjoint(self._span)
            self._within = name not in beside.HEADS and (self._called or by_column)
            self._cell, self._bold = name, False
        elif name in beside.ROWS:
            self._new_row(name)
        return self.secret

    def _field(self, name: str, attributes: str) -> bool:
        self._end_label()
        kind = _TYPE.search(attributes)
        secret = (
            self._within or self._next or (self._labelled and beside.writable(name, kind[1] if kind else ""))
        )
        self._next = self._labelled = False
        return secret

    def _end_label(self) -> None:
        """Take in what a label has said, at its end or at a field in it."""
        if self._label is not None:
            self._labelled, self._label = _says(self._label, self._mask), None

    def text(self, text: str) -> bool:
        """Whether a text is a secret. Takes in what it says of the next."""
        secret = self.secret
        if text := text.strip():
            self._labelled = False
            if self._label is not None and len(self._label) <= beside.LONGEST:
                self._label = f"{self._label} {text}"
            if beside.introduced(text):
                secret = secret or _says(self._before, self._mask)
            said = self._before + text if text in beside.COLONS else text
            self._next = said.endswith(beside.COLONS) and _says(said, self._mask)
            self._before = text
        if self._cell and len(self._said) <= beside.LONGEST:
            self._said += text
        return secret

    def ends(self, name: str) -> None:
        name = name.lower()
        if name in beside.CELLS:
            self._close()
        elif name in beside.ROWS:
            self._new_row(name)
        elif name == "label":
            self._end_label()
        elif name in _GROUPS:
            self._heading = False

    def _close(self) -> None:
        """Take in what a cell has said of the next."""
        if not self._cell:
            return
        head = self._cell in beside.HEADS
        says = _says(beside.label(self._cell, html.unescape(self._said).strip()), self._mask)
        self._called = says or (self._called and self._by_head and not head)
        self._by_head = head or self._by_head
        self._row.append((self._bold, says, self._span))
        if self._cell == "th":
            (self._columns.update if says else self._columns.difference_update)(self._span)
        self._column = self._span.stop
        self._cell, self._said, self._within = "", "", False

    def _new_row(self, name: str) -> None:
        self._close()
        if len(self._row) > 1 and all(bold for bold, _, _ in self._row):  # a head, or the sum of some rows
            self._columns.update(*(span for _, says, span in self._row if says))
        self._row = []
        self._called = self._by_head = False
        self._column = 0
        if name == "table":
            self._columns.clear()
            self._heading = False
