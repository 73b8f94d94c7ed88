"""Whatever asks a backend once more, and a legacy that gives no answer: through whole processes."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from support.peers import Load, Request, answering, body_of, echo, get, items, post, read_request, response
from support.proxy import assert_adds_up, until, value

from shadow.record.recheck import Label, Recheck
from shadow.record.segment import Record, Unreadable, read_segments
from shadow.record.tally import Tally, TallyRecord

ALL = {"share": 1.0, "per_second": 1000.0}
OFTEN = {"per_second": 1000.0, "after": "100ms"}


def varying(first: int) -> Callable[[Request], bytes]:
    """JSON with a number that is never the same."""
    numbers = itertools.count(first)
    return lambda _: response(b'{"at": %d}' % next(numbers), "200 OK", "Content-Type: application/json")


def tally(records: list[Record]) -> Tally:
    """All tallies together."""
    total = Tally()
    for record in records:
        if isinstance(record, TallyRecord):
            total.merge(record.tally)
    return total


async def test_controls_tell_what_legacy_varies_itself(backend: Any, proxy: Any) -> None:
    """Of all requests, as often as may be under way: counted as learned, and each has one fate."""
    legacy, target = await backend(answering(varying(0))), await backend(answering(varying(10**6)))
    running = await proxy(legacy.url, target.url, mirror={"control": ALL})
    load = Load(running.port, ((get("/items/1"), b"") for _ in range(50)), clients=1)
    await load.run()
    await running.settled(50)
    asked = value(await running.metrics(), "shadow_controls_total")
    assert_adds_up(await running.stop(), 50)
    learned = tally(list(read_segments(running.record, Unreadable()))).learned
    assert 0 < learned.differed == asked <= 50
    (paired,) = learned.differences.values()
    assert (paired.both, paired.target_only, paired.control_only) == (asked, 0, 0)


async def test_a_difference_is_labelled_in_the_records(backend: Any, proxy: Any) -> None:
    """One that stays: asked twice more of both, counted with the difference, and written."""
    asked: Counter[str] = Counter()

    def wrong(request: Request) -> bytes:
        asked[request.target] += 1
        return response(b"other", "200 OK", "Content-Type: application/json")

    legacy, target = await backend(answering(echo)), await backend(answering(wrong))
    running = await proxy(legacy.url, target.url, mirror={"recheck": OFTEN})
    await Load(running.port, items(1)).run()
    await until(lambda: asked["/items/0"] == 3, "two later looks")
    async with asyncio.timeout(20):
        while value(await running.metrics(), "shadow_rechecks_pending"):  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.05)
    assert_adds_up(await running.stop(), 1)
    records = list(read_segments(running.record, Unreadable()))
    assert [r.label for r in records if isinstance(r, Recheck)] == [Label.STABLE]
    assert [seen.stable for seen in tally(records).differences.values()] == [1]


async def test_the_sum_holds_with_controls_and_rechecks_under_way(backend: Any, proxy: Any) -> None:
    """SIGTERM while legacy holds every control: those exchanges count like any other."""
    gate = asyncio.Event()
    held = []

    async def holding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            if request.all("x-shadow"):
                held.append(request)
                await gate.wait()
            writer.write(echo(request))
            await writer.drain()

    legacy = await backend(holding)
    target = await backend(answering(lambda r: echo(r).replace(b" 39]", b" 93]")))
    running = await proxy(legacy.url, target.url, mirror={"control": ALL, "recheck": OFTEN})
    load = Load(running.port, items(30))
    await load.run()
    await until(lambda: len(held) == 4, "controls are under way")
    report = await running.stop()
    assert_adds_up(report, 30)
    assert report["totals"]["differed"] == 30
    gate.set()


@pytest.mark.parametrize("victim", ["shadow-0", "judge-0"])
async def test_a_kill_leaves_the_sum_as_it_is(victim: str, backend: Any, proxy: Any) -> None:
    """`kill -9` with controls and rechecks under way: no client notices."""
    legacy = await backend(answering(varying(0)))
    target = await backend(answering(varying(10**6)))
    running = await proxy(legacy.url, target.url, mirror={"control": ALL, "recheck": OFTEN})
    requests = ((get("/items/1"), b"") for _ in itertools.count())
    load = Load(running.port, requests, clients=4)
    asking = asyncio.create_task(load.run())
    await until(lambda: load.answered > 200, "traffic")
    await running.kill(victim)
    answered = load.answered
    await until(lambda: load.answered > answered + 100, "traffic afterwards")
    load.stop()
    await asking
    assert load.answered == load.sent
    assert_adds_up(await running.stop(), load.sent)


# -- failure is an answer


async def test_what_legacy_did_not_answer_the_target_is_asked(
    unused_port: int, backend: Any, proxy: Any, connect: Any
) -> None:
    """The client gets its 502 at once; the pair differs by its status alone."""
    target = await backend(answering(echo))
    running = await proxy(f"http://127.0.0.1:{unused_port}", target.url)
    client = await connect(running)
    answer = await client.ask(get("/items/1"))
    assert (answer.status, answer.body) == (502, b"502 Bad Gateway: legacy could not be asked\n")
    assert (await client.ask(post("/items/1", b"x"))).status == 502
    await running.settled(2)
    report = await running.stop()
    assert_adds_up(report, 2)
    totals = report["totals"]
    assert (totals["differed"], totals["failed"], totals["skipped"]) == (1, 0, {"method": 1})
    assert totals["status"] == {"refused→200": 1}


async def test_both_failing_is_a_match_of_its_own_kind(
    unused_port: int, backend: Any, proxy: Any, connect: Any
) -> None:
    """Legacy hangs, which is a 504 for the client, and nobody listens at the target."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    legacy = await backend(hang)
    running = await proxy(
        legacy.url, f"http://127.0.0.1:{unused_port}", timeouts={"answer": "200ms", "lameduck": "1ms"}
    )
    assert (await (await connect(running)).ask(get("/items/1"))).status == 504
    await running.settled(1)
    report = await running.stop()
    assert_adds_up(report, 1)
    assert report["totals"]["matched"] == 1
    assert report["totals"]["status"] == {"timeout→refused": 1}


async def test_by_default_legacy_is_asked_once_in_a_hundred_times_more(backend: Any, proxy: Any) -> None:
    """Of equal answers: only the share of controls, and no client notices."""
    asked: Counter[str] = Counter()

    def counted(request: Request) -> bytes:
        asked.update(request.all("x-shadow"))
        return echo(request)

    legacy, target = await backend(answering(counted)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url, mirror={"control": {}, "recheck": {}})
    load = Load(running.port, ((get("/items/1"), body_of("/items/1")) for _ in range(500)), clients=4)
    await load.run()
    assert load.errors == []
    await running.settled(500)
    assert_adds_up(await running.stop(), 500)
    assert set(asked) <= {"control"}
    assert asked["control"] <= 25
