"""Clients who have connected, and whom nobody has accepted yet when the worker is told to leave."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from support.live_path import PATIENCE, until

from shadow.live.entrance import Entrance
from shadow.live.worker import Live
from shadow.settings import Config
from shadow.switch import Switch
from shadow.worker import Worker

trustme = pytest.importorskip("trustme", reason="pip: trustme")


MOST = 5
"""Clients that may be in."""


class Way:
    """An entrance with TLS that has not been opened, so that clients wait before it."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        certificate = folder / "web.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
        nobody = "http://127.0.0.1:1"
        tree = {"legacy": nobody, "target": nobody, "tls": {"listen": {"certificate": str(certificate)}}}
        tree["limits"] = {"connections": MOST}
        config = msgspec.convert(tree, Config, dec_hook=lambda kind, value: kind(value))
        self.context = ssl.create_default_context()
        authority.configure_trust(self.context)
        self.live = Live(
            Worker(asyncio.get_running_loop(), "live-0"), config, b"marker", "/nowhere", Switch()
        )
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.entrance = Entrance(self.live.front, self._listener, config)
        self._waiting: list[socket.socket] = []

    def client(self) -> socket.socket:
        """One that waits now."""
        made = socket.create_connection(self._listener.getsockname())
        made.setblocking(False)
        self._waiting.append(made)
        return made

    async def stop(self) -> None:
        for each in (self._listener, *self._waiting):
            each.close()
        await until(lambda: not self.live.front.connections)


@pytest_asyncio.fixture
async def way(tmp_path: Path) -> AsyncIterator[Way]:
    made = Way(tmp_path)
    yield made
    await made.stop()


def leave(client: socket.socket) -> None:
    """As a load balancer looks whether a port is open."""
    client.close()


def speak_http(client: socket.socket) -> None:
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")


def say_nothing(client: socket.socket) -> None:
    """It connects in order to connect."""


@pytest.mark.parametrize("do", [leave, speak_http, say_nothing])
async def test_one_without_a_handshake_holds_up_nobody(way: Way, do: Callable[[socket.socket], Any]) -> None:
    """Whoever waits behind it is taken in, and the worker goes on to leave."""
    do(way.client())
    other = way.client()
    async with asyncio.timeout(PATIENCE):
        shaking = asyncio.create_task(
            asyncio.open_connection(sock=other, ssl=way.context, server_hostname="127.0.0.1")
        )
        await way.entrance.close()
        _, writer = await shaking
    assert len(way.live.front.connections) == 1
    writer.transport.abort()


@pytest.mark.parametrize("do", ["open", "close"])
async def test_who_waits_is_counted_when_taken_in(way: Way, do: str) -> None:
    """Not some time later: of many who come at once no more are taken in than may be, also at the end."""
    for _ in range(4 * MOST):
        way.client()
    doing = asyncio.create_task(getattr(way.entrance, do)())
    await until(lambda: way.live.front.turned_away or way.live.front.arriving > MOST)
    assert (way.live.front.arriving, way.live.front.turned_away) == (MOST, 3 * MOST)
    await doing
    await way.entrance.close()
