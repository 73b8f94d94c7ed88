"""Differences with their secrets masked, each by what stands at its path. Pure."""

from __future__ import annotations

import json
import re
from itertools import accumulate

from shadow.compare import jsontext
from shadow.compare.found import encodable
from shadow.compare.jsonpath import Key, Reached
from shadow.model import Called, Comparison, Difference, DifferenceKind, Masked
from shadow.record import mask_json, mask_markup
from shadow.record.mask import Mask
from shadow.record.secrets import is_message, key_hidden, shapes_hidden

_KEY = re.compile(r'\.(?P<name>[^\W\d][\w-]*)|\[(?P<index>\d+)\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]')
_ATTRIBUTE = re.compile(r"[A-Za-z_][\w:.-]*")
_IN_ELEMENTS = ("html:", "xml:")
_NAMED_PLACES = frozenset({"form", "csv", "html", "xml"})
_NUMBER = re.compile(r"\[\d+\]$")
_SELECTED = re.compile(r"""#([\w-]+)|\[[\w-]+[\^~]?=["']?([^\]"']+)""")  # in `input#login[name=token]@value`
_CALLED = re.compile(r"\[(name|key)=([^\]]*)\]", re.IGNORECASE)  # in `xml:/map/entry[key=color]`
_INNER_QUOTE = re.compile(r'(?<!\\)".')  # no string has one


def masked(comparison: Comparison, mask: Mask) -> Masked:
    """What was found, fit to be kept."""
    hiding = _Hiding(mask)
    renamed = {
        element
        for each in comparison.differences
        if each.path.startswith(_IN_ELEMENTS)
        for element, attribute in [_element(each.path)]
        if attribute in mask_markup.NAMING and hiding.any_named(each.legacy, each.target)
    }
    differences = tuple(hiding.difference(each, renamed) for each in comparison.differences)
    notes = tuple(map(mask.text, comparison.notes))
    return Masked(comparison.fate, differences, notes, comparison.hits)


class _Hiding:
    """By one mask."""

    __slots__ = ("_mask",)

    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    def any_named(self, *names: str | None) -> bool:
        return any(name and self._mask.named(name) for name in names)

    def difference(self, difference: Difference, renamed: set[str]) -> Difference:
        """One place; `renamed` are elements that have the name of a secret on one side only, in XML with all
        that is in them."""
        kind, path = difference.kind, difference.path
        if path == "status":
            return difference
        secret = False
        if renamed:
            element, attribute = _element(path)
            within = accumulate(element.split("/"), "{}/{}".format) if path.startswith("xml:") else (element,)
            secret = attribute not in mask_markup.NAMING and not renamed.isdisjoint(within)
        if isinstance(difference, Called):
            secret = secret or self.any_named(*difference.names)

        def shown(value: str | None) -> str | None:
            if value is None:
                return None
            if not secret:
                return self._at(path, kind, value)
            return self._said(value) if path.startswith("json:") else self._mask.said(value)

        return Difference(
            kind,
            self._path(encodable(path)),
            shown(difference.legacy),
            shown(difference.target),
        )

    def _path(self, path: str) -> str:
        """A path with data in it, such as keys of an object; `a@href` in a page is no mail address."""
        if path.startswith("json:"):
            return key_hidden(path, self._mask.value)
        if path.startswith("xml:"):
            path = _CALLED.sub(self._called, path)
        element = _element(path)[0]
        return shapes_hidden(element, self._mask.value) + path[len(element) :]

    def _called(self, found: re.Match[str]) -> str:
        """What an element calls itself, in a path."""
        attribute, value = found.groups()
        shown = (
            self._mask.value(value) if self._mask.named(attribute) else key_hidden(value, self._mask.value)
        )
        return f"[{attribute}={shown}]"

    def _at(self, path: str, kind: DifferenceKind, value: str) -> str:
        """The value of a difference, by what stands at its path."""
        place, _, name = path.partition(":")
        if place == "header":
            return self._mask.field(name, value)
        if place == "cookie":
            return self._mask.cookie(name.partition(";")[2], value)
        if place == "json":
            reached = self._reach(name)
            if reached is None:  # by its name, or by a line
                return self._said(value) if self._mask.places.idle else self._mask.value(value.strip('"'))
            return self._json(value, reached, kind, listed=_NUMBER.search(name) is not None)
        if place in _NAMED_PLACES and name:
            return self._in_place(place, name, value)
        if place.startswith("csv"):  # whole rows: which columns they have is not known
            return self._mask.value(value)
        if place.startswith("part") and ";" in place:  # what a field of its head says
            return self._mask.field(place.partition(";")[2], value)
        # Also as text: a line of the configuration may name what stands deeper in the tree than here.
        return self._mask.text(
            self._json(value, self._mask.places, kind) if value.startswith(("{", "[")) else value
        )

    def _in_place(self, place: str, name: str, value: str) -> str:
        """A value in a form, a table, a page or XML: its last name tells, in XML every name above it."""
        last = re.split(r" > | ", name)[-1] if place == "html" else name
        selected = [id_ or said for id_, said in _SELECTED.findall(last)]
        names = [*_NUMBER.sub("", last).split(";"), *selected]
        attribute = last.rpartition("@")[2]
        names += re.split("[/@]", names[0]) if place == "xml" else [attribute]
        nameless = place == "csv" and names[0].isdigit()  # a column that is only numbered
        if nameless or any(map(self._mask.named, names)):
            return self._mask.value(value) if nameless else self._mask.said(value)
        if place == "html" and attribute in mask_markup.URLS:
            return self._mask.target(value)
        markup = place in ("html", "xml") and "<" in value
        return self._mask.text(mask_markup.hidden(value, self._mask, place == "xml") if markup else value)

    def _said(self, value: str) -> str:
        """What is shown of a value as it is written in JSON that only its name calls a secret."""
        bare = value.strip('"')
        return value if is_message(bare) else self._mask.value(bare)

    def _reach(self, path: str) -> Reached | None:
        """The places that lines name from here on; None where the value as a whole is secret."""
        reached, position = self._mask.places, len("$")
        if reached.ignored:
            return None
        while position < len(path):
            found = _KEY.match(path, position)
            if found is None:
                return None  # cut: what stands below cannot be known
            key: Key = int(found["index"]) if found["index"] else found["name"] or json.loads(found["quoted"])
            if isinstance(key, str):
                key = key.removesuffix(jsontext.BEFORE)
            reached = self._mask.step(reached, key)
            if self._mask.named(str(key)) or reached.ignored:
                return None
            position = found.end()
        return reached

    def _json(self, value: str, reached: Reached, kind: DifferenceKind, *, listed: bool = False) -> str:
        """A value as it is written in JSON, perhaps cut, perhaps `listed`: an element of an array."""
        mask = self._mask
        if value.startswith(("{", "[")):
            shown = None if value.endswith("…") else mask_json.hidden(value, mask, reached, listed=listed)
            if shown is None and (
                mask_json.may_hold_secret(value, mask, listed=listed) or not (reached.idle or mask.by_name)
            ):
                return mask.value(value)
            if shown is not None and not mask.names_fields:
                return encodable(shown)
            return mask.text(value if shown is None else shown)  # members may be called like those
        if value.startswith("…") and (kind is not DifferenceKind.CHANGED or _INNER_QUOTE.search(value)):
            return mask.value(value)  # the end of a tree: under which names it stood is not known
        return mask.text(value)


def _element(path: str) -> tuple[str, str]:
    """The path of an element in a page or in XML, and the attribute of it that a path leads to, if to one."""
    element, _, attribute = path.rpartition("@")
    if path.startswith(_IN_ELEMENTS) and _ATTRIBUTE.fullmatch(attribute):
        return element.removesuffix("/"), attribute.lower()
    return path, ""
