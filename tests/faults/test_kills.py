"""`kill -9` of each kind of process at random moments under load: production notices nothing but of a live
worker's own connections, the store opens, nothing is torn, and the fates add up each time.

SHADOW_KILLS says how many of each kind, and a fifth of that of the supervisor; 5 if it does not.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from support.peers import Load, answering, echo, get, items
from support.proxy import Proxy, assert_adds_up, command, until

KILLS = int(os.environ.get("SHADOW_KILLS", "5"))
UNBOUNDED = {"in_flight": 64, "waiting": 100_000}


async def killed(running: Proxy, victim: str, load: Load, chance: random.Random) -> None:
    """Kill it at some moment, and wait until another has taken its place."""
    await asyncio.sleep(chance.uniform(0.0, 2.0))  # one that lives for less than a second comes back later
    wanted = load.answered + chance.randrange(1, 200)
    await until(lambda: load.answered >= wanted, "traffic")
    before = running.worker(victim)
    os.kill(before, signal.SIGKILL)
    await until(lambda: running.worker(victim) not in (0, before), f"a new {victim}", patience=15.0)


@pytest.mark.parametrize("victim", ["live-0", "shadow-0", "judge-0", "admin"])
async def test_at_random_moments(victim: str, backend: Any, proxy: Any) -> None:
    """Every answer differs, so that the judge and its segments are busy too."""
    legacy = await backend(answering(echo))
    target = await backend(answering(lambda r: echo(r).replace(b" 39]", b" 93]")))
    running = await proxy(legacy.url, target.url, mirror=UNBOUNDED, workers={"live": 2})
    chance = random.Random(7)
    load = Load(running.port, items(100_000 * KILLS + 1_000_000), clients=8)
    asking = asyncio.create_task(load.run(patience=60.0 + 10.0 * KILLS))
    for _ in range(KILLS):
        await killed(running, victim, load, chance)
    load.stop()
    await asking
    most = 8 * KILLS if victim == "live-0" else 0
    assert len(load.errors) <= most, "at most what was under way on the connections of the killed one"
    report = await running.stop()
    counted = report["totals"]["received"]
    assert_adds_up(report, counted)
    if victim != "live-0":
        assert counted == load.answered
    assert set(report["totals"]["dropped"]) <= {"lost", "channel_full", "memory", "shutdown"}
    assert sum(event["torn"] for event in running.events("recovered")) == 0, "it began with an empty folder"


async def test_no_room_for_another(backend: Any, proxy: Any, connect: Any) -> None:
    """While the system lets nothing new begin, those who live serve clients; then it is made up for."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url)
    client = await connect(running)
    soft, hard = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (3, hard))
    os.kill(running.worker("shadow-0"), signal.SIGKILL)
    await until(lambda: running.events("worker_not_started"), "it has tried")
    assert (await client.ask(get("/a"))).status == 200
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (soft, hard))
    await until(lambda: running.worker("shadow-0"), "a new one", patience=15.0)
    await running.ready()
    assert (await client.ask(get("/a"))).status == 200
    report = await running.stop()
    assert (report["totals"]["matched"], report["totals"]["dropped"]) == (1, {"channel_full": 1})


async def test_no_room_for_what_is_counted(backend: Any, proxy: Any) -> None:
    """Whoever watches the metrics is told while it cannot be written, and why; nothing is lost."""
    running = await proxy((await backend(answering(echo))).url, (await backend(answering(echo))).url)
    soft, hard = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (3, hard))
    await Load(running.port, items(10)).run()
    await running.tells("shadow_tallies_kept_in_memory", 1)
    (said,) = running.events("tallies_kept_in_memory")
    assert said["reason"] == "Too many open files"
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (soft, hard))
    await running.tells("shadow_tallies_kept_in_memory", 0)
    assert_adds_up(await running.stop(), 10)


@pytest.mark.parametrize("_", range(max(1, KILLS // 5)))
async def test_the_supervisor(_: int, backend: Any, proxy: Any) -> None:
    """All workers leave within seconds; what was kept is read at once, and sealed by the next start."""
    legacy = await backend(answering(echo))
    target = await backend(answering(lambda r: echo(r).replace(b" 39]", b" 93]")))
    running = await proxy(legacy.url, target.url, mirror=UNBOUNDED)
    load = Load(running.port, items(), clients=8)
    asking = asyncio.create_task(load.run())
    await until(lambda: load.answered > 300, "traffic")
    pids = [running.worker(name) for name in ("live-0", "shadow-0", "judge-0", "admin")]
    began = time.monotonic()
    running.signal(signal.SIGKILL)
    await running.ended()
    load.stop()
    await until(lambda: not any(map(_lives, pids)), "all have left", patience=20.0)
    assert time.monotonic() - began < 10.0
    await asking
    code, _, err = await command("report", str(running.record))
    assert code == 0 or "no records yet" in err, err
    await running.start()
    assert all(found["failed"] == 0 for found in running.events("recovered"))
    assert not list(running.record.glob("*.open.jsonl")), "nothing is left open"
    running.signal(signal.SIGTERM)
    assert await running.ended() == 0


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
