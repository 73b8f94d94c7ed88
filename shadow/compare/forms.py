"""Bodies that are forms and messages of several parts: fields by name, parts by name or by place.

A field is named `form:NAME`, what is said of a part `form:NAME;type`; a part without a name is `part[2]`,
by its number. The order of names does not count, that of several values of one name does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from shadow.compare.align import place
from shadow.compare.binary import by_digest, summary, whole, whole_texts
from shadow.compare.fields import IGNORED, PRESENCE
from shadow.compare.found import SOUGHT, Findings, Found, Silences, added, changed, missing, shown
from shadow.compare.meaning import means
from shadow.compare.media import Form, MediaType, media_type
from shadow.compare.pairing import matched, reordered
from shadow.model import DifferenceKind

MOST_FIELDS = 10_000
"""Fields or parts of one body that are compared; beyond, bodies are compared as a whole."""

_MOST_ESCAPES = 500_000  # `%41` in one body; each takes 0.4 µs
LARGEST_HEAD = 16 * 1024  # bytes of the header fields of one part
HEAD_END = re.compile(rb"\r?\n\r?\n")


class Part(NamedTuple):
    """One field or part. `said` is what its header fields say; `text` is None for binary content, and for a
    file, which is its owner's."""

    field: str | None
    said: dict[str, str]
    content: bytes
    text: str | None

    @property
    def name(self) -> str:
        """By which it is paired."""
        return self.field or ""

    @property
    def shown(self) -> str:
        """The content as a difference shows it."""
        return summary(self.content) if self.text is None else self.text

    @property
    def key(self) -> str:
        """The same for parts of one name that say and hold the same."""
        return repr(self[1:3])

    def parts(self) -> frozenset[Hashable]:
        """What another part may have too."""
        return frozenset((*self.said.items(), self.content))


def compare_urlencoded(legacy: str, target: str, ignored: frozenset[str], silence: Silences) -> Found:
    """Differences of two bodies of `a=1&b=2`, by name."""
    if max(legacy.count("&"), target.count("&")) >= MOST_FIELDS:
        return whole_texts(legacy, target, f"more than {MOST_FIELDS} fields")
    if max(legacy.count("%"), target.count("%")) > _MOST_ESCAPES:
        return whole_texts(legacy, target, f"more than {_MOST_ESCAPES} escapes")
    walk = _Walk(ignored, silence)
    walk.fields(_fields(legacy), _fields(target))
    return walk.found()


def compare_multipart(
    legacy: bytes, target: bytes, boundaries: tuple[str, str], ignored: frozenset[str], silence: Silences
) -> Found | None:
    """Differences of two messages of several parts, whatever their boundaries (RFC 2046, 5.1); None where
    one of them has no part."""
    walk = _Walk(ignored, silence)
    parts: list[list[Part]] = []
    for side, body, boundary in (("legacy", legacy, boundaries[0]), ("target", target, boundaries[1])):
        delimiter = b"--" + boundary.encode("latin-1", "replace")
        if not boundary or delimiter not in body:
            return None
        if body.count(delimiter) > MOST_FIELDS:
            return whole(legacy, target, f"more than {MOST_FIELDS} parts")
        read, ended = _parts(body, delimiter)
        parts.append(read)
        if not ended:
            walk.notes.append(f"{side}: the last part has no end")
    walk.fields(*parts)
    return walk.found()


def _fields(body: str) -> list[Part]:
    """The fields of a form, as the URL standard reads them (5.1)."""
    pairs = parse_qsl(body.strip("\r\n"), keep_blank_values=True, errors="surrogateescape")
    return [Part(name, {}, value.encode("utf-8", "surrogatepass"), value) for name, value in pairs]


def _parts(body: bytes, delimiter: bytes) -> tuple[list[Part], bool]:
    """The parts of a message, and whether the last delimiter is there."""
    parts: list[Part] = []
    start = -1
    for found in re.finditer(re.escape(delimiter) + rb"(--)?[ \t]*(?=\r?\n|\Z)", body):
        before = found.start()
        if before and body[before - 1 : before] != b"\n":
            continue
        if start >= 0:
            parts.append(_part(body[start:before].removesuffix(b"\n").removesuffix(b"\r")))
        start = found.end()
        if found[1]:
            return parts, True
    if start >= 0:
        parts.append(_part(body[start:]))
    return parts, False


def _part(raw: bytes) -> Part:
    """A part from the end of its delimiter's line on: header fields, a blank line, content."""
    end = HEAD_END.search(raw, 0, LARGEST_HEAD)
    head, content = (raw[: end.start()], raw[end.end() :]) if end else (b"", raw.lstrip(b"\r\n"))
    fields: dict[bytes, bytes] = {}
    for line in re.sub(rb"\r?\n[ \t]+", b" ", head).split(b"\n"):
        field, _, value = line.partition(b":")
        fields.setdefault(field.strip().lower(), value.strip())
    kind = media_type(fields.get(b"content-type", b""))
    disposition = media_type(fields.get(b"content-disposition", b""))
    if kind.form is Form.MULTIPART and kind.parameters.get("boundary"):  # which is chosen anew for each
        content = content.replace(b"--" + kind.parameters["boundary"].encode("latin-1"), b"--")
    said = _said(fields, disposition)
    text = None if said["filename"] or kind.form is Form.OTHER or b"\0" in content else _text(content)
    return Part(field_name(disposition.parameters), said, content, text)


# Compared in words of their own, or chosen anew for each answer.
_NAMED = frozenset((b"content-id", b"content-range", b"content-transfer-encoding", b"content-type"))


def _said(fields: dict[bytes, bytes], disposition: MediaType) -> dict[str, str]:
    """What the header fields of a part say, by name."""

    def value(field: bytes) -> str:
        return fields.get(field, b"").decode("latin-1")

    file = disposition.parameters
    said = {
        "type": means("content-type", value(b"content-type")),
        "filename": _name(file.get("filename*", "") or file.get("filename", "")),
        "range": value(b"content-range"),
        "encoding": value(b"content-transfer-encoding").lower(),
    }
    # RFC 2046, 5.1: of fields with other names a part has none that mean something.
    for field in sorted(fields.keys() - _NAMED - IGNORED.keys() - PRESENCE):
        if field == b"content-disposition":
            said["disposition"] = disposition.name
        elif field.startswith(b"content-"):
            name = field.decode("latin-1")
            said[name] = means(name, value(field))
    return said


def field_name(disposition: dict[str, str]) -> str | None:
    """The name of a part by the parameters of its Content-Disposition: as browsers send it, or in the
    encoding of RFC 5987 that others use."""
    if "name" in disposition:
        return _name(disposition["name"])
    return unquote(disposition["name*"].rpartition("'")[2]) if "name*" in disposition else None


def _name(said: str) -> str:
    """A parameter as browsers send it: UTF-8, though header fields are Latin-1."""
    return said.encode("latin-1").decode("utf-8", "surrogateescape")


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


class _Walk(Findings):
    """Compares what stands under each name, and collects what it finds."""

    def __init__(self, ignored: frozenset[str], silence: Silences) -> None:
        super().__init__(silence)
        self._ignored = ignored

    def fields(self, legacy: list[Part], target: list[Part]) -> None:
        """Differences by name."""
        ours, theirs = _by_name(legacy), _by_name(target)
        for name in sorted(ours.keys() | theirs.keys(), key=lambda name: (name is not None, name or "")):
            one, other = ours.get(name, []), theirs.get(name, [])
            if len(self.differences) > SOUGHT:
                return
            if [part[1:] for part in one] == [part[1:] for part in other]:
                continue
            if not self._ignores(name):
                self._values(name, one, other)

    def _ignores(self, name: str | None) -> bool:
        """Is this place not compared, which now differs?"""
        if name not in self._ignored:
            return False
        self.hits[f"form:{name}"] = None
        return True

    def _values(self, name: str | None, legacy: list[Part], target: list[Part]) -> None:
        path = "part" if name is None else f"form:{shown(name)}"
        if reordered(legacy, target):
            values = [", ".join(part.shown for part in side) for side in (legacy, target)]
            self.differences.append(changed(path, values[0], values[1], DifferenceKind.ORDER))
            return
        for pair in matched(legacy, target):
            i, j = pair
            where = f"part[{place(pair) + 1}]" if name is None else path
            if j is None:
                self.differences.append(missing(where, legacy[place(pair)].shown))
            elif i is None:
                self.differences.append(added(where, target[j].shown))
            else:
                self._part(where, legacy[i], target[j])

    def _part(self, path: str, legacy: Part, target: Part) -> None:
        for what in sorted(legacy.said.keys() | target.said.keys()):
            where, ours, theirs = f"{path};{shown(what)}", legacy.said.get(what), target.said.get(what)
            if ours != theirs and not self._ignores(where.removeprefix("form:")):
                self.value(where, ours, theirs)
        if legacy.text is not None and target.text is not None:
            self.value(path, legacy.text, target.text)
        elif legacy.content != target.content:
            self.differences.append(by_digest(path, legacy.content, target.content))


def _by_name(parts: list[Part]) -> dict[str | None, list[Part]]:
    named: dict[str | None, list[Part]] = defaultdict(list)
    for part in parts:
        named[part.field].append(part)
    return named
