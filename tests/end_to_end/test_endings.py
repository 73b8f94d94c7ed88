"""SIGTERM and Ctrl-C: what is under way is answered, all is counted and sealed; asked twice, it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from support.peers import Load, answering, body_of, echo, get, items, read_request
from support.proxy import NOBODY, PROGRAM, Proxy, assert_adds_up, until, value

STOP = [signal.SIGTERM, signal.SIGINT]


class Gate:
    """A legacy that holds every request until it is opened."""

    def __init__(self) -> None:
        self.asked = 0
        self.opened = asyncio.Event()

    async def script(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            self.asked += 1
            await self.opened.wait()
            writer.write(echo(request))
            await writer.drain()


def segments(running: Proxy) -> list[Path]:
    return sorted(running.record.iterdir())


def assert_sealed(running: Proxy) -> None:
    """No segment is open, nothing half made lies there."""
    assert segments(running), "something is recorded"
    assert all(path.name.endswith(".jsonl.zst") for path in segments(running)), segments(running)


@pytest.mark.parametrize("number", STOP)
async def test_requests_under_way_are_answered(number: signal.Signals, backend: Any, proxy: Any) -> None:
    """Twenty requests wait at legacy when the signal comes: all are answered, then the proxy ends with 0."""
    gate = Gate()
    legacy, target = await backend(gate.script), await backend(answering(echo))
    running = await proxy(legacy.url, target.url)
    load = Load(running.port, items(20), clients=20)
    asking = asyncio.create_task(load.run())
    await until(lambda: gate.asked == 20, "legacy is asked")
    running.signal(number)
    await until(lambda: running.events("stopping"), "it stops")
    gate.opened.set()
    await asking
    assert load.errors == []
    assert load.answered == 20
    assert await running.ended() == 0
    assert_sealed(running)
    report = await running.report()
    assert_adds_up(report, 20)
    assert report["totals"]["matched"] == 20


@pytest.mark.parametrize("number", STOP)
async def test_fates_add_up_after_a_signal_under_load(
    number: signal.Signals, backend: Any, proxy: Any
) -> None:
    """No answer is cut or wrong, nobody waits in vain, and each request has its fate in the report."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url)
    load = Load(running.port, items())
    asking = asyncio.create_task(load.run())
    await until(lambda: load.answered > 500, "traffic")
    running.signal(number)
    assert await running.ended() == 0
    load.stop()
    await asking
    wrong = [error for error in load.errors if "Connect" not in error and "0 bytes read" not in error]
    assert wrong == [], "a client is refused or closed on between answers, never in the middle of one"
    assert_sealed(running)
    report = await running.report()
    assert_adds_up(report, report["totals"]["received"])
    assert load.answered <= report["totals"]["received"] <= load.answered + 16


async def test_who_comes_while_it_drains_is_refused_at_once(backend: Any, proxy: Any) -> None:
    """Not taken in to wait for nobody: another instance can serve this client."""
    gate = Gate()
    legacy = await backend(gate.script)
    running = await proxy(legacy.url, NOBODY)
    load = Load(running.port, items(1), clients=1)
    asking = asyncio.create_task(load.run())
    await until(lambda: gate.asked == 1, "legacy is asked")
    running.signal(signal.SIGTERM)

    async def refused() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        except ConnectionRefusedError:
            return True
        writer.transport.abort()
        return False

    async with asyncio.timeout(10):
        while not await refused():  # noqa: ASYNC110 - seen from outside only
            await asyncio.sleep(0.01)
    gate.opened.set()
    await asking
    assert load.errors == []
    assert await running.ended() == 0


async def test_a_second_signal_ends_at_once(backend: Any, proxy: Any, connect: Any) -> None:
    """Legacy and target hang for ever; the second SIGTERM waits for neither, and the code says so."""
    gate = Gate()
    legacy = await backend(answering(lambda r: echo(r)))
    target = await backend(gate.script)
    running = await proxy(legacy.url, target.url, timeouts={"drain": "60s"}, mirror={"timeout": "60s"})
    await Load(running.port, items(5)).run()
    await until(lambda: gate.asked == 5, "the target holds five")
    stuck = await connect(running)
    stuck.writer.write(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
    await _received(running, 6)
    running.signal(signal.SIGTERM)
    await until(lambda: running.events("stopping"), "it stops")
    running.signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await running.ended() == 128 + signal.SIGTERM
    assert_sealed(running)
    assert_adds_up(await running.report(), 6)


async def _received(running: Proxy, count: int) -> None:
    async with asyncio.timeout(20):
        while value(await running.metrics(), "shadow_requests_total") < count:  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.05)


async def test_whoever_reads_that_it_serves_may_end_it(tmp_path: Path) -> None:
    """In the same millisecond: it ends in order, as later."""
    log = ("--log-format", "json", "--record", str(tmp_path))
    running = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "proxy", "--legacy", NOBODY, "--target", "http://127.0.0.1:2", *log),
        *("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"),
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"SHADOW_TIMEOUTS_LAMEDUCK": "1ms"},
    )
    assert running.stderr is not None
    async with asyncio.timeout(20):
        await running.stderr.readuntil(b'"serving"')
        running.terminate()
        _, said = await running.communicate()
    assert running.returncode == 0, said
    assert b'"stopping"' in said


async def test_idle_clients_do_not_delay_the_end(backend: Any, proxy: Any, connect: Any) -> None:
    """A kept connection on which nothing is under way is closed; nobody waits for its idle time."""
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, NOBODY)
    client = await connect(running)
    assert (await client.ask(get("/items/1"))).body == body_of("/items/1")
    running.signal(signal.SIGTERM)
    assert await client.reader.read() == b""
    async with asyncio.timeout(10):
        assert await running.ended() == 0
