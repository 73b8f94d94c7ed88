"""The line to a shadow worker: bounded, never waiting, made anew when lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest_asyncio
from msgspec.structs import replace
from support.live_path import PATIENCE, until

from shadow.frame import HELLO, Frame, Stream
from shadow.live.capture import Budget
from shadow.live.channel import BACKLOG, Channel

FRAME = Frame(
    b"1", "GET /", None, 0.0, b"GET", b"", b"", False, 200, b"", 0.0, 0.0, response_body=b"x" * 1000
)


class Shadow(asyncio.Protocol):
    """A shadow worker's end."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.frames: list[Frame] = []
        self.transports: list[asyncio.Transport] = []
        self._stream = Stream(Frame)

    async def listen(self) -> None:
        self.server = await asyncio.get_running_loop().create_unix_server(lambda: self, self.path)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transports.append(cast(asyncio.Transport, transport))
        self.transports[-1].write(HELLO.pack(len(self.transports)))
        self._stream = Stream(Frame)

    def data_received(self, data: bytes) -> None:
        self.frames += self._stream.feed(data)


@pytest_asyncio.fixture
async def shadow(tmp_path: Path) -> AsyncIterator[Shadow]:
    shadow = Shadow(str(tmp_path / "s"))
    await shadow.listen()
    yield shadow
    shadow.server.close()
    for transport in shadow.transports:
        transport.abort()


async def opened(shadow: Shadow, memory: int) -> tuple[Channel, Budget]:
    budget = Budget(memory)
    channel = Channel(asyncio.get_running_loop(), shadow.path, budget)
    assert not channel.offer(FRAME)  # nobody there yet
    channel.connect()
    await until(lambda: channel.worker)
    return channel, budget


async def test_frames_arrive(shadow: Shadow) -> None:
    """What was taken arrives, in order, and its memory is given back."""
    channel, budget = await opened(shadow, 1_000_000)
    assert all(channel.offer(FRAME) for _ in range(500))
    await channel.close()
    await until(lambda: len(shadow.frames) == 500)
    assert all(frame == FRAME for frame in shadow.frames)
    assert budget.used == 0


async def test_full(shadow: Shadow) -> None:
    """A shadow worker that takes nothing fills the budget, and not a byte more."""
    channel, budget = await opened(shadow, 2_000_000)
    shadow.transports[0].pause_reading()
    taken = 0
    while channel.offer(FRAME):
        taken += 1
    assert budget.used <= budget.limit
    shadow.transports[0].resume_reading()
    await until(lambda: len(shadow.frames) == taken)
    await until(lambda: budget.used == 0)
    assert channel.offer(FRAME)
    await channel.close()


async def test_behind(shadow: Shadow) -> None:
    """Only so many exchanges wait for a shadow worker that is behind, however large the budget, and all of
    them arrive once it reads on; large ones are bounded by the budget."""
    channel, budget = await opened(shadow, 64 * 1024 * 1024)
    shadow.transports[0].pause_reading()
    taken = 0
    while channel.offer(FRAME):
        taken += 1
        if taken % 100 == 0:
            await asyncio.sleep(0)  # to write
    assert BACKLOG <= taken <= 2 * BACKLOG
    shadow.transports[0].resume_reading()
    await until(lambda: budget.used == 0)
    shadow.transports[0].pause_reading()
    large = replace(FRAME, response_body=b"x" * 1024 * 1024)
    many = sum(channel.offer(large) for _ in range(100))
    assert 63 <= many < 70  # some are in the kernel already
    shadow.transports[0].resume_reading()
    await channel.close()
    await until(lambda: len(shadow.frames) == taken + many)


async def test_made_anew(shadow: Shadow) -> None:
    """A lost connection gives its memory back, takes nothing, and is replaced by one to the next worker."""
    channel, budget = await opened(shadow, 1_000_000)
    channel.offer(FRAME)
    shadow.transports[0].abort()
    await until(lambda: not channel.worker)
    assert budget.used == 0
    assert not channel.offer(FRAME)
    async with asyncio.timeout(PATIENCE):
        await until(lambda: channel.worker == 2)
    assert channel.offer(FRAME)
    await channel.close()
    await until(lambda: shadow.frames)
    assert len(shadow.frames) == 1


async def test_closing_without_a_worker(shadow: Shadow) -> None:
    """Nothing to deliver, nothing to wait for."""
    channel = Channel(asyncio.get_running_loop(), shadow.path + "-none", Budget(1))
    channel.connect()
    await channel.close()


async def test_an_offer_costs_no_more_where_many_wait(shadow: Shadow) -> None:
    """A shadow worker that is behind takes no time from clients: what waits is not counted each time."""
    channel, _ = await opened(shadow, 64 * 1024 * 1024)
    shadow.transports[-1].pause_reading()
    while not channel._behind:
        channel.offer(FRAME)
        await asyncio.sleep(0)
    costs = []
    while channel._waiting < BACKLOG:
        began = time.thread_time()
        for _ in range(100):
            channel.offer(FRAME)
        costs.append(time.thread_time() - began)
    assert min(costs[-5:-1]) < 3 * min(costs[:5])
    shadow.transports[-1].abort()
    await until(lambda: not channel.worker)
    await channel.close()
