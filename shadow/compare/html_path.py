"""Where in a page something stands, in the words of a CSS selector: the same for the same element on
both sides and from day to day, as far as a page allows it."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import NamedTuple

from shadow.compare.html_tree import FIELDS, Page

FARTHEST = 6
"""Elements a path names at most: its last ones select well enough."""

_LONGEST = 60  # characters of a name or value in a path
# What has a digit was most often generated, or numbered: `item-345`, `ember1042`, `Button_x3fa`.
_STABLE = re.compile(r"[A-Za-z_-]{1,60}")
_IDENTIFIER = re.compile(r"[A-Za-z_-][\w-]*", re.ASCII)

# What tells an element from others of its type better than a number, where it is not a name.
_TELLING = {"link": ("rel",), "meta": ("name", "property", "http-equiv"), "option": ("value",)}
# What says that the value of a field is a secret, whatever its name is.
_SECRET = (
    ("type", "password"),
    ("autocomplete", "current-password"),
    ("autocomplete", "new-password"),
    ("autocomplete", "one-time-code"),
    ("autocomplete", "cc-number"),
    ("autocomplete", "cc-csc"),
)
_CHOICES = ("radio", "checkbox")  # several have one name


class Place(NamedTuple):
    """Two items that belong together, or one that is alone; and the elements that they stand in."""

    parent: Place | None
    legacy: int | None
    target: int | None
    depth: int = 0


class Paths:
    """Names places in two pages."""

    def __init__(self, legacy: Page, target: Page) -> None:
        self._pages = legacy, target

    def of(self, place: Place) -> str:
        """`form#login input[name=user]`, `div#list > li:nth-of-type(3)`; of a text that of its element."""
        steps: list[str] = []
        here: Place | None = self._element(place)
        while here is not None and len(steps) < FARTHEST:
            step, enough = self._step(here)
            steps.append(step)
            if enough:
                break
            form = self._form(here) if self._field(here) else None
            if form is not None:
                return f"{self.of(form)} {' > '.join(reversed(steps))}"
            here = here.parent
            if here is not None and self._name(here) == "template":
                break  # no selector looks out of it
        return " > ".join(reversed(steps))

    def _element(self, place: Place) -> Place:
        item = place.legacy if place.legacy is not None else place.target
        return place.parent if item is not None and item < 0 and place.parent else place

    def _name(self, place: Place) -> str:
        page, item = self._sides(place)[0]
        return page.name(item)

    def _sides(self, place: Place) -> list[tuple[Page, int]]:
        sides = zip(self._pages, (place.legacy, place.target), strict=True)
        return [(page, item) for page, item in sides if item is not None]

    def _field(self, place: Place) -> bool:
        return self._name(place) in FIELDS and any(
            "name" in page.attributes(item) for page, item in self._sides(place)
        )

    def _form(self, place: Place) -> Place | None:
        """The form that a field belongs to."""
        here = place.parent
        while here is not None and self._name(here) != "form":
            here = here.parent
        return here

    def _step(self, place: Place) -> tuple[str, bool]:
        """How one element is named among its siblings, and if that is enough for the whole page."""
        sides = self._sides(place)
        tag = self._name(place)
        both = [page.attributes(item) for page, item in sides]
        same = {key: value for key, value in both[0].items() if all(one.get(key) == value for one in both)}
        if _STABLE.fullmatch(same.get("id", "")):
            return f"{tag}#{same['id']}{_telling(tag, same) if tag in FIELDS else ''}", True
        step = tag + _telling(tag, same)
        if step != tag:
            return step, False
        words = sorted(set.intersection(*(set(one.get("class", "").split()) for one in both)))
        stable = (f".{word}" for word in words if _STABLE.fullmatch(word) and _IDENTIFIER.match(word))
        step += max((all_ for all_ in accumulate(stable) if len(all_) <= _LONGEST), key=len, default="")
        return step + self._number(place), False

    def _number(self, place: Place) -> str:
        """`:nth-of-type(3)`, nothing for an only child; the smaller number where the sides have moved."""
        parent = place.parent
        if parent is None:
            return ""
        parents = (parent.legacy, parent.target)
        found = [
            page.place(above, item)
            for page, above, item in zip(self._pages, parents, (place.legacy, place.target), strict=True)
            if above is not None and item is not None
        ]
        if all(many == 1 for _, many in found):
            return ""
        return f":nth-of-type({min(number for number, _ in found)})"


def _telling(tag: str, same: dict[str, str]) -> str:
    """What tells an element from others; of a field also what says that its value is a secret."""
    if tag in FIELDS:
        for key, value in _SECRET:
            if value in (words := same.get(key, "").lower().split()):
                told = _equals(key, value, "~" if len(words) > 1 else "")
                return told + (_equals("name", same["name"]) if same.get("name") else "")
    for key in _TELLING.get(tag, ("name",)):
        if same.get(key):
            told = _equals(key, same[key])
            if same.get("type") in _CHOICES and same.get("value"):
                told += _equals("value", same["value"])
            return told
    return ""


def _equals(key: str, value: str, how: str = "") -> str:
    how = "^" if len(value) > _LONGEST else how
    value = value[:_LONGEST]
    if not _IDENTIFIER.fullmatch(value):
        value = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"[{key}{how}={value}]"
