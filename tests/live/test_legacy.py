"""Legacy's connections: kept, given up, tried again; and a legacy that misbehaves."""

from __future__ import annotations

import asyncio
import socket

import pytest
from support.live_path import OK, End, LivePath, answer_all, until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


async def answered(live_path: LivePath) -> tuple[End, End]:
    """A client and a connection to legacy that have both served once and are idle."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK
    return client, legacy


async def test_last_in_first_out(live_path: LivePath) -> None:
    """The connection used last is used next, so that a lull closes what a burst opened."""
    clients, ends = zip(*[await live_path.ask(GET) for _ in range(3)], strict=True)
    for client, end in zip(clients, ends, strict=True):
        await end.send(OK)
        await client.exactly(len(OK))
    for _ in range(2):
        await clients[0].send(GET)
        await ends[2].head()
        await ends[2].send(OK)
        await clients[0].exactly(len(OK))
    assert len(live_path.legacy.ends) == 3


async def test_idle_connections_are_closed_before_legacy_would(live_path: LivePath) -> None:
    """After four seconds, below the five of Apache and Node; then a new one is opened."""
    client, legacy = await answered(live_path)
    live_path.pass_time(3.9)
    assert not legacy.reader.at_eof()
    live_path.pass_time(4.1)
    assert await legacy.to_end() == b""
    await client.send(GET)
    await live_path.legacy.accept()


async def test_stale_connection_is_not_taken(live_path: LivePath) -> None:
    """Past its time it is closed instead of used, even where no sweep has seen it yet."""
    client, legacy = await answered(live_path)
    live_path.live.pool._idle[0].deadline = 0.0
    await client.send(GET)
    await live_path.legacy.accept()
    assert await legacy.to_end() == b""


async def test_byte_on_an_idle_connection_closes_it(live_path: LivePath) -> None:
    """It would become the next client's answer."""
    client, legacy = await answered(live_path)
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    assert await legacy.to_end() == b""
    await client.send(GET)
    other = await live_path.legacy.accept()
    await other.send(OK)
    assert await client.exactly(len(OK)) == OK


@pytest.mark.parametrize("surplus", [b"x", OK])
async def test_legacy_says_too_much(live_path: LivePath, surplus: bytes) -> None:
    """What follows an answer in the same read reaches nobody, and the connection is closed."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(OK + surplus)
    assert await client.exactly(len(OK)) == OK
    assert await legacy.to_end() == b""
    await client.send(GET)
    other = await live_path.legacy.accept()
    await other.send(OK)
    assert await client.exactly(len(OK)) == OK


async def test_body_of_a_head_answer_reaches_nobody(live_path: LivePath) -> None:
    """An answer to HEAD has no body: bytes behind it close legacy's connection, not the client's."""
    client, legacy = await live_path.ask(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
    await legacy.send(OK)
    assert await client.head() == OK[:-2]
    assert await legacy.to_end() == b""
    await client.send(GET)
    other = await live_path.legacy.accept()
    await other.send(OK)
    assert await client.exactly(len(OK)) == OK


async def test_legacy_speaks_before_it_is_asked(live_path: LivePath) -> None:
    """A banner on a fresh connection is nobody's answer."""

    async def banner(end: End) -> None:
        await end.send(OK)

    live_path.legacy.script = banner
    client = await live_path.connect()
    await client.send(GET)
    assert (await client.head())[:13] in (b"HTTP/1.1 502 ", OK[:13])  # it may come just when asked


MALFORMED = {
    "no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "both lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
    "length twice": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "bare LF": b"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
    "control byte": b"HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n",
    "endless head": b"HTTP/1.1 200 OK\r\nA: " + b"b" * 300_000,
}


@pytest.mark.parametrize("answer", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_answer(live_path: LivePath, answer: bytes) -> None:
    """502, legacy's connection closed, and nothing of it at the client, who can go on."""
    client, legacy = await live_path.ask(GET)
    legacy.writer.write(answer)
    head = await client.head()
    assert head == b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: 43\r\n\r\n"
    assert await client.exactly(43) == b"502 Bad Gateway: legacy could not be asked\n"
    assert await legacy.to_end() == b""
    await client.send(GET)
    await live_path.legacy.accept()
    assert live_path.failures() == ["malformed"]


async def test_malformed_chunk_breaks_the_answer_off(live_path: LivePath) -> None:
    """The client cannot take half an answer for a whole one."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
    await client.until(b"ok\r\n")
    await legacy.send(b"oops\r\n0\r\n\r\n")
    assert await client.to_end() == b""
    assert live_path.failures() == ["malformed"]


async def test_answer_that_ends_too_soon(live_path: LivePath) -> None:
    """Legacy closes in the middle: so do we."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    await client.until(b"abc")
    legacy.close()
    assert await client.to_end() == b""
    assert live_path.failures() == ["reset"]


async def test_unreachable(live_path: LivePath) -> None:
    """Nobody listens: 502, and the client's connection lives on."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        live_path.legacy.stop()
        port, live_path.legacy.port = live_path.legacy.port, nobody.getsockname()[1]
        client = await live_path.connect()
        for _ in range(2):
            await client.send(GET)
            assert (await client.head()).startswith(b"HTTP/1.1 502 ")
            await client.exactly(43)
        live_path.legacy.port = port
    await client.send(
        b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    )
    assert b"Content-Length: 43\r\n\r\n" in await client.head()
    assert (await client.to_end()).endswith(
        b"Connection: close\r\n\r\n502 Bad Gateway: legacy could not be asked\n"
    )
    assert live_path.failures() == ["refused"] * 4


async def test_no_address(live_path: LivePath) -> None:
    """A name that nobody knows is 502."""
    live_path.configure(legacy="http://legacy.invalid:80")
    client = await live_path.connect()
    await client.send(GET)
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")


# -- the one retry


async def dies(live_path: LivePath, request: bytes, body: bytes = b"") -> End:
    """A request on a reused connection that dies before a byte of answer."""
    client, legacy = await answered(live_path)
    await client.send(request)
    await legacy.head()
    if body:
        await legacy.exactly(len(body))
    legacy.leave()
    return client


IDEMPOTENT = {
    "GET": (GET, b""),
    "HEAD": (b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", b""),
    "DELETE": (b"DELETE / HTTP/1.1\r\nHost: h\r\n\r\n", b""),
    "PUT": (b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
    "chunked PUT": (
        b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: 1\r\n\r\n",
        b"3\r\nabc\r\n0\r\nX: 1\r\n\r\n",
    ),
    "empty chunked PUT": (
        b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"0\r\n\r\n",
    ),
}


@pytest.mark.parametrize(("request_", "body"), IDEMPOTENT.values(), ids=IDEMPOTENT)
async def test_retried_once(live_path: LivePath, request_: bytes, body: bytes) -> None:
    """Idempotent, body empty or held, connection reused: asked again on a new one, the same, once."""
    client = await dies(live_path, request_, body)
    second = await live_path.legacy.accept()
    head = await second.head()
    assert head.split(b" ")[0] == request_.split(b" ")[0]
    assert await second.exactly(len(body)) == body
    second.leave()
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")
    assert len(live_path.legacy.ends) == 2
    assert live_path.live.retries == 1


async def test_retry_serves_the_client(live_path: LivePath) -> None:
    """It never learns that there were two, and the exchange is counted once."""
    client = await dies(live_path, GET)
    second = await live_path.legacy.accept()
    await second.head()
    await second.send(OK)
    assert await client.exactly(len(OK)) == OK
    assert (live_path.received, live_path.handed) == (2, 2)


NOT_RETRIED = {
    "POST": b"POST / HTTP/1.1\r\nHost: h\r\n\r\n",
    "PATCH": b"PATCH / HTTP/1.1\r\nHost: h\r\n\r\n",
    "unknown method": b"PURGE / HTTP/1.1\r\nHost: h\r\n\r\n",
    "body not whole": b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na",
    "body not held": b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n" + b"a" * 2000,
}


@pytest.mark.parametrize("request_", NOT_RETRIED.values(), ids=NOT_RETRIED)
async def test_not_retried(live_path: LivePath, request_: bytes) -> None:
    """What may have changed something, or cannot be sent again whole, is 502."""
    live_path.configure(mirror={"body_limit": 1000})
    client = await dies(live_path, request_, request_.partition(b"\r\n\r\n")[2])
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")
    assert len(live_path.legacy.ends) == 1


async def test_fresh_connection_is_not_retried(live_path: LivePath) -> None:
    """Legacy saw the request and died over it: it is not given another."""
    client, legacy = await live_path.ask(GET)
    legacy.leave()
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")
    assert len(live_path.legacy.ends) == 1


async def test_not_retried_after_a_byte_of_answer(live_path: LivePath) -> None:
    """An answer had begun."""
    client, legacy = await answered(live_path)
    await client.send(GET)
    await legacy.head()
    await legacy.send(b"H")
    await until(lambda: live_path.connection._request._upstream.heard)  # type: ignore[union-attr]
    legacy.leave()
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")
    assert len(live_path.legacy.ends) == 1


async def test_connection_closed_as_soon_as_accepted(live_path: LivePath) -> None:
    """Every request gets its 502, whenever the close is noticed."""

    async def slam(end: End) -> None:
        end.reset()

    live_path.legacy.script = slam
    client = await live_path.connect()
    for _ in range(20):
        await client.send(GET)
        assert (await client.head()).startswith(b"HTTP/1.1 502 ")
        await client.exactly(43)


async def test_pooled_connections_are_bounded(live_path: LivePath) -> None:
    """A closed pool keeps none."""
    live_path.legacy.script = answer_all(OK)
    client = await live_path.connect()
    live_path.live.pool.close()
    await client.send(GET)
    assert await client.exactly(len(OK)) == OK
    await until(lambda: live_path.legacy.ends[0].reader.at_eof())


async def test_byte_on_an_idle_connection_just_when_it_is_needed(live_path: LivePath) -> None:
    """The client asks and legacy speaks unasked in one turn of the loop: the client gets its own answer."""
    client, legacy = await answered(live_path)
    client.writer.write(GET)
    legacy.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    live_path.live.pool._idle[0]._poll.poll(1000)  # the kernel has it, the loop has not looked yet
    other = await live_path.legacy.accept()
    await other.head()
    await other.send(OK)
    assert await client.exactly(len(OK)) == OK
    assert await legacy.to_end() == b""


async def test_an_answer_before_legacy_resets(live_path: LivePath) -> None:
    """Legacy answers early and closes with the upload unread, as gunicorn and Tomcat do: the client gets that
    answer, though we notice only because we cannot write on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        live_path.configure(legacy=f"http://127.0.0.1:{server.getsockname()[1]}")
        client = await live_path.connect()
        await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
        legacy, _ = await asyncio.to_thread(server.accept)
        with legacy:
            await asyncio.to_thread(legacy.recv, 1)
            legacy.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        upload = live_path.connection
        upload.data_received(b"def")  # before the loop has looked at legacy
        upload._request._upstream.send()  # type: ignore[union-attr]
        assert (await client.to_end()).startswith(b"HTTP/1.1 413 ")


async def test_what_an_idle_connection_said_before_it_reset(live_path: LivePath) -> None:
    """It is not the answer to a request of which not a byte has been taken: that is asked anew."""
    client, legacy = await answered(live_path)
    upstream = live_path.live.pool._idle[0]
    await client.send(GET)
    await until(lambda: upstream._sink)
    await legacy.head()
    legacy.writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
    upstream._poll.poll(1000)
    upstream.connection_lost(ConnectionResetError())
    other = await live_path.legacy.accept()
    await other.head()
    await other.send(OK)
    assert await client.exactly(len(OK)) == OK


async def test_bare_line_feeds(live_path: LivePath) -> None:
    """An answer that can come to no good end is told at once, and is not waited for."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok")
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")
