"""Places in a JSON tree: patterns such as `$.items[*].price`, and the way down a tree beside them.

A pattern is compiled to a chain of places. Going down a tree one key at a time keeps the set of
places reached, which makes an automaton: a step is a look-up, and no pattern can backtrack.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

Key: TypeAlias = str | int
"""Member of an object, or index in an array."""

Says: TypeAlias = Literal["ignore", "unordered"] | Decimal
"""What a rule says of a place; a number is the largest absolute difference that is tolerated."""


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
_REMEMBERED = 10_000  # sets of places; usual patterns make ten, contrived ones and a hostile tree any number
_LONGEST_KEY = 100  # characters of one key in a shown path; keys may be megabytes
_LONGEST_PATH = 1000  # characters of a shown path


def compile_pattern(text: str, says: Says) -> Place:
    """The first place of the pattern `text`, which begins with `$`. Raises ValueError."""
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
    place = Place(says=says)
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


class Reached:
    """The places reached on the way down a tree, and what is said of the value there. The same
    object for the same places: where a key leads is worked out once."""

    __slots__ = ("_after", "_known", "_named", "_places", "idle", "ignored", "tolerance", "unordered")

    def __init__(
        self, places: tuple[Place, ...], known: dict[tuple[Place, ...], Reached] | None = None
    ) -> None:
        says = [place.says for place in places]
        self.idle = not places
        """Does no rule speak of anything from here on?"""
        self.ignored = "ignore" in says
        """Does what stands here not matter?"""
        self.unordered = "unordered" in says
        """Does the order of the array here not matter?"""
        self.tolerance = max((said for said in says if isinstance(said, Decimal)), default=None)
        """The largest absolute difference of numbers here that does not matter; the widest rule counts."""
        self._places = places
        self._named = frozenset(place.key for place in places)
        self._after: dict[Key | None, Reached] = {}
        self._known = {} if known is None else known

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
        following = tuple(places)
        if following in self._known:
            return self._known[following]
        reached = Reached(following, self._known)
        if len(self._known) < _REMEMBERED:
            self._known[following] = reached
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
    return f"[{json.dumps(key, ensure_ascii=not _encodable(key))}]"


def _encodable(key: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in key)
