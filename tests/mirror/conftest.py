"""A mirror between two backends, for what cannot be seen in its pure parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from support.mirror_path import MirrorPath


@pytest_asyncio.fixture
async def path(tmp_path: Path) -> AsyncIterator[MirrorPath]:
    """Not started yet: tests configure it."""
    made = MirrorPath(tmp_path)
    yield made
    await made.stop()
