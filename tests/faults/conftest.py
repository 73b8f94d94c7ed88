"""The proxies, backends and clients of the end-to-end tests, and a bad network between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio
from end_to_end.conftest import backend, connect, proxy, unused_port
from support.faulty import Faulty, Place

__all__ = ["backend", "connect", "proxy", "unused_port"]

StartFaulty = Callable[..., Awaitable[Faulty]]


@pytest_asyncio.fixture
async def faulty() -> AsyncIterator[StartFaulty]:
    """Puts a bad network before a port or a Unix socket."""
    started: list[Faulty] = []

    async def start(to: Place, path: str = "") -> Faulty:
        made = Faulty(to)
        started.append(made)
        await made.start(path)
        return made

    yield start
    for each in started:
        await each.stop()
