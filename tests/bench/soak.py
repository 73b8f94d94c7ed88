"""Many requests while a thousand slow clients are there: does anything grow, is any loop blocked?

    .venv/bin/python tests/bench/soak.py [--requests 1000000] [--clients 32] [--slow 1000]

By hand; needs h2load. Tells again and again what each process holds and how late its loop is, and at the
end what has changed since all was warm. Ends with 1 where it is more than is promised: together they may
grow by 50 MB, no loop may be blocked for 50 ms, and descriptors and tasks do not become more.

Of a loop, the metrics of its worker tell. It is late for want of a processor too, of which there are few
where clients and both backends run beside it; so only what it used of one counts as blocked.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import re
import socket
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple, cast

import uvloop

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from support.proxy import Proxy, resident, value  # noqa: E402  # found by the line above

GROWTH = 50e6  # bytes, of all processes together
BLOCKED = 0.05  # seconds
FEW = 256  # descriptors or tasks that come and go: shadow requests under way, of which connecting is a task
PIECES = 20  # at least
LARGEST = 200_000  # requests of a piece: it takes less than the minute that lateness is told for
COME = 20.0  # seconds in which the slow ones come
WARM = 90.0  # seconds until everything is there that stays, and forgotten how late loops were while it came
PIECE = 10_000  # requests at a time until then
WORKERS = ("live-0", "shadow-0", "judge-0", "admin")
SMALL = b'{"answer": "the same"}'
LARGE = b"x" * 4_000_000


class Seen(NamedTuple):
    """What can be seen of one process from outside; of the supervisor, which has no loop, only a part."""

    rss: int  # bytes
    descriptors: int
    tasks: int = 0
    lag: float = 0.0  # seconds, of the last minute
    blocked: float = 0.0

    def __str__(self) -> str:
        held = f"{self.rss / 1e6:6.1f} MB {self.descriptors:4} fds"
        return f"{held} {self.tasks:2} tasks {self.lag * 1e3:4.0f}/{self.blocked * 1e3:2.0f} ms"


Piece = tuple[int, dict[str, Seen]]
"""So many requests were answered, and what was seen then."""


class Backend(asyncio.Protocol):
    """Answers a GET at once, and a POST when its body has come, which it never does."""

    def __init__(self) -> None:
        self._posted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._posted = self._posted or data.startswith(b"POST ")
        if not self._posted and data.endswith(b"\r\n\r\n"):
            body = LARGE if data.startswith(b"GET /large ") else SMALL
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def serve(told: Connection) -> None:
    """Be legacy and the target, and tell their ports."""

    async def both() -> None:
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(Backend, "127.0.0.1", 0, backlog=4096) for _ in range(2)]
        told.send([server.sockets[0].getsockname()[1] for server in servers])
        await asyncio.Event().wait()

    uvloop.run(both())


async def slow(port: int, reads: bool, delay: float) -> None:
    """Read an answer, or send a body, a byte a second. Who is sent away comes again."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(delay)
    while True:
        with socket.socket() as one, suppress(OSError):
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(one, ("127.0.0.1", port))
            if reads:
                await loop.sock_sendall(one, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            else:
                await loop.sock_sendall(one, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n")
            while not reads or await loop.sock_recv(one, 1):
                if not reads:
                    await loop.sock_sendall(one, b"x")
                await asyncio.sleep(1)
        await asyncio.sleep(1)


async def ask(port: int, requests: int, clients: int) -> None:
    """So many requests of so many clients; each has an answer of legacy."""
    command = ("h2load", "--h1", "-t1", f"-c{clients}", f"-n{requests}", f"http://127.0.0.1:{port}/items/7")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said = (await process.communicate())[0].decode()
    succeeded = re.search(r"(\d+) succeeded", said)
    assert succeeded is not None, said
    assert int(succeeded[1]) == requests, said


async def look(running: Proxy) -> dict[str, Seen]:
    """Each process as it is now."""
    pids = {"supervisor": running.pid, **{name: running.worker(name) for name in WORKERS}}
    metrics = await running.metrics()
    seen = {}
    for name, pid in pids.items():
        told = [
            value(metrics, f"shadow_{gauge}", worker=name)
            for gauge in ("tasks", "loop_lag_seconds", "loop_blocked_seconds")
        ]
        seen[name] = Seen(resident(pid), len(os.listdir(f"/proc/{pid}/fd")), int(told[0]), *told[1:])
    return seen


def show(when: str, done: int, seen: dict[str, Seen]) -> None:
    print(f"{when}, {done} requests")
    for name, one in seen.items():
        print(f"    {name:10} {one}", flush=True)


def judged(pieces: list[Piece]) -> bool:
    """Say what has become of each process since it was warm; whether all is as promised."""
    counts = [done for done, _ in pieces]
    grown, good = 0, True
    for name in pieces[0][1]:
        each = [seen[name] for _, seen in pieces]
        slope = statistics.linear_regression(counts, [one.rss for one in each]).slope
        descriptors, tasks = [one.descriptors for one in each], [one.tasks for one in each]
        blocked = max(one.blocked for one in each)
        print(
            f"{name:10} {(each[-1].rss - each[0].rss) / 1e6:+.1f} MB, {slope:+.2f} MB a million requests, "
            f"{min(descriptors)} to {max(descriptors)} fds, {min(tasks)} to {max(tasks)} tasks, "
            f"late by {max(one.lag for one in each) * 1e3:.0f} ms, blocked for {blocked * 1e3:.0f} ms at most"
        )
        grown += each[-1].rss - each[0].rss
        good &= blocked <= BLOCKED and not (rises(descriptors) or rises(tasks))
    return good and grown <= GROWTH


def rises(counts: list[int]) -> bool:
    """Whether there were more of them in the second half than ever in the first."""
    half = len(counts) // 2
    return max(counts[half:]) > max(counts[:half]) + FEW


async def soak(ports: list[int], requests: int, clients: int, count: int) -> bool:
    """Ask so many; whether all is as promised."""
    settings = {
        "legacy": f"http://127.0.0.1:{ports[0]}",
        "target": f"http://127.0.0.1:{ports[1]}",
        "workers": {"live": 1},
        # What such readers take comes out of the kernel's buffers: for hours, nothing moves in the proxy.
        "timeouts": {"stall": "1h"},
        "log": {"format": "json"},
    }
    with tempfile.TemporaryDirectory() as folder:
        running = Proxy(Path(folder), settings)
        try:
            await running.start()
            pieces = await load(running, requests, clients, count)
            totals = (await running.stop())["totals"]
        finally:
            await running.abandon()
    print({name: totals[name] for name in ("received", "compared", "matched", "skipped", "dropped")})
    return judged(pieces)


async def load(running: Proxy, requests: int, clients: int, count: int) -> list[Piece]:
    """What was seen after each piece of the requests, and before them when all was warm."""
    began, done = time.monotonic(), 0

    async def piece(size: int) -> Piece:
        nonlocal done
        await ask(running.port, size, clients)
        await asyncio.sleep(1.5)  # until all has been reported
        done += size
        return done, await look(running)

    show("start", 0, await look(running))
    crawling = [asyncio.create_task(slow(running.port, bool(n % 2), n * COME / count)) for n in range(count)]
    while time.monotonic() - began < WARM:
        pieces = [await piece(PIECE)]
    show("warm", *pieces[0])
    last = done + requests
    while done < last:
        pieces.append(await piece(min(requests // PIECES, LARGEST, last - done)))
        show(f"{time.monotonic() - began:.0f} s", *pieces[-1])
    for task in crawling:
        task.cancel()
    await asyncio.gather(*crawling, return_exceptions=True)
    return pieces


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--slow", type=int, default=1000)
    given = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    backends = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    backends.start()
    try:
        sys.exit(not asyncio.run(soak(ours.recv(), given.requests, given.clients, given.slow)))
    finally:
        backends.terminate()
