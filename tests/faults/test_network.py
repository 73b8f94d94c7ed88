"""A bad network between every pair of peers: production has no error that legacy or its own network did not
make, and what the shadow lost is counted."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from support.faulty import BREAKING, DELAYING, Faulty, Place, clean
from support.peers import Load, Request, answering, echo, items
from support.proxy import Proxy, assert_adds_up, fates, value

REQUESTS = 96
QUICK = {"timeout": "300ms", "connect": "1s", "breaker": {"failures": 1_000_000}}
ROOMY = {"timeout": "10s", "in_flight": 1024, "waiting": 100_000}


async def ask(port: int) -> Load:
    """A load to its end."""
    load = Load(port, items(REQUESTS), clients=32)
    await load.run()
    assert load.answered + len([e for e in load.errors if not e[0].isdigit()]) == load.sent == REQUESTS
    return load


async def assert_counted(running: Proxy, received: int) -> dict[str, Any]:
    """So many requests have come, and each has its fate."""
    totals = await running.settled(received)
    assert fates(totals) == totals["received"] == received, totals
    return totals


async def test_between_the_shadow_worker_and_the_target(backend: Any, faulty: Any, proxy: Any) -> None:
    """Clients notice nothing of any rule. A delay loses nothing; what breaks is a failure of the target for
    as many as did not match; and once the network is well everything matches."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    network = await faulty(Place(target.port))
    running = await proxy(legacy.url, network.url, mirror={**QUICK, "timeout": "3s", "reuse": "50ms"})
    matched = received = 0
    for rule in (*DELAYING, *BREAKING, clean):
        network.rule = rule
        assert (await ask(running.port)).errors == [], rule.__name__
        received += REQUESTS
        totals = await assert_counted(running, received)
        lost = received - totals["matched"] - totals["failed"]
        assert lost == 0, (rule.__name__, totals)
        if rule not in BREAKING:
            assert totals["matched"] == matched + REQUESTS, (rule.__name__, totals)
        else:
            assert totals["matched"] < matched + REQUESTS, (rule.__name__, totals)
        matched = totals["matched"]
    report = await running.stop()
    assert_adds_up(report, received)
    assert report["totals"]["failed"] == received - matched


async def test_between_the_proxy_and_legacy(backend: Any, faulty: Any, proxy: Any) -> None:
    """A delay is no error. Where the network breaks, a client's error is one that the proxy counted as its
    own answer in legacy's place or as broken; and once the network is well there is none."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    network = await faulty(Place(legacy.port))
    timeouts = {"answer": "300ms", "stall": "300ms", "reuse": "50ms"}
    running = await proxy(network.url, target.url, mirror=ROOMY, timeouts=timeouts)
    received = errors = 0
    for rule in (*DELAYING, *BREAKING, clean):
        network.rule = rule
        load = await ask(running.port)
        received += REQUESTS
        errors += len(load.errors)
        if rule not in BREAKING:
            assert load.errors == [], rule.__name__
        else:
            assert load.errors, rule.__name__
        await assert_counted(running, received)
        assert value(await running.metrics(), "shadow_own_answers_total") == errors, rule.__name__
    assert_adds_up(await running.stop(), received)


async def test_between_clients_and_the_proxy(backend: Any, faulty: Any, proxy: Any) -> None:
    """What the network does to some clients no other notices, and whatever was received has a fate."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url, mirror=ROOMY, timeouts={"header": "300ms"})
    network = await faulty(Place(running.port))
    for rule in (*DELAYING, *BREAKING, clean):
        network.rule = rule
        before = (await running.totals())["received"]
        bad = await ask(network.port)
        assert (await ask(running.port)).errors == [], rule.__name__
        if rule not in BREAKING:
            assert bad.errors == [], rule.__name__
        totals = await running.settled(before + bad.answered + REQUESTS)
        assert fates(totals) == totals["received"]
    report = await running.stop()
    assert_adds_up(report, report["totals"]["received"])


async def test_between_the_processes(backend: Any, faulty: Any, proxy: Any) -> None:
    """The sockets from live to shadow and from shadow to judge: clients notice nothing of any rule, what the
    rule lost is dropped as `lost` when the proxy ends, and once all is well everything is judged again."""
    legacy, target = await backend(answering(echo)), await backend(answering(differently))
    running = await proxy(legacy.url, target.url, mirror=ROOMY)
    networks = [await interpose(running, faulty, kind) for kind in ("shadow-0", "judge-0")]
    await running.kill("shadow-0")  # so that both ways are made anew, through the network
    received = 0
    for rule in (*DELAYING, *BREAKING, clean):
        for network in networks:
            network.rule = rule
            await network.hang_up()
        assert (await ask(running.port)).errors == [], rule.__name__
        received += REQUESTS
    seen = 0
    while not seen:  # it takes a moment until all have found each other again
        before = (await running.totals())["differed"]
        assert (await ask(running.port)).errors == []
        received += REQUESTS
        await asyncio.sleep(1.5)  # a worker reports once a second
        seen = (await running.totals())["differed"] == before + REQUESTS
    report = await running.stop()
    assert_adds_up(report, received)
    assert report["totals"]["differed"] + sum(report["totals"]["dropped"].values()) == received
    assert set(report["totals"]["dropped"]) <= {"lost", "channel_full"}


def differently(request: Request) -> bytes:
    """Not what legacy says, so that every pair goes to the judge."""
    return echo(request).replace(b" 39]", b" 93]")


async def interpose(running: Proxy, faulty: Any, kind: str) -> Faulty:
    """Put a bad network before the socket of one process; it is used by connections that are made anew."""
    (path,) = [each for each in sockets(running.pid) if each.endswith(f"/{kind}")]
    os.rename(path, f"{path}.real")
    made: Faulty = await faulty(Place(path=f"{path}.real"), path)
    return made


def sockets(pid: int) -> list[str]:
    """The paths of the Unix sockets that a process listens on."""
    held = {os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")}
    lines = [line.split() for line in Path("/proc/net/unix").read_text("ascii").splitlines()]
    return [line[7] for line in lines if len(line) == 8 and f"socket:[{line[6]}]" in held]
