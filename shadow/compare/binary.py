"""Bodies that are neither text nor a tree: images, documents, archives.

Their format is known by their first bytes. What can be said without decoding an image is said in words:
another format, other dimensions, another member of an archive, or the same content with other metadata.
Otherwise two bodies are two lengths and two digests.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Iterator
from typing import TypeAlias

from shadow.compare.decode import decode
from shadow.compare.found import Found, added, changed, cut, missing
from shadow.model import Body, Difference, Digest

MOST_PIECES = 20_000
"""Chunks of an image or members of an archive that are read; beyond, a body is compared as a whole."""

Chunk: TypeAlias = tuple[bytes, bytes]
"""A piece of an image: its kind, and what it holds."""

_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"%PDF-": "PDF",
    b"PK\x03\x04": "ZIP",
    b"PK\x05\x06": "ZIP",
    b"\x1f\x8b": "gzip",
}
_DECLARED = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WebP",
    "application/pdf": "PDF",
    "application/zip": "ZIP",
    "application/gzip": "gzip",
    "application/x-gzip": "gzip",
}

# Identifiers, and dates in the document's information and in its XMP (ISO 32000, 7.9.4 and 14.3).
_PDF_METADATA = re.compile(
    rb"/ID\s*\[\s*<[0-9A-Fa-f\s]{0,200}>\s*<[0-9A-Fa-f\s]{0,200}>\s*\]"
    rb"|/(?:CreationDate|ModDate)\s*\([^()]{0,100}\)"
    rb"|<xmp:(?:CreateDate|ModifyDate|MetadataDate)>[^<>]{0,100}<"
    rb"|<xmpMM:(?:DocumentID|InstanceID)>[^<>]{0,100}<"
)


def compare(legacy: bytes, target: bytes, media: str) -> Found:
    """Differences of two unequal bodies; `media` is the declared media type in lower case, or empty."""
    ours, theirs = format_of(legacy), format_of(target)
    notes = [
        f"{side}: declared {media}, but the body is {name or 'none'}"
        for side, name in (("legacy", ours), ("target", theirs))
        if name != _DECLARED.get(media, name)
    ]
    if ours != theirs:
        return Found([changed("body:format", ours or "unknown", theirs or "unknown")], notes)
    return cut(_differences(legacy, target, ours), notes)


def digest(body: Body) -> Digest:
    """Of a body that was kept, or in place of one that was not."""
    return body if isinstance(body, Digest) else Digest(len(body), hashlib.sha256(body).digest())


def summary(body: Body) -> str:
    """A body that cannot be shown: its length and digest."""
    length, sha256 = digest(body)
    return f"{length} bytes, sha256 {sha256.hex()[:16]}"


def by_digest(path: str, legacy: Body, target: Body) -> Difference:
    """The one difference between two bodies that cannot be shown."""
    return changed(path, summary(legacy), summary(target))


def whole(legacy: bytes, target: bytes, reason: str) -> Found:
    """Two bodies that are too large to be compared in detail, and why."""
    differences = [by_digest("body", legacy, target)] if legacy != target else []
    return Found(differences, [f"{reason}: bodies compared as a whole"])


def whole_texts(legacy: str, target: str, reason: str) -> Found:
    """The same of two texts, which may hold bytes that were outside their charset."""
    return whole(legacy.encode("utf-8", "surrogatepass"), target.encode("utf-8", "surrogatepass"), reason)


def format_of(body: bytes) -> str:
    """The format by the first bytes; empty for one that is not known."""
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "WebP"
    return next((name for magic, name in _MAGIC.items() if body.startswith(magic)), "")


def _differences(legacy: bytes, target: bytes, name: str) -> list[Difference]:
    """What differs between two bodies of one format."""
    if name == "ZIP":
        ours, theirs = _members(legacy), _members(target)
        if ours and theirs and ours != theirs:
            return _archives(ours, theirs)
        alike = bool(ours) and ours == theirs
    else:
        one, other = _dimensions(legacy, name), _dimensions(target, name)
        if one != other:
            return [changed("body:dimensions", one or "unknown", other or "unknown")]
        alike = _content(legacy, name) == _content(target, name)
    return [by_digest("body:metadata" if alike else "body", legacy, target)]


def _content(body: bytes, name: str) -> bytes:
    """What of a body is left without its metadata."""
    if name == "gzip":
        inflated = decode(body, "gzip")
        return inflated if isinstance(inflated, bytes) else body
    if name == "PDF":
        return _PDF_METADATA.sub(b"", body)
    if name not in _CHUNKS:
        return body
    hashed = hashlib.sha256()
    for count, (kind, data) in enumerate(_CHUNKS[name](body)):
        if count == MOST_PIECES:
            return body
        if kind not in _METADATA:
            hashed.update(b"%s %d " % (kind, len(data)) + data)
    return hashed.digest()


def _dimensions(body: bytes, name: str) -> str:
    """Width and height in pixels; empty where they are not known."""
    if name not in _SIZES:
        return ""
    try:
        width, height = _SIZES[name](body)
    except struct.error:  # cut off
        return ""
    return f"{width}x{height}"


def _archives(legacy: dict[str, str], target: dict[str, str]) -> list[Difference]:
    """Differences of archives by member."""
    differences: list[Difference] = []
    for name in sorted(legacy.keys() | target.keys()):
        ours, theirs = (f"{name}: {side[name]}" if name in side else "" for side in (legacy, target))
        if not theirs:
            differences.append(missing("body:member", ours))
        elif not ours:
            differences.append(added("body:member", theirs))
        elif ours != theirs:
            differences.append(changed("body:member", ours, theirs))
    return differences


def _members(body: bytes) -> dict[str, str]:
    """Length and check sum of each member by name, out of the central directory (APPNOTE 4.3.12); empty
    where it cannot be read."""
    found: dict[str, list[str]] = {}
    try:
        end = body.rindex(b"PK\x05\x06")
        count, position = struct.unpack_from("<10xH4xI", body, end)
        if count > MOST_PIECES:
            return {}
        for _ in range(count):
            signature, crc, size, *lengths = struct.unpack_from("<4s12xI4xI3H", body, position)
            if signature != b"PK\x01\x02":
                return {}
            name = body[position + 46 : position + 46 + lengths[0]].decode("utf-8", "backslashreplace")
            found.setdefault(name, []).append(f"{size} bytes, crc32 {crc:08x}")
            position += 46 + sum(lengths)
    except (struct.error, ValueError):
        return {}
    return {name: "; ".join(said) for name, said in found.items()}


def _png_chunks(body: bytes) -> Iterator[Chunk]:
    """PNG, 5.3: length, type, data and check sum."""
    position = 8
    while position < len(body):
        length = int.from_bytes(body[position : position + 4], "big") + 12
        yield body[position + 4 : position + 8], body[position + 8 : position + length]
        position += length


def _png_size(body: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", body, 16)
    return width, height


def _gif_size(body: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", body, 6)
    return width, height


def _jpeg_segments(body: bytes) -> Iterator[Chunk]:
    """JPEG, B.1.1: marker, length, data; from the first scan on all the rest."""
    position = 2
    while position < len(body):
        marker = body[position : position + 2]
        if marker[:1] != b"\xff" or marker == _JPEG_SCAN:
            yield marker, body[position:]
            return
        length = max(2, int.from_bytes(body[position + 2 : position + 4], "big"))
        yield marker, body[position + 4 : position + 2 + length]
        position += 2 + length


def _jpeg_size(body: bytes) -> tuple[int, int]:
    for count, (marker, data) in enumerate(_jpeg_segments(body)):
        if marker in _JPEG_FRAMES or count == MOST_PIECES:
            height, width = struct.unpack_from(">xHH", data)
            return width, height
    raise struct.error


def _webp_chunks(body: bytes) -> Iterator[Chunk]:
    """RFC 9649, 2.3: type, length, data, padded to an even length."""
    position = 12
    while position < len(body):
        kind = body[position : position + 4]
        length = int.from_bytes(body[position + 4 : position + 8], "little")
        data = body[position + 8 : position + 8 + length]
        if kind == b"VP8X" and data:
            data = bytes([data[0] & ~_WEBP_METADATA_FLAGS]) + data[1:]
        yield kind, data
        position += 8 + length + length % 2


def _webp_size(body: bytes) -> tuple[int, int]:
    """RFC 9649, 2.5 to 2.7, by the first chunk."""
    kind, data = next(_webp_chunks(body), (b"", b""))
    if kind == b"VP8X":
        low, high = struct.unpack_from("<4xIH", data)
        return (low & 0xFFFFFF) + 1, (low >> 24 | high << 8) + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<xI", data)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<6xHH", data)
    return width & 0x3FFF, height & 0x3FFF


_METADATA = frozenset(
    (
        *(b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"),  # PNG
        *(b"\xff\xe1", b"\xff\xed", b"\xff\xfe"),  # JPEG: EXIF and XMP, IPTC, comment
        *(b"EXIF", b"XMP "),  # WebP
    )
)
"""Chunks that say something of an image and not how it looks."""

_WEBP_METADATA_FLAGS = 0x0C  # in VP8X: there are such chunks
_JPEG_SCAN = b"\xff\xda"
_JPEG_FRAMES = frozenset(bytes((0xFF, kind)) for kind in range(0xC0, 0xD0) if kind not in (0xC4, 0xC8, 0xCC))

_CHUNKS: dict[str, Callable[[bytes], Iterator[Chunk]]] = {
    "PNG": _png_chunks,
    "JPEG": _jpeg_segments,
    "WebP": _webp_chunks,
}
_SIZES: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "PNG": _png_size,
    "JPEG": _jpeg_size,
    "GIF": _gif_size,
    "WebP": _webp_size,
}
