"""The one sweeper for every timeout."""

from __future__ import annotations

import asyncio
import socket
import time

from support.live_path import until

from shadow.model import Failure, FailureKind
from shadow.settings import BackendTls
from shadow.wire.deadlines import NEVER, Deadlines
from shadow.wire.pool import Pool
from shadow.wire.upstream import Connection, Waits


def busy(seconds: float) -> None:
    """Keep the loop from its work, as a machine without a processor to spare does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


class Waiting:
    """Notes when it was told."""

    def __init__(self, deadline: float = NEVER) -> None:
        self.deadline = deadline
        self.told: list[float] = []

    def expired(self, now: float) -> None:
        self.told.append(now)
        self.deadline = NEVER


async def test_who_is_told() -> None:
    """Those whose time has come, and nobody else."""
    deadlines = Deadlines(asyncio.get_running_loop())
    early, late, never, gone = Waiting(5), Waiting(15), Waiting(), Waiting(5)
    for waiting in (early, late, never, gone):
        deadlines.watch(waiting)
    deadlines.forget(gone)
    deadlines.sweep(10)
    assert [waiting.told for waiting in (early, late, never, gone)] == [[10], [], [], []]
    assert len(deadlines) == 3
    for waiting in (early, late, never):
        deadlines.forget(waiting)


async def test_one_that_expires_may_save_another() -> None:
    """Two sides of an exchange are late at once: the first that is told answers for both."""

    class Selfish(Waiting):
        other: Waiting

        def expired(self, now: float) -> None:
            super().expired(now)
            self.other.deadline = NEVER

    deadlines = Deadlines(asyncio.get_running_loop())
    one, other = Selfish(5), Selfish(5)
    one.other, other.other = other, one
    deadlines.watch(one)
    deadlines.watch(other)
    deadlines.sweep(10)
    assert len(one.told + other.told) == 1
    deadlines.forget(one)
    deadlines.forget(other)


async def test_the_timer_goes_on_after_an_error() -> None:
    """One that cannot be told does not end everybody's deadlines."""

    class Broken(Waiting):
        def expired(self, now: float) -> None:
            super().expired(now)
            raise RuntimeError

    loop = asyncio.get_running_loop()
    errors: list[object] = []
    loop.set_exception_handler(lambda loop, context: errors.append(context["exception"]))
    deadlines = Deadlines(loop)
    broken, fine = Broken(0), Waiting()
    deadlines.watch(broken)
    deadlines.watch(fine)
    await until(lambda: errors)
    fine.deadline = 0
    await until(lambda: fine.told)
    deadlines.forget(broken)
    deadlines.forget(fine)


async def connect(port: int) -> Connection | Failure:
    """A connection of a pool that waits for 50 ms, or why there is none."""
    loop = asyncio.get_running_loop()
    waits = Waits(0.05, 1, 1, 1, 1)
    pool = Pool(loop, f"http://127.0.0.1:{port}", waits, Deadlines(loop), BackendTls())
    got: list[Connection | Failure] = []
    pool.connect(got.append)
    await until(lambda: got)
    if isinstance(got[0], Connection):
        got[0].close()
    return got[0]


async def test_a_connection_that_is_there_is_taken() -> None:
    """However late the loop comes to it: a shadow worker has the lowest priority, and a target that took the
    connection at once has not failed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        asking = asyncio.create_task(connect(server.getsockname()[1]))
        while not asking.done():
            await asyncio.sleep(0)
            busy(0.1)
    assert isinstance(asking.result(), Connection)


async def test_a_connection_that_never_comes_is_given_up() -> None:
    """What connects has its time, and no more."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first:
        first.connect(full.getsockname())  # the queue is full: nobody else gets an answer
        assert await connect(full.getsockname()[1]) == Failure(FailureKind.TIMEOUT, "could not connect")
