"""Bodies that are XML: two trees, opened side by side only where they differ.

An element is named by the way to it, `xml:/feed/entry[2]/title`, with a number where it has siblings of its
name, and with what it calls itself, `xml:/map/entry[key=color]`; so is the text in it, and an attribute is
`xml:/feed/entry[2]/@id`. The order of elements counts, that of attributes does not, and a prefix is no more
than the namespace it stands for: a value that is a name with one is shown as `{namespace}name`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from shadow.compare import beside, xmltree
from shadow.compare.align import Pair
from shadow.compare.binary import whole_texts
from shadow.compare.found import SHOWN, SOUGHT, Findings, Found, Silences, added, changed, missing
from shadow.compare.pairing import matched, reordered
from shadow.compare.xmltree import Element, Node, Places, Text, local
from shadow.model import DifferenceKind

DEEPEST = 100
"""Levels that are opened; below, elements are compared as a whole."""

_IDENTIFIER = re.compile(r"[^\W\d][\w.:-]{0,59}")
_WRITTEN = 10 * SHOWN  # characters of an element that are written to be shown

_Task: TypeAlias = tuple[str, int, Node | None, Node | None, tuple[str, ...]]
"""What is still to be compared: path, depth, the two sides, and what names beside them say that they are."""


def compare(legacy: str, target: str, places: Places, silence: Silences) -> Found | None:
    """Differences of two documents, in the order of the documents; None where one of them is not well-formed
    or declares entities."""
    if reason := xmltree.too_costly(legacy, target):
        return whole_texts(legacy, target, reason)
    ours, theirs = xmltree.read(legacy, places), xmltree.read(target, places)
    if ours is None or theirs is None:
        return None
    walk = _Walk(silence)
    for line in sorted(ours.ignored.keys() | theirs.ignored.keys()):
        if ours.ignored.get(line) != theirs.ignored.get(line):
            walk.hits[line] = None
    walk.run(ours.top, theirs.top)
    return walk.found()


class _Walk(Findings):
    """Goes down two trees at once, with a stack of its own: a hostile one has any depth."""

    def __init__(self, silence: Silences) -> None:
        super().__init__(silence)
        self._namespaces: set[tuple[str, str]] = set()

    def run(self, legacy: Element, target: Element) -> None:
        """What differs from these two elements down."""
        levels: list[Iterator[_Task]] = [iter([("xml:", 0, legacy, target, ())])]
        while levels and len(self.differences) <= SOUGHT:
            task = next(levels[-1], None)
            if task is None:
                levels.pop()
                continue
            path, depth, ours, theirs, said = task
            before = len(self.differences)
            if ours is None or theirs is None:
                self._alone(path, ours, theirs)
            elif isinstance(ours, Element) and isinstance(theirs, Element):
                levels.append(self._elements(path, depth, ours, theirs, said))
            elif isinstance(ours, Text) and isinstance(theirs, Text):
                self.value(path, ours.text, theirs.text)
            if said:
                beside.call(self.differences, before, said)

    def _alone(self, path: str, legacy: Node | None, target: Node | None) -> None:
        if legacy is not None:
            self.differences.append(missing(path, written(legacy)))
        elif target is not None:
            self.differences.append(added(path, written(target)))

    def _elements(
        self, path: str, depth: int, legacy: Element, target: Element, said: tuple[str, ...]
    ) -> Iterator[_Task]:
        """Compares two elements themselves, and says what of their children is to be compared."""
        self._names(path, legacy, target)
        self._attributes(path, legacy, target)
        ours, theirs = _children(legacy, target), _children(target, legacy)
        if not any(isinstance(child, Element) for child in ours + theirs):
            self.value(path, _joined(ours), _joined(theirs))
            return iter(())
        if reordered(ours, theirs):
            self._order(path, ours, theirs)
            return iter(())
        pairs = matched(ours, theirs)
        if depth >= DEEPEST and pairs:
            self.notes = [f"XML below {DEEPEST} levels is compared as a whole"]
            self.differences.append(changed(path, written(legacy), written(target)))
            return iter(())
        return _tasks(path, depth + 1, ours, theirs, pairs, said)

    def _names(self, path: str, legacy: Element, target: Element) -> None:
        """Elements of one local name were paired; their namespaces are one difference, wherever it recurs."""
        ours, theirs = legacy.namespace, target.namespace
        if ours != theirs and (ours, theirs) not in self._namespaces:
            self._namespaces.add((ours, theirs))
            self.differences.append(changed(path, f"namespace {ours!r}", f"namespace {theirs!r}"))

    def _attributes(self, path: str, legacy: Element, target: Element) -> None:
        ours, theirs = legacy.attributes, target.attributes
        if ours == theirs:
            return
        for name in sorted(ours.keys() | theirs.keys()):
            if len(self.differences) > SOUGHT:
                return
            self.value(f"{path}/@{local(name)}", ours.get(name), theirs.get(name))

    def _order(self, path: str, legacy: list[Node], target: list[Node]) -> None:
        """Shows the first children that stand elsewhere."""
        ours, theirs = next(
            (one, other) for one, other in zip(legacy, target, strict=True) if one.key != other.key
        )
        self.differences.append(changed(path, written(ours), written(theirs), DifferenceKind.ORDER))


def _children(element: Element, other: Element) -> list[Node]:
    """What is in an element; blanks alone are nothing where the other side has elements, be they ignored."""
    if other.nested and not element.nested and not _joined(element.children).strip():
        return []
    return element.children


def _joined(nodes: list[Node]) -> str:
    return "".join([node.text for node in nodes if isinstance(node, Text)])


def _tasks(
    path: str, depth: int, legacy: list[Node], target: list[Node], pairs: list[Pair], above: tuple[str, ...]
) -> Iterator[_Task]:
    """What is to be compared of the children of two elements, each when it is asked for: of most of those of
    a document with other names all through nobody asks. `above` is what names beside the elements say."""
    ours, theirs = _numbers(legacy), _numbers(target)
    twice = {name for name, number in ours + theirs if number > 1}
    said, other_said = _said(legacy), _said(target)
    for i, j in pairs:
        node, other = None if i is None else legacy[i], None if j is None else target[j]
        numbered = [*(() if i is None else (ours[i],)), *(() if j is None else (theirs[j],))]
        name, number = min(numbered)
        step = f"/{name}[{number}]" if name in twice else f"/{name}"
        names = (*above, *(() if i is None else said[i]), *(() if j is None else other_said[j]))
        yield path + step + _telling(node, other) if name else path, depth, node, other, names


def _said(children: list[Node]) -> list[tuple[str, ...]]:
    """Of each child that is a value, what the last name before it says, `<key>color</key><value>…`; of those
    before any, what the first does."""
    named = (
        _joined(child.children).strip()
        for child in children
        if isinstance(child, Element) and child.name.lower() in beside.NAMES
    )
    name = tuple(islice(named, 1))
    said: list[tuple[str, ...]] = []
    for child in children:
        kind = child.name.lower()
        if isinstance(child, Element) and kind in beside.NAMES:
            name = (_joined(child.children).strip(),)
        said.append(name if kind in beside.ELEMENTS else ())
    return said


def _telling(*sides: Node | None) -> str:
    """What an element calls itself, on whichever side it is."""
    both = [side.attributes for side in sides if isinstance(side, Element)]
    for key in ("name", "Name", "key", "Key"):
        said = {attributes.get(key, "") for attributes in both}
        if len(said) == 1 and _IDENTIFIER.fullmatch(value := said.pop()):
            return f"[{key}={value}]"
    return ""


def _numbers(children: list[Node]) -> list[tuple[str, int]]:
    """The name of each child, and its number among those of its name, from 1."""
    seen: Counter[str] = Counter()
    numbers: list[tuple[str, int]] = []
    for child in children:
        seen[child.name] += 1
        numbers.append((child.name, seen[child.name]))
    return numbers


def written(node: Node) -> str:
    """The beginning of an element as text to be shown, without namespaces."""
    pieces: list[str] = []
    size = 0
    rest: list[Node | str] = [node]
    while rest and size < _WRITTEN:
        piece = rest.pop()
        if isinstance(piece, Element):
            rest.append(f"</{piece.name}>")
            rest += reversed(piece.children)
            piece = f"<{' '.join((piece.name, *_attributes(piece)))}>"
        elif isinstance(piece, Text):
            piece = piece.text
        pieces.append(piece)
        size += len(piece)
    return "".join(pieces)


def _attributes(element: Element) -> list[str]:
    return sorted(f'{local(name)}="{value}"' for name, value in element.attributes.items())
