"""The end of a connection under TLS: there is no half of one, and it may be seen before what was said."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

import pytest
from support.live_path import End, LivePath, until

from shadow.model import FailureKind

trustme = pytest.importorskip("trustme", reason="pip: trustme")

BODY = bytes(100_000)  # more than the buffers of the kernel here, and less than those of a transport


async def serve(live_path: LivePath) -> None:
    """Have TLS at the front."""
    authority = trustme.CA()
    live_path.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(live_path.tls)
    live_path.trust = ssl.create_default_context()
    authority.configure_trust(live_path.trust)
    await live_path.serve()


async def last_answer(live_path: LivePath) -> End:
    """A client that does not read, whose answer with `Connection: close` has been written to the end."""
    await serve(live_path)
    live_path.server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    client = await live_path.connect(receive_buffer=4096)
    client.stop_reading()
    await client.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    legacy = await live_path.legacy.accept()
    await legacy.head()
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY))
    await until(lambda: live_path.connection._lingering)
    return client


async def test_half_an_answer_of_which_the_client_has_just_gone(live_path: LivePath) -> None:
    """Below TLS the connection is gone a turn before its client's end hears of it. What legacy breaks off
    just then is booked as ever."""
    await serve(live_path)
    client, legacy = await live_path.ask(b"GET / HTTP/1.0\r\n\r\n")
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    await client.until(b"abc")
    connection = live_path.connection
    below = connection.transport.get_extra_info("uvloop.sslproto")
    below.connection_lost(None)
    connection._request._upstream._fail(FailureKind.RESET, "")  # type: ignore[union-attr]
    await until(lambda: not live_path.live.front.connections)
    assert live_path.unbooked == 0


async def test_a_slow_client_gets_all_of_a_last_answer(live_path: LivePath) -> None:
    """However long it does not read, as long as it goes on before it stalls."""
    client = await last_answer(live_path)
    live_path.pass_time(5.0)
    client.go_on_reading()
    assert (await client.to_end()).endswith(b"\r\n\r\n" + BODY)


async def test_one_that_reads_no_more_is_given_up(live_path: LivePath) -> None:
    """After the time in which it could have gone on."""
    await last_answer(live_path)
    live_path.pass_time(5.0)
    connections = live_path.live.front.connections
    assert connections
    # What it has room for still moves for a while.
    await until(lambda: live_path.pass_time(100.0) or not connections)  # type: ignore[func-returns-value]


PIECE = b"x" * 40_000
TURNS = 20
"""Of the loop, until a piece has been passed on."""

Say = Callable[[bytes], Awaitable[None]]


def tls_of_legacy(live_path: LivePath) -> ssl.SSLContext:
    """Legacy comes with TLS, by what is given here."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    legacy = f"https://127.0.0.1:{live_path.legacy.port}"
    live_path.configure(legacy=legacy, tls={"legacy": {"verify": False}})
    return context


async def asked(legacy: End, context: ssl.SSLContext) -> Say:
    """Shake hands at legacy's end, and read a request; how to say something."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)

    async def say(data: bytes) -> None:
        tls.write(data)
        await legacy.send(outgoing.read())

    while True:
        try:
            tls.do_handshake()
            assert tls.read().endswith(b"\r\n\r\n")
        except ssl.SSLWantReadError:
            await legacy.send(outgoing.read())
            incoming.write(await legacy.some())
        else:
            return say


async def test_an_answer_whose_end_is_seen_first(live_path: LivePath) -> None:
    """Legacy closes while the client is slow to read: the last that it said is not cut off the answer, least
    of all from one that ends with the connection, where nobody could tell."""
    context = tls_of_legacy(live_path)
    client = await live_path.connect(receive_buffer=4096)
    client.stop_reading()
    await client.send(b"GET / HTTP/1.0\r\n\r\n")
    legacy = await live_path.legacy.accept()
    say = await asked(legacy, context)
    await say(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    connection = live_path.connection
    said = 0
    while not connection._writing_paused:
        await say(PIECE)
        said += len(PIECE)
        for _ in range(TURNS):
            await asyncio.sleep(0)
    await say(PIECE)
    legacy.close()
    await until(lambda: not connection._request)
    client.go_on_reading()
    head, _, body = (await client.to_end()).partition(b"\r\n\r\n")
    assert head == b"HTTP/1.1 200 OK\r\nConnection: close"
    assert len(body) == said + len(PIECE)


async def test_what_a_tunnel_was_told_last(live_path: LivePath) -> None:
    """The same where bytes pass both ways."""
    context = tls_of_legacy(live_path)
    client = await live_path.connect(receive_buffer=4096)
    await client.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
    legacy = await live_path.legacy.accept()
    say = await asked(legacy, context)
    await say(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
    await client.head()
    client.stop_reading()
    ((near, far),) = [tunnel._transports for tunnel in live_path.live.front.tunnels]
    said = 0
    while far.is_reading():
        await say(PIECE)
        said += len(PIECE)
        for _ in range(TURNS):
            await asyncio.sleep(0)
    await say(PIECE)
    legacy.close()
    await until(far.is_closing)
    client.go_on_reading()
    assert len(await client.to_end()) == said + len(PIECE)
    assert near.is_closing()


async def test_the_end_of_an_early_answer_to_http_1_0(live_path: LivePath) -> None:
    """Only the end of the connection tells it, and below TLS there is no half of one."""
    await serve(live_path)
    client, legacy = await live_path.ask(b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\nabc")
    await legacy.send(b"HTTP/1.1 413 No\r\n\r\nno")
    legacy.close()
    assert (await client.to_end()).endswith(b"no")
