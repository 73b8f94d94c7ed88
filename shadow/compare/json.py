"""Bodies that are JSON: two trees, opened side by side only where they differ.

A value is the slice of text it was written in. Equal slices are equal values, which C decides
without building anything; unequal ones are opened one level at a time. Nothing is lost in reading:
`1`, `1.0` and `true` stay apart, and a number may have any size.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Raw

from shadow.compare import arrays, beside, jsonpath, jsontext
from shadow.compare.accept import Accepts
from shadow.compare.align import Pair, place
from shadow.compare.arrays import Elements
from shadow.compare.found import SOUGHT, Found, Silences, added, changed, cut, missing
from shadow.compare.jsonpath import DEEPEST, Key, Reached
from shadow.compare.jsontext import Document, Unread
from shadow.compare.values import same_but_host
from shadow.model import Difference, DifferenceKind

Path: TypeAlias = tuple[Key, ...]
Members: TypeAlias = dict[str, Raw]

_NOWHERE = Reached(())
_PLAIN = frozenset({jsontext.STRING, jsontext.NUMBER})
_WHOLE = _PLAIN | {jsontext.OBJECT, jsontext.ARRAY}


def compare(
    legacy: Document,
    target: Document,
    root: Reached,
    silence: Silences | None = None,
    accepts: Accepts | None = None,
) -> Found | Unread:
    """Differences of two trees, in the order of keys and indexes, under what a rule says of places
    (`root`), of texts anywhere (`silence`) and of differences."""
    walk = _Walk(silence, accepts)
    objections = [
        f"{side}: {one.objection}" for side, one in (("legacy", legacy), ("target", target)) if one.objection
    ]
    if bool(legacy.objection) != bool(target.objection):
        strict = "strict JSON"
        kind = DifferenceKind.UNDECODABLE  # by strict readers, and on one side only
        walk.say(changed("body", legacy.objection or strict, target.objection or strict, kind))
    try:
        walk.value(legacy.root, target.root, (), root)
    except RecursionError:  # thousands of levels: passing over them in C has a limit too
        return jsontext.too_deep()
    found = cut(walk.differences, objections + walk.notes)
    return found._replace(hits=tuple(walk.hits))


class _Walk:
    """Goes down two trees at once, as far as the first `most` differences. Its recursion ends at `DEEPEST`
    levels of three frames."""

    def __init__(
        self, silence: Silences | None = None, accepts: Accepts | None = None, most: int = SOUGHT
    ) -> None:
        self.differences: list[Difference] = []
        self.notes: list[str] = []
        self.hits: dict[str, None] = {}
        self._silence = silence
        self._accepts = accepts
        self._most = most

    def say(self, difference: Difference) -> None:
        line = self._accepts and self._accepts(difference)
        if line:
            self.hits[line] = None
        else:
            self.differences.append(difference)

    def value(self, legacy: Raw, target: Raw, path: Path, reached: Reached) -> None:
        """What differs between two values that stand at one place."""
        if legacy == target or len(self.differences) > self._most:
            return
        kind, other = jsontext.kind(legacy), jsontext.kind(target)
        line = reached.ignored or (reached.type_only if kind is other else "")
        if line:
            self._hidden(line, legacy, target)
        elif kind is not other:
            self._changed(legacy, target, path, DifferenceKind.TYPE)
        elif kind is jsontext.NUMBER:
            self._number(legacy, target, path, reached)
        elif kind is jsontext.STRING:
            self._string(legacy, target, path, reached)
        elif kind is jsontext.BOOLEAN:
            self._changed(legacy, target, path)
        elif len(path) >= DEEPEST:
            self._changed(legacy, target, path)
            self.notes = [f"JSON below {DEEPEST} levels is compared as it is written"]
        elif kind is jsontext.OBJECT:
            self._object(jsontext.members(legacy), jsontext.members(target), path, reached)
        else:
            self._array(jsontext.elements(legacy), jsontext.elements(target), path, reached)

    def _hidden(self, line: str, legacy: Raw, target: Raw) -> None:
        """Counts the line if it hides a difference, and not only another way of writing."""
        if line not in self.hits:
            probe = _Walk(most=0)
            probe.value(legacy, target, (), _NOWHERE)
            if probe.differences:
                self.hits[line] = None

    def _object(self, legacy: Members, target: Members, path: Path, reached: Reached) -> None:
        if legacy.keys() == target.keys():
            keys = [key for key, node in legacy.items() if node != target[key]]
        else:
            keys = list(legacy.keys() | target.keys())
        names: list[list[str]] | None = None  # read once for all members
        for key in sorted(keys):
            before = len(self.differences)
            self._either(legacy.get(key), target.get(key), (*path, key), reached.step(key))
            if len(self.differences) > before and _is_value(key, legacy, target):
                names = names or [_names(legacy), _names(target)]
                beside.call(self.differences, before, *names)

    def _either(self, legacy: Raw | None, target: Raw | None, path: Path, reached: Reached) -> None:
        """A member that both sides have, or one of them."""
        if legacy is not None and target is not None:
            self.value(legacy, target, path, reached)
        elif reached.ignored:
            self.hits[reached.ignored] = None
        elif len(self.differences) <= self._most:
            name = jsonpath.render(path)
            if legacy is not None:
                self.say(missing(name, jsontext.written(legacy)))
            elif target is not None:
                self.say(added(name, jsontext.written(target)))

    def _array(self, legacy: Elements, target: Elements, path: Path, reached: Reached) -> None:
        before = len(self.differences)
        line = reached.by_key[0][1] if reached.by_key else reached.unordered
        if line:
            pairs = arrays.unordered(legacy, target, reached)
            if line not in self.hits and set(pairs) != set(arrays.ordered(legacy, target, reached)):
                self.hits[line] = None
            self._pairs(pairs, legacy, target, path, reached)
        elif len(legacy) == len(target):
            self._same_length(legacy, target, path, reached)
        elif moved := arrays.moved(legacy, target, reached):
            self._reordered(moved, legacy, target, path, reached)
        else:
            self._pairs(arrays.ordered(legacy, target, reached), legacy, target, path, reached)
        if 2 in (len(legacy), len(target)) and path and isinstance(path[-1], int):
            self._in_list(before, path, legacy, target)

    def _in_list(self, first: int, path: Path, *sides: Elements) -> None:
        """Says of the differences from the `first` on what an array calls its second part, one of several
        names and values: `[["password", …], ["user", …]]`."""
        names = [
            beside.label("", jsontext.string(side[0]))
            for side in sides
            if len(side) == 2 and jsontext.kind(side[0]) is jsontext.STRING
        ]
        itself = jsonpath.render((*path, 0))  # comes first, and can be read
        first += any(each.path == itself for each in self.differences[first : first + 1])
        beside.call(self.differences, first, names)

    def _pairs(
        self, pairs: list[Pair], legacy: Elements, target: Elements, path: Path, reached: Reached
    ) -> None:
        for i, j in pairs:
            ours = None if i is None else legacy[i]
            theirs = None if j is None else target[j]
            index = place((i, j))
            self._either(ours, theirs, (*path, index), reached.step(index))

    def _same_length(self, legacy: Elements, target: Elements, path: Path, reached: Reached) -> None:
        """Element by element; but if that finds differences, and most of those elements are the same in
        another order, then the order is one difference, and what is left over is paired by likeness."""
        places = [i for i, (ours, theirs) in enumerate(zip(legacy, target, strict=True)) if ours != theirs]
        before, hits = len(self.differences), dict(self.hits)
        for i in places:
            self.value(legacy[i], target[i], (*path, i), reached.step(i))
        if len(places) > 1 and len(self.differences) > before:
            ours, theirs = [legacy[i] for i in places], [target[i] for i in places]
            moved = arrays.moved(ours, theirs, reached)
            if moved:
                del self.differences[before:]
                self.hits = hits
                pairs = [
                    (None if i is None else places[i], None if j is None else places[j]) for i, j in moved
                ]
                self._reordered(pairs, legacy, target, path, reached)

    def _reordered(
        self, pairs: list[Pair], legacy: Elements, target: Elements, path: Path, reached: Reached
    ) -> None:
        """Equal elements are seen too, for what is ignored within them."""
        self._pairs(pairs, legacy, target, path, reached)
        self._changed(arrays.written(legacy), arrays.written(target), path, DifferenceKind.ORDER)

    def _number(self, legacy: Raw, target: Raw, path: Path, reached: Reached) -> None:
        ours, theirs = jsontext.number(legacy), jsontext.number(target)
        if ours is None or theirs is None:
            self._changed(legacy, target, path)
            return
        whole = jsontext.whole(legacy) == jsontext.whole(target)
        if ours == theirs and whole:
            return
        for margin, line in reached.margins:
            if margin.numbers(ours, theirs):
                self.hits[line] = None
                return
        self._changed(legacy, target, path, DifferenceKind.TYPE if ours == theirs else DifferenceKind.CHANGED)

    def _string(self, legacy: Raw, target: Raw, path: Path, reached: Reached) -> None:
        ours, theirs = jsontext.string(legacy), jsontext.string(target)
        if ours == theirs:
            return
        line = _allowed(ours, theirs, reached) or (self._silence and self._silence(ours, theirs))
        if line:
            self.hits[line] = None
        else:
            self._changed(legacy, target, path)

    def _changed(
        self, legacy: Raw, target: Raw, path: Path, kind: DifferenceKind = DifferenceKind.CHANGED
    ) -> None:
        ours, theirs = jsontext.written(legacy), jsontext.written(target)
        self.say(changed(jsonpath.render(path), ours, theirs, kind))


def _is_value(key: str, *sides: Members) -> bool:
    """Is a member, on either side, what its object may call something? `true` and `null` tell nothing."""
    name = key.removesuffix(jsontext.BEFORE).lower()
    told = _WHOLE if name in beside.WHOLE else _PLAIN
    return name in beside.VALUES and any(key in side and jsontext.kind(side[key]) in told for side in sides)


def _names(members: Members) -> list[str]:
    """What an object calls itself."""
    return [
        name
        for key, said in members.items()
        if jsontext.kind(said) is jsontext.STRING and beside.says(key.lower(), name := jsontext.string(said))
    ]


def _allowed(legacy: str, target: str, reached: Reached) -> str | None:
    """The line by which two strings at this place count as equal."""
    for margin, line in reached.margins:
        if margin.unit == "s" and margin.texts(legacy, target):
            return line
    return reached.same_host if reached.same_host and same_but_host(legacy, target) else None
