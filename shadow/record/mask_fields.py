"""Bodies of several parts and tables with their secrets masked, and otherwise as they were written. Pure."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING

from shadow.compare import beside
from shadow.compare.forms import HEAD_END, LARGEST_HEAD, field_name
from shadow.compare.media import media_type
from shadow.compare.table import ABOVE, filled, separator

if TYPE_CHECKING:
    from shadow.record.mask import Mask

_DISPOSITION = re.compile(rb"(?im)^content-disposition:[ \t]*([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)")
_LINE_END = re.compile(rb"\r?\n\Z")


def multipart_hidden(body: bytes, boundary: str, mask: Mask) -> bytes:
    """A message of several parts (RFC 2046, 5.1). Files are their owner's: they are masked whole."""
    delimiter = b"--" + boundary.encode("latin-1", "replace")
    if not boundary or delimiter not in body:
        return mask.value(body.decode("latin-1")).encode()
    first, *parts = body.split(delimiter)
    return delimiter.join([_said(first, mask), *(_part(part, mask) for part in parts)])


def _part(part: bytes, mask: Mask) -> bytes:
    """What stands between two delimiters: the end of their line, header fields, a blank line, content."""
    end = HEAD_END.search(part, 0, LARGEST_HEAD)
    if end is None:
        return _said(part, mask)
    head, content = part[: end.end()], part[end.end() :]
    close = _LINE_END.search(content)
    content, after = (content[: close.start()], close[0]) if close else (content, b"")
    found = _DISPOSITION.search(head)
    said = media_type(found[1]).parameters if found else {}
    if (
        mask.named(said.get("name", ""))
        or mask.named(field_name(said) or "")
        or "filename" in said
        or "filename*" in said
    ):
        content = mask.value(_plain(content)).encode() if content else content
    else:
        content = _said(content, mask)
    return _said(head, mask) + content + after


def _plain(content: bytes) -> str:
    """As text, so that a password is the same here and elsewhere; bytes that are none as Latin-1."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _said(content: bytes, mask: Mask) -> bytes:
    try:
        return mask.whole(content.decode()).encode()
    except UnicodeDecodeError:
        return mask.value(content.decode("latin-1")).encode()


def table_hidden(text: str, mask: Mask) -> str:
    """A table: cells by the names of their columns in the first row of several cells, or in those above it;
    the others as text."""
    between = re.escape(separator(text))
    cell = re.compile(rf'("(?:[^"]|"")*+"?+|[^"{between}\r\n][^{between}\r\n]*+|)({between}|\r?\n|\r|\Z)')
    secret: list[bool] = []
    parts: list[str] = []
    row: list[str] = []
    head: list[str] = []
    position = 0
    above = ABOVE
    called = False  # a secret by what a cell says: rows may be names and values
    values: list[tuple[int, str]] = []  # of the row, and where in `parts` they stand
    while position < len(text) and (found := cell.match(text, position)) is not None:
        position = found.end()
        written, end = found.groups()
        plain = written[1:-1].replace('""', '"') if written.startswith('"') else written
        column = len(row)
        name = head[column] if column < len(head) else ""
        if plain and column < len(secret) and secret[column]:
            written = mask.value(plain)
        elif (shown := mask.whole(plain)) != plain:
            escaped = shown.replace('"', '""')
            written = f'"{escaped}"' if written.startswith('"') else shown
        if plain and name in beside.VALUES:
            values.append((len(parts), plain))
        parts += written, end
        row.append(plain.strip('\ufeff" '))
        called = called or (name in beside.NAMES and mask.named(plain))
        if end in ("\r\n", "\n", "\r", ""):
            for place, value in values if called else ():
                parts[place] = mask.value(value)
            if above and any(row):
                named = map(mask.named, row)
                secret = [known or name for known, name in zip_longest(secret, named, fillvalue=False)]
                above = above - 1 if filled(row) < 2 else 0
                head = [] if above else [name.lower() for name in row]
            row, values, called = [], [], False
    return "".join([*parts, mask.whole(text[position:])])
