"""Which members of two JSON arrays belong together: in order, as sets, or by a key.

Swapping the arrays swaps the pairs, exactly. A member is compared with others as a text that is the same
for equal members: keys sorted, what is ignored left out, arrays in any order sorted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw

from shadow.compare import jsontext
from shadow.compare.align import WEIGHED, Pair, aligned, nearest, paired, place
from shadow.compare.jsonpath import DEEPEST, Reached

Elements: TypeAlias = Sequence[Raw]

# For comparing values regardless of the order of keys; fractions stay as they are written.
_TREE = msgspec.json.Decoder(float_hook=Raw)
_SORTED = msgspec.json.Encoder(order="sorted")


def written(elements: Elements) -> Raw:
    """The array of these elements."""
    return Raw(b"[" + b",".join(elements) + b"]")


def ordered(legacy: Elements, target: Elements, reached: Reached) -> list[Pair]:
    """Pairs of two arrays whose order counts; first those that differ, if only the lengths tell."""
    if len(legacy) == len(target):
        return [(i, i) for i in range(len(legacy))]
    pairs = aligned(_keys(legacy, reached), _keys(target, reached))
    ours, theirs = {i for i, _ in pairs}, {j for _, j in pairs}
    same_left = [i for i in range(len(legacy)) if i not in ours]
    same_right = [j for j in range(len(target)) if j not in theirs]
    return pairs + list(zip(same_left, same_right, strict=True))


def unordered(legacy: Elements, target: Elements, reached: Reached) -> list[Pair]:
    """Pairs of two arrays whose order does not count: by their key where the rule names one, then equal
    members, then the most similar ones."""
    ours, theirs = list(range(len(legacy))), list(range(len(target)))
    pairs: list[Pair] = []
    for key, _ in reached.by_key[:1]:
        pairs, ours, theirs = _known(_names(legacy, key), _names(target, key))
    left, right = _keys(legacy, reached), _keys(target, reached)
    found, ours, theirs = _equal(left, right, ours, theirs)
    pairs += found + _similar(legacy, target, ours, theirs)
    return sorted(pairs, key=lambda pair: (place(pair), _text(pair, left, right)))


def moved(legacy: Elements, target: Elements, reached: Reached) -> list[Pair]:
    """Pairs of two arrays if half of their members or more are the same in another order: equal members,
    then the most similar ones. Else none."""
    left, right = _keys(legacy, reached), _keys(target, reached)
    once_left, once_right = Counter(left), Counter(right)
    if 2 * (once_left & once_right).total() < max(len(left), len(right)):
        return []
    # Whether a member that stands in several places has moved, nobody can tell.
    alone = {key: j for j, key in enumerate(right) if once_left[key] == once_right[key] == 1}
    places = [alone[key] for key in left if key in alone]
    several = len(left) == len(right) and once_left == once_right and left != right
    if places == sorted(places) and not several:
        return []
    pairs, ours, theirs = _equal(left, right, list(range(len(left))), list(range(len(right))))
    pairs += _similar(legacy, target, ours, theirs)
    return sorted(pairs, key=lambda pair: (place(pair), _text(pair, left, right)))


def _similar(legacy: Elements, target: Elements, ours: list[int], theirs: list[int]) -> list[Pair]:
    """Of these indexes: pairs of the most similar members; of many, as they come."""
    if max(len(ours), len(theirs)) <= WEIGHED:
        found = nearest([_parts(legacy[i]) for i in ours], [_parts(target[j]) for j in theirs])
    else:
        found = paired(range(len(ours)), range(len(theirs)))
    return [(None if i is None else ours[i], None if j is None else theirs[j]) for i, j in found]


def _text(pair: Pair, left: list[str], right: list[str]) -> str:
    """What tells pairs at one place apart, whichever side comes first."""
    return min([left[i] for i in pair[:1] if i is not None] + [right[j] for j in pair[1:] if j is not None])


def _equal(
    left: list[str], right: list[str], ours: list[int], theirs: list[int]
) -> tuple[list[Pair], list[int], list[int]]:
    """Of these indexes: pairs of equal members, and what is left over on each side."""
    places: dict[str, list[int]] = defaultdict(list)
    for j in reversed(theirs):
        places[right[j]].append(j)
    pairs: list[Pair] = []
    over: list[int] = []
    for i in ours:
        if left[i] in places and places[left[i]]:
            pairs.append((i, places[left[i]].pop()))
        else:
            over.append(i)
    return pairs, over, sorted(j for rest in places.values() for j in rest)


def _known(left: list[str | None], right: list[str | None]) -> tuple[list[Pair], list[int], list[int]]:
    """Pairs by name, one of them missing where only one side has the name; and on each side what has no
    name, or one that is not its own."""
    counts = Counter(left), Counter(right)
    places = {name: j for j, name in enumerate(right)}
    pairs: list[Pair] = []
    over: tuple[list[int], list[int]] = [], []
    for i, name in enumerate(left):
        if name is None or counts[0][name] > 1 or counts[1][name] > 1:
            over[0].append(i)
        else:
            pairs.append((i, places.get(name)))
    for j, name in enumerate(right):
        if name is None or counts[0][name] > 1 or counts[1][name] > 1:
            over[1].append(j)
        elif not counts[0][name]:
            pairs.append((None, j))
    return pairs, *over


def _names(elements: Elements, key: str) -> list[str | None]:
    """For each element what it is known by, if it has such a member."""
    return [_name(element, key) for element in elements]


def _name(element: Raw, key: str) -> str | None:
    if jsontext.kind(element) is not jsontext.OBJECT:
        return None
    said = jsontext.members(element).get(key)
    return None if said is None else jsontext.written(said)


def _parts(element: Raw) -> frozenset[bytes]:
    """What an element has that another may have too."""
    if jsontext.kind(element) is not jsontext.OBJECT:
        return frozenset((bytes(element),))
    return frozenset(key.encode() + bytes(value) for key, value in jsontext.members(element).items())


def _keys(elements: Elements, reached: Reached) -> list[str]:
    """For each element a text that is the same for equal elements."""
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
    if reached.type_only:
        return _TYPES.get(type(value), jsontext.NUMBER)
    if isinstance(value, dict):
        members = ((key, member, reached.step(key)) for key, member in value.items())
        return {key: _plain(member, below, depth + 1) for key, member, below in members if not below.ignored}
    if isinstance(value, list):
        elements = ((element, reached.step(i)) for i, element in enumerate(value))
        plain = [_plain(element, below, depth + 1) for element, below in elements if not below.ignored]
        return sorted(plain, key=_SORTED.encode) if reached.unordered or reached.by_key else plain
    return value


_TYPES = {
    dict: jsontext.OBJECT,
    list: jsontext.ARRAY,
    str: jsontext.STRING,
    bool: jsontext.BOOLEAN,
    type(None): jsontext.NULL,
}
