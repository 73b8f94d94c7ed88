"""Too many clients, and such as are too slow: production goes on, the shadow goes first, and all is back when
they have left."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from support.peers import Client, Load, answering, body_of, echo, get, items, response
from support.proxy import NOBODY, PATIENCE, PROGRAM, Proxy, assert_adds_up, command, resident, until, value

FEW = ("prlimit", "--nofile=256", "--")
"""A command under which a program has 256 descriptors."""


@asynccontextmanager
async def connected(port: int, count: int, first: bytes = b"") -> AsyncIterator[list[socket.socket]]:
    """So many connections that say `first`, and nothing more."""
    loop = asyncio.get_running_loop()
    made: list[socket.socket] = []
    try:
        for number in range(count):
            one = socket.socket()
            made.append(one)
            one.setblocking(False)
            await loop.sock_connect(one, ("127.0.0.1", port))
            if first:
                with suppress(OSError):
                    await loop.sock_sendall(one, first)
            if number % 100 == 0:
                await asyncio.sleep(0)
        yield made
    finally:
        for one in made:
            one.close()


def seconds_of(pid: int) -> float:
    """CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def answered(port: int, within: float) -> float:
    """Ask until there is an answer; the seconds that it took."""
    began = time.monotonic()
    while True:
        client = None
        try:
            async with asyncio.timeout(within):
                client = await Client.connect(port)
                answer = await client.ask(get("/items/1"))
            if answer.status == 200:
                return time.monotonic() - began
        except (OSError, asyncio.IncompleteReadError):
            assert time.monotonic() - began < within, "no answer in time"
        finally:
            if client is not None:
                client.leave()
        await asyncio.sleep(0.01)


async def test_descriptors_exhausted(backend: Any, proxy: Any) -> None:
    """256 descriptors and 1,000 clients: those who are in are served, each with a connection to legacy of its
    own; nothing crashes or spins; and when they have left others are served within two seconds."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url, program=(*FEW, *PROGRAM))
    (said,) = running.events("connections_limited")
    assert said["most"] == (256 - 64) // 2
    live = running.worker("live-0")
    clients = [await Client.connect(running.port) for _ in range(said["most"])]
    for client in clients:
        assert (await client.ask(get("/items/1"))).status == 200
    async with connected(running.port, 1000 - len(clients), get("/items/2")):
        used = seconds_of(live)
        await asyncio.sleep(1.0)
        assert seconds_of(live) - used < 0.5, "no busy loop"
        answers = await asyncio.gather(*(client.ask(get("/items/3")) for client in clients))
        assert [answer.body for answer in answers] == [body_of("/items/3")] * len(clients)
    for client in clients:
        client.leave()
    assert await answered(running.port, 10.0) < 2.0
    assert running.worker("live-0") == live, "the same process"
    await until_counted(running, "turned_away_total", lambda seen: seen >= 1000 - said["most"])
    report = await running.stop()
    assert_adds_up(report, report["totals"]["received"])
    assert not report["totals"]["failed"], "the target was never blamed for want of a descriptor"


async def test_too_few_descriptors(tmp_path: Path) -> None:
    """With a limit of 64 it would serve one client at a time: it says so and leaves."""
    places = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--record", str(tmp_path / "records"))
    backends = ("--legacy", NOBODY, "--target", "http://127.0.0.1:2")
    program = ("prlimit", "--nofile=64", "--", *PROGRAM)
    code, _, err = await command("proxy", *backends, *places, program=program)
    assert (code, err) == (3, "too few descriptors for more than one client: raise ulimit -n\n")


async def until_counted(running: Proxy, name: str, reached: Callable[[float], bool]) -> None:
    """Wait until a metric is what it shall be."""
    async with asyncio.timeout(30):
        while not reached(value(await running.metrics(), f"shadow_{name}")):  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)


async def test_the_kernel_takes_the_shadow_first(backend: Any, proxy: Any) -> None:
    """Where the machine has no memory left: what asks and judges stands first in its list, and whoever serves
    clients, counts or answers probes stands where it would have stood anyway. By its name an operator tells
    which is which."""
    running = await proxy((await backend(answering(echo))).url, NOBODY)
    names = ["live-0", "admin", "shadow-0", "judge-0"]
    pids = [running.worker(name) for name in names]
    own = oom_score(os.getpid())
    assert [oom_score(pid) for pid in (running.pid, *pids[:2])] == [own] * 3
    await until(lambda: [oom_score(pid) for pid in pids[2:]] == [1000] * 2, "they have begun")
    assert [called(pid) for pid in pids] == [f"shadow {name}" for name in names]


def oom_score(pid: int) -> int:
    """What the kernel adds to a process's share of memory when it looks for one to kill."""
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text("ascii"))


def called(pid: int) -> str:
    """The name of a process."""
    return Path(f"/proc/{pid}/comm").read_text("utf-8").strip()


async def test_a_flood_past_the_limit(backend: Any, proxy: Any) -> None:
    """`limits.connections`: those above are closed at once, and those below notice nothing."""
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, NOBODY, limits={"connections": 50})
    clients = [await Client.connect(running.port) for _ in range(50)]
    for client in clients:
        assert (await client.ask(get("/items/1"))).status == 200
    loop = asyncio.get_running_loop()
    began = time.monotonic()
    async with connected(running.port, 500) as flood:
        for one in flood:
            with suppress(OSError):
                assert await asyncio.wait_for(loop.sock_recv(one, 1), 5) == b""
    assert time.monotonic() - began < 5
    for client in clients:
        assert (await client.ask(get("/items/2"))).status == 200
        client.leave()
    await until_counted(running, "turned_away_total", lambda seen: seen >= 500)
    assert await answered(running.port, 10.0) < 2.0


async def test_slow_clients(backend: Any, proxy: Any) -> None:
    """A head, a body, and a reader that do not get on: each is closed by its deadline, nobody waits, and no
    descriptor is left."""
    page = response(b"x" * 4_000_000)
    legacy = await backend(answering(lambda r: page if r.target == "/large" else echo(r)))
    timeouts = {"header": "1s", "stall": "1s", "idle": "1s"}
    running = await proxy(legacy.url, NOBODY, timeouts=timeouts)
    assert await answered(running.port, 10.0) < 2.0
    await until_counted(running, "client_connections", lambda seen: seen == 0)
    held = len(os.listdir(f"/proc/{running.worker('live-0')}/fd"))
    body = b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx"
    async with (
        connected(running.port, 100, b"GET / HT") as heads,
        connected(running.port, 100, body) as bodies,
        connected(running.port, 100, get("/large")),
        connected(running.port, 100) as silent,
    ):
        load = Load(running.port, items(500))
        await load.run()
        assert load.errors == []
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(20):
            for one in heads:
                assert (await loop.sock_recv(one, 100)).startswith(b"HTTP/1.1 408 ")
            for one in bodies:
                assert (await loop.sock_recv(one, 100)).startswith(b"HTTP/1.1 408 ")
            for one in silent:
                assert await loop.sock_recv(one, 100) == b""
        await until_counted(running, "client_connections", lambda seen: seen == 0)
    async with asyncio.timeout(60):
        while len(os.listdir(f"/proc/{running.worker('live-0')}/fd")) > held:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)
    report = await running.stop()
    assert_adds_up(report, report["totals"]["received"])


async def test_ten_thousand_idle_clients(backend: Any, proxy: Any) -> None:
    """Each has asked once and keeps its connection: another is served as ever, and one costs under 8 KiB."""
    count = 9_000 if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 24_000 else 10_000
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, NOBODY, limits={"connections": 12_000}, mirror={"sample": 0.0})
    await Load(running.port, items(500)).run()
    live = running.worker("live-0")
    before = resident(live)
    async with connected(running.port, count, get("/items/1")):
        await until_counted(running, "requests_total", lambda seen: seen >= count + 500)
        each = (resident(live) - before) / count
        load = Load(running.port, items(500))
        await load.run()
        assert load.errors == []
    print(f"an idle connection holds {each:.0f} bytes")
    assert each < 8 * 1024
    await until_counted(running, "client_connections", lambda seen: seen == 0)


async def test_memory_at_its_limit(backend: Any, proxy: Any) -> None:
    """Heads of 60 KB without an end: first nothing more is captured, then requests get 503 and new clients
    are closed, and memory stays where it is; when those who sent them have left, all is as before."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url, limits={"memory": "16MiB"})
    live = running.worker("live-0")
    early = await Client.connect(running.port)
    assert (await early.ask(get("/items/1"))).status == 200
    await running.settled(1)
    before = resident(live)
    head = b"GET / HTTP/1.1\r\n" + b"X: %b\r\n" % (b"x" * 10_000) * 6
    async with connected(running.port, 210, head):
        asked, dropped = 1, {}
        async with asyncio.timeout(PATIENCE):
            while not dropped:
                assert (await early.ask(get("/items/2"))).status == 200, "the shadow is shed first"
                asked += 1
                dropped = (await running.settled(asked))["dropped"]
        assert dropped == {"memory": 1}
        async with connected(running.port, 1000, head):
            await until_counted(running, "turned_away_total", lambda seen: seen >= 1)
            assert (await early.ask(get("/items/3"))).status == 503
            assert resident(live) - before < 24 << 20
    early.leave()
    assert await answered(running.port, 20.0) < 5.0
    assert running.worker("live-0") == live, "nobody killed it"
    report = await running.stop()
    assert_adds_up(report, report["totals"]["received"])
