"""1xx: relayed in both senses, to those who asked and can read them."""

from __future__ import annotations

import pytest
from support.live_path import OK, LivePath

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
EXPECT = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


async def test_continue_then_final(live_path: LivePath) -> None:
    """Expect reaches legacy, its 100 the client, then the body legacy, then the answer the client."""
    client = await live_path.connect()
    await client.send(EXPECT)
    legacy = await live_path.legacy.accept()
    assert b"Expect: 100-continue\r\n" in await legacy.head()
    await legacy.send(CONTINUE)
    assert await client.head() == CONTINUE
    await client.send(b"abc")
    assert await legacy.exactly(3) == b"abc"
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK
    await client.send(GET)
    await legacy.head()


async def test_final_at_once(live_path: LivePath) -> None:
    """Legacy does not want the body: its answer reaches the client, and both connections are closed, since
    nobody knows whether the body will come."""
    client, legacy = await live_path.ask(EXPECT)
    await legacy.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    assert await client.to_end() == (
        b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert await legacy.to_end() == b""


async def test_body_is_sent_unasked(live_path: LivePath) -> None:
    """A client may stop waiting; a 100 that comes late is still its own."""
    client, legacy = await live_path.ask(EXPECT)
    await client.send(b"abc")
    assert await legacy.exactly(3) == b"abc"
    await legacy.send(CONTINUE + OK)
    assert await client.exactly(len(CONTINUE + OK)) == CONTINUE + OK


async def test_unasked_continue_is_swallowed(live_path: LivePath) -> None:
    """Who did not ask for a 100 might take it for the answer."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(CONTINUE + CONTINUE + OK)
    assert await client.exactly(len(OK)) == OK


async def test_early_hints_pass(live_path: LivePath) -> None:
    """103 is relayed before the answer, each as soon as it comes."""
    client, legacy = await live_path.ask(GET)
    for _ in range(2):
        await legacy.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\n")
        assert await client.head() == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\n"
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK


@pytest.mark.parametrize("interim", [CONTINUE, b"HTTP/1.1 103 Early Hints\r\n\r\n"])
async def test_http_1_0_gets_none(live_path: LivePath, interim: bytes) -> None:
    """RFC 9110 15.2: a 1xx is not sent to HTTP/1.0, even if it said Expect."""
    client, legacy = await live_path.ask(
        b"POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"
    )
    await legacy.send(interim + OK)
    assert (await client.to_end()).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_interim_split_anywhere(live_path: LivePath) -> None:
    """A 1xx and the answer, byte by byte."""
    client, legacy = await live_path.ask(GET)
    for byte in b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + OK:
        await legacy.send(bytes([byte]))
    assert await client.head() == b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"
    assert await client.exactly(len(OK)) == OK


async def test_endless_interim_answers(live_path: LivePath) -> None:
    """A legacy that never comes to its answer is cut off."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(CONTINUE * 101)
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")


async def test_slow_upload_after_continue(live_path: LivePath) -> None:
    """While the client uploads, legacy owes nothing, however long it takes."""
    client, legacy = await live_path.ask(EXPECT)
    await legacy.send(CONTINUE)
    await client.head()
    for byte in b"abc":
        live_path.pass_time(59)
        await client.send(bytes([byte]))
        assert await legacy.exactly(1) == bytes([byte])
    await legacy.send(OK)
    assert await client.exactly(len(OK)) == OK
