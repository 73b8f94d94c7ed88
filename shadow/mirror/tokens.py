"""Where session cookies and tokens of forms stand: in an answer, and in the next request. Pure.

Pages and forms come from outside: every pattern runs on re2, and what is too long is no token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Final
from urllib.parse import quote_plus, unquote_to_bytes

import re2

from shadow.wire.head import ANY_FIELD

LONGEST: Final = 8192  # bytes of one value; browsers keep cookies of 4096
_MOST: Final = 100  # values of one page
_PAGE: Final = 1024 * 1024  # bytes of a page that are looked at
_BOUNDARY: Final = re.compile(rb"boundary=(?:\"([^\"]{1,70})\"|([^\s;\"]{1,70}))", re.IGNORECASE)
_PART_NAME: Final = re.compile(rb"[;\s]name=\"([^\"]*)\"", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"(\r\ncontent-length:)[^\r\n]*", re.IGNORECASE)

_bytes = re2.Options()
_bytes.encoding = re2.Options.Encoding.LATIN1
_TAG = re2.compile(rb"(?i)<(?:input|meta)[\s/]([^<>]*)>", _bytes)
_ATTRIBUTE = re2.compile(rb"""([^\s"'>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))""", _bytes)

Names = frozenset[bytes]
New = Callable[[bytes], bytes | None]
"""Is given each value; what shall stand in its place, or None."""


def in_page(page: bytes, names: Names) -> Iterator[tuple[bytes, bytes]]:
    """Name and value of each `<input>` and `<meta>` that has one of the names, in order."""
    found = 0
    for tag in _TAG.finditer(page[:_PAGE]):
        attributes: dict[bytes, bytes] = {}
        for each in _ATTRIBUTE.finditer(tag[1]):
            attributes.setdefault(each[1].lower(), each[2] or each[3] or each[4] or b"")
        name = _plain(attributes.get(b"name", b""))
        value = _plain(attributes.get(b"value") or attributes.get(b"content") or b"")
        if name in names and 0 < len(value) <= LONGEST:
            yield name, value
            found += 1
            if found == _MOST:
                return


def _plain(attribute: bytes) -> bytes:
    return unescape(attribute.decode("latin-1")).encode("latin-1", "replace")


def in_cookies(headers: tuple[tuple[bytes, bytes], ...], names: Names) -> Iterator[tuple[bytes, bytes]]:
    """Name and value of each Set-Cookie that has one of the names, in order."""
    for field, said in headers:
        if field.lower() == b"set-cookie":
            name, _, value = said.partition(b";")[0].partition(b"=")
            if name.strip() in names and 0 < len(value.strip()) <= LONGEST:
                yield name.strip(), value.strip()


def head_with(head: bytes, cookies: Names, fields: Names, new: New) -> bytes:
    """A request's head with new values of these cookies and of these fields (in lower case)."""

    def line(field: re.Match[bytes]) -> bytes:
        name, said = field[1].lower(), field[2]
        if name == b"cookie":
            return b"\r\n%b:%b" % (field[1], _cookies_with(said, cookies, new))
        if name in fields and (value := new(said.strip(b" \t"))) is not None:
            return b"\r\n%b: %b" % (field[1], value)
        return field[0]

    return ANY_FIELD.sub(line, head)


def _cookies_with(said: bytes, names: Names, new: New) -> bytes:
    pairs = said.split(b";")
    for i, pair in enumerate(pairs):
        name, _, value = pair.partition(b"=")
        if name.strip() in names and (other := new(value.strip())) is not None:
            pairs[i] = b"%b=%b" % (name, other)
    return b";".join(pairs)


def body_with(content_type: bytes, body: bytes, names: Names, new: New) -> bytes:
    """A form with new values of the fields of these names; any other body as it is."""
    kind = content_type.partition(b";")[0].strip().lower()
    if kind == b"application/x-www-form-urlencoded":
        return b"&".join(_pair_with(pair, names, new) for pair in body.split(b"&"))
    if kind == b"multipart/form-data" and (found := _BOUNDARY.search(content_type)):
        mark = b"--" + (found[1] or found[2])
        return mark.join(_part_with(part, names, new) for part in body.split(mark))
    return body


def _pair_with(pair: bytes, names: Names, new: New) -> bytes:
    name, _, value = pair.partition(b"=")
    if _unquoted(name) in names and (other := new(_unquoted(value))) is not None:
        return b"%b=%b" % (name, quote_plus(other).encode())
    return pair


def _unquoted(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" ")) if len(text) <= 3 * LONGEST else b""


def _part_with(part: bytes, names: Names, new: New) -> bytes:
    """RFC 7578: a part's head, an empty line, and the value up to the line end before the next mark."""
    head, empty, value = part.partition(b"\r\n\r\n")
    named = _PART_NAME.search(head) if empty else None
    if named is None or named[1] not in names or not value.endswith(b"\r\n"):
        return part
    other = new(value[:-2])
    return part if other is None else b"%b\r\n\r\n%b\r\n" % (head, other)


def with_length(head: bytes, length: int) -> bytes:
    """The head of a request whose body has another length now."""
    return _LENGTH.sub(lambda line: b"%b %d" % (line[1], length), head, count=1)
