"""What must hold between requests on one connection, said byte by byte. Each is a test, and kills mutants."""

from __future__ import annotations

import asyncio
import socket

import pytest
from support.live_path import OK, End, LivePath, until

from shadow.model import Failure
from shadow.wire.upstream import Connection

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
UPGRADE = b"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


async def answered(live_path: LivePath) -> tuple[End, End]:
    """A client and a connection to legacy that have both served once and are idle."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK
    return client, legacy


async def early_answer(live_path: LivePath) -> None:
    """RFC 9112 9.3: legacy answers while the body still comes. Nobody knows how much of that there will be:
    what follows is never a request, and legacy's connection is not used again."""
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\nabc")
    assert await legacy.exactly(3) == b"abc"
    await legacy.send(OK)
    head = await client.head()
    assert b"\r\nConnection: close\r\n" in head
    await client.send(b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n" * 30)
    assert await client.to_end() == b"ok"
    assert await legacy.to_end() == b""
    assert live_path.received == len(live_path.legacy.ends) == 1


async def early_refusal(live_path: LivePath) -> None:
    """The same where the answer is ours: the body of a refused request is nobody's request."""
    client = await live_path.connect()
    await client.send(b"POST / HTTP/1.1\r\nContent-Length: 9000\r\n\r\n" + GET)
    head = await client.head()
    assert head.startswith(b"HTTP/1.1 400 ")
    await client.send(GET * 30)
    assert b"HTTP/1.1" not in await client.to_end()
    assert live_path.received == 1
    assert live_path.legacy.ends == []


async def stranger(live_path: LivePath) -> None:
    """RFC 9112 9.2: what a backend says unasked closes its connection. Kept, it would be the next answer."""
    client, legacy = await answered(live_path)
    await legacy.send(EVIL)
    assert await legacy.to_end() == b""
    await client.send(GET)
    other = await live_path.legacy.accept()
    await other.head()
    await other.send(OK)
    assert await client.exactly(len(OK)) == OK


async def stranger_just_then(live_path: LivePath) -> None:
    """The same where the client asks in the same moment, before the loop has seen what was said."""
    client, legacy = await answered(live_path)
    client.writer.write(GET)
    legacy.writer.write(EVIL)
    live_path.live.pool._idle[0]._poll.poll(1000)  # the kernel has it, the loop has not looked yet
    other = await live_path.legacy.accept()
    await other.head()
    await other.send(OK)
    assert await client.exactly(len(OK)) == OK


async def no_second_write(live_path: LivePath) -> None:
    """RFC 9110 9.2.2: what may have changed something is not sent twice, however its connection ended."""
    client, legacy = await answered(live_path)
    await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
    await legacy.head()
    legacy.leave()
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")
    assert len(live_path.legacy.ends) == 1


async def refused_upgrade(live_path: LivePath) -> None:
    """RFC 9110 7.8: legacy answers 200: the bytes behind the request, and behind its body, are the next
    request, judged like any other."""
    ask = UPGRADE.replace(b"GET", b"POST")[:-2] + b"Content-Length: 3\r\n\r\nabc"
    for request in (UPGRADE, ask):
        client, legacy = await live_path.ask(request + GET.replace(b"/", b"/next", 1))
        if request is ask:
            assert await legacy.exactly(3) == b"abc"
        await legacy.send(OK)
        assert await client.exactly(len(OK)) == OK
        assert (await legacy.head()).startswith(b"GET /next HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: ")
        await legacy.send(OK.replace(b"200 OK", b"200 OK\r\nConnection: close"))
        assert await client.exactly(len(OK)) == OK
        client.leave()
        await until(lambda: not live_path.live.front.connections)


async def upgrade_to_bytes(live_path: LivePath) -> None:
    """Legacy answers 200: what is no request is refused, and does not reach legacy."""
    client, legacy = await live_path.ask(UPGRADE + b"\x81\x05hello\r\n")
    await legacy.send(OK)
    assert (await client.to_end()).startswith(OK + b"HTTP/1.1 400 ")
    assert not legacy.reader.at_eof()
    assert live_path.skipped() == {"refused": 1, "upgrade": 1}


async def closed_within_a_second(live_path: LivePath) -> None:
    """A refused client that goes on sending is cut off within a second: by the clock of the loop."""
    client = await live_path.connect()
    await client.send(b"GET /\r\n\r\n")
    assert (await client.to_end()).startswith(b"HTTP/1.1 400 ")
    await client.send(GET)
    live_path.pass_time(1.0)
    await until(lambda: not live_path.live.front.connections)


async def too_early(live_path: LivePath) -> None:
    """RFC 9112 9.2: what a backend says on a new connection before it is asked is nobody's answer."""
    _, legacy = await answered(live_path)
    legacy.leave()
    await until(lambda: not live_path.live.pool._idle)
    opened: asyncio.Future[Connection | Failure] = asyncio.get_running_loop().create_future()
    live_path.live.pool.connect(opened.set_result)
    banner = await live_path.legacy.accept()
    await banner.send(EVIL)
    assert await banner.to_end() == b""
    connection = await opened
    assert isinstance(connection, Failure) or connection.transport.is_closing()
    assert live_path.live.pool.take() is None


async def never(live_path: LivePath) -> None:
    """A backend that takes a request and says nothing: 504 after its time, and no other client gets what it
    says later."""
    client, legacy = await live_path.ask(GET)
    live_path.pass_time(61)
    head = await client.head()
    assert head.startswith(b"HTTP/1.1 504 ")
    assert await legacy.to_end() == b""
    await client.until(b"\n")
    await client.send(GET)
    other = await live_path.legacy.accept()
    await other.head()
    await other.send(OK)
    assert await client.exactly(len(OK)) == OK


async def one_at_a_time(live_path: LivePath) -> None:
    """RFC 9112 9.3.2: of requests sent behind each other legacy gets the next when the last is answered."""
    following = GET.replace(b"/", b"/next", 1)
    client, legacy = await live_path.ask(GET + following[:9])
    await client.send(following[9:])
    await until(lambda: len(live_path.connection._buffer) == len(following) or live_path.received > 1)
    assert live_path.received == 1
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK
    assert (await legacy.head()).startswith(b"GET /next HTTP/1.1\r\n")
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK
    assert len(live_path.legacy.ends) == 1


async def said_before(live_path: LivePath) -> None:
    """Fields that are those of the request before are not read again; any other are, and each request is its
    own. A target that names a host is not asked for at the one before."""
    first, second = b" HTTP/1.1\r\nHost: h\r\nA: b\r\n", b" HTTP/1.1\r\nHost: h\r\nA: c\r\n"
    asked = [b"/1" + first, b"/2" + first, b"/3" + second, b"/4" + first, b"http://other/5" + first]
    client, legacy = await live_path.ask(b"GET" + b" " + asked[0] + b"\r\n")
    ids = set()
    for following in [*asked[1:], b""]:
        await legacy.send(OK)
        assert await client.exactly(len(OK)) == OK
        if not following:
            break
        await client.send(b"GET " + following + b"\r\n")
        head = await legacy.head()
        start, added = head.split(b"X-Forwarded-For: 127.0.0.1\r\n")
        expected = b"GET " + following
        if following == asked[-1]:
            expected = b"GET /5 HTTP/1.1\r\nA: b\r\nHost: other\r\n"
        assert start == expected
        ids.add(added.split(b"X-Request-Id: ")[1].split(b"\r\n")[0])
    assert b"" not in ids
    assert len(ids) == len(asked) - 1


async def own_error_with_the_body_still_coming(live_path: LivePath) -> None:
    """RFC 9112 9.3: where we answer in legacy's place, 502 or 504, no byte of the body becomes a request."""
    ask = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\nabc"
    client, legacy = await live_path.ask(ask)
    legacy.leave()
    head = await client.head()
    assert head.startswith(b"HTTP/1.1 502 ")
    assert b"\r\nConnection: close\r\n" in head
    await client.send(GET * 30)
    assert b"HTTP/1.1" not in await client.to_end()
    assert live_path.received == len(live_path.legacy.ends) == 1


async def nobody_else_is_asked(live_path: LivePath) -> None:
    """RFC 9110 7.6: whatever a request names, only what is configured is connected to."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.setblocking(False)
        name = b"127.0.0.1:%d" % other.getsockname()[1]
        for target, host in (
            (b"http://%b/" % name, name), (b"//%b/" % name, name), (b"/@%b/" % name, b"h"), (b"/", name),
            (b"http://%b/" % name, b"h"), (b"/\\\\%b" % name, name), (b"/?http://%b" % name, name),
        ):  # fmt: skip
            more = b"X-Forwarded-Host: %b\r\nForwarded: host=%b\r\n" % (name, name)
            client = await live_path.connect()
            await client.send(b"GET %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (target, host, more))
            if not live_path.legacy.ends:
                legacy = await live_path.legacy.accept()
            await legacy.head()
            await legacy.send(OK)
            assert await client.exactly(len(OK)) == OK
        with pytest.raises(BlockingIOError):
            other.accept()


RULES = (
    early_answer, early_refusal, stranger, stranger_just_then, no_second_write, refused_upgrade,
    upgrade_to_bytes, closed_within_a_second, too_early, never, one_at_a_time,
    said_before, own_error_with_the_body_still_coming, nobody_else_is_asked,
)  # fmt: skip
