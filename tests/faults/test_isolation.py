"""What is large: it costs the live path no more than passing it on, and no other client waits for it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

from support.peers import answering, echo, get, response
from support.proxy import assert_adds_up, endpoint, forget_peak, peak, resident, value

MIB = 1 << 20
UPLOAD = 100 * MIB
BLOCK = bytes(range(256)) * 256
TIMES = 4
BLOCKED = 0.05
"""Seconds that no loop may be blocked for. A loop that has used less of the processor was not."""


def seconds_of(pid: int) -> float:
    """CPU that a process has used, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0]) / 1e9


async def test_an_upload_of_100_megabytes(backend: Any, proxy: Any, connect: Any) -> None:
    """Where it is mirrored: its first byte is at legacy before the second is sent, the worker grows by what
    is kept of one request and 4 MiB, and the copy is skipped as too large, and not sent in part."""
    begun = asyncio.Event()

    async def legacy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            left = UPLOAD - len(await reader.readexactly(1))
            begun.set()
            while left:
                left -= len(await reader.read(min(left, MIB)))
            writer.write(response(b"taken"))

    target = await backend(answering(lambda _: response(b"taken")))
    rule = {"match": "PUT /file", "mirror": True}
    running = await proxy((await backend(legacy)).url, target.url, endpoints=[rule])
    client, live = await connect(running), running.worker("live-0")
    for number in (1, 2):  # the second one finds all that a first one leaves in memory
        begun.clear()
        before = resident(live)
        forget_peak(live)
        client.writer.write(
            b"PUT /file HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % UPLOAD + BLOCK[:1]
        )
        async with asyncio.timeout(60):
            await begun.wait()
            client.writer.write(BLOCK[1:])
            for _ in range(UPLOAD // len(BLOCK) - 1):
                client.writer.write(BLOCK)
                await client.writer.drain()
            assert (await client.answer()).body == b"taken"
        assert peak(live) - before < MIB + 4 * MIB
        assert (await running.settled(number))["skipped"] == {"too_large": number}
    assert target.connections == 0
    assert_adds_up(await running.stop(), 2)


def large(shift: int) -> bytes:
    """An answer of 5 MB of JSON, in which each side has other numbers."""
    rows = [{"id": n, "price": n + shift, "text": "検索 " * 40} for n in range(11_000)]
    body = json.dumps(rows, ensure_ascii=False).encode()
    return response(body, "200 OK", "Content-Type: application/json")


async def test_a_comparison_of_5_megabytes(backend: Any, proxy: Any, connect: Any) -> None:
    """JSON that differs everywhere: while the judge is at it, however long, clients are served and what they
    asked is mirrored and matched; and passing it on and handing it over takes no loop 50 ms."""
    ours, theirs = large(0), large(1)
    legacy = await backend(answering(lambda r: ours if r.target == "/large" else echo(r)))
    target = await backend(answering(lambda r: theirs if r.target == "/large" else echo(r)))
    limits = {"body_limit": "8MiB", "memory": "256MiB"}
    running = await proxy(legacy.url, target.url, mirror=limits)
    client = await connect(running)
    loops = [running.worker(name) for name in ("live-0", "shadow-0")]
    used: list[list[float]] = [[], []]
    os.kill(running.worker("judge-0"), signal.SIGSTOP)
    for number in range(1, TIMES + 1):
        before = [seconds_of(pid) for pid in loops]
        assert (await client.ask(get("/large"))).body == ours[ours.index(b"\r\n\r\n") + 4 :]
        async with asyncio.timeout(30):
            while value(await running.metrics(), "shadow_judge_jobs") < number:  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.05)
        for spent, pid, at in zip(used, loops, before, strict=True):
            spent.append(seconds_of(pid) - at)
    for number in range(100):
        assert (await client.ask(get(f"/items/{number}"))).status == 200
    async with asyncio.timeout(30):
        totals = await running.totals()  # of two workers, each of which tells in its time
        while totals["matched"] < 100 or totals["received"] < 100 + TIMES:
            await asyncio.sleep(0.05)
            totals = await running.totals()
    assert totals["in_flight"] == TIMES, "the judge has them"
    os.kill(running.worker("judge-0"), signal.SIGCONT)
    await running.settled(100 + TIMES)
    print("seconds of a loop:", [min(spent) for spent in used])
    assert all(min(spent) < BLOCKED for spent in used), "the least: others use the machine, too"
    report = await running.stop()
    found = endpoint(report, "GET /large")
    assert found["differed"] == TIMES
    assert {each["path"] for each in found["differences"]} == {"json:$[*].price"}
    assert_adds_up(report, 100 + TIMES)
