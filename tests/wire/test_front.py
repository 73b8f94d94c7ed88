"""What is told of a client's address."""

from __future__ import annotations

import asyncio

import pytest

from shadow.settings import Limits, Timeouts
from shadow.wire.deadlines import Deadlines
from shadow.wire.front import Front
from shadow.wire.request_head import Passage, Peer


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.1.2.3", Peer(b"10.1.2.3", True, b"http")),
        ("::ffff:10.1.2.3", Peer(b"10.1.2.3", True, b"http")),
        ("192.0.2.1", Peer(b"192.0.2.1", False, b"http")),
        ("fd00::1", Peer(b"fd00::1", True, b"http")),
        ("2001:db8::1", Peer(b"2001:db8::1", False, b"http")),
    ],
)
async def test_peer(address: str, expected: Peer) -> None:
    """Trusted by network, IPv4 also where a listener on [::] sees it as IPv6."""
    loop = asyncio.get_running_loop()
    front = Front(
        loop,
        Deadlines(loop),
        Passage(b"me", b"h", 1, 1, 1),
        open_request=lambda client, head: pytest.fail("no request here"),
        refused=lambda: None,
        own=lambda status: None,
        fresh_id=lambda: b"",
        timeouts=Timeouts(),
        limits=Limits(),
        trust=("10.0.0.0/8", "fd00::/8"),
    )
    assert front.peer(address) == expected
