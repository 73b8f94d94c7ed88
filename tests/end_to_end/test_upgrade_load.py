"""Reloads and a rolling restart under load of a real generator: no client sees an error, nor a reset.

Longer by hand: SHADOW_TEST_SECONDS=60 pytest -s tests/end_to_end/test_upgrade_load.py
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest_asyncio
from support.loaders import RATE, Generator, Loaded, Server, endpoints, haproxy, nginx
from support.programs import free_port
from support.proxy import Proxy, until

SECONDS = int(os.environ.get("SHADOW_TEST_SECONDS", "6"))
"""A reload every two of them; a restart of each proxy in each half."""


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Any]:
    """Waits for a server, which ends with the test."""
    started: list[Server] = []

    async def keep(starting: Awaitable[Server]) -> Server:
        started.append(await starting)
        return started[-1]

    yield keep
    for each in started:
        await each.stop()


def assert_unharmed(loaded: Loaded) -> None:
    print(loaded.said)
    assert loaded.errors == 0, loaded.said
    assert loaded.requests > RATE * SECONDS * 0.4, "a busy machine may be slower, but not so much"


async def test_reloads(served: Any, proxy: Any, tmp_path: Path) -> None:
    """The workers are replaced every two seconds, and all clients go over to the new ones."""
    legacy, target = await served(nginx(tmp_path)), await served(nginx(tmp_path))
    running = await proxy(legacy.url, target.url, timeouts={"lameduck": "500ms"})
    load = await Generator.start(tmp_path, running.port, SECONDS)
    for reload in range(SECONDS // 2 - 1):
        await asyncio.sleep(0.5)
        running.signal(signal.SIGHUP)
        await until(lambda done=reload: len(running.events("reloaded")) > done, "it reloads")
        left = 4 * (reload + 1)
        await until(lambda left=left: len(running.events("worker_left")) >= left, "the old ones leave")
    assert load.running, "or not all reloads were under load"
    loaded = await load.ended()
    assert_unharmed(loaded)
    report = await running.stop()
    assert loaded.requests <= report["totals"]["received"] <= loaded.requests + 100  # its last were cut off


async def test_a_rolling_restart(served: Any, proxy: Any, tmp_path: Path) -> None:
    """Two proxies behind one address are replaced one by one, as a Deployment does with its pods: the new one
    is ready before the old one is told to go, which is noticed late."""
    legacy, target = await served(nginx(tmp_path)), await served(nginx(tmp_path))
    ports = {name: (free_port(), free_port()) for name in "abcd"}
    service = await served(haproxy(tmp_path, ports))

    async def start(name: str) -> Proxy:
        listen, admin = (f"127.0.0.1:{port}" for port in ports[name])
        made: Proxy = await proxy(
            legacy.url, target.url, listen=listen, admin=admin, timeouts={"lameduck": "2s"}
        )
        return made

    async def sent_to(names: str) -> None:
        async with asyncio.timeout(10):
            while await endpoints(tmp_path) != set(names):  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.05)

    pods = {name: await start(name) for name in "ab"}
    await sent_to("ab")
    load = await Generator.start(tmp_path, service.port, SECONDS * 2)
    for old, new, during, after in (("a", "c", "abc", "bc"), ("b", "d", "bcd", "cd")):
        pods[new] = await start(new)
        await sent_to(during)
        pods[old].signal(signal.SIGTERM)
        assert await pods[old].ended() == 0
        await sent_to(after)
    assert load.running, "or not all was under load"
    loaded = await load.ended()
    assert_unharmed(loaded)
    reports = [await pods[name].report() for name in "ab"] + [await pods[name].stop() for name in "cd"]
    received = sum(report["totals"]["received"] for report in reports)
    assert loaded.requests <= received <= loaded.requests + 100
    assert all(report["totals"]["received"] for report in reports)
