"""Clients that leave, and a worker that has to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from support.live_path import OK, LivePath, answer_all, until

from shadow.wire.deadlines import NEVER
from shadow.wire.downstream import Downstream

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
DRAIN_AT_ONCE = {"timeouts": {"drain": 0.01}}


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
async def test_safe_request_is_cancelled(live_path: LivePath, method: bytes) -> None:
    """Nobody needs the answer any more: legacy is told at once."""
    client, legacy = await live_path.ask(method + GET[3:])
    client.leave()
    assert await legacy.to_end() == b""
    assert live_path.skipped() == {"client_left": 1}


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"PATCH", b"PURGE"])
async def test_other_request_is_finished(live_path: LivePath, method: bytes) -> None:
    """It was to change something: legacy ends it in peace, and its connection is used again."""
    client, legacy = await live_path.ask(method + POST[4:])
    assert await legacy.exactly(3) == b"abc"
    client.leave()
    await until(lambda: live_path.live.orphans)
    await legacy.send(OK)
    await until(lambda: live_path.skipped() == {"client_left": 1})
    other = await live_path.connect()
    await other.send(GET)
    assert (await legacy.head()).startswith(b"GET / ")


async def test_finished_though_the_client_read_slowly(live_path: LivePath) -> None:
    """A client that had paused the answer does not leave it paused."""
    client, legacy = await live_path.ask(POST)
    await legacy.exactly(3)
    client.stop_reading()
    sending = asyncio.create_task(
        legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 32000000\r\n\r\n" + b"x" * 32_000_000)
    )
    await until(lambda: live_path.live.front.connections and live_path.connection._writing_paused)
    client.leave()
    await sending
    await until(lambda: live_path.skipped() == {"client_left": 1})


async def test_half_a_request_is_not_finished(live_path: LivePath) -> None:
    """Legacy sees the break, and cannot take a part for the whole."""
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
    await legacy.exactly(3)
    client.leave()
    assert await legacy.to_end() == b""
    assert live_path.skipped() == {"client_left": 1}


async def test_leaving_in_the_middle_of_an_answer(live_path: LivePath) -> None:
    """A download that nobody reads is stopped."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    await client.until(b"abc")
    client.leave()
    assert await legacy.to_end() == b""
    assert live_path.skipped() == {"client_left": 1}


async def test_orphan_whose_legacy_fails(live_path: LivePath) -> None:
    """Nobody knows what the client would have got: it is counted as left, once."""
    client, legacy = await live_path.ask(POST)
    client.leave()
    await until(lambda: live_path.live.orphans)
    legacy.leave()
    await until(lambda: live_path.skipped() == {"client_left": 1})


async def test_leaving_while_connecting(live_path: LivePath) -> None:
    """The connection is not waited for."""

    class Never:
        async def reach(self, connect: object, seconds: float) -> None:
            await live_path.worker.stopping.wait()

    client = await live_path.connect()
    live_path.live.pool._resolver = Never()  # type: ignore[assignment]
    await client.send(GET)
    await until(lambda: live_path.received)
    client.leave()
    await until(lambda: not live_path.live.pool._connecting)
    assert live_path.skipped() == {"client_left": 1}


async def test_pipelined_requests_of_one_who_left(live_path: LivePath) -> None:
    """Those not begun were never received."""
    client, legacy = await live_path.ask(GET * 10)
    client.leave()
    assert await legacy.to_end() == b""
    assert live_path.received == 1


async def test_half_closing_client_has_left(live_path: LivePath) -> None:
    """It cannot be told from one that has closed, and nginx and Envoy take it so, too."""
    client, legacy = await live_path.ask(GET)
    client.writer.write_eof()
    assert await legacy.to_end() == b""


# -- drain


async def test_drain_closes_idle_connections(live_path: LivePath) -> None:
    """Idle clients are closed, and nothing is waited for."""
    live_path.legacy.script = answer_all(OK)
    client = await live_path.connect()
    await client.send(GET)
    assert await client.exactly(len(OK)) == OK
    await live_path.live.drain()
    assert await client.to_end() == b""
    await until(lambda: live_path.legacy.ends[0].reader.at_eof())


@pytest.mark.parametrize("end", [Downstream.drain, Downstream.break_off])
async def test_an_answer_that_is_about_to_be_written(
    live_path: LivePath, end: Callable[[Downstream], None]
) -> None:
    """It goes out before its connection is closed, though both happen in the same turn of the loop."""
    client, legacy = await live_path.ask(GET)
    live = live_path.live
    served = live.served

    def served_and_ended(status: int, whole: float, legacy: float) -> None:
        served(status, whole, legacy)
        for connection in list(live.front.connections):
            end(connection)

    live.served = served_and_ended  # type: ignore[method-assign]
    await legacy.send(OK)
    assert await client.to_end() == OK


async def test_drain_waits_for_answers(live_path: LivePath) -> None:
    """What is under way is answered whole, and says that it is the last."""
    live_path.configure(timeouts={"linger": 0.01})
    client, legacy = await live_path.ask(GET)
    draining = asyncio.create_task(live_path.live.drain())
    await until(lambda: live_path.live.front.draining)
    await legacy.send(OK)
    assert await client.to_end() == OK[:-4] + b"Connection: close\r\n\r\nok"
    await draining
    assert live_path.handed == 1


async def test_drain_lets_an_answer_end_that_has_begun(live_path: LivePath) -> None:
    """An answer whose head is out ends whole, and then the connection."""
    live_path.configure(timeouts={"linger": 0.01})
    client, legacy = await live_path.ask(GET + GET)
    await legacy.send(OK[:-2])
    await client.head()
    draining = asyncio.create_task(live_path.live.drain())
    await until(lambda: live_path.live.front.draining)
    await legacy.send(b"ok")
    assert await client.to_end() == b"ok"
    await draining
    assert live_path.received == 1


async def test_drain_waits_for_requests_whose_client_has_left(live_path: LivePath) -> None:
    """A write that legacy works on is ended and counted."""
    client, legacy = await live_path.ask(POST)
    client.leave()
    await until(lambda: live_path.live.orphans)
    draining = asyncio.create_task(live_path.live.drain())
    await until(lambda: live_path.live.front.draining)
    assert not draining.done()
    await legacy.send(OK)
    await draining
    assert live_path.skipped() == {"client_left": 1}


@pytest.mark.parametrize("answered_before", [True, False])
async def test_drain_waits_for_no_upload_behind_its_answer(
    live_path: LivePath, answered_before: bool
) -> None:
    """A client that has its answer gets a moment to read it, however much it still sends."""
    client, legacy = await live_path.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 999\r\n\r\nabc")
    connection, front = live_path.connection, live_path.live.front
    if answered_before:
        await legacy.send(OK)
        await until(lambda: connection._lingering)
    draining = asyncio.create_task(live_path.live.drain())
    await until(lambda: front.draining)
    if not answered_before:
        await legacy.send(OK)
    assert (await client.to_end()).endswith(b"ok")
    connection.deadline = NEVER
    await client.send(b"def")
    await until(lambda: connection.deadline < NEVER)
    live_path.pass_time(1)
    assert connection.transport.is_closing()
    await draining


@pytest.mark.parametrize("request_", [GET, POST, POST[:-1]])
async def test_drain_is_bounded(live_path: LivePath, request_: bytes) -> None:
    """What does not end in time is broken off, and booked before the last report."""
    live_path.configure(**DRAIN_AT_ONCE)
    client, legacy = await live_path.ask(request_)
    await live_path.live.drain()
    assert live_path.skipped() == {"client_left": 1}
    assert await client.to_end() == b""
    assert (await legacy.to_end()).strip(b"abc") == b""


async def test_bounded_drain_gives_orphans_up(live_path: LivePath) -> None:
    """The same for a write whose client has left."""
    live_path.configure(**DRAIN_AT_ONCE)
    client, _ = await live_path.ask(POST)
    client.leave()
    await until(lambda: live_path.live.orphans)
    await live_path.live.drain()
    assert live_path.skipped() == {"client_left": 1}


async def test_drain_closes_tunnels(live_path: LivePath) -> None:
    """A tunnel has no end of its own to wait for."""
    client, legacy = await live_path.ask(
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    await legacy.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nbye")
    await client.until(b"bye")
    await live_path.live.drain()
    assert await client.to_end() == b""
    assert await legacy.to_end() == b""
