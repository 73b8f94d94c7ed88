"""JSON as slices of the text it was written in: how a body is read, and one value opened.

msgspec does the work. What it refuses or would lose is mended first, by way of the lenient reader of
the standard library: NaN, raw control characters, lone surrogates, bytes that are not UTF-8, and
keys given twice, of which every reader silently drops all but the last.
"""

from __future__ import annotations

import re
from decimal import Decimal, DecimalException
from json import JSONDecodeError, JSONDecoder, dumps
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from shadow.compare.found import encodable

MOST_VALUES = 150_000
"""Values of one body that are read, some 2 MB of usual JSON. Each costs up to 250 bytes while it is open,
and 2 µs where all of them differ."""

BEFORE = " (given before)"
"""What the name of a member ends with that stands for earlier values of its key."""

OBJECT, ARRAY, STRING, NUMBER, BOOLEAN, NULL = "object", "array", "string", "number", "boolean", "null"
_KINDS = dict(zip(b'{["tfn', (OBJECT, ARRAY, STRING, BOOLEAN, BOOLEAN, NULL), strict=True))  # by first byte

_WHOLE = msgspec.json.Decoder(Raw)
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_ARRAY = msgspec.json.Decoder(list[Raw])
_STRING = msgspec.json.Decoder(str)
_ENCODER = msgspec.json.Encoder()
_REFUSED = (msgspec.DecodeError, UnicodeDecodeError)

_LAID_OUT = re.compile(rb"[\[{:,][ \t\n\r]")
_SAMPLE = 512  # bytes that are searched for blanks; some within a string cost a little time, no more
_SHORTEST_MEMBER = len('"":0,')
_LONGEST_NUMBER = 1000  # characters; longer ones are compared as they are written


class Unread(NamedTuple):
    """Text that was not read: it is not JSON at all, or past a limit."""

    reason: str
    malformed: bool


class Document(NamedTuple):
    """A whole body, and what a strict reader would object to; empty if nothing."""

    root: Raw
    objection: str


def read(text: bytes) -> Document | Unread:
    """`text`, in UTF-8 without byte order mark, as a tree that is not opened yet."""
    if len(text) > 2 * MOST_VALUES and text.count(b",") > MOST_VALUES:
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
    try:
        return Document(_mended(text), objection)
    except RecursionError:
        return too_deep()
    except JSONDecodeError as error:
        return Unread(f"not JSON: {error}", malformed=True)


def too_deep() -> Unread:
    """For trees of so many levels that even passing over them takes too much stack."""
    return Unread("nested too deep", malformed=False)


def kind(value: Raw) -> str:
    """What sort of value is written here."""
    return _KINDS.get(memoryview(value)[0], NUMBER)


def members(value: Raw) -> dict[str, Raw]:
    """The members of an object. If a key was given before, its earlier values are a member too."""
    try:
        found = _OBJECT.decode(value)
    except _REFUSED:
        return _OBJECT.decode(_mended(value))
    # The shortest text with these keys and values: that of the keys as an array, with braces for
    # brackets, and a colon and the value for each. Longer by blanks, by escapes, or by a key given twice.
    shortest = len(_ENCODER.encode(list(found))) + len(found) + len(b"".join(found.values()))
    if len(value) - shortest < _SHORTEST_MEMBER:
        return found
    return _OBJECT.decode(_mended(value))


def elements(value: Raw) -> list[Raw]:
    """The elements of an array."""
    return _ARRAY.decode(value)


def string(value: Raw) -> str:
    """The string that is written here."""
    try:
        return _STRING.decode(value)
    except _REFUSED:
        return _STRING.decode(_mended(value))


def number(value: Raw) -> Decimal | None:
    """The exact number; None for NaN, Infinity and what is too long or too large to calculate with."""
    text = bytes(value)
    if len(text) > _LONGEST_NUMBER or not text[-1:].isdigit():
        return None
    try:
        return Decimal(text.decode("ascii"))
    except DecimalException:
        return None


def whole(value: Raw) -> bool:
    """Is the number written without fraction and exponent? Typed languages then read an integer."""
    text = bytes(value)
    return text.isdigit() or (text.find(b".") < 0 and text.find(b"e") < 0 and text.find(b"E") < 0)


def written(value: Raw) -> str:
    """The value as text to be shown."""
    if kind(value) is STRING:
        return dumps(string(value), ensure_ascii=False)
    return bytes(value).decode("utf-8", "backslashreplace")


def _mended(text: bytes | Raw) -> Raw:
    """The same value in strict JSON, without blanks and needless escapes. What cannot be said in it
    is said in words. Raises JSONDecodeError. What is inside a mended value need not be mended again."""
    value = _LENIENT.decode(bytes(text).decode("utf-8", "surrogateescape"))
    try:
        return Raw(_ENCODER.encode(value))
    except UnicodeEncodeError:
        return Raw(_ENCODER.encode(_escaped(value)))


def _escaped(value: Any) -> Any:
    """Lone surrogates, and bytes that were not UTF-8, become visible escapes."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, list):
        return [_escaped(element) for element in value]
    if isinstance(value, dict):
        return {_escaped(key): _escaped(member) for key, member in value.items()}
    return value


def _all_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The last value of each key, as every reader has it, and beside it those given before."""
    found = dict(pairs)
    if len(found) < len(pairs):
        values: dict[str, list[Any]] = {}
        for key, value in pairs:
            values.setdefault(key, []).append(value)
        found |= {f"{key}{BEFORE}": given[:-1] for key, given in values.items() if len(given) > 1}
    return found


_LENIENT = JSONDecoder(
    strict=False,
    parse_int=Raw,  # numbers stay as they are written; int() refuses more than 4,300 digits
    parse_float=Raw,
    parse_constant=lambda name: f"{name} (not JSON)",
    object_pairs_hook=_all_members,
)
