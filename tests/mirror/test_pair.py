"""From a captured exchange to what is compared."""

from __future__ import annotations

import msgspec
import pytest
from support.frames import frame

from shadow.frame import Frame
from shadow.mirror.pair import comparable, exchange, served, sides
from shadow.model import Digest, Failure, FailureKind, Response, head_of


def test_a_frame_tells_the_whole_exchange() -> None:
    """Request and answer as they stood on the wire: order, case, duplicates, and both times."""
    captured = frame(request_body=b"abc")
    legacy = served(captured)
    made = exchange(captured, legacy)
    assert (made.id, made.endpoint, made.started) == ("/items/1", "GET /items/1", 1e9)
    assert made.request == (
        b"GET",
        b"/items/1?a=b",
        ((b"Host", b"shop.example"), (b"X-Twice", b"1"), (b"X-Twice", b"2")),
        b"abc",
    )
    assert made.legacy == legacy
    assert legacy.headers == ((b"Content-Type", b"application/json"), (b"Set-Cookie", b"a=1"))
    assert (legacy.status, legacy.body, legacy.first_byte, legacy.total) == (200, b"{}", 0.1, 0.2)


def test_a_digest_stays_one() -> None:
    """A body that was too large to keep."""
    digest = Digest(10, b"sha")
    assert served(frame(response_body=digest)).body == digest


def test_the_size_of_a_frame_counts_what_it_holds() -> None:
    """Both bodies; a digest weighs nothing."""

    def more(than: Frame, large: Frame) -> int:
        return large.size() - than.size()

    assert more(frame(), frame(request_body=b"x" * 1000)) == 1000
    assert more(frame(response_body=b""), frame(response_body=b"x" * 1000)) == 1000
    assert more(frame(response_body=b""), frame(response_body=Digest(10**9, b"s" * 32))) == 0


def test_that_legacy_gave_no_answer_is_part_of_the_exchange() -> None:
    """By its kind and its time; and the target's answer is kept whole beside it."""
    failed = msgspec.structs.replace(
        frame(response_body=b""), status=0, response_head=b"", failure=FailureKind.TIMEOUT, total=3.0
    )
    assert served(failed) == Failure(FailureKind.TIMEOUT, "", 3.0)
    answer = Response(200, head_of(((b"A", b"b"),)), b"ok")
    assert comparable(failed, answer) is answer


@pytest.mark.parametrize(
    ("logged", "coding", "differs"),
    [(100, "", False), (101, "", True), (30, "", False), (30, "gzip", False), (101, "gzip", False)],
)
def test_a_size_that_packing_can_explain_is_none(logged: int, coding: str, differs: bool) -> None:
    """A log has the length that its client got, perhaps packed, and in which way it does not say."""
    head = b"HTTP/1.1 200 OK\r\n" + (f"Content-Encoding: {coding}\r\n".encode() if coding else b"") + b"\r\n"
    told = msgspec.structs.replace(frame(), response_head=b"", response_body=Digest(logged, b""))
    legacy, target = sides(told, comparable(told, Response(200, head, b"x" * 100, 0.0, 0.0)))
    assert isinstance(legacy, Response)
    assert isinstance(target, Response)
    assert (legacy.body != target.body) is differs


def test_the_sides_keep_their_names_when_the_target_serves() -> None:
    """What the client got is the target's then, and what the shadow request brought is legacy's."""
    captured, brought = frame(), Response(200, b"")
    turned = msgspec.structs.replace(captured, by_target=True)
    assert sides(captured, brought) == (served(captured), brought)
    assert sides(turned, brought) == (brought, served(captured))
