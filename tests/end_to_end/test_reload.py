"""A new configuration for a running proxy: no request is lost, and a wrong one changes nothing."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.peers import Load, answering, echo, get, items, post
from support.proxy import NOBODY, Proxy, assert_adds_up, children, until, value

SKIP_ALL = [{"match": "* /**", "mirror": False}]


async def reload(running: Proxy) -> None:
    """Tell it, and wait until the new workers have taken over and the old ones have gone."""
    done, left = len(running.events("reloaded")), len(running.events("worker_left"))
    running.signal(signal.SIGHUP)
    await until(lambda: len(running.events("reloaded")) > done, "it reloads")
    await until(lambda: len(running.events("worker_left")) >= left + 4, "the old workers leave")
    await running.ready()


def reached(load: Load, wanted: int) -> bool:
    return load.answered >= wanted


async def not_ready(running: Proxy) -> None:
    """Wait until an orchestrator is told to send nobody more."""
    while (await running.get("/readyz"))[0] != 503:  # noqa: ASYNC110 - in another process
        await asyncio.sleep(0.01)


async def reported(pid: int) -> None:
    """Wait until a worker has told that it is there, which it does before it has waited many times."""

    def waits() -> int:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
        return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])

    begun = waits()
    await until(lambda: waits() > begun + 10, "its loop comes round")


async def successful(running: Proxy) -> float:
    return value(await running.metrics(), "shadow_config_last_reload_successful")


async def test_a_reload_changes_what_is_in_force(backend: Any, proxy: Any, connect: Any) -> None:
    """After SIGHUP requests go by the new rules, and every worker shows the same new hash."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url)
    await (await connect(running)).ask(get("/a"))
    await running.settled(1)
    running.configure(endpoints=SKIP_ALL)
    await reload(running)
    await (await connect(running)).ask(get("/a"))
    totals = await running.settled(2)
    hashes = {sample[2] for sample in await running.metrics() if sample[0] == "shadow_config_hash"}
    assert (totals["matched"], totals["skipped"]) == (1, {"rule": 1})
    assert len(hashes) == 1
    assert "mirror: false" in (await running.get("/config"))[1]
    assert await successful(running) == 1.0


async def test_a_wrong_configuration_changes_nothing(backend: Any, proxy: Any, connect: Any) -> None:
    """Each error is told, the old settings stay in force, and a metric says so until a good one comes."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url)
    before = (await running.get("/config"))[1]
    running.configure(mirror={"sample": 7}, compare={"ignore": ["nonsense"]})
    running.signal(signal.SIGHUP)
    await until(lambda: len(running.events("reload_refused")) == 2, "it says what is wrong")
    await until(lambda: running.events("reload_refused"), "it says what is wrong")
    await (await connect(running)).ask(get("/a"))
    await running.settled(1)
    assert (await running.get("/config"))[1] == before
    assert await successful(running) == 0.0
    running.configure(mirror={}, compare={})
    await reload(running)
    assert await successful(running) == 1.0


async def test_an_access_log_that_cannot_be_written(proxy: Any) -> None:
    """Is refused as at the start: nobody would notice that no line of it is written."""
    running = await proxy(NOBODY, "http://127.0.0.1:2")
    running.configure(log={"format": "json", "access": "/proc/nothing/access.log"})
    running.signal(signal.SIGHUP)
    (refused,) = await until(lambda: running.events("reload_refused"), "it refuses")
    assert refused["problem"] == (
        "log.access: cannot write /proc/nothing/access.log: No such file or directory"
    )


async def test_no_room_for_new_workers(
    backend: Any, proxy: Any, connect: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload that cannot even make its sockets is refused, and the old workers serve on."""
    runtime = tmp_path / "t"
    runtime.mkdir()
    monkeypatch.setenv("TMPDIR", str(runtime))
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url)
    client = await connect(running)
    for each in runtime.glob("shadow-*"):
        each.rename(tmp_path / "cleaned")
    running.configure(endpoints=SKIP_ALL)
    running.signal(signal.SIGHUP)
    await until(lambda: running.events("reload_refused"), "it refuses")
    assert (await client.ask(get("/a"))).status == 200
    assert (await running.settled(1))["matched"] == 1
    assert await successful(running) == 0.0


@pytest.mark.parametrize("section", [{"listen": "127.0.0.1:1"}, {"workers": {"live": 2}}])
async def test_what_needs_a_restart_is_refused(section: Any, backend: Any, proxy: Any) -> None:
    """A listener or a number of workers does not change under way, and it is not half done."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url)
    running.configure(**section)
    running.signal(signal.SIGHUP)
    refused = await until(lambda: running.events("reload_refused"), "it refuses")
    assert "restart" in refused[0]["problem"]


async def test_no_counter_is_told_twice(backend: Any, proxy: Any, connect: Any) -> None:
    """Whoever asks the old admin while the new one begins sees what has been counted, and no more."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url)
    client = await connect(running)
    for _ in range(3):
        await client.ask(get("/a"))
    await running.settled(3)
    seen: list[float] = []
    async with aiohttp.ClientSession() as session:  # its connection stays with who has accepted it

        async def look() -> bool:
            async with session.get(f"http://{running.admin}/totals") as answer:
                seen.append(json.loads(await answer.text())["received"])
            return bool(running.events("reloaded"))

        await look()
        running.configure(endpoints=SKIP_ALL)
        running.signal(signal.SIGHUP)
        with suppress(aiohttp.ClientError):  # it leaves
            while not await look():  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.01)
    assert set(seen) == {3}


_ONE_LEAVES = """\
import shadow.serve.supervisor, shadow.cli
shadow.serve.supervisor._MOST_OLD = 1
shadow.cli.main()
"""


async def test_a_storm_of_signals(proxy: Any) -> None:
    """What comes amid a reload is heeded after it; and old workers, each with its memory, do not gather while
    they leave: here one generation of them, and one is served by, and one begins."""
    program = (sys.executable, "-c", _ONE_LEAVES)
    running = await proxy(NOBODY, "http://127.0.0.1:2", program, timeouts={"lameduck": "1s"})
    running.signal(signal.SIGHUP)
    await until(lambda: running.worker("live-0.1"), "it has begun")
    running.signal(signal.SIGHUP)
    await until(lambda: running.worker("live-0.2"), "it begins another time")
    most = 0

    def over() -> bool:
        nonlocal most
        running.signal(signal.SIGHUP)
        most = max(most, sum(_name(pid).startswith("shadow live-") for pid in children(running.pid)))
        return bool(running.worker("live-0.4"))

    await until(over, "it goes on")
    assert most <= 3


def _name(pid: int) -> str:
    """What `top` calls a process; nothing where it has just left."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text("ascii")
    return ""


async def test_a_changed_file_is_noticed(backend: Any, proxy: Any) -> None:
    """As a ConfigMap changes: nobody sends a signal."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url)
    running.configure(endpoints=SKIP_ALL)
    await until(lambda: running.events("reloaded"), "it reloads by itself")


async def test_a_changed_secret_is_noticed(
    backend: Any, proxy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a Secret is rotated: the old token opens nothing any more."""
    token = tmp_path / "token"
    token.write_text("the-old-one-of-2025\n", encoding="utf-8")
    monkeypatch.setenv("SHADOW_ADMIN_TOKEN_FILE", str(token))
    running = await proxy(NOBODY, "http://127.0.0.1:2")
    token.write_text("the-new-one-of-2026\n", encoding="utf-8")
    await until(lambda: running.events("reloaded"), "it reloads by itself")
    async with aiohttp.ClientSession() as session:

        async def asked_with(given: str) -> int:
            headers = {"Authorization": f"Bearer {given}"}
            async with session.get(f"http://{running.admin}/config", headers=headers) as answer:
                return answer.status

        statuses = [
            await asked_with(f"the-{age}-one-of-{year}") for age, year in (("old", 2025), ("new", 2026))
        ]
    assert statuses == [401, 200]


async def test_no_request_is_lost_over_reloads(backend: Any, proxy: Any) -> None:
    """Five reloads under load: no client sees an error, and the fates add up."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url, timeouts={"lameduck": "1s"})
    load = Load(running.port, items())
    asking = asyncio.create_task(load.run())
    for _ in range(5):
        await reload(running)
        wanted = load.answered + 200
        await until(partial(reached, load, wanted), "traffic goes on")
    load.stop()
    await asking
    assert load.errors == []
    report = await running.stop()
    assert_adds_up(report, load.sent)


async def test_a_lame_duck_serves_on(backend: Any, proxy: Any, connect: Any) -> None:
    """From SIGTERM on it is not ready; clients that still come are served, and asked to go."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url, timeouts={"lameduck": "3s"})
    kept = await connect(running)
    await kept.ask(get("/a"))
    running.signal(signal.SIGTERM)
    await until(lambda: running.events("stopping"), "it stops")
    await not_ready(running)
    answers = [await kept.ask(get("/b")), await (await connect(running)).ask(get("/c"))]
    assert [answer.status for answer in answers] == [200, 200]
    assert [answer.all("connection") for answer in answers] == [["close"], ["close"]]
    assert await running.ended() == 0
    assert_adds_up(await running.report(), 3)


async def test_a_reload_does_not_outlive_sigterm(backend: Any, proxy: Any, connect: Any) -> None:
    """Told to stop when its new workers have just become ready, it serves on with the old ones."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url, timeouts={"lameduck": "2s"})
    running.configure(endpoints=SKIP_ALL)
    running.signal(signal.SIGHUP)
    await until(lambda: running.worker("live-0.1"), "new workers begin")
    running.signal(signal.SIGSTOP)  # so that it learns of both at once
    for name in ("admin.1", "judge-0.1", "shadow-0.1", "live-0.1"):
        await reported(running.worker(name))
    running.signal(signal.SIGTERM)
    running.signal(signal.SIGCONT)
    await until(lambda: running.events("stopping"), "it stops")
    await not_ready(running)
    assert (await (await connect(running)).ask(get("/a"))).status == 200
    assert await running.ended() == 0
    assert not running.events("reloaded")


async def test_no_request_is_lost_in_a_rolling_restart(backend: Any, proxy: Any) -> None:
    """Clients go over to another proxy while the first is a lame duck: nobody sees an error, nor a reset."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    first = await proxy(legacy.url, target.url, timeouts={"lameduck": "1s"})
    second = await proxy(legacy.url, target.url)
    load = Load(first.port, items())
    asking = asyncio.create_task(load.run())
    await until(lambda: load.answered > 500, "traffic")
    first.signal(signal.SIGTERM)
    load.go_to(second.port)
    assert await first.ended() == 0
    load.stop()
    await asking
    assert load.errors == []
    counted = [
        (await each.stop() if each is second else await each.report())["totals"] for each in (first, second)
    ]
    assert sum(totals["received"] for totals in counted) == load.sent


async def test_the_kill_switch(backend: Any, proxy: Any, connect: Any) -> None:
    """Mirroring can be turned off and on again while traffic goes on; a GET only asks."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url)
    client = await connect(running)
    assert await running.post("/mirror/off") == (200, "off\n")
    await client.ask(get("/a"))
    assert (await running.get("/mirror/on"))[0] == 405
    assert await running.get("/mirror") == (200, "off\n")
    await running.tells("shadow_mirror_off", 1)
    await running.post("/mirror/on")
    await client.ask(post("/b", b"x"))
    await client.ask(get("/c"))
    totals = await running.settled(3)
    assert (totals["matched"], totals["skipped"]) == (1, {"off": 1, "method": 1})
