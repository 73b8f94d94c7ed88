"""Content codings, and the bytes that abuse them."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.compare.decode import LARGEST, Undecodable, decode

TEXT = b"The quick brown fox. " * 100


def deflated(body: bytes, window: int = zlib.MAX_WBITS) -> bytes:
    """`body` as one zlib stream, or a raw one if the window is negative."""
    stream = zlib.compressobj(wbits=window)
    return stream.compress(body) + stream.flush()


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": deflated,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("coding", ENCODERS)
@pytest.mark.parametrize("body", [TEXT, b"", bytes(range(256)) * 300], ids=["text", "empty", "binary"])
def test_every_coding_is_undone(coding: str, body: bytes) -> None:
    """What a backend encoded is what comes out."""
    assert decode(ENCODERS[coding](body), coding) == body


@pytest.mark.parametrize("coding", ["", "identity", " , identity,"])
def test_no_coding_changes_nothing(coding: str) -> None:
    """`identity` is the absence of a coding."""
    assert decode(TEXT, coding) is TEXT


def test_raw_deflate() -> None:
    """Some servers send the raw stream under the name `deflate`; clients read it."""
    assert decode(deflated(TEXT, -zlib.MAX_WBITS), "deflate") == TEXT


def test_several_codings_are_undone_from_the_last() -> None:
    """Codings are listed in the order in which they were applied (RFC 9110, 8.4)."""
    assert decode(brotli.compress(gzip.compress(TEXT)), "gzip, br") == TEXT


def test_several_members() -> None:
    """A gzip body may have several members, a zstd body several frames: all of them count."""
    assert decode(gzip.compress(b"a") + gzip.compress(b"b"), "gzip") == b"ab"
    assert decode(zstandard.compress(b"a") + zstandard.compress(b"b"), "zstd") == b"ab"


def test_deflate_has_one_stream() -> None:
    """What stands behind it is no part of the body, and is said."""
    assert decode(deflated(TEXT) + b"rest", "deflate") == Undecodable("deflate: 4 bytes behind its end")


@pytest.mark.parametrize("coding", ENCODERS)
def test_an_empty_body_needs_no_decoding(coding: str) -> None:
    """Servers name a coding even where there is nothing to encode."""
    assert decode(b"", coding) == b""


@pytest.mark.parametrize("coding", ENCODERS)
@pytest.mark.parametrize("lost", [1, 5, 12])
def test_a_truncated_stream_is_said(coding: str, lost: int) -> None:
    """Half a body is not a body, even where all that came could be decoded."""
    result = decode(ENCODERS[coding](TEXT)[:-lost], coding)

    assert isinstance(result, Undecodable)
    assert result.reason.startswith(f"{coding}: truncated after ")


@pytest.mark.parametrize("coding", ENCODERS)
def test_other_bytes_are_undecodable(coding: str) -> None:
    """Plain text under the name of a coding, and bytes behind the end, are both said."""
    assert isinstance(decode(TEXT, coding), Undecodable)
    assert isinstance(decode(ENCODERS[coding](TEXT) + b"more", coding), Undecodable)


@pytest.mark.parametrize("coding", ENCODERS)
def test_a_bomb_stops_at_the_limit(coding: str) -> None:
    """16 MiB of zeros take a few bytes; decoding ends at 100 for each, or at 1 MiB."""
    result = decode(ENCODERS[coding](bytes(16 * 1024 * 1024)), coding)

    assert isinstance(result, Undecodable)
    assert result.reason.startswith(f"too large: {coding} gives more than ")


def test_a_bomb_within_a_coding_stops_too() -> None:
    """The ratio is that of the whole: two codings do not multiply it."""
    twice = gzip.compress(gzip.compress(bytes(16 * 1024 * 1024)))

    assert isinstance(decode(twice, "gzip, gzip"), Undecodable)


def test_small_and_large_limits() -> None:
    """A megabyte of blanks is no bomb at any ratio; over 10 MiB is too much at any ratio."""
    assert decode(gzip.compress(b" " * 1024 * 1024), "gzip") == b" " * 1024 * 1024
    assert isinstance(decode(gzip.compress(bytes(range(256)) * (LARGEST // 256 + 1)), "gzip"), Undecodable)


@pytest.mark.parametrize("coding", ["compress", "gzip, what", "x" * 1000])
def test_unknown_codings(coding: str) -> None:
    """A coding that nobody here knows is named, in short."""
    result = decode(TEXT, coding)

    assert isinstance(result, Undecodable)
    assert result.reason.startswith("unknown content coding")
    assert len(result.reason) < 80


def test_too_many_codings() -> None:
    """A hundred codings in a row are an attack, not a choice."""
    assert decode(TEXT, ", ".join(["gzip"] * 100)) == Undecodable("more than 5 content codings")


@settings(derandomize=True, max_examples=500)
@given(st.binary(max_size=200), st.sampled_from([*ENCODERS, "gzip, br", "deflate, zstd"]))
def test_any_bytes_are_decoded_or_undecodable(body: bytes, coding: str) -> None:
    """No exception comes out, whatever the bytes."""
    assert isinstance(decode(body, coding), bytes | Undecodable)


@settings(derandomize=True, max_examples=300)
@given(st.sampled_from(list(ENCODERS)), st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_stream_is_decoded_or_undecodable(coding: str, place: int, byte: int) -> None:
    """No exception comes out of a stream with one byte changed."""
    body = bytearray(ENCODERS[coding](TEXT))
    body[place % len(body)] = byte

    assert isinstance(decode(bytes(body), coding), bytes | Undecodable)
