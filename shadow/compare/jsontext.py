"""JSON as slices of the text it was written in: how a body is read, and one value opened.

msgspec does the work. What it refuses or would lose is opened by hand, with the scanner of the
standard library: NaN, raw control characters, lone surrogates, bytes that are not UTF-8, and keys
given twice, of which every reader silently drops all but one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, DecimalException
from json import JSONDecodeError, JSONDecoder, dumps
from typing import NamedTuple, TypeAlias

import msgspec

MOST_VALUES = 250_000
"""Values of one body that are read, some 4 MB of usual JSON. Each costs up to 250 bytes while it is open."""

SMALL = 1024 * 1024
"""Bytes up to which values are not counted, and text that is not strict is read."""

Node: TypeAlias = msgspec.Raw | tuple[msgspec.Raw, ...]
"""A value as it was written; a tuple where one key was given several times."""

OBJECT, ARRAY, STRING, NUMBER, BOOLEAN, NULL = "object", "array", "string", "number", "boolean", "null"
_KINDS = {b"{"[0]: OBJECT, b"["[0]: ARRAY, b'"'[0]: STRING, b"t"[0]: BOOLEAN, b"f"[0]: BOOLEAN, b"n"[0]: NULL}

_WHOLE = msgspec.json.Decoder(msgspec.Raw)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_STRING = msgspec.json.Decoder(str)
_REFUSED = (msgspec.DecodeError, UnicodeDecodeError)
# Numbers are left as text: int() refuses more than 4,300 digits.
_LENIENT = JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)
_LAID_OUT = re.compile(rb"[\[{:,][ \t\n\r]")
_SAMPLE = 512  # bytes that are searched for blanks; some within a string cost a little time, no more
_BLANK = re.compile(r"[ \t\n\r]*")
_SHORTEST_MEMBER = len('"":0,')
_LONGEST_NUMBER = 1000  # characters; longer ones are compared as they are written


class Unread(NamedTuple):
    """Text that was not read: it is not JSON at all, or past a limit."""

    reason: str
    malformed: bool


class Document(NamedTuple):
    """A whole body, and what a strict reader would object to; empty if nothing."""

    root: msgspec.Raw
    objection: str


def read(text: bytes) -> Document | Unread:
    """`text`, in UTF-8 without byte order mark, as a tree that is not opened yet."""
    if len(text) > SMALL and text.count(b",") > MOST_VALUES:
        return Unread(f"more than {MOST_VALUES} values", malformed=False)
    try:
        if _LAID_OUT.search(text, 0, _SAMPLE):
            # Without blanks, so that equal values are equal slices however each side lays them out.
            text = msgspec.json.format(text, indent=-1)
        return Document(_WHOLE.decode(text), "")
    except RecursionError:
        return too_deep()
    except msgspec.DecodeError as error:
        objection = f"not strict JSON: {error}"
    if len(text) > SMALL:
        return Unread(f"{objection}, and over {SMALL} bytes", malformed=True)
    try:
        _LENIENT.decode(_text(text))
    except RecursionError:
        return too_deep()
    except JSONDecodeError as error:
        return Unread(f"not JSON: {error}", malformed=True)
    return Document(msgspec.Raw(text.strip()), objection)


def too_deep() -> Unread:
    """For trees of so many levels that even passing over them takes too much stack."""
    return Unread("nested too deep", malformed=False)


def kind(text: bytes) -> str:
    """What sort of value is written here. NaN and Infinity are numbers."""
    return _KINDS.get(text[0], NUMBER)


def members(text: bytes) -> Mapping[str, Node]:
    """The members of an object."""
    try:
        found = _OBJECT.decode(text)
    except _REFUSED:
        return _members_by_hand(_text(text))
    # Around the values stand two braces, and for each member a key, two quotes, a colon and, but for
    # one member, a comma. If the text is longer, blanks or escapes may be why, or a key given twice.
    needed = 4 * len(found) + 1 + len("".join(found).encode()) + len(b"".join(found.values()))
    if len(text) - needed < _SHORTEST_MEMBER:
        return found
    return _members_by_hand(_text(text))


def elements(text: bytes) -> list[msgspec.Raw]:
    """The elements of an array."""
    try:
        return _ARRAY.decode(text)
    except _REFUSED:
        return _elements_by_hand(_text(text))


def string(text: bytes) -> str:
    """The string that is written here; a byte that is not UTF-8 becomes a surrogate."""
    try:
        return _STRING.decode(text)
    except _REFUSED:
        return str(_LENIENT.decode(_text(text)))


def number(text: bytes) -> Decimal | None:
    """The exact number; None for NaN, Infinity and what is too long or too large to calculate with."""
    if len(text) > _LONGEST_NUMBER or not text[-1:].isdigit():
        return None
    try:
        return Decimal(text.decode("ascii"))
    except DecimalException:
        return None


def whole(text: bytes) -> bool:
    """Is the number written without fraction and exponent? Typed languages then read an integer."""
    return b"." not in text and b"e" not in text and b"E" not in text


def written(node: Node) -> str:
    """The value as text to be shown."""
    if isinstance(node, tuple):
        return " and again ".join(map(written, node))
    text = bytes(node)
    return (
        dumps(string(text), ensure_ascii=False)
        if kind(text) == STRING
        else text.decode("utf-8", "backslashreplace")
    )


def _text(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _after_blanks(text: str, position: int) -> int:
    blank = _BLANK.match(text, position)
    return blank.end() if blank else position


def _members_by_hand(text: str) -> dict[str, Node]:
    """Members of an object that is known to be well-formed."""
    found: dict[str, list[msgspec.Raw]] = {}
    position = _after_blanks(text, 1)
    while text[position] != "}":
        key, end = _LENIENT.raw_decode(text, position)
        colon = _after_blanks(text, end)
        value, position = _value_by_hand(text, _after_blanks(text, colon + 1))
        found.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else tuple(values) for key, values in found.items()}


def _elements_by_hand(text: str) -> list[msgspec.Raw]:
    """Elements of an array that is known to be well-formed."""
    found = []
    position = _after_blanks(text, 1)
    while text[position] != "]":
        value, position = _value_by_hand(text, position)
        found.append(value)
    return found


def _value_by_hand(text: str, start: int) -> tuple[msgspec.Raw, int]:
    """The value that begins at `start`, and where the next thing begins after a comma, if any."""
    _, end = _LENIENT.raw_decode(text, start)
    position = _after_blanks(text, end)
    if text[position] == ",":
        position = _after_blanks(text, position + 1)
    return msgspec.Raw(text[start:end].encode("utf-8", "surrogateescape")), position
