"""The one sweeper for every timeout."""

from __future__ import annotations

import asyncio

from support.live_path import until

from shadow.wire.deadlines import NEVER, Deadlines


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
