"""Backends known by name: their DNS changes, fails, says nothing, and clients notice nothing of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest_asyncio
from support.names import Names, program
from support.peers import Backend, Client, Load, answering, body_of, echo, get, items, response
from support.proxy import NOBODY, Proxy, assert_adds_up, until

ONE, TWO, DEAD = "127.0.11.1", "127.0.11.2", "127.0.11.3"


class Place:
    """A backend on an address of its own; all of them have one port, as the pods of a service."""

    def __init__(self) -> None:
        self.answered = 0

    def answer(self, request: Any) -> bytes:
        self.answered += 1
        return echo(request)


@pytest_asyncio.fixture
async def names() -> AsyncIterator[Names]:
    """A name server that knows no address yet."""
    made = Names()
    await made.start()
    yield made
    made.stop()


@pytest_asyncio.fixture
async def legacies() -> AsyncIterator[tuple[int, dict[str, Place]]]:
    """The port, and a backend on it at each of two addresses."""
    places = {ONE: Place(), TWO: Place()}
    servers, port = [], 0
    for address, place in places.items():
        servers.append(Backend(answering(place.answer)))
        await servers[-1].start(port, address)
        port = servers[-1].port
    yield port, places
    for server in servers:
        await server.stop()


async def grown(count: Callable[[], int], by: int) -> None:
    """Wait until it has grown."""
    wanted = count() + by
    await until(lambda: count() >= wanted, "it goes on")


async def under_load(running: Proxy) -> tuple[Load, asyncio.Task[None]]:
    load = Load(running.port, items())
    asking = asyncio.create_task(load.run())
    await until(lambda: load.answered > 100, "traffic")
    return load, asking


async def test_a_name_that_changes(names: Names, legacies: Any, proxy: Any, tmp_path: Path) -> None:
    """Requests go over to the new address, those on kept connections too; none is lost on the way."""
    port, places = legacies
    names.addresses = [ONE]
    running = await proxy(f"http://legacy.example:{port}", NOBODY, program(tmp_path))
    load, asking = await under_load(running)
    assert places[TWO].answered == 0
    names.addresses = [TWO]
    await grown(lambda: places[TWO].answered, 200)
    before = places[ONE].answered
    await grown(lambda: places[TWO].answered, 200)
    load.stop()
    await asking
    assert (load.errors, places[ONE].answered) == ([], before)
    assert_adds_up(await running.stop(), load.sent)


async def test_a_name_server_that_fails_or_says_nothing(
    names: Names, legacies: Any, proxy: Any, tmp_path: Path
) -> None:
    """The old addresses go on being asked, also on new connections, and it can be left while one waits."""
    port, _ = legacies
    names.addresses = [ONE]
    running = await proxy(f"http://legacy.example:{port}", NOBODY, program(tmp_path))
    load, asking = await under_load(running)
    names.failing = True
    await grown(lambda: names.asked, 4)
    names.silent = True
    await grown(lambda: names.asked, 2)
    at = asyncio.get_running_loop().time()
    clients = [await Client.connect(running.port) for _ in range(20)]
    fresh = [await client.ask(get(f"/{n}")) for n, client in enumerate(clients)]
    assert asyncio.get_running_loop().time() - at < 1.0, "nobody waits for it"
    assert [answer.body for answer in fresh] == [body_of(f"/{n}") for n in range(20)]
    load.stop()
    await asking
    for client in clients:
        client.leave()
    assert load.errors == []
    assert_adds_up(await running.stop(), load.sent + 20)
    assert not running.events("worker_killed")
    assert len(running.events("name_not_resolved")) == 1, "said once"


async def test_several_addresses(names: Names, legacies: Any, proxy: Any, tmp_path: Path) -> None:
    """Connections are spread over them, and a dead one costs no client anything."""
    port, places = legacies
    names.addresses = [ONE, DEAD, TWO]
    with socket.socket() as dead:
        dead.bind((DEAD, port))  # nobody listens
        running = await proxy(f"http://legacy.example:{port}", NOBODY, program(tmp_path))
        load, asking = await under_load(running)
        await grown(lambda: load.answered, 500)
        load.stop()
        await asking
    assert load.errors == []
    assert all(place.answered > 50 for place in places.values())


async def test_a_targets_name_that_nobody_knows(
    names: Names, backend: Any, proxy: Any, connect: Any, tmp_path: Path
) -> None:
    """Clients are served by legacy; the target's failures are counted as such."""
    names.failing = True
    legacy = await backend(answering(lambda _: response(b"legacy")))
    running = await proxy(legacy.url, "http://target.example:81", program(tmp_path))
    client = await connect(running)
    assert [(await client.ask(get(f"/{n}"))).status for n in range(5)] == [200] * 5
    assert (await running.settled(5))["status"] == {"200→dns": 5}


async def test_legacys_name_once_it_is_known(
    names: Names, legacies: Any, proxy: Any, connect: Any, tmp_path: Path
) -> None:
    """A proxy that starts before its name server is there says so to clients, and serves as soon as it is."""
    port, _ = legacies
    names.failing = True
    running = await proxy(f"http://legacy.example:{port}", NOBODY, program(tmp_path))
    client = await connect(running)
    assert (await client.ask(get("/a"))).status == 502
    names.failing, names.addresses = False, [ONE]
    assert (await client.ask(get("/a"))).status == 200
