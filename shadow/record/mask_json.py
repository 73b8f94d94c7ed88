"""JSON with its secrets masked, and otherwise as it was written.

Pure. The text is read token by token, so that what is unusual about it (keys given twice, NaN, many
levels) stays, and the masked body is judged as the original was. Strings stay strings and numbers numbers.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING

from shadow.compare import beside
from shadow.compare.found import encodable
from shadow.compare.jsonpath import Key, Reached
from shadow.record.secrets import key_hidden, shapes_hidden

if TYPE_CHECKING:
    from shadow.record.mask import Mask

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+(\s*+:)?|[{}\[\]]|[^\s"{}\[\],:]++', re.S)
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+'
_PAIRED = re.compile(rf'(?i)"(?:{"|".join(sorted(beside.VALUES))})"\s*+:')
_NAMING = re.compile(rf'(?is)"({"|".join(sorted(beside.SAYING))})"\s*+:\s*+({_STRING})')
# A name and its value in a list of such pairs; the value stands behind.
_IN_LIST = re.compile(rf"(?s)[\[,]\s*+\[\s*+({_STRING})\s*+,\s*+")
_PAIR = re.compile(rf'{_IN_LIST.pattern}(?=[{{\[]|(?:{_STRING}|[^\s"{{}}\[\],]++)\s*+\])')
_NUMBER = re.compile(r"-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?")
_WORDS = frozenset({"true", "false", "null", "NaN", "Infinity", "-Infinity"})

_MOST_NESTED = 3  # JSON within a string within JSON
_LONGEST_NAME = 2 + 6 * beside.LONGEST  # with quotes, and each character escaped
_LONGEST_NUMBER = 1000  # digits that are read as a number

_OPEN, _NAMED, _CONFIGURED = 0, 1, 2
"""How secret a place is: not at all, by its name, or by a line of the configuration."""


def hidden(
    text: str, mask: Mask, reached: Reached, depth: int = 0, *, lines: bool = False, listed: bool = False
) -> str | None:
    """The text with its secrets masked, `reached` being what the mask's lines say of its root; None if it is
    no JSON. Of JSON `lines` the root is an array of documents, as for the comparer; `listed` is a value that
    stood in an array."""
    return _Walk(text, mask, reached, depth, lines, _secret_values(text, mask, listed)).walk()


def may_hold_secret(text: str, mask: Mask, *, listed: bool = False) -> bool:
    """Whether JSON that was cut holds a value that may be secret by what stands beside it: which value is
    whose cannot be known."""
    if any(_calls(name, mask) for name in _IN_LIST.findall("[" * listed + text)):
        return True
    if _PAIRED.search(text) is None:
        return False
    return any(_says(key, name, mask) for key, name in _NAMING.findall(text)) or _ends_unnamed(text)


def _ends_unnamed(text: str) -> bool:
    """Does it end in an object with a value whose name may have stood behind?"""
    around: list[tuple[bool, bool]] = []
    value = named = False
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if token[1] is not None:
            key = _unescaped(token[0].removesuffix(token[1])).lower()
            value, named = value or key in beside.WHOLE, named or key in beside.SAYING
        elif first in "{[":
            around.append((value, named))
            value = named = False
        elif first in "}]" and around:
            value, named = around.pop()
    return any(value and not named for value, named in (*around, (value, named)))


class _Walk:
    """The way through one text. `_here` and `_secret` are of what the next value stands in, `_next` and
    `_next_secret` of that value, `_index` is its place in an array, or -1 in an object."""

    def __init__(
        self, text: str, mask: Mask, reached: Reached, depth: int, lines: bool, secret_values: set[int]
    ) -> None:
        self._text = text
        self._mask = mask
        self._depth = depth
        self._secret_values = secret_values
        self._parts: list[str] = []
        self._copied = 0
        self._stack: list[tuple[Reached, int, int]] = []
        self._root = self._here = self._next = reached
        self._secret = self._next_secret = _CONFIGURED if reached.ignored else _OPEN
        self._index = 0 if lines else -1

    def walk(self) -> str | None:
        text = self._text
        for token in _TOKEN.finditer(text):
            start, end = token.span()
            first = text[start]
            if first == '"' and token[1] is not None:
                if self._index >= 0 or not self._stack:
                    return None  # a key in no object: a bracket is missing, and what is whose cannot be known
                self._key(start, end - len(token[1]))
                continue
            if first in "}]":
                if not self._stack or (first == "]") != (self._index >= 0):
                    return None
                self._here, self._secret, self._index = self._stack.pop()
                continue
            if self._index >= 0:
                self._enter(self._index, start)
                self._index += 1
            elif not self._stack:  # a document, and perhaps not the first
                self._next, self._next_secret = self._root, self._secret
            if first in "{[":
                self._stack.append((self._here, self._secret, self._index))
                self._here, self._secret = self._next, self._next_secret
                self._index = 0 if first == "[" else -1
            elif first == '"':
                if end - start < 2 or text[end - 1] != '"':
                    return None
                self._string(start, end)
            elif not self._bare(start, end):
                return None
        return "".join([*self._parts, text[self._copied :]])

    def _enter(self, key: Key, start: int) -> None:
        """Say what the value under a key of the present tree is; `start` is of the key, in an array of the
        value."""
        self._next = self._mask.step(self._here, key)
        self._next_secret = _CONFIGURED if self._next.ignored else self._secret
        if self._next_secret == _OPEN and start in self._secret_values:
            self._next_secret = _NAMED

    def _key(self, start: int, end: int) -> None:
        name = _unescaped(self._text[start:end])
        self._enter(name, start)
        shown = encodable(name)
        if self._next_secret == _OPEN and self._mask.named(shown):
            self._next_secret = _NAMED
        if self._mask.odd(shown):
            shown = key_hidden(shown, self._mask.value)
            if shown != name:
                self._replace(start, end, _quoted(shown))

    def _string(self, start: int, end: int) -> None:
        if self._next_secret:
            value = _unescaped(self._text[start:end])
            shown = self._mask.said(value) if self._next_secret == _NAMED else self._mask.value(value)
            if shown != value:
                self._replace(start, end, f'"{shown}"')
        else:
            value = encodable(_unescaped(self._text[start:end]))
            if self._mask.odd(value):
                shown = self._nested(value) or self._mask.whole(value)
                if shown != value:
                    self._replace(start, end, _quoted(shown))

    def _nested(self, value: str) -> str | None:
        """A string that is itself JSON."""
        if self._depth < _MOST_NESTED and value.startswith(("{", "[")):
            return hidden(value, self._mask, _NOWHERE, self._depth + 1)
        return None

    def _bare(self, start: int, end: int) -> bool:
        """A number or a word; whether it is one of JSON's."""
        text = self._text[start:end]
        if text in _WORDS:
            if self._next_secret == _CONFIGURED and text != "null":
                self._replace(start, end, f'"{self._mask.value(text)}"')
            return True
        if not _NUMBER.fullmatch(text):
            return False
        if self._next_secret or (end - start > 12 and shapes_hidden(text, self._mask.value) != text):
            self._replace(start, end, _number(text, self._mask))
        return True

    def _replace(self, start: int, end: int, by: str) -> None:
        self._parts += self._text[self._copied : start], by
        self._copied = end


_NOWHERE = Reached(())


def _secret_values(text: str, mask: Mask, listed: bool) -> set[int]:
    """Where values stand that are secret by what stands beside them, in an object their keys."""
    pairs = _PAIR.finditer("[" * listed + text)
    told = {found.end() - listed for found in pairs if _calls(found[1], mask)}
    if _PAIRED.search(text):
        told |= _secret_in_objects(text, mask)
    return told


def _secret_in_objects(text: str, mask: Mask) -> set[int]:
    """By what their object calls itself, wherever in it that stands: `{"value": …, "name": "password"}`."""
    told: set[int] = set()
    around: list[tuple[bool, list[int]]] = []
    secret, values, key, place = False, list[int](), "", 0
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        first = text[start]
        if first == '"' and token[1] is not None:
            key, place = _unescaped(text[start : end - len(token[1])]).lower(), start
            continue
        if key in (beside.WHOLE if first in "{[" else beside.VALUES):
            values.append(place)
        if first == '"' and key in beside.SAYING:
            secret = secret or _says(key, text[start:end], mask)
        elif first in "{[":
            around.append((secret, values))
            secret, values = False, []
        elif first in "}]" and around:
            told.update(values if secret else ())
            secret, values = around.pop()
        key = ""
    return told


def _says(key: str, written: str, mask: Mask) -> bool:
    """Does a member say that the one beside it is a secret?"""
    name = _name(written)
    return beside.says(key.lower(), name) and mask.named(name)


def _calls(written: str, mask: Mask) -> bool:
    """Does the first part of a pair say that the other is one?"""
    return mask.named(beside.label("", _name(written)))


def _name(written: str) -> str:
    """The string that a token writes, if it is short enough for a name."""
    name = _unescaped(written) if len(written) <= _LONGEST_NAME else ""
    return name if len(name) <= beside.LONGEST else ""


def _number(text: str, mask: Mask) -> str:
    """A number for a secret one: whole or not as that is, and the same for equal ones."""
    whole = text.lstrip("-").isdigit()
    if len(text) < _LONGEST_NUMBER:
        try:
            number = Decimal(text)
            text = str(int(number)) if whole else str(number.normalize())
        except (DecimalException, ValueError):
            pass  # as it is written, then
    masked = int(mask.value(text).removeprefix("masked:")[:12], 16)
    return str(masked) if whole else f"{masked}.5"


def _unescaped(token: str) -> str:
    """The string that a token writes."""
    if "\\" in token:
        try:
            return str(json.loads(token, strict=False))
        except ValueError:
            pass  # an escape that JSON does not have
    return token[1:-1]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
