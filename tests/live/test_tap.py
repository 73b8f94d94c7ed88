"""Copies that another proxy sends, as a live worker takes them in."""

from __future__ import annotations

from support.live_path import OK, LivePath, answer_all, until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
ACCEPTED = b"HTTP/1.1 204 No Content\r\n\r\n"


async def test_copies_behind_each_other(live_path: LivePath) -> None:
    """However many come in one read, each is answered, in turn, and has its fate."""
    live_path.configure(tap=True)
    live_path.legacy.script = answer_all(OK)
    client = await live_path.connect()
    await client.send(GET * 1000)
    assert await client.exactly(1000 * len(ACCEPTED)) == ACCEPTED * 1000
    await until(lambda: live_path.received == 1000)
    await live_path.settled()


async def test_a_sender_that_leaves_at_once(live_path: LivePath) -> None:
    """What has come whole is asked of legacy, and booked once."""
    live_path.configure(tap=True)
    live_path.legacy.script = answer_all(OK)
    client = await live_path.connect()
    await client.send(GET * 10)
    client.leave()
    await until(lambda: not live_path.live.front.connections)
    await live_path.settled()


async def test_a_sender_that_asks_whether_to_go_on(live_path: LivePath) -> None:
    """RFC 9110 10.1.1: it is told so, as legacy has told the client."""
    live_path.configure(tap=True)
    client = await live_path.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
    await client.send(b"abc")
    assert await client.exactly(len(ACCEPTED)) == ACCEPTED
