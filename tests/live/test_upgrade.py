"""Upgrades: a tunnel after legacy's 101, HTTP before it and without it."""

from __future__ import annotations

import asyncio

import pytest
from support.live_path import OK, End, LivePath, until

UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: k\r\n\r\n"
)
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


async def tunnel(live_path: LivePath) -> tuple[End, End]:
    client, legacy = await live_path.ask(UPGRADE)
    await legacy.send(SWITCHING)
    assert await client.head() == SWITCHING
    return client, legacy


async def test_bytes_both_ways(live_path: LivePath) -> None:
    """After the 101 bytes pass as they are."""
    client, legacy = await tunnel(live_path)
    await client.send(b"\x81\x02hi GET / HTTP/1.1\n\n")
    assert await legacy.exactly(21) == b"\x81\x02hi GET / HTTP/1.1\n\n"
    await legacy.send(b"\x81\x02ho")
    assert await client.exactly(4) == b"\x81\x02ho"
    assert live_path.skipped() == {"upgrade": 1}


async def test_bytes_sent_ahead_arrive_after_the_101(live_path: LivePath) -> None:
    """Neither side's first bytes pass before legacy has agreed, and none is lost."""
    client, legacy = await live_path.ask(UPGRADE + b"early")
    await client.send(b" bird")
    await until(lambda: live_path.connection._buffer == b"early bird")
    assert live_path.connection._request is not None
    await legacy.send(SWITCHING + b"worm")
    assert await client.exactly(len(SWITCHING) + 4) == SWITCHING + b"worm"
    assert await legacy.exactly(10) == b"early bird"


async def test_tunnels_are_clients(live_path: LivePath) -> None:
    """They count towards the connections that a worker takes in, and leave their place when they end."""
    live_path.configure(limits={"connections": 1})
    ends = await tunnel(live_path)
    assert await (await live_path.connect()).to_end() == b""
    for end in ends:
        end.leave()
    await until(lambda: not live_path.live.front.tunnels)
    await tunnel(live_path)


async def test_refused_upgrade_is_http(live_path: LivePath) -> None:
    """Legacy answers 200: the bytes behind the request are the next request, judged like any other."""
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: h\r\nX-Shadow: 1\r\n\r\n"
    client, legacy = await live_path.ask(UPGRADE + smuggled)
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK
    head = await legacy.head()
    assert head.startswith(b"GET /smuggled HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: ")
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK
    assert live_path.received == 2


async def test_refused_upgrade_with_bytes_that_are_no_http(live_path: LivePath) -> None:
    """Legacy answers 200: frames sent ahead are a malformed request, and legacy never sees them."""
    client, legacy = await live_path.ask(UPGRADE + b"\x81\x02hi\r\n")
    await legacy.send(OK)
    assert (await client.to_end()).startswith(OK + b"HTTP/1.1 400 ")
    assert live_path.skipped() == {"refused": 1, "upgrade": 1}


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
    ],
)
async def test_unasked_101(live_path: LivePath, request_: bytes) -> None:
    """A 101 that nobody asked for is 502, and legacy's connection is closed."""
    client, legacy = await live_path.ask(request_)
    await legacy.send(SWITCHING)
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")
    assert await legacy.to_end() == b""
    assert live_path.failures() == ["malformed"]


async def test_101_before_the_request_has_ended(live_path: LivePath) -> None:
    """Half a body could not be told from what the new protocol says."""
    client, legacy = await live_path.ask(
        UPGRADE.replace(b"GET", b"POST")[:-2] + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
    )
    await legacy.send(SWITCHING)
    assert (await client.to_end()).startswith(b"HTTP/1.1 502 ")


async def test_upgrade_with_a_body(live_path: LivePath) -> None:
    """The body is part of the request; the tunnel begins behind it."""
    client = await live_path.connect()
    await client.send(UPGRADE.replace(b"GET", b"POST")[:-2] + b"Content-Length: 3\r\n\r\nabcdef")
    legacy = await live_path.legacy.accept()
    await legacy.head()
    assert await legacy.exactly(3) == b"abc"
    await legacy.send(SWITCHING)
    assert await client.head() == SWITCHING
    assert await legacy.exactly(3) == b"def"


@pytest.mark.parametrize("leaver", [0, 1])
async def test_one_side_closes(live_path: LivePath, leaver: int) -> None:
    """What it has said arrives, and the other can still say what it has to."""
    ends = await tunnel(live_path)
    gone, other = ends[leaver], ends[1 - leaver]
    await gone.send(b"bye")
    gone.writer.write_eof()
    assert await other.to_end() == b"bye"
    await other.send(b"and thanks")
    other.close()
    assert await gone.to_end() == b"and thanks"
    await until(lambda: not live_path.live.front.tunnels)


@pytest.mark.parametrize("leaver", [0, 1])
async def test_one_side_breaks(live_path: LivePath, leaver: int) -> None:
    """Then the other is broken off too."""
    ends = await tunnel(live_path)
    ends[leaver].reset()
    assert await ends[1 - leaver].to_end() == b""
    await until(lambda: not live_path.live.front.tunnels)


@pytest.mark.parametrize("slow", [0, 1])
async def test_backpressure(live_path: LivePath, slow: int) -> None:
    """A side that does not read stops the other; the proxy holds little, and nothing is lost."""
    ends = await tunnel(live_path)
    reader, writer = ends[slow], ends[1 - slow]
    reader.stop_reading()
    size = 32 * 1024 * 1024
    sending = asyncio.create_task(writer.send(b"x" * size))
    (open_tunnel,) = live_path.live.front.tunnels
    transport = open_tunnel._transports[slow]
    await until(lambda: transport.get_write_buffer_size() > 64 * 1024)
    assert transport.get_write_buffer_size() < 1024 * 1024
    assert not sending.done()
    reader.go_on_reading()
    assert await reader.exactly(size) == b"x" * size
    await sending


async def test_idle_tunnel_is_closed(live_path: LivePath) -> None:
    """After an hour in which nothing moved."""
    client, legacy = await tunnel(live_path)
    live_path.pass_time(3599)
    await client.send(b"x")
    assert await legacy.exactly(1) == b"x"
    live_path.pass_time(3601)
    assert await client.to_end() == b""
    assert await legacy.to_end() == b""


async def test_tunnel_that_cannot_be_closed_is_broken_off(live_path: LivePath) -> None:
    """A client that does not take its last bytes does not hold the connection for ever."""
    client, legacy = await tunnel(live_path)
    client.stop_reading()
    sending = asyncio.create_task(legacy.send(b"x" * 32 * 1024 * 1024))
    (open_tunnel,) = live_path.live.front.tunnels
    await until(lambda: open_tunnel._transports[0].get_write_buffer_size() > 64 * 1024)
    live_path.pass_time(3601)
    assert live_path.live.front.tunnels
    live_path.pass_time(6)
    await until(lambda: not live_path.live.front.tunnels)
    sending.cancel()
