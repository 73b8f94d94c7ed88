"""A client's connection: how long it lives, and in which order it is served."""

from __future__ import annotations

import asyncio

import pytest
from support.live_path import OK, LivePath, answer_all, until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


async def test_keep_alive(live_path: LivePath) -> None:
    """Many requests on one connection of the client, and on one to legacy."""
    live_path.legacy.script = answer_all(OK)
    client = await live_path.connect()
    for _ in range(5):
        await client.send(GET)
        assert await client.exactly(len(OK)) == OK
    assert len(live_path.legacy.ends) == 1
    assert live_path.handed == 5


async def test_connection_close(live_path: LivePath) -> None:
    """A client that says `close` is told so, and closed; legacy's connection lives on."""
    live_path.legacy.script = answer_all(OK)
    for _ in range(2):
        client = await live_path.connect()
        await client.send(GET[:-2] + b"Connection: close\r\n\r\n" + GET)
        assert await client.to_end() == OK[:-4] + b"Connection: close\r\n\r\nok"
    assert len(live_path.legacy.ends) == 1
    assert live_path.received == 2


async def test_legacy_closes(live_path: LivePath) -> None:
    """That legacy closes after an answer is between it and us."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
    assert await client.exactly(len(OK)) == OK
    assert await legacy.to_end() == b""
    await client.send(GET)
    legacy = await live_path.legacy.accept()
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK


@pytest.mark.parametrize(
    ("asked", "answered"), [(b"", b"Connection: close\r\n"), (b"Connection: keep-alive\r\n",) * 2]
)
async def test_http_1_0(live_path: LivePath, asked: bytes, answered: bytes) -> None:
    """HTTP/1.0 is closed, unless it asks to be kept and is told that it is."""
    client, legacy = await live_path.ask(b"GET / HTTP/1.0\r\n" + asked + b"\r\n")
    await legacy.send(OK)
    assert await client.exactly(len(OK) + len(answered)) == OK[:-4] + answered + b"\r\nok"
    if b"close" in answered:
        assert await client.to_end() == b""
    else:
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        await legacy.head()


async def test_http_1_0_gets_chunks_unwrapped(live_path: LivePath) -> None:
    """It knows no chunks: the end of the connection is the end of the body."""
    client, legacy = await live_path.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    await legacy.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n"
    )
    assert await client.to_end() == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc"


@pytest.mark.parametrize(
    ("version", "expected", "stays"),
    [
        (b"1.1", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", True),
        (b"1.0", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", False),
    ],
)
async def test_answer_until_close(live_path: LivePath, version: bytes, expected: bytes, stays: bool) -> None:
    """An answer that ends with legacy's connection: chunked to HTTP/1.1, which stays; closed to HTTP/1.0."""
    client, legacy = await live_path.ask(b"GET / HTTP/" + version + b"\r\nHost: h\r\n\r\n")
    await legacy.send(b"HTTP/1.0 200 OK\r\n\r\nabc")
    legacy.close()
    assert await client.exactly(len(expected)) == expected
    if stays:
        await client.send(GET)
        await live_path.legacy.accept()
    else:
        assert await client.to_end() == b""


async def test_cut_answer_until_close_is_not_ended_well(live_path: LivePath) -> None:
    """Where legacy's connection breaks instead of closing, the client's chunks have no end."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(b"HTTP/1.1 200 OK\r\n\r\nabc")
    await client.until(b"abc\r\n")
    await live_path.ask(GET)  # so that the bytes are surely under way
    legacy.reset()
    assert b"0\r\n\r\n" not in await client.to_end()
    assert live_path.failures() == ["reset"]


@pytest.mark.parametrize("head", [b"", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 9\r\n"])
@pytest.mark.parametrize("by_us", [False, True])
async def test_half_an_answer_is_not_ended_in_peace(live_path: LivePath, head: bytes, by_us: bool) -> None:
    """To HTTP/1.0 the end of the connection is that of the answer: where legacy or a drain has cut it short,
    there is a reset in its place."""
    client, legacy = await live_path.ask(b"GET / HTTP/1.0\r\n\r\n")
    await legacy.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + b"3\r\nabc\r\n")
    await client.until(b"abc")
    if by_us:
        live_path.connection.break_off()
    else:
        legacy.reset()
    with pytest.raises(ConnectionResetError):
        await client.reader.read()


@pytest.mark.parametrize(
    ("method", "head"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: x\r\n"),
    ],
)
async def test_answers_without_body(live_path: LivePath, method: bytes, head: bytes) -> None:
    """They end with their head, whatever length it names, and both connections go on."""
    client, legacy = await live_path.ask(method + b" / HTTP/1.1\r\nHost: h\r\n\r\n")
    for _ in range(2):
        await legacy.send(head + b"\r\n")
        assert await client.head() == head + b"\r\n"
        await client.send(method + b" / HTTP/1.1\r\nHost: h\r\n\r\n")
        await legacy.head()


async def test_pipelined_requests_are_answered_in_order(live_path: LivePath) -> None:
    """One is under way at a time; each answer follows the one before."""
    client = await live_path.connect()
    await client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(50)))
    legacy = await live_path.legacy.accept()
    for number in range(50):
        assert (await legacy.head()).startswith(b"GET /%d " % number)
        assert live_path.received == number + 1
        await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%02d" % number)
        assert (await client.exactly(len(OK)))[-2:] == b"%02d" % number
    assert len(live_path.legacy.ends) == 1


async def test_pipelined_bodies(live_path: LivePath) -> None:
    """Bodies between pipelined requests are read where they end."""
    client = await live_path.connect()
    post = b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    chunked = b"POST /%d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    await client.send(post % 0 + chunked % 1 + b"\r\n\r\n" + post % 2 + GET)
    legacy = await live_path.legacy.accept()
    for expected in (b"abc", b"3\r\nabc\r\n0\r\n\r\n", b"abc", b""):
        await legacy.head()
        assert await legacy.exactly(len(expected)) == expected
        await legacy.send(OK)
        assert await client.exactly(len(OK)) == OK


async def test_reading_ahead_is_bounded(live_path: LivePath) -> None:
    """Past the bound reading pauses, and goes on once the requests are answered; none is lost."""
    live_path.configure(limits={"read_ahead": 1000})
    client, legacy = await live_path.ask(GET)
    count = 200_000  # more than kernels and clients buffer
    sending = asyncio.create_task(client.send(GET * count))
    connection = live_path.connection
    await until(lambda: connection._reading_paused)
    held = len(connection._buffer)
    assert 1000 < held <= 1000 + 256 * 1024  # one read
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(connection._buffer) == held
    live_path.legacy.script = answer_all(OK)
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK
    await legacy.head()
    sending.cancel()


async def test_empty_lines_before_a_request(live_path: LivePath) -> None:
    """RFC 9112 2.2: they are ignored, split anywhere, and never looked at twice."""
    live_path.legacy.script = answer_all(OK)
    client = await live_path.connect()
    for part in (b"\r", b"\n", b"\r\n\r", b"\n" + GET):
        await client.send(part)
    assert await client.exactly(len(OK)) == OK
    await client.send(b"\r\n" * 500_000 + GET)
    assert await client.exactly(len(OK)) == OK


async def test_an_empty_line_in_two_pieces_begins_no_request(live_path: LivePath) -> None:
    """RFC 9112 2.2: whoever has sent it is as idle as before."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(OK)
    await client.exactly(len(OK))
    idle = live_path.connection.deadline
    await client.send(b"\r")
    await until(lambda: live_path.connection._buffer == b"\r")
    await client.send(b"\n")
    await until(lambda: live_path.connection._buffer == b"")
    assert live_path.connection.deadline == idle
    await client.send(b"G")
    await until(lambda: live_path.connection._buffer == b"G")
    assert live_path.connection.deadline < idle


async def test_head_byte_by_byte(live_path: LivePath) -> None:
    """A head in as many reads as it has bytes is one head."""
    live_path.legacy.script = answer_all(OK)
    client = await live_path.connect()
    for byte in GET:
        await client.send(bytes([byte]))
    assert await client.exactly(len(OK)) == OK


async def test_client_that_does_not_read_is_not_answered_again(live_path: LivePath) -> None:
    """While an answer waits to be taken, the next request is not begun: nothing piles up behind it."""
    body = b"x" * (32 * 1024 * 1024)
    big = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    client, legacy = await live_path.ask(GET)
    client.stop_reading()
    await client.send(GET)
    answering = asyncio.create_task(legacy.send(big))
    connection = live_path.connection
    await until(lambda: connection._writing_paused)
    assert connection.transport.get_write_buffer_size() < 1024 * 1024
    assert live_path.received == 1
    client.go_on_reading()
    await client.exactly(len(big))
    await answering
    await legacy.head()
    assert live_path.received == 2


async def test_connections_are_bounded(live_path: LivePath) -> None:
    """One client too many is closed at once; the others are served."""
    live_path.configure(limits={"connections": 1})
    live_path.legacy.script = answer_all(OK)
    first = await live_path.connect()
    await first.send(GET)
    assert await first.exactly(len(OK)) == OK
    second = await live_path.connect()
    assert await second.to_end() == b""
    await first.send(GET)
    assert await first.exactly(len(OK)) == OK
