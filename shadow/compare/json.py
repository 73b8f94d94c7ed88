"""Bodies that are JSON: two trees, opened side by side only where they differ.

A value is the slice of text it was written in. Equal slices are equal values, which C decides
without building anything; unequal ones are opened one level at a time. Nothing is lost in reading:
`1`, `1.0` and `true` stay apart, and a number may have any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw

from shadow.compare import jsonpath, jsontext
from shadow.compare.align import WEIGHED, Pair, aligned, nearest, paired, place, surplus
from shadow.compare.found import LISTED, Found, added, changed, cut, missing
from shadow.compare.jsonpath import Key, Reached
from shadow.compare.jsontext import Document, Unread
from shadow.model import Difference, DifferenceKind

DEEPEST = 64
"""Levels that are opened, as many as .NET reads by default; below, values are compared as written."""

Path: TypeAlias = tuple[Key, ...]
Members: TypeAlias = dict[str, Raw]
Elements: TypeAlias = Sequence[Raw]

# For comparing values regardless of the order of keys; fractions stay as they are written.
_TREE = msgspec.json.Decoder(float_hook=Raw)
_SORTED = msgspec.json.Encoder(order="sorted")

# Enough digits for any price or coordinate; nothing overflows, and nothing is raised.
_ARITHMETIC = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def compare(legacy: Document, target: Document, root: Reached) -> Found | Unread:
    """Differences of two trees, in the order of keys and indexes, under what a rule says of places."""
    walk = _Walk()
    objections = [
        f"{side}: {one.objection}" for side, one in (("legacy", legacy), ("target", target)) if one.objection
    ]
    if bool(legacy.objection) != bool(target.objection):
        strict = "strict JSON"
        kind = DifferenceKind.UNDECODABLE  # by strict readers, and on one side only
        walk.differences.append(changed("body", legacy.objection or strict, target.objection or strict, kind))
    try:
        walk.value(legacy.root, target.root, (), root)
    except RecursionError:  # thousands of levels: passing over them in C has a limit too
        return jsontext.too_deep()
    return cut(walk.differences, objections + walk.notes)


class _Walk:
    """Goes down two trees at once. Its recursion ends at `DEEPEST` levels of three frames."""

    def __init__(self) -> None:
        self.differences: list[Difference] = []
        self.notes: list[str] = []

    def value(self, legacy: Raw, target: Raw, path: Path, reached: Reached) -> None:
        """What differs between two values that stand at one place."""
        if legacy == target or reached.ignored or len(self.differences) > LISTED:
            return
        kind = jsontext.kind(legacy)
        if kind != jsontext.kind(target):
            self._changed(legacy, target, path, DifferenceKind.TYPE)
        elif kind is jsontext.NUMBER:
            self._number(legacy, target, path, reached)
        elif kind is jsontext.STRING:
            if jsontext.string(legacy) != jsontext.string(target):
                self._changed(legacy, target, path)
        elif kind is jsontext.BOOLEAN:
            self._changed(legacy, target, path)
        elif len(path) >= DEEPEST:
            self._changed(legacy, target, path)
            self.notes = [f"JSON below {DEEPEST} levels is compared as it is written"]
        elif kind is jsontext.OBJECT:
            self._object(jsontext.members(legacy), jsontext.members(target), path, reached)
        else:
            self._array(jsontext.elements(legacy), jsontext.elements(target), path, reached)

    def _object(self, legacy: Members, target: Members, path: Path, reached: Reached) -> None:
        if legacy.keys() == target.keys():
            keys = [key for key, node in legacy.items() if node != target[key]]
        else:
            keys = list(legacy.keys() | target.keys())
        for key in sorted(keys):
            self._either(legacy.get(key), target.get(key), (*path, key), reached.step(key))

    def _either(self, legacy: Raw | None, target: Raw | None, path: Path, reached: Reached) -> None:
        """A member that both sides have, or one of them."""
        if legacy is not None and target is not None:
            self.value(legacy, target, path, reached)
        elif not reached.ignored and len(self.differences) <= LISTED:
            name = jsonpath.render(path)
            if legacy is not None:
                self.differences.append(missing(name, jsontext.written(legacy)))
            elif target is not None:
                self.differences.append(added(name, jsontext.written(target)))

    def _array(self, legacy: Elements, target: Elements, path: Path, reached: Reached) -> None:
        if reached.unordered:
            pairs = _rest(legacy, target, reached)
        elif len(legacy) == len(target):
            self._same_length(legacy, target, path, reached)
            return
        else:
            pairs = aligned(_keys(legacy, reached), _keys(target, reached))
        for i, j in pairs:
            ours = None if i is None else legacy[i]
            theirs = None if j is None else target[j]
            index = place((i, j))
            self._either(ours, theirs, (*path, index), reached.step(index))

    def _same_length(self, legacy: Elements, target: Elements, path: Path, reached: Reached) -> None:
        """Element by element; but if that finds differences, and the elements are the same in
        another order, then the order is the one difference."""
        places = [i for i, (ours, theirs) in enumerate(zip(legacy, target, strict=True)) if ours != theirs]
        before = len(self.differences)
        for i in places:
            self.value(legacy[i], target[i], (*path, i), reached.step(i))
        if len(places) > 1 and len(self.differences) > before:
            ours, theirs = [legacy[i] for i in places], [target[i] for i in places]
            if _reordered(ours, theirs, reached):
                del self.differences[before:]
                self._changed(_list(legacy), _list(target), path, DifferenceKind.ORDER)

    def _number(self, legacy: Raw, target: Raw, path: Path, reached: Reached) -> None:
        ours, theirs = jsontext.number(legacy), jsontext.number(target)
        if ours is None or theirs is None:
            self._changed(legacy, target, path)
            return
        tolerance = reached.tolerance
        if tolerance is not None and _ARITHMETIC.subtract(ours, theirs).copy_abs() <= tolerance:
            return
        if ours != theirs:
            self._changed(legacy, target, path)
        elif jsontext.whole(legacy) != jsontext.whole(target):
            self._changed(legacy, target, path, DifferenceKind.TYPE)

    def _changed(
        self, legacy: Raw, target: Raw, path: Path, kind: DifferenceKind = DifferenceKind.CHANGED
    ) -> None:
        ours, theirs = jsontext.written(legacy), jsontext.written(target)
        self.differences.append(changed(jsonpath.render(path), ours, theirs, kind))


def _list(elements: Elements) -> Raw:
    return Raw(b"[" + b",".join(elements) + b"]")


def _reordered(legacy: Elements, target: Elements, reached: Reached) -> bool:
    """Are these the same elements in another order?"""
    if reached.idle and sorted(map(len, legacy)) != sorted(map(len, target)):
        return False  # cheap, and right: another order of keys does not change the length
    theirs = _keys(target, reached)
    if _keys(legacy[:1], reached)[0] not in theirs:
        return False
    ours = _keys(legacy, reached)
    return ours != theirs and sorted(ours) == sorted(theirs)


def _rest(legacy: Elements, target: Elements, reached: Reached) -> list[Pair]:
    """What is left of two arrays whose order does not matter, the most similar elements paired."""
    ours, theirs = surplus(_keys(legacy, reached), _keys(target, reached))
    if max(len(ours), len(theirs)) <= WEIGHED:
        pairs = nearest([_parts(legacy[i]) for i in ours], [_parts(target[j]) for j in theirs])
    else:
        pairs = paired(range(len(ours)), range(len(theirs)))
    found: list[Pair] = [(None if i is None else ours[i], None if j is None else theirs[j]) for i, j in pairs]
    return sorted(found, key=place)


def _parts(element: Raw) -> frozenset[bytes]:
    """What an element has that another may have too."""
    if jsontext.kind(element) is not jsontext.OBJECT:
        return frozenset((bytes(element),))
    return frozenset(key.encode() + bytes(value) for key, value in jsontext.members(element).items())


def _keys(elements: Elements, reached: Reached) -> list[str]:
    """For each element a text that is the same for equal elements: keys sorted, what is ignored
    left out, arrays in any order sorted."""
    return [_key(element, reached.step(i)) for i, element in enumerate(elements)]


def _key(element: Raw, reached: Reached) -> str:
    try:
        return _SORTED.encode(_plain(_TREE.decode(element), reached, 0)).decode()
    except (msgspec.DecodeError, UnicodeError, RecursionError):  # not strict: as it is written, then
        return bytes(element).decode("utf-8", "backslashreplace")


def _plain(value: Any, reached: Reached, depth: int) -> Any:
    """A decoded value as it is compared."""
    if reached.idle or depth == DEEPEST:
        return value
    if isinstance(value, dict):
        members = ((key, member, reached.step(key)) for key, member in value.items())
        return {key: _plain(member, below, depth + 1) for key, member, below in members if not below.ignored}
    if isinstance(value, list):
        elements = ((element, reached.step(i)) for i, element in enumerate(value))
        plain = [_plain(element, below, depth + 1) for element, below in elements if not below.ignored]
        return sorted(plain, key=_SORTED.encode) if reached.unordered else plain
    return value
