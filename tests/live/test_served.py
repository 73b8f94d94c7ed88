"""What clients were given is counted: for the objectives of those who run this, compared or not."""

from __future__ import annotations

import time

import pytest
from support.live_path import OK, LivePath, answer_all, until

from shadow.wire.turn import Sender

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


async def test_legacys_answers_are_counted_by_class_and_time(live_path: LivePath) -> None:
    """One for each that a client got to its end."""
    for answer in (OK, OK.replace(b"200 OK", b"503 Busy")):
        live_path.legacy.script = answer_all(answer)
        client = await live_path.connect()
        await client.send(GET)
        await client.exactly(len(answer))
        live_path.live.pool.close()
    served = live_path.worker.served
    assert served.legacy == {"2xx": 1, "5xx": 1}
    assert served.client.total == served.asked.total == 2
    assert served.client.sum >= 0.9 * served.asked.sum
    assert served.own == {}


async def test_who_asks_ahead_has_waited_too(live_path: LivePath) -> None:
    """The next request is asked on legacy's same connection as soon as an answer has ended."""
    live_path.legacy.script = answer_all(OK)
    client = await live_path.connect()
    await client.send(GET * 3)
    await client.exactly(3 * len(OK))
    served = live_path.worker.served
    await until(lambda: served.client.total == 3)
    assert served.client.sum >= 0.9 * served.asked.sum


async def test_own_answers_are_counted_by_status(live_path: LivePath) -> None:
    """In legacy's place, and refusals of what cannot be read."""
    live_path.legacy.stop()
    for request in (GET, b"GET / HTTP/9.9\r\n\r\n"):
        client = await live_path.connect()
        await client.send(request)
        await client.head()
    assert live_path.worker.served.own == {"502": 1, "400": 1}
    assert live_path.worker.served.legacy == {}


async def test_half_an_answer_is_counted_as_broken(live_path: LivePath) -> None:
    """Its status was legacy's, but the client did not get what it tells of."""
    client, legacy = await live_path.ask(GET)
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    await client.head()
    legacy.leave()
    await client.to_end()
    await until(lambda: live_path.worker.served.own)
    assert live_path.worker.served.own == {"broken": 1}
    assert live_path.worker.served.legacy == {}


async def test_a_clock_that_is_set_adds_no_time(live_path: LivePath, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour forward, while legacy is asked: nobody has waited for it."""
    client, legacy = await live_path.ask(GET)
    before = time.time
    monkeypatch.setattr(time, "time", lambda: before() + 3600)
    await legacy.send(OK)
    await client.exactly(len(OK))
    served = live_path.worker.served
    await until(lambda: served.client.total)
    assert 0 < served.client.sum < 60
    assert served.asked.sum < 60


async def test_legacys_time_begins_with_the_writing(live_path: LivePath) -> None:
    """What a request waits for others that are written with it is not legacy's doing."""
    live_path.legacy.script = answer_all(OK)
    held: list[Sender] = []
    client = await live_path.connect()
    live_path.live.pool.turn.add = lambda sender, _: held.append(sender)  # type: ignore[method-assign]
    await client.send(GET)
    await until(lambda: held)
    began = time.perf_counter()
    await until(lambda: time.perf_counter() > began + 0.05)
    written = time.perf_counter()
    held.pop().send()
    await client.exactly(len(OK))
    assert live_path.channel.frames[0].total <= time.perf_counter() - written
