"""Bodies pass as they come, both ways, and whoever is slow slows the other side, not the memory."""

from __future__ import annotations

import asyncio
from socket import SO_SNDBUF, SOL_SOCKET

import pytest
from support.live_path import OK, End, LivePath, until

from shadow.wire.resolve import Resolver

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
MIB = 1024 * 1024
BIG = 32 * MIB
"""More than two kernels buffer."""

HELD = MIB
"""More than the proxy may hold of one stream: two reads and a write buffer's high-water mark."""


async def test_answer_streams(live_path: LivePath) -> None:
    """The client has each part before legacy sends the next."""
    client, legacy = await live_path.ask(GET)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    await legacy.send(head)
    assert await client.exactly(len(head)) == head
    for part in (b"abc", b"def", b"ghi"):
        await legacy.send(part)
        assert await client.exactly(3) == part


async def test_chunked_answer_streams(live_path: LivePath) -> None:
    """Each chunk is at the client before the next is sent; extensions go, trailers stay."""
    client, legacy = await live_path.ask(GET)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    await legacy.send(head)
    assert await client.exactly(len(head)) == head
    await legacy.send(b"003;ext=1\r\nabc\r\n")
    assert await client.exactly(8) == b"3\r\nabc\r\n"
    await legacy.send(b"1\r\nd")
    assert await client.exactly(6) == b"1\r\nd\r\n"
    await legacy.send(b"\r\n0\r\nX-Sum: 1\r\nContent-Length: 3\r\n\r\n")
    assert await client.until(b"\r\n\r\n") == b"0\r\nX-Sum: 1\r\n\r\n"


async def test_request_streams(live_path: LivePath) -> None:
    """Legacy has each part before the client sends the next."""
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n")
    for part in (b"abc", b"def", b"ghi"):
        await client.send(part)
        assert await legacy.exactly(3) == part
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK


async def test_chunked_request_streams(live_path: LivePath) -> None:
    """Chunks and trailers pass as they come."""
    client, legacy = await live_path.ask(CHUNKED)
    await client.send(b"3;ext=1\r\nabc\r\n")
    assert await legacy.exactly(8) == b"3\r\nabc\r\n"
    await client.send(b"0\r\nX-Sum: 1\r\nHost: evil\r\n\r\n")
    assert await legacy.until(b"\r\n\r\n") == b"0\r\nX-Sum: 1\r\n\r\n"
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK


async def test_both_ways_at_once(live_path: LivePath) -> None:
    """Legacy answers while the client still sends: an echo goes round, part by part."""
    client, legacy = await live_path.ask(CHUNKED)
    await legacy.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert (
        await client.head() == b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    for part in (b"1\r\na\r\n", b"1\r\nb\r\n", b"0\r\n\r\n"):
        await client.send(part)
        assert await legacy.exactly(len(part)) == part
        await legacy.send(part)
        assert await client.exactly(len(part)) == part
    assert await client.to_end() == b""
    assert live_path.skipped() == {"method": 1}


async def flood(end: End, size: int) -> None:
    piece = b"x" * MIB
    for _ in range(size // MIB):
        await end.send(piece)


async def test_slow_client_pauses_legacy(live_path: LivePath) -> None:
    """A client that does not read stops legacy; what the proxy holds stays small, and nothing is lost."""
    client, legacy = await live_path.ask(GET)
    client.stop_reading()
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
    sending = asyncio.create_task(flood(legacy, BIG))
    connection = live_path.connection
    await until(lambda: connection._writing_paused and legacy.writer.transport.get_write_buffer_size())
    assert not sending.done()
    assert connection.transport.get_write_buffer_size() < HELD
    client.go_on_reading()
    head = await client.head()
    assert await client.exactly(BIG) == b"x" * BIG
    await sending
    assert head.endswith(b"Content-Length: %d\r\n\r\n" % BIG)


async def test_slow_legacy_pauses_the_client(live_path: LivePath) -> None:
    """A legacy that does not read stops the client's upload; what the proxy holds stays small."""
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % BIG)
    legacy.stop_reading()
    sending = asyncio.create_task(flood(client, BIG))
    connection = live_path.connection
    await until(lambda: connection._reading_paused and client.writer.transport.get_write_buffer_size())
    assert not sending.done()
    upstream = connection._request._upstream  # type: ignore[union-attr]
    assert upstream.transport.get_write_buffer_size() < HELD
    legacy.go_on_reading()
    assert await legacy.exactly(BIG) == b"x" * BIG
    await sending
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK
    await client.send(GET)
    assert await legacy.head()


async def test_a_blocked_upload_ends_whatever_legacy_has_said(live_path: LivePath) -> None:
    """A legacy that reads no further owes that still, though an interim answer has come since."""
    head = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % BIG
    client, legacy = await live_path.ask(head)
    legacy.stop_reading()
    sending = asyncio.create_task(flood(client, BIG))
    connection = live_path.connection
    await until(lambda: connection._reading_paused and client.writer.transport.get_write_buffer_size())
    await legacy.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    await client.head()
    live_path.pass_time(61)
    assert (await client.head()).startswith(b"HTTP/1.1 504 ")
    sending.cancel()


async def test_who_is_behind_as_legacy_is_reached_pauses_it(live_path: LivePath) -> None:
    """Answers to pipelined requests fill the client's line while the next one still connects."""
    small = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 30000\r\n\r\n" + b"x" * 30_000
    client = await live_path.connect(receive_buffer=4096)
    client.stop_reading()
    await client.send(GET * 1000)
    legacy = await live_path.legacy.accept()
    while not live_path.connection.is_behind:
        await legacy.head()
        await legacy.send(small)
        legacy = await live_path.legacy.accept()
    await legacy.head()
    connection = live_path.connection
    legacy.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG + b"x" * BIG)
    for _ in range(1000):
        await asyncio.sleep(0)
    assert connection.transport.get_write_buffer_size() < HELD


class Gate(Resolver):
    """A resolver that answers when the test says so."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop(), "127.0.0.1")
        self.open = asyncio.Event()

    async def addresses(self) -> list[str]:
        await self.open.wait()
        return await super().addresses()


async def test_upload_waits_for_the_connection(live_path: LivePath) -> None:
    """While legacy is being connected to, the upload pauses after a read; then all of it passes."""
    client = await live_path.connect()
    gate = Gate()
    live_path.live.pool._resolver = gate
    await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % BIG)
    sending = asyncio.create_task(flood(client, BIG))
    await until(lambda: live_path.connection._reading_paused)
    request = live_path.connection._request
    assert 0 < len(request._waiting) < HELD  # type: ignore[union-attr]
    gate.open.set()
    legacy = await live_path.legacy.accept()
    await legacy.head()
    assert await legacy.exactly(BIG) == b"x" * BIG
    await sending


async def test_small_upload_over_a_new_connection_leaves_the_client_readable(live_path: LivePath) -> None:
    """The pause while connecting ends with it, or the client's leaving would not be noticed."""
    client, legacy = await live_path.ask(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
    assert await legacy.exactly(3) == b"abc"
    assert not live_path.connection._reading_paused
    client.leave()
    await until(lambda: not live_path.live.front.connections)


@pytest.mark.parametrize("unread", [0, 1])
async def test_connection_with_unsent_bytes_is_not_given_back(live_path: LivePath, unread: int) -> None:
    """Legacy answers before it has read the request: what is still to be written does not go before
    the next request."""
    client, legacy = await live_path.ask(
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (BIG * unread)
    )
    if unread:
        legacy.stop_reading()
        sending = asyncio.create_task(flood(client, BIG))
        await until(lambda: live_path.connection._reading_paused)
        sending.cancel()
    await legacy.send(OK)
    await client.head()
    if unread:
        await until(lambda: not live_path.live.pool._idle)
        assert await client.to_end() == b"ok"
        assert live_path.skipped() == {"incomplete": 1} or live_path.skipped() == {"method": 1}
    else:
        assert len(live_path.live.pool._idle) == 1


async def half_taken(live_path: LivePath) -> tuple[End, bytes]:
    """A client that has asked to be closed behind an answer, most of which still waits in the proxy."""
    client = await live_path.connect(receive_buffer=4096)
    client.stop_reading()
    await client.send(GET[:-2] + b"Connection: close\r\n\r\n")
    legacy = await live_path.legacy.accept()
    await legacy.head()
    live_path.connection.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, 4096)
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50_000)
    await until(lambda: live_path.connection._lingering)
    assert live_path.connection.transport.get_write_buffer_size() > 20_000
    return client, b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\nConnection: close\r\n\r\n" + b"x" * 50_000


async def test_a_request_that_is_answered_amid_its_last_bytes(live_path: LivePath) -> None:
    """The answer came first by a hair; to the client all of it was taken, so legacy gets it."""
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc")
    assert await legacy.exactly(3) == b"abc"
    client.writer.write(b"def")
    legacy.writer.write(OK)  # before the loop turns
    assert await client.exactly(len(OK)) == OK
    assert await legacy.to_end() == b"def"


async def test_close_cuts_nothing_off(live_path: LivePath) -> None:
    """A client may take its time over its last answer, as long as it takes something now and then."""
    client, answer = await half_taken(live_path)
    live_path.pass_time(59)
    unsent = live_path.connection.transport.get_write_buffer_size()
    client.go_on_reading()
    got = await client.some()
    client.stop_reading()
    await until(lambda: live_path.connection.transport.get_write_buffer_size() < unsent)
    live_path.pass_time(61)
    client.go_on_reading()
    assert got + await client.to_end() == answer


async def test_client_that_takes_nothing_is_broken_off(live_path: LivePath) -> None:
    """A minute without a byte is the end."""
    await half_taken(live_path)
    live_path.pass_time(61)
    live_path.pass_time(61)
    await until(lambda: not live_path.live.front.connections)
