"""What is handed over of an exchange, and what is not: bounded, counted, and nothing the client notices."""

from __future__ import annotations

import hashlib

import pytest
from support.live_path import OK, LivePath

from shadow.live.capture import Budget, Capture
from shadow.model import Digest

GET = b"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n"
WRITES = [{"match": "POST /", "mirror": True}, {"match": "GET /never", "mirror": False}]


async def post(live_path: LivePath, body: bytes, answer: bytes = OK) -> None:
    """One POST, served, whatever becomes of its copy."""
    client, legacy = await live_path.ask(
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    assert await legacy.exactly(len(body)) == body
    await legacy.send(answer)
    assert await client.exactly(len(answer)) == answer


async def test_frame(live_path: LivePath) -> None:
    """An exchange is handed over as it was on the wire to and from legacy."""
    client = await live_path.connect()
    await client.send(GET)
    legacy = await live_path.legacy.accept()
    head = await legacy.head()
    await legacy.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
    )
    await client.until(b"0\r\n\r\n")
    (frame,) = live_path.channel.frames
    assert (frame.endpoint, frame.index, frame.method) == ("GET /a", None, b"GET")
    assert frame.request_head == head
    assert (frame.request_body, frame.chunked) == (b"", False)
    assert (frame.status, frame.response_body) == (200, b"ab")
    assert frame.response_head == b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"
    assert 0 < frame.first_byte <= frame.total


async def test_request_body(live_path: LivePath) -> None:
    """A write that a rule lets through goes with its body, and with its rule."""
    live_path.configure(endpoints=WRITES)
    await post(live_path, b"abc")
    (frame,) = live_path.channel.frames
    assert (frame.index, frame.request_body, frame.chunked) == (0, b"abc", False)


async def test_chunked_request_body(live_path: LivePath) -> None:
    """It is kept unchunked, with a note of how legacy got it."""
    live_path.configure(endpoints=WRITES)
    client, legacy = await live_path.ask(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
    )
    await legacy.until(b"0\r\n\r\n")
    await legacy.send(OK)
    await client.exactly(len(OK))
    (frame,) = live_path.channel.frames
    assert (frame.request_body, frame.chunked) == (b"ab", True)


async def test_answer_over_the_limit_is_a_digest(live_path: LivePath) -> None:
    """The stream goes on, the copy is freed; length and digest remain."""
    live_path.configure(mirror={"body_limit": 10})
    client, legacy = await live_path.ask(GET)
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n")
    await client.head()
    for part in (b"hello", b" ", b"world"):
        await legacy.send(part)
        assert await client.exactly(len(part)) == part
    (frame,) = live_path.channel.frames
    assert frame.response_body == Digest(11, hashlib.sha256(b"hello world").digest())


async def test_answer_at_the_limit_is_whole(live_path: LivePath) -> None:
    """The limit itself is kept."""
    live_path.configure(mirror={"body_limit": 2})
    client, legacy = await live_path.ask(GET)
    await legacy.send(OK)
    await client.exactly(len(OK))
    assert live_path.channel.frames[0].response_body == b"ok"


@pytest.mark.parametrize("memory", [1_000_000, 10])
async def test_request_over_the_limit_is_skipped(live_path: LivePath, memory: int) -> None:
    """Half a request cannot be sent, and a digest neither."""
    live_path.configure(mirror={"body_limit": 10, "memory": memory}, endpoints=WRITES)
    await post(live_path, b"x" * 11)
    assert live_path.skipped() == {"too_large": 1}
    assert live_path.channel.frames == []


@pytest.mark.parametrize("method", [b"PUT", b"POST"])
async def test_a_request_is_not_digested(live_path: LivePath, method: bytes) -> None:
    """Nobody compares what backends are sent: of a large upload, mirrored or not, its length is enough."""
    live_path.configure(mirror={"body_limit": 10}, endpoints=WRITES)
    client, legacy = await live_path.ask(method + b" / HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n")
    await client.send(b"x" * 98)
    assert await legacy.exactly(98) == b"x" * 98
    request = live_path.connection._request
    assert request._request_body.body() == Digest(98, b"")  # type: ignore[union-attr]


@pytest.mark.parametrize(("body", "answer"), [(b"x" * 11, OK), (b"x" * 9, OK)])
async def test_over_the_budget_is_dropped(live_path: LivePath, body: bytes, answer: bytes) -> None:
    """All copies together have a bound, of requests and answers: past it an exchange is dropped."""
    live_path.configure(mirror={"memory": 10}, endpoints=WRITES)
    await post(live_path, body, answer)
    assert live_path.dropped() == {"memory": 1}
    assert live_path.channel.frames == []


async def test_channel_full(live_path: LivePath) -> None:
    """No room: dropped, counted, and the client has its answer."""
    client, legacy = await live_path.ask(GET)
    live_path.channel.full = True
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK
    assert live_path.dropped() == {"channel_full": 1}
    assert live_path.handed == 0


async def test_not_captured_by_rule(live_path: LivePath) -> None:
    """Writes without a rule, and what a rule excludes, are served, counted, and nothing of them kept."""
    live_path.configure(endpoints=WRITES[1:])
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n")
    await legacy.send(OK)
    await client.exactly(len(OK))
    await client.send(b"GET /never HTTP/1.1\r\nHost: h\r\n\r\n")
    await legacy.head()
    await legacy.send(OK[:-2])
    await client.head()
    assert live_path.live.budget.used == 0
    await legacy.send(b"ok")
    await client.exactly(2)
    assert live_path.skipped() == {"method": 1, "rule": 1}


async def test_sample(live_path: LivePath) -> None:
    """A sample of nought captures nothing."""
    live_path.configure(mirror={"sample": 0.0})
    client, legacy = await live_path.ask(GET)
    await legacy.send(OK)
    await client.exactly(len(OK))
    assert live_path.skipped() == {"sample": 1}


async def test_early_answer_is_incomplete(live_path: LivePath) -> None:
    """Legacy did not need the whole request, so the target would be asked something else."""
    live_path.configure(endpoints=WRITES)
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
    await legacy.send(OK)
    await client.to_end()
    assert live_path.skipped() == {"incomplete": 1}


async def test_fates_add_up_over_everything(live_path: LivePath) -> None:
    """Handed over, skipped, dropped, refused, and failed where nobody takes it: each request once."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(OK)
    await client.exactly(len(OK))
    live_path.channel.full = True
    await client.send(GET + b"POST / HTTP/1.1\r\nHost: h\r\n\r\n" + GET + b"GET /\r\n")
    for _ in range(2):
        await legacy.head()
        await legacy.send(OK)
    await legacy.head()
    await legacy.send(b"HTTP/1.1 200 OK\nX: y\r\n\r\n")
    await client.to_end()
    assert (live_path.received, live_path.handed, live_path.unbooked) == (5, 1, 0)
    assert live_path.dropped() == {"channel_full": 2}
    assert live_path.skipped() == {"method": 1, "refused": 1}


# -- what legacy did not answer


async def test_no_answer_is_handed_over_as_one(live_path: LivePath) -> None:
    """The whole request, why there is no answer and how long it took; the client gets its 502."""
    live_path.configure(endpoints=WRITES)
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
    assert await legacy.exactly(3) == b"abc"
    legacy.leave()
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")
    await live_path.settled()
    (frame,) = live_path.channel.frames
    assert (frame.failure, frame.status, frame.response_head, frame.response_body) == ("reset", 0, b"", b"")
    assert (frame.method, frame.request_body) == (b"POST", b"abc")
    assert frame.total > 0


async def test_half_an_answer_is_none(live_path: LivePath) -> None:
    """The client got the half, and no whole answer."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    await client.until(b"abc")
    legacy.leave()
    await client.to_end()
    (frame,) = live_path.channel.frames
    assert (frame.failure, frame.status, frame.response_head, frame.response_body) == ("reset", 0, b"", b"")


async def test_a_rule_goes_before_a_failure(live_path: LivePath) -> None:
    """What would not have been mirrored is not mirrored because legacy fails."""
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n")
    legacy.leave()
    await client.head()
    assert live_path.skipped() == {"method": 1}


async def test_legacy_fails_before_the_request_is_whole(live_path: LivePath) -> None:
    """Half a request cannot be sent to the target."""
    live_path.configure(endpoints=WRITES)
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
    legacy.leave()
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")
    assert live_path.skipped() == {"legacy_failed": 1}


async def test_a_failure_with_a_body_over_the_limit(live_path: LivePath) -> None:
    """Skipped for its size, like any other."""
    live_path.configure(mirror={"body_limit": 10}, endpoints=WRITES)
    request = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n" + b"x" * 11
    client, legacy = await live_path.ask(request)
    await legacy.exactly(11)
    legacy.leave()
    await client.head()
    assert live_path.skipped() == {"too_large": 1}


# -- the parts alone


def test_capture_frees_what_it_held() -> None:
    """Past its own bound, past the budget's, or at the end: the memory is given back, once."""
    budget = Budget(10)
    small, large, late = Capture(5, budget), Capture(5, budget), Capture(100, budget)
    small.data(b"abc")
    large.data(b"abcd")
    assert budget.used == 7
    large.data(b"ef")
    assert budget.used == 3
    late.data(b"1234567")
    assert budget.used == 10
    late.data(b"8")
    assert late.exhausted
    assert budget.used == 3
    late.data(b"9")
    assert late.length == 9
    assert not late.whole
    for capture in (small, small, large, late):
        capture.free()
    assert budget.used == 0


def test_capture_of_nothing() -> None:
    """An empty body is whole and empty."""
    capture = Capture(0, Budget(0))
    assert capture.whole
    assert capture.body() == b""


def test_downloads_that_nobody_reads_leave_room_for_small_bodies() -> None:
    """Large captures hold seven eighths of the budget at most; small ones, and what waits to be handed over,
    have the rest."""
    budget = Budget(1 << 20)
    large = [Capture(1 << 20, budget) for _ in range(100)]
    for capture in large:
        for _ in range(9):
            capture.data(b"x" * 10_000)
    held = budget.used
    assert 0.75 * budget.limit < held <= 0.875 * budget.limit
    assert any(capture.exhausted for capture in large)
    small = Capture(1 << 20, budget)
    small.data(b"x" * 10_000)
    assert small.whole
    assert budget.take(budget.limit - budget.used)
