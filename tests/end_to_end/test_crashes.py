"""`kill -9` of whatever is not the client's own connection: no client notices, and the fates add up."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from support.peers import Load, answering, echo, get, items
from support.proxy import NOBODY, Proxy, assert_adds_up, until, value

UNBOUNDED = {"in_flight": 1024, "waiting": 100_000}


async def under_load(running: Proxy, victims: list[str]) -> Load:
    """Kill one after another while clients ask; each must be back, and told from the next one."""
    load = Load(running.port, items())
    asking = asyncio.create_task(load.run())
    for victim in victims:
        answered = load.answered
        await until(lambda a=answered: load.answered > a + 200, "traffic")  # type: ignore[misc]
        await running.kill(victim)
    answered = load.answered
    await until(lambda: load.answered > answered + 200, "traffic afterwards")
    load.stop()
    await asking
    assert load.answered + len(load.errors) == load.sent
    return load


@pytest.mark.parametrize("victim", ["shadow-0", "judge-0", "admin"])
async def test_no_client_notices_a_killed(victim: str, backend: Any, proxy: Any) -> None:
    """Twice under load: no error, another takes its place, it works, and the fates add up."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url, mirror=UNBOUNDED)
    load = await under_load(running, [victim, victim])
    assert load.errors == []
    await running.ready()
    before = await running.settled(load.answered)
    await Load(running.port, items(100)).run()
    after = await running.settled(load.answered + 100)
    assert after["matched"] == before["matched"] + 100, "the new one works"
    report = await running.stop()
    assert_adds_up(report, load.answered + 100)
    assert set(report["totals"]["dropped"]) <= {"lost", "channel_full"}


async def test_a_killed_judge_leaves_no_pair_uncounted(backend: Any, proxy: Any) -> None:
    """Every answer differs, so every pair goes to the judge: those it had are counted, unanalysed. On a busy
    machine some may find the channel full, which is counted too."""
    legacy, target = (
        await backend(answering(echo)),
        await backend(answering(lambda r: echo(r).replace(b" 39]", b" 93]"))),
    )
    running = await proxy(legacy.url, target.url, mirror=UNBOUNDED)
    load = await under_load(running, ["judge-0"])
    assert load.errors == []
    await running.settled(load.answered)
    report = await running.stop()
    assert_adds_up(report, load.answered)
    totals = report["totals"]
    assert totals["differed"] + totals["dropped"].get("channel_full", 0) == load.answered
    (endpoint,) = report["endpoints"]
    assert {(d["kind"], d["path"]) for d in endpoint["differences"]} == {("changed", "json:$.items[*]")}


async def test_what_a_killed_shadow_worker_held_is_lost_and_counted(backend: Any, proxy: Any) -> None:
    """Requests that hang at the target when it dies end as dropped, `lost`: none too many or too few."""
    asked = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.read(-1)

    legacy, target = await backend(answering(echo)), await backend(hang)
    running = await proxy(legacy.url, target.url, mirror={"timeout": "60s", "in_flight": 10})
    await Load(running.port, items(30)).run()
    await until(lambda: len(asked) == 10, "the target is asked")
    await running.kill("shadow-0")
    totals = await running.settled(30)
    assert totals["dropped"] == {"lost": 30}
    assert_adds_up(await running.stop(), 30)


async def test_a_killed_live_worker_costs_only_its_own_connections(backend: Any, proxy: Any) -> None:
    """Clients of the other worker see nothing; those of the killed one can connect again; the sum holds."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url, mirror=UNBOUNDED, workers={"live": 2})
    load = await under_load(running, ["live-0"])
    assert len(load.errors) <= 16, "at most the request under way of each client"
    report = await running.stop()
    counted = report["totals"]["received"]
    assert_adds_up(report, counted)
    assert load.answered - 1000 <= counted <= load.answered + 16, "a worker reports once a second"


async def test_a_dead_live_worker_is_told(backend: Any, proxy: Any) -> None:
    """While a live worker is missing the proxy is not ready, and its gauges are gone."""
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, NOBODY, mirror=UNBOUNDED, workers={"live": 2})
    assert await _connections(running) == {"live-0", "live-1"}
    victim = running.worker("live-1")
    os.kill(victim, signal.SIGSTOP)  # so that no other takes its place: it is there, and dead to the world
    os.kill(victim, signal.SIGKILL)
    await until(lambda: running.worker("live-1") not in (0, victim), "another")
    await running.ready()
    assert await _connections(running) == {"live-0", "live-1"}


async def _connections(running: Proxy) -> set[str]:
    metrics = await running.metrics()
    assert value(metrics, "shadow_client_connections") == 0
    return {labels["worker"] for name, labels, _ in metrics if name == "shadow_client_connections"}


async def test_workers_leave_when_the_supervisor_is_gone(backend: Any, proxy: Any, connect: Any) -> None:
    """`kill -9` of the supervisor: they serve on for the drain, without a complaint, and all leave. The
    next proxy takes away the sockets that nobody listens on any more."""

    asked = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.read(-1)

    legacy = await backend(hang)
    running = await proxy(legacy.url, NOBODY, timeouts={"drain": "3s"})
    client = await connect(running)
    client.writer.write(get("/"))
    await until(lambda: asked, "legacy is asked")
    pids = [running.worker(name) for name in ("live-0", "shadow-0", "judge-0", "admin")]
    assert all(pids)
    (sockets,) = _sockets(running.pid)
    os.kill(running.pid, signal.SIGKILL)
    await running.ended()
    await until(lambda: not any(map(_lives, pids)), "all have left")
    assert "Exception" not in running.log
    assert sockets.exists()
    await proxy(legacy.url, NOBODY)
    assert not sockets.exists()


def _sockets(pid: int) -> list[Path]:
    """The folders of sockets that a process has locked."""
    links = [os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()]
    return [Path(link) for link in links if Path(link).name.startswith("shadow-sockets-")]


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
