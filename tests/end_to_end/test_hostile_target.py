"""Whatever the target does, clients get legacy's answers, memory is bounded and the fates add up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.peers import Load, Script, answering, body_of, echo, get, items, read_request
from support.proxy import Proxy, assert_adds_up, fates, until, value

REQUESTS = 2000
MEMORY = 72 * 1024 * 1024
"""Bytes that a proxy's process tree may grow by: `mirror.memory`, an eighth of it that the C library cannot
use between pieces of all sizes, what is read at once, and what five processes need for the first time."""

PATIENT = {
    "timeout": "1s",
    "connect": "1s",
    "memory": "48MiB",
    "breaker": {"failures": 20, "probe": "200ms"},
}

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


async def hung(reader: Reader, writer: Writer) -> None:
    """Takes the request and says nothing."""
    await reader.read(-1)


async def slow(reader: Reader, writer: Writer) -> None:
    """Sends a byte now and then."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless_head(reader: Reader, writer: Writer) -> None:
    """Sends fields for ever."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Filler: " + b"a" * 60_000 + b"\r\n")
        await writer.drain()


async def interim(reader: Reader, writer: Writer) -> None:
    """Says 103 for ever."""
    await read_request(reader)
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" * 100)
        await writer.drain()


async def resetting(reader: Reader, writer: Writer) -> None:
    """Resets once it has read the request."""
    await read_request(reader)
    writer.transport.abort()


async def breaking(reader: Reader, writer: Writer) -> None:
    """Breaks off in the middle of the body."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
    writer.close()


async def malformed(reader: Reader, writer: Writer) -> None:
    """Answers with what is no HTTP."""
    await read_request(reader)
    writer.write(b"HTTP/9.9 hello\r\n\x00\xff: \x01\r\n\r\n" * 50)
    await reader.read(-1)


async def two_lengths(reader: Reader, writer: Writer) -> None:
    """Answers so that two parsers would disagree on where the answer ends."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    await reader.read(-1)


async def switching(reader: Reader, writer: Writer) -> None:
    """Changes to another protocol that nobody asked for."""
    await read_request(reader)
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" + b"x" * 65536
    )
    await reader.read(-1)


async def far_too_much(reader: Reader, writer: Writer) -> None:
    """Answers with gigabytes."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
    block = b"x" * 262_144
    while True:
        writer.write(block)
        await writer.drain()


async def endless(reader: Reader, writer: Writer) -> None:
    """Answers in chunks without end."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    block = b"10000\r\n" + b"y" * 65_536 + b"\r\n"
    while True:
        writer.write(block)
        await writer.drain()


async def hoarding(reader: Reader, writer: Writer) -> None:
    """Sends as much as is kept of one answer, and stops short of its end."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + b"z" * 1_048_575)
    await reader.read(-1)


async def garbage(reader: Reader, writer: Writer) -> None:
    """Answers a TLS handshake with noise."""
    writer.write(b"this is no TLS \x00\xff" * 100)
    await reader.read(-1)


HOSTILE = [
    hung, slow, endless_head, interim, resetting, breaking, malformed, two_lengths, switching, far_too_much,
    endless, hoarding,
]  # fmt: skip


async def bear(proxy: Proxy) -> dict[str, Any]:
    """Load the proxy; clients must not notice, memory must not grow. The live report once all is settled."""
    await Load(proxy.port, items(200)).run()
    before = most = proxy.memory()
    load = Load(proxy.port, items(REQUESTS - 200))
    running = asyncio.create_task(load.run())
    while not running.done():
        most = max(most, proxy.memory())
        await asyncio.sleep(0.05)
    await running
    assert load.errors == []
    assert load.answered == REQUESTS - 200
    totals = await proxy.settled(REQUESTS)
    most = max(most, proxy.memory())
    assert most - before < MEMORY, f"{(most - before) >> 20} MiB more"
    return totals


def assert_never_matched(totals: dict[str, Any]) -> None:
    """A target that gave no answer is a failure, or was not asked; never a gap in the sums."""
    assert totals["received"] == fates(totals) == REQUESTS
    assert totals["failed"] > 0, totals
    assert totals["matched"] == totals["differed"] == 0
    assert set(totals["dropped"]) <= {"breaker", "queue_full", "memory"}


@pytest.mark.parametrize("script", HOSTILE, ids=lambda script: script.__name__)
async def test_clients_do_not_notice_a_hostile_target(script: Script, backend: Any, proxy: Any) -> None:
    """Legacy's exact answers, no error, bounded memory, and fates that add up wherever they are told."""
    legacy, target = await backend(answering(echo)), await backend(script)
    running = await proxy(legacy.url, target.url, mirror=PATIENT)
    assert_never_matched(await bear(running))
    metrics = await running.metrics()
    assert value(metrics, "shadow_requests_total") == REQUESTS
    assert value(metrics, "shadow_fates_total") + value(metrics, "shadow_requests_in_flight") == REQUESTS
    assert_adds_up(await running.stop(), REQUESTS)


async def test_clients_do_not_notice_a_dead_target(backend: Any, proxy: Any, unused_port: int) -> None:
    """Nobody listens there: after a few failures in a row it is not asked any more, only probed."""
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, f"http://127.0.0.1:{unused_port}", mirror=PATIENT)
    totals = await bear(running)
    assert_never_matched(totals)
    assert totals["dropped"]["breaker"] > REQUESTS / 2
    report = await running.stop()
    assert_adds_up(report, REQUESTS)
    assert set(report["totals"]["status"]) == {"200→refused"}


async def test_clients_do_not_notice_a_target_that_speaks_no_tls(backend: Any, proxy: Any) -> None:
    """Noise in place of a handshake."""
    legacy, target = await backend(answering(echo)), await backend(garbage)
    running = await proxy(legacy.url, target.url.replace("http:", "https:"), mirror=PATIENT)
    assert_never_matched(await bear(running))
    report = await running.stop()
    assert_adds_up(report, REQUESTS)
    assert set(report["totals"]["status"]) == {"200→tls"}


async def test_clients_do_not_notice_a_handshake_that_hangs(backend: Any, proxy: Any) -> None:
    """A target that accepts and never says its hello."""
    legacy, target = await backend(answering(echo)), await backend(hung)
    running = await proxy(legacy.url, target.url.replace("http:", "https:"), mirror=PATIENT)
    assert_never_matched(await bear(running))
    report = await running.stop()
    assert_adds_up(report, REQUESTS)
    assert set(report["totals"]["status"]) == {"200→timeout"}


async def test_a_dead_target_that_comes_back_is_asked_again(
    backend: Any, proxy: Any, unused_port: int
) -> None:
    """The breaker probes; one answer closes it. Both are told in the log, once."""
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, f"http://127.0.0.1:{unused_port}", mirror=PATIENT)
    await Load(running.port, items(100)).run()
    await running.settled(100)
    target = await backend(answering(echo), unused_port)
    sent = 100
    while not (totals := await running.totals())["matched"]:
        await Load(running.port, items(10)).run()
        sent += 10
        totals = await running.settled(sent)
    await Load(running.port, items(100)).run()
    after = await running.settled(sent + 100)
    assert after["matched"] == totals["matched"] + 100
    assert target.connections
    assert_adds_up(await running.stop(), sent + 100)
    for event in ("breaker_opened", "breaker_closed"):
        assert [each["backend"] for each in running.events(event)] == ["target"]


@pytest.mark.parametrize("tls", [False, True], ids=["hung", "hung handshake"])
async def test_the_next_request_does_not_wait_for_the_shadow_of_the_last(
    tls: bool, backend: Any, proxy: Any, connect: Callable[[Proxy], Awaitable[Any]]
) -> None:
    """On one connection: the target holds the first shadow request, and the second is answered meanwhile."""
    legacy, target = await backend(answering(echo)), await backend(hung)
    url = target.url.replace("http:", "https:") if tls else target.url
    running = await proxy(legacy.url, url, mirror={"timeout": "60s", "connect": "60s"})
    client = await connect(running)
    for number in range(1, 4):
        answer = await client.ask(get(f"/items/{number}"))
        assert answer.body == body_of(f"/items/{number}")
        await until(lambda n=number: target.connections == n, "the target holds it")  # type: ignore[misc]
    totals = await running.totals()
    assert totals["matched"] + totals["differed"] + totals["failed"] == 0, (
        "the target has answered nothing yet"
    )


async def test_what_hangs_at_the_end_is_given_up_and_counted(backend: Any, proxy: Any) -> None:
    """SIGTERM while the target holds requests: they are dropped as `shutdown`, not forgotten."""
    legacy, target = await backend(answering(echo)), await backend(hung)
    running = await proxy(legacy.url, target.url, mirror={"timeout": "60s", "in_flight": 8})
    await Load(running.port, items(50)).run()
    await until(lambda: target.connections == 8, "the target holds as many as it may")
    report = await running.stop()
    assert_adds_up(report, 50)
    assert report["totals"]["dropped"] == {"shutdown": 50}


async def test_a_good_target_matches(backend: Any, proxy: Any) -> None:
    """The same load on a healthy target: everything is mirrored, everything matches."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url, mirror={"in_flight": 1024, "waiting": 100_000})
    totals = await bear(running)
    assert totals["matched"] == totals["mirrored"] == REQUESTS
    report = await running.stop()
    assert_adds_up(report, REQUESTS)
    assert report["totals"]["status"] == {"200→200": REQUESTS}
