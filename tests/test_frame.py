"""Messages on the sockets between processes: however they are cut, they arrive."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support.frames import frame

from shadow.frame import Frame, Stream, with_body

sizes = st.lists(st.integers(0, 300_000), max_size=6)
cuts = st.lists(st.integers(1, 200_000), min_size=1, max_size=8)


def read(stream: Stream[Frame], data: bytes, cuts: list[int]) -> list[Frame]:
    """What a reader makes of `data` that comes in pieces of these sizes, over and over."""
    found: list[Frame] = []
    while data:
        for cut in cuts:
            room = stream.room()
            count = min(cut, len(room), len(data))
            room[:count] = data[:count]
            found += stream.filled(count)
            data = data[count:]
    return found


@given(sizes, cuts)
def test_messages_arrive_however_they_are_cut(sizes: list[int], cuts: list[int]) -> None:
    """Small ones many at once, large ones in many pieces."""
    stream = Stream(Frame)
    frames = [frame(response_body=bytes([number]) * size) for number, size in enumerate(sizes)]
    data = b"".join(piece for each in frames for piece in stream.encode(each))
    assert read(stream, data, cuts) == frames


@given(st.lists(st.binary(max_size=100), min_size=1), cuts)
def test_a_body_in_pieces_is_that_body(pieces: list[bytes], cuts: list[int]) -> None:
    """It is written behind the rest without being copied, and read like any other."""
    stream = Stream(Frame)
    whole = frame(response_body=b"".join(pieces))
    payload = stream.encode(replace(whole, response_body=b""))[1]
    data = b"".join(with_body(payload, pieces) + list(stream.encode(whole)))
    assert read(stream, data, cuts) == [whole, whole]


def test_what_is_read_elsewhere_arrives_too() -> None:
    """Piece by piece, larger ones than there is room for among them."""
    stream = Stream(Frame)
    frames = [frame(response_body=b"x" * size) for size in (10, 1_000_000, 0, 70_000)]
    data = b"".join(piece for each in frames for piece in stream.encode(each))
    assert [*stream.feed(data[:500_000]), *stream.feed(data[500_000:])] == frames


def test_the_room_of_a_very_large_message_is_given_back() -> None:
    """That of a usual one is kept for the next."""
    stream = Stream(Frame)

    def room_after(size: int) -> int:
        assert len(list(stream.feed(b"".join(stream.encode(frame(response_body=b"x" * size)))))) == 1
        return len(stream.room())

    usual = room_after(10)
    assert room_after(1_000_000) > 1_000_000
    assert room_after(10) > 1_000_000
    assert room_after(5_000_000) == usual
