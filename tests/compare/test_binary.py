"""Differences of images, documents and archives."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processor import within

from shadow.compare.binary import compare, summary, whole
from shadow.compare.found import Found
from shadow.model import Difference, DifferenceKind

CHANGED, MISSING, ADDED = DifferenceKind.CHANGED, DifferenceKind.MISSING, DifferenceKind.ADDED


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 4, data: bytes = b"data", *metadata: bytes) -> bytes:
    """An image with these chunks of metadata."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 3, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(metadata) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def segment(marker: int, data: bytes) -> bytes:
    """A segment of JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def jpeg(width: int = 4, data: bytes = b"data", *metadata: bytes) -> bytes:
    """An image with these segments of metadata."""
    frame = segment(0xC0, struct.pack(">BHHB", 8, 3, width, 3))
    return b"\xff\xd8" + b"".join(metadata) + frame + segment(0xDA, b"\0") + data + b"\xff\xd9"


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    """An image of these chunks."""
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def extended(width: int, flags: int = 0) -> tuple[bytes, bytes]:
    """The first chunk of an extended WebP."""
    return b"VP8X", struct.pack("<BxxxI", flags, width - 1)[:7] + b"\2\0\0"


def archive(seconds: int, **members: str) -> bytes:
    """A ZIP archive written at some second of 2020."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, text in members.items():
            writer.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, seconds)), text)
    return out.getvalue()


def pdf(moment: str, text: str = "text") -> bytes:
    """What of a document matters here."""
    return (
        f"%PDF-1.7\n1 0 obj <</Length {len(text)}>> stream\n{text}\nendstream\n"
        f"2 0 obj <</CreationDate (D:{moment}) /ModDate(D:{moment}) /Title (a)>>\n"
        f"<xmp:CreateDate>{moment}</xmp:CreateDate>\ntrailer <</ID [<0{moment}><{moment}1>]>>"
    ).encode()


GIF = b"GIF89a" + struct.pack("<HH", 4, 3) + b"data"
VP8 = b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 4, 3)
VP8L = b"VP8L", b"\x2f" + struct.pack("<I", 3 | 2 << 14)


@pytest.mark.parametrize(
    ("legacy", "target", "path", "values"),
    [
        pytest.param(png(), jpeg(), "body:format", ("PNG", "JPEG"), id="another format"),
        pytest.param(png(), b"<html>", "body:format", ("PNG", "unknown"), id="no format"),
        pytest.param(png(4), png(5), "body:dimensions", ("4x3", "5x3"), id="PNG of another size"),
        pytest.param(jpeg(4), jpeg(5), "body:dimensions", ("4x3", "5x3"), id="JPEG of another size"),
        pytest.param(
            GIF, GIF.replace(b"\4", b"\5"), "body:dimensions", ("4x3", "5x3"), id="GIF of another size"
        ),
        pytest.param(
            webp(VP8),
            webp(extended(70_000), VP8),
            "body:dimensions",
            ("4x3", "70000x3"),
            id="WebP of another size",
        ),
        pytest.param(
            webp(VP8L),
            webp(extended(5)),
            "body:dimensions",
            ("4x3", "5x3"),
            id="lossless WebP",
        ),
        pytest.param(png()[:20], png(), "body:dimensions", ("unknown", "4x3"), id="cut off"),
        pytest.param(png(), png(4, b"date"), "body", None, id="PNG"),
        pytest.param(png(), png(4, b"data", chunk(b"gAMA", b"1234")), "body", None, id="gamma"),
        pytest.param(jpeg(), jpeg(4, b"date"), "body", None, id="JPEG"),
        pytest.param(GIF, GIF + b"\0", "body", None, id="GIF"),
        pytest.param(webp(VP8L), webp(VP8L, (b"ALPH", b"1")), "body", None, id="WebP"),
        pytest.param(pdf("2020"), pdf("2020", "other"), "body", None, id="PDF"),
        pytest.param(b"\0", b"\1", "body", None, id="unknown"),
        pytest.param(gzip.compress(b"a"), gzip.compress(b"b"), "body", None, id="gzip"),
        pytest.param(
            png(4, b"data", chunk(b"tIME", b"1234567")),
            png(4, b"data", chunk(b"tIME", b"7654321"), chunk(b"tEXt", b"a")),
            "body:metadata",
            None,
            id="PNG of another time",
        ),
        pytest.param(
            jpeg(),
            jpeg(4, b"data", segment(0xE1, b"Exif"), segment(0xFE, b"a")),
            "body:metadata",
            None,
            id="EXIF",
        ),
        pytest.param(
            webp(extended(4), VP8),
            webp(extended(4, 8), VP8, (b"EXIF", b"a")),
            "body:metadata",
            None,
            id="WebP's EXIF",
        ),
        pytest.param(pdf("2020"), pdf("2021"), "body:metadata", None, id="PDF of another time"),
        pytest.param(
            gzip.compress(b"a", mtime=1),
            gzip.compress(b"a", mtime=2),
            "body:metadata",
            None,
            id="gzip of another time",
        ),
        pytest.param(archive(1, a="a"), archive(3, a="a"), "body:metadata", None, id="ZIP of another time"),
    ],
)
def test_difference(legacy: bytes, target: bytes, path: str, values: tuple[str, str] | None) -> None:
    """One difference in words, or by length and digest; from the other side it is the same, swapped."""
    one, other = values or (summary(legacy), summary(target))
    difference = Difference(CHANGED, path, one, other)

    assert compare(legacy, target, "") == Found([difference], [])
    assert compare(target, legacy, "") == Found([difference.swapped()], [])


def test_archives() -> None:
    """Are compared by member; nothing is inflated."""
    result = compare(archive(1, a="1", b="2", c="3"), archive(9, a="1", b="4", d="5"), "application/zip")

    assert [(difference.kind, difference.path) for difference in result.differences] == [
        (CHANGED, "body:member"),
        (MISSING, "body:member"),
        (ADDED, "body:member"),
    ]
    assert result.differences[0].legacy == "b: 1 bytes, crc32 1ad5be0d"


@pytest.mark.parametrize(
    ("media", "notes"),
    [
        ("image/png", ["target: declared image/png, but the body is JPEG"]),
        ("image/jpeg", ["legacy: declared image/jpeg, but the body is PNG"]),
        ("image/x-own", []),
        ("", []),
    ],
)
def test_declared_type(media: str, notes: list[str]) -> None:
    """A body that is not what it is declared to be is noted."""
    assert compare(png(), jpeg(), media).notes == notes


def test_whole() -> None:
    """What is too large to be looked into has a length and a digest, and a note says why."""
    difference = Difference(CHANGED, "body", summary(b"a"), summary(b"b"))

    assert whole(b"a", b"b", "too much") == Found([difference], ["too much: bodies compared as a whole"])
    assert whole(b"a", b"a", "too much").differences == []
    assert summary(b"a") == "1 bytes, sha256 ca978112ca1bbdca"


STARTS = [
    png()[:33],
    jpeg()[:20],
    GIF,
    webp(extended(4)),
    webp(VP8),
    b"PK\3\4",
    b"PK\5\6",
    b"%PDF-",
    b"\x1f\x8b",
]
BODIES = st.builds(
    lambda start, rest: start + rest, st.sampled_from([*STARTS, *(s[:14] for s in STARTS)]), st.binary()
)


@given(BODIES, BODIES)
def test_laws(legacy: bytes, target: bytes) -> None:
    """Unequal bodies always differ, swapping the sides swaps what is found, and nothing raises."""
    if legacy != target:
        ours, theirs = compare(legacy, target, "image/png"), compare(target, legacy, "image/png")
        assert ours.differences
        assert [difference.swapped() for difference in ours.differences] == theirs.differences


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(png()[:33] + b"\0" * 10_000_000, id="PNG of empty chunks"),
        pytest.param(b"\xff\xd8\xff" + b"\xe0\xff\xe0" * 3_000_000, id="JPEG of segments"),
        pytest.param(b"\xff\xd8" + b"\xff\xe0\0\2" * 2_500_000, id="JPEG of empty segments"),
        pytest.param(b"RIFF\0\0\0\0WEBP" + b"EXIF\0\0\0\0" * 1_250_000, id="WebP of empty chunks"),
        pytest.param(b"PK\3\4" + b"PK\5\6" * 2_500_000, id="ZIP of ends"),
        pytest.param(
            b"PK\3\4"
            + (b"PK\1\2" + b"\0" * 42) * 20_000
            + b"PK\5\6"
            + b"\0" * 6
            + b"\x20\x4e"
            + b"\0" * 4
            + b"\4\0\0\0",
            id="ZIP of members",
        ),
        pytest.param(b"%PDF-" + b"/ID [" * 2_000_000, id="PDF of identifiers"),
        pytest.param(b"%PDF-" + b"/ModDate (" + b"D" * 10_000_000, id="PDF of a long date"),
        pytest.param(b"%PDF-" + b"/ID" + b" " * 10_000_000, id="PDF of blanks"),
        pytest.param(gzip.compress(b"\0" * 100_000_000), id="gzip bomb"),
    ],
)
def test_hostile_bodies(body: bytes) -> None:
    """Take bounded time."""
    assert within(1, lambda: compare(body, body + b"\0", "")).differences
