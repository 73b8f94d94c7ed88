"""A million random paths, hosts and agents: what is counted, told and remembered of them is bounded."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from prometheus_client import generate_latest
from support.peers import Client, answering, get, response
from support.proxy import Proxy, assert_adds_up, samples

from shadow.endpoint import COUNTED, NAMES, Endpoints
from shadow.frame import WorkerReport
from shadow.model import Response
from shadow.record.parts import About
from shadow.record.tally import Tally
from shadow.serve.ledger import Ledger
from shadow.serve.metrics import registry

SERIES = 500
PAGE = 1 << 20  # bytes
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def path(chance: random.Random) -> str:
    """Words in which no shape tells a value."""
    return "/".join(["", *("".join(chance.choices(LETTERS, k=8)) for _ in range(chance.randrange(1, 4)))])


def test_a_million_paths_have_few_names() -> None:
    """One process makes 500 names and one more for each method, and forgets the rest."""
    endpoints = Endpoints(())
    methods = (b"GET", b"POST", b"DELETE")
    words = str.maketrans("0123456789", "abcdefghij")  # in which no shape tells a value
    names = set()
    for number in range(1_000_000):
        target = f"/{number}/x".translate(words).encode()
        names.add(endpoints.lookup(methods[number % 3], target).name)
    assert len(names) == NAMES + len(methods)


def test_counters_of_workers_that_come_and_go() -> None:
    """Two hundred workers one after another, each with 500 names of its own, are counted under 2,000 names;
    the page of metrics has under 500 series and a megabyte, and no request is missing."""
    ledger = Ledger()
    answer = Response(200, b"", total=0.01)
    for worker in range(200):
        tallies = {}
        for number in range(NAMES):
            tally = tallies[f"GET /{worker}/{number}/" + "x" * 100] = Tally(received=1)
            tally.count_match(answer, answer, About())
        ledger.fold(WorkerReport("live-0", worker, tallies, {1: dict.fromkeys(tallies, 1)}, {"tunnels": 0.0}))
    page = generate_latest(registry(ledger, "abc", ledger.silence)).decode()
    told = samples(page)
    assert len(ledger.totals) <= COUNTED + 1
    assert len(told) <= SERIES
    assert len(page) < PAGE
    assert sum(value for name, _, value in told if name == "shadow_requests_total") == 200 * NAMES


async def test_random_requests(backend: Any, proxy: Any) -> None:
    """Eight thousand requests, no two alike in path, host and agent."""
    legacy, target = (
        await backend(answering(lambda r: response(b"same"))),
        await backend(answering(lambda r: response(b"same"))),
    )
    running = await proxy(legacy.url, target.url)
    chance = random.Random(7)

    async def ask(count: int) -> None:
        client = await Client.connect(running.port)
        for _ in range(count):
            host, agent = path(chance)[1:].replace("/", "."), path(chance)
            request = get(path(chance), f"User-Agent: {agent}").replace(b"shop.example", host.encode())
            assert (await client.ask(request)).status == 200
        client.leave()

    await asyncio.gather(*(ask(500) for _ in range(16)))
    await settled(running, 8_000)
    page = (await running.get("/metrics"))[1]
    assert len(samples(page)) <= SERIES
    assert len(page) < PAGE
    assert len((await running.get("/report"))[1]) < 16 << 20
    report = await running.stop()
    assert_adds_up(report, 8_000)
    assert len(report["endpoints"]) <= NAMES + 1


async def settled(running: Proxy, received: int) -> None:
    """As the proxy's own, but without making so large a report again and again."""
    async with asyncio.timeout(60):
        while True:
            totals = await running.totals()
            if totals["received"] >= received and not totals["in_flight"]:
                return
            await asyncio.sleep(1)
