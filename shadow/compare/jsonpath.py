"""Places in a JSON tree: patterns such as `$.items[*].price`, and the way down a tree beside them.

A pattern is compiled to a chain of places. Going down a tree one key at a time keeps the set of
places reached, which makes an automaton: a step is a look-up, and no pattern can backtrack.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from shadow.compare.values import Margin

Key: TypeAlias = str | int
"""Member of an object, or index in an array."""


class ByKey(NamedTuple):
    """An array as a set whose members are known by the value of one key."""

    key: str


Does: TypeAlias = Literal["ignore", "unordered", "type_only", "same_host"] | ByKey | Margin
"""What a line of a rule does to the values at a place."""


class Says(NamedTuple):
    """What a rule says of a place, and the line that says so."""

    line: str
    does: Does


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A place within a pattern: the key that leads on (None for any), whether keys may be passed
    over first, and what follows. At the end of a pattern `then` is None and `says` holds."""

    key: Key | None = None
    deep: bool = False
    then: Place | None = None
    says: Says | None = None


# One step: a name or `*` after one dot or two, or an index, `*` or a quoted name in brackets.
_STEP = re.compile(
    r"""(?: (?P<dots>\.\.?) (?: (?P<all>\*) | (?P<name>[^\s.*\[\]"']+) )
          | (?P<deep>\.\.)? \[ (?: (?P<any>\*) | (?P<index>\d+)
                                 | (?P<double>"(?:[^"\\]|\\.)*") | '(?P<single>[^']*)' ) \] )""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"[^\W\d][\w-]*")
DEEPEST = 64
"""Levels that are opened, as many as .NET reads by default; below, values are compared as written."""

_REMEMBERED = 10_000  # sets of places; usual patterns make ten, contrived ones and a hostile tree any number
_LONGEST_KEY = 100  # characters of one key in a shown path; keys may be megabytes
_LONGEST_PATH = 1000  # characters of a shown path


def compile_pattern(text: str, line: str, does: Does = "ignore") -> Place:
    """The first place of the pattern `text`, which begins with `$`, in a rule's `line`. Raises ValueError."""
    if not text.startswith("$"):
        raise ValueError(f"the path {text!r} does not begin with $")
    steps: list[tuple[Key | None, bool]] = []
    position = 1
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise ValueError(
                f"the path {text!r} cannot be read from {text[position:]!r} on; "
                'steps are .name, ..name, .*, [*], [3] and ["a name"]'
            )
        steps.append((_key(step), step["dots"] == ".." or step["deep"] is not None))
        position = step.end()
    place = Place(says=Says(line, does))
    for key, deep in reversed(steps):
        place = Place(key, deep, place)
    return place


def _key(step: re.Match[str]) -> Key | None:
    if step["index"]:
        return int(step["index"])
    if step["double"]:
        try:
            return str(json.loads(step["double"]))
        except ValueError as error:
            raise ValueError(
                f"the path {step.string!r} has a name that is no JSON string: {step['double']}"
            ) from error
    return step["name"] if step["name"] is not None else step["single"]


def covers(outer: str, inner: str) -> bool:
    """Is every place that the pattern `inner` names within one that `outer` names? If in doubt, no."""
    reached = Reached((compile_pattern(outer, outer),))
    place: Place | None = compile_pattern(inner, inner)
    while place is not None and not reached.ignored:
        if place.then is None or place.deep:
            return False
        reached = reached.step(_ANY if place.key is None else place.key)
        place = place.then
    return True


_ANY = "\0"  # a key that no pattern names: what holds for it holds for any


class Reached:
    """The places reached on the way down a tree, and what is said of the value there. The same
    object for the same places: where a key leads is worked out once."""

    __slots__ = (
        "_after", "_known", "_named", "_places",
        "by_key", "idle", "ignored", "margins", "same_host", "type_only", "unordered",
    )  # fmt: skip

    def __init__(
        self, places: tuple[Place, ...], known: dict[tuple[Place, ...], Reached] | None = None
    ) -> None:
        says = [place.says for place in places if place.says is not None]
        lines = {said.does: said.line for said in reversed(says)}
        self.idle = not places
        """Does no rule speak of anything from here on?"""
        self.ignored = lines.get("ignore", "")
        """The line by which it does not matter what stands here; empty if it matters."""
        self.type_only = lines.get("type_only", "")
        """The line by which only the type of what stands here matters."""
        self.unordered = lines.get("unordered", "")
        """The line by which the order of the array here does not matter."""
        self.by_key = [(said.does.key, said.line) for said in says if isinstance(said.does, ByKey)]
        """By which keys members of the array here are known, and the lines that say so."""
        self.same_host = lines.get("same_host", "")
        """The line by which URLs here may lead to different hosts."""
        self.margins = [(said.does, said.line) for said in says if isinstance(said.does, Margin)]
        """How far numbers or moments here may be apart, and the lines that say so; the widest counts."""
        self._places = places
        self._named = frozenset(place.key for place in places)
        self._after: dict[Key | None, Reached] = {}
        self._known = {places: self} if known is None else known

    def step(self, key: Key) -> Reached:
        """The places reached after one more key."""
        named = key if key in self._named else None  # all keys that no pattern names lead to one place
        after = self._after.get(named)
        if after is None:
            after = self._following(named)
            if len(self._known) < _REMEMBERED:
                self._after[named] = after
        return after

    def _following(self, key: Key | None) -> Reached:
        places: dict[Place, None] = {}
        for place in self._places:
            if place.then is None:
                continue
            if place.key is None or place.key == key:
                places[place.then] = None
            if place.deep:
                places[place] = None
        return self._at(tuple(places))

    def beside(self, other: Reached) -> Reached:
        """The places of both."""
        return self._at(tuple(dict.fromkeys((*self._places, *other._places))))

    def _at(self, places: tuple[Place, ...]) -> Reached:
        if places in self._known:
            return self._known[places]
        reached = Reached(places, self._known)
        if len(self._known) < _REMEMBERED:
            self._known[places] = reached
        return reached


def render(keys: tuple[Key, ...]) -> str:
    """The path as a difference names it and a rule may repeat it: `json:$.items[3]["a b"]`."""
    path = "json:$" + "".join(map(_rendered, keys))
    return path if len(path) <= _LONGEST_PATH else path[: _LONGEST_PATH - 1] + "…"


def _rendered(key: Key) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    if len(key) > _LONGEST_KEY:
        key = key[: _LONGEST_KEY - 1] + "…"
    if _PLAIN.fullmatch(key):
        return f".{key}"
    # A lone surrogate cannot be written as UTF-8; its escape can.
    return f"[{json.dumps(key, ensure_ascii=not _is_encodable(key))}]"


def _is_encodable(key: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in key)
