"""Where a body ends: by length, by chunks, with the connection."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.wire.body import ByLength, Chunked, Malformed, UntilClose, chunk, decoder, last_chunk
from shadow.wire.head import CHUNKED, UNTIL_CLOSE

pieces = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


def feed(body: Chunked | ByLength, parts: list[bytes]) -> bytes:
    """All that comes out, up to the end of the body; what follows is in `rest`."""
    out = b""
    for number, part in enumerate(parts):
        out += body.feed(part)
        if body.done:
            body.rest += b"".join(parts[number + 1 :])
            break
    return out


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = [0, *sorted(place % (len(data) + 1) for place in at), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(places)]


@given(pieces, st.lists(st.integers(0, 10_000), max_size=8), st.binary(max_size=20))
def test_decoding_undoes_encoding(body: list[bytes], places: list[int], rest: bytes) -> None:
    """decode(encode(x)) == x, however the bytes are chunked and however they arrive."""
    wire = b"".join(map(chunk, body)) + last_chunk(b"A: b\r\n") + rest
    chunked = Chunked()
    assert feed(chunked, cut(wire, places)) == b"".join(body)
    assert chunked.done
    assert chunked.trailers == b"A: b\r\n"
    assert chunked.rest == rest


def test_every_split_point() -> None:
    """Two reads or one: the same body, trailers and rest."""
    wire = b'5;a="b c"\r\nhello\r\n0A\r\n, world..\n\r\n000\r\nX: 1\r\nHost: evil\r\nY:\r\n\r\nGET /'
    for place in range(len(wire) + 1):
        chunked = Chunked()
        assert feed(chunked, [wire[:place], wire[place:]]) == b"hello, world..\n"
        assert chunked.trailers == b"X: 1\r\nY:\r\n"
        assert chunked.rest == b"GET /"


def test_byte_by_byte() -> None:
    """The slowest sender is understood as well."""
    wire = b"3\r\nabc\r\n0\r\nX: 1\r\n\r\n"
    chunked = Chunked()
    assert feed(chunked, [wire[i : i + 1] for i in range(len(wire))]) == b"abc"
    assert chunked.done


MALFORMED = {
    "hex prefix": b"0x5\r\nhello\r\n",
    "plus": b"+5\r\nhello\r\n",
    "minus": b"-1\r\n",
    "space before": b" 5\r\nhello\r\n",
    "space behind": b"5 \r\nhello\r\n",
    "underscore": b"1_0\r\n",
    "empty size": b"\r\n",
    "17 digits": b"00000000000000005\r\nhello\r\n",
    "16 digits": b"FFFFFFFFFFFFFFFF\r\n",
    "bare LF behind the size": b"5\nhello\r\n",
    "CR CR behind the size": b"5\r\r\nhello\r\n",
    "no CRLF behind the data": b"5\r\nhelloX",
    "LF behind the data": b"5\r\nhello\n0\r\n\r\n",
    "CR and other behind the data": b"5\r\nhello\rX",
    "data longer than its size": b"3\r\nhello\r\n0\r\n\r\n",
    "control byte in an extension": b"5;a\x00\r\nhello\r\n",
    "bare CR in an extension": b"5;a\rb\r\nhello\r\n",
    "size line too long": b"5;" + b"a" * 300 + b"\r\nhello\r\n",
    "size line without end": b"5;" + b"a" * 300,
    "bare LF in trailers": b"0\r\nA: b\n\r\n",
    "trailer without colon": b"0\r\nA\r\n\r\n",
    "folded trailer": b"0\r\nA: b\r\n c\r\n\r\n",
    "space before a trailer's colon": b"0\r\nA : b\r\n\r\n",
    "control byte in a trailer": b"0\r\nA: \x01\r\n\r\n",
    "bare CR in a trailer": b"0\r\nA: b\rc\r\n\r\n",
    "trailers too large": b"0\r\n" + b"A: b\r\n" * 2_000,
    "dropped trailers too large": b"0\r\n" + b"Host: b\r\n" * 2_000,
    "one endless trailer": b"0\r\nA: " + b"b" * 9_000,
}


@pytest.mark.parametrize("wire", MALFORMED.values(), ids=MALFORMED)
def test_malformed(wire: bytes) -> None:
    """Framing that others might read differently is an error, at once or byte by byte."""
    with pytest.raises(Malformed):
        Chunked().feed(wire)
    slow = Chunked()
    with pytest.raises(Malformed):
        feed(slow, [wire[i : i + 1] for i in range(len(wire))])


@given(st.binary(max_size=60), st.lists(st.integers(0, 100), max_size=5))
def test_arrival_does_not_matter(wire: bytes, places: list[int]) -> None:
    """Any bytes: read at once or in parts, the decoder ends in the same way."""

    def run(parts: list[bytes]) -> tuple[object, ...]:
        body = Chunked()
        try:
            feed(body, parts)
        except Malformed:
            return ("malformed",)
        return body.done, body.trailers, body.rest

    assert run([wire]) == run(cut(wire, places))


@pytest.mark.parametrize(
    "name",
    [
        b"Content-Length", b"transfer-encoding", b"Host", b"Authorization", b"Cookie", b"Set-Cookie",
        b"Trailer", b"TE", b"Connection", b"Content-Type", b"X-Forwarded-For", b"X-Shadow",
        b"Content_Length", b"Upgrade", b"Expect",
    ],
)  # fmt: skip
def test_forbidden_trailers_are_dropped(name: bytes) -> None:
    """RFC 9110 6.5.1: what frames, routes or identifies does not come behind the body."""
    body = Chunked()
    body.feed(b"0\r\nX-Sum: 1\r\n" + name + b": 1\r\n\r\n")
    assert body.trailers == b"X-Sum: 1\r\n"


def test_extensions_are_dropped_and_bounded() -> None:
    """A few are nobody's business; kilobytes of them are an attack on the parser."""
    body = Chunked()
    assert body.feed(b"1;a=b\r\nx\r\n" * 100 + b"0;z\r\n\r\n") == b"x" * 100
    with pytest.raises(Malformed):
        Chunked().feed((b"1;" + b"a" * 100 + b"\r\nx\r\n") * 100)


@given(st.binary(max_size=30), st.integers(0, 30), st.lists(st.integers(0, 100), max_size=4))
def test_by_length(data: bytes, length: int, places: list[int]) -> None:
    """So many bytes are the body, the others are not."""
    body = ByLength(length)
    parts = [part for part in cut(data, places) if part]
    out = feed(body, parts) if not body.done else b""
    assert out == data[:length]
    assert body.done is (length <= len(data))
    if body.done and length:
        assert body.rest == data[length:]


def test_until_close() -> None:
    """Everything is the body, and only the connection ends it."""
    body = UntilClose()
    assert body.feed(b"a") + body.feed(b"\r\n\r\n") == b"a\r\n\r\n"
    assert not body.done


def test_decoder_follows_the_head() -> None:
    """What a head says of its length picks the decoder."""
    assert isinstance(decoder(CHUNKED), Chunked)
    assert isinstance(decoder(UNTIL_CLOSE), UntilClose)
    assert isinstance(decoder(3), ByLength)
    assert decoder(0).done


def test_a_read_full_of_tiny_chunks() -> None:
    """All come out, in order."""
    assert Chunked().feed(b"".join(chunk(b"%d" % (i % 10)) for i in range(1_000))) == b"0123456789" * 100


def test_what_connection_names_is_no_trailer() -> None:
    """RFC 9110 7.6.1: a field that `Connection` names is removed, header or trailer."""
    body = decoder(CHUNKED, frozenset((b"x-hop",)))
    assert isinstance(body, Chunked)
    body.feed(b"0\r\nX-Hop: 1\r\nX-Sum: 1\r\n\r\n")
    assert body.trailers == b"X-Sum: 1\r\n"
