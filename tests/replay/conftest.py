"""Two backends on the test's loop, and logs that name what to ask them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from support.replayed import Backends, Replay


@pytest.fixture
async def backends() -> AsyncIterator[Backends]:
    """Legacy and the target; both answer alike until told otherwise."""
    found = Backends()
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
async def replay(backends: Backends, tmp_path: Path) -> AsyncIterator[Callable[..., Replay]]:
    """Makes replays of logs in the test's folder."""
    made: list[Replay] = []

    def make(*arguments: str, record: str = "records") -> Replay:
        made.append(Replay(tmp_path, backends, arguments, record))
        return made[-1]

    yield make
    for each in made:
        await each.abandon()
