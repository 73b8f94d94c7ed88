"""Copies that the real nginx and the real Envoy mirror are judged as the inline proxy judges the requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support.fronts import Front
from support.peers import Client, Request, answering, get, post, read_request, response
from support.proxy import NOBODY, Report, assert_adds_up

REQUESTS = [get(f"/{kind}/{n}?q={n}") for n in range(40) for kind in ("same", "price", "gone")]


def shop(price: int, gone: str) -> Callable[[Request], bytes]:
    """A backend with a price of its own, and a status for what has gone."""

    def answer(request: Request) -> bytes:
        kind = request.target.split("/")[1]
        amount = price if kind == "price" else 1
        body = b'{"host":"%b","price":%d}' % (request.all("host")[0].encode(), amount)
        return response(body, gone if kind == "gone" else "200 OK", "Content-Type: application/json")

    return answer


LEGACY, TARGET = shop(5, "404 Not Found"), shop(6, "410 Gone")


@pytest_asyncio.fixture
async def front(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Front]]]:
    """Starts nginx or Envoy before a legacy and a tap."""
    started: list[Front] = []

    async def start(name: str, legacy: int, shadow: int) -> Front:
        made = Front(name, tmp_path)
        started.append(made)
        await made.start(legacy, shadow)
        return made

    yield start
    for each in started:
        await each.stop()


async def ask_all(port: int) -> list[tuple[int, bytes]]:
    """What a client gets for all requests."""
    client = await Client.connect(port)
    answers = [await client.ask(request) for request in REQUESTS]
    client.leave()
    return [(answer.status, answer.body) for answer in answers]


def told(report: Report) -> Any:
    """What a report says of its endpoints, without what depends on the moment, as latencies do."""
    facts = ("endpoint", "received", "matched", "differed", "failed", "status", "differences")
    timed = {"slower", "latency"}
    return [
        {fact: endpoint[fact] for fact in facts} | {"reasons": set(endpoint["reasons"]) - timed}
        for endpoint in report["endpoints"]
    ]


@pytest.mark.parametrize("name", ["nginx", "envoy"])
async def test_the_report_is_that_of_the_inline_proxy(
    name: str, backend: Any, proxy: Any, front: Any
) -> None:
    """Clients see no change, and the same traffic gives the same report."""
    legacy, target = await backend(answering(LEGACY)), await backend(answering(TARGET))
    inline = await proxy(legacy.url, target.url)
    direct = await ask_all(inline.port)
    await inline.settled(len(REQUESTS))
    tap = await proxy(legacy.url, target.url, tap=True)
    before = await front(name, legacy.port, tap.port)
    assert await ask_all(before.port) == direct
    await tap.settled(len(REQUESTS))
    reports = [await each.stop() for each in (inline, tap)]
    assert told(reports[1]) == told(reports[0])
    assert_adds_up(reports[1], len(REQUESTS))


async def test_a_copy_is_answered_before_legacy_is(backend: Any, proxy: Any, connect: Any) -> None:
    """Whoever mirrors never waits for legacy or the target."""
    opened = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        await opened.wait()
        writer.write(LEGACY(request))

    legacy, target = await backend(slow), await backend(answering(LEGACY))
    tap = await proxy(legacy.url, target.url, tap=True)
    client = await connect(tap)
    answers = [await client.ask(get("/same/1")) for _ in range(3)]
    opened.set()
    assert [(answer.status, answer.body) for answer in answers] == [(204, b"")] * 3
    assert (await tap.settled(3))["matched"] == 3


async def test_a_copy_of_a_write_goes_nowhere(backend: Any, proxy: Any, connect: Any) -> None:
    """The client's own has changed legacy already; not even a rule has it asked once more."""
    legacy, target = await backend(answering(LEGACY)), await backend(answering(TARGET))
    rules = [{"match": "* /**", "mirror": True}]
    tap = await proxy(legacy.url, target.url, tap=True, endpoints=rules)
    client = await connect(tap)
    assert (await client.ask(post("/same/1", b"x" * 100))).status == 204
    assert (await tap.settled(1))["skipped"] == {"method": 1}
    assert (legacy.connections, target.connections) == (0, 0)


async def test_copies_do_not_crush_legacy(backend: Any, proxy: Any, connect: Any) -> None:
    """Legacy is asked so many at a time and no more; the others are dropped, and counted."""
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked.wait()

    legacy = await backend(silent)
    tap = await proxy(legacy.url, NOBODY, tap=True, mirror={"in_flight": 2})
    client = await connect(tap)
    for _ in range(5):
        assert (await client.ask(get("/same/1"))).status == 204
    asked.set()
    totals = await tap.settled(5)
    assert (totals["dropped"], legacy.connections) == ({"queue_full": 3}, 2)
