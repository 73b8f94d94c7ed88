"""Between requests: what must hold on a connection, and what a great many of them cost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from conformance.connections import RULES
from support.live_path import LivePath


@pytest.mark.parametrize("rule", RULES, ids=[rule.__name__ for rule in RULES])
async def test_connections(rule: Callable[[LivePath], Awaitable[None]], live_path: LivePath) -> None:
    """No byte of one becomes another's request or answer."""
    await rule(live_path)
