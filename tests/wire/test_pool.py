"""The connections to one backend."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.live_path import until

from shadow.model import Failure, FailureKind
from shadow.settings import BackendTls
from shadow.wire import pool
from shadow.wire.deadlines import Deadlines
from shadow.wire.pool import Pool
from shadow.wire.upstream import Connection, Waits


async def test_a_backend_that_takes_no_connection_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why, in one line for each change, however many connections come to nothing."""
    monkeypatch.setattr(pool, "_QUIET", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    loop = asyncio.get_running_loop()
    tried = Pool(loop, url, Waits(1, 1, 1, 1, 1), Deadlines(loop), BackendTls())

    async def connect() -> Connection | Failure:
        got: list[Connection | Failure] = []
        tried.connect(got.append)
        await until(lambda: got)
        return got[0]

    said: list[Any]
    with capture_logs() as said:
        refused = [await connect() for _ in range(3)]
        with socket.create_server(("127.0.0.1", port)):
            for _ in range(2):
                connection = await connect()
                assert isinstance(connection, Connection)
                connection.close()
    assert refused == [Failure(FailureKind.REFUSED, "could not connect: Connection refused")] * 3
    assert said == [
        {
            "log_level": "warning",
            "event": "backend_not_reached",
            "backend": url,
            "reason": "refused: could not connect: Connection refused",
        },
        {"log_level": "info", "event": "backend_reached_again", "backend": url},
    ]
    tried.close()


async def test_one_in_two_that_fails_is_no_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing more is said for a while, whatever changes."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        tried = Pool(loop, url, Waits(1, 1, 1, 1, 1), Deadlines(loop), BackendTls())

        async def refuse(address: str) -> Connection:
            raise ConnectionRefusedError(111, "Connection refused")

        sound = tried._open
        with capture_logs() as said:
            for number in range(20):
                monkeypatch.setattr(tried, "_open", sound if number % 2 else refuse)
                got: list[Connection | Failure] = []
                tried.connect(got.append)
                await until(lambda got=got: got)  # type: ignore[misc]
                if isinstance(got[0], Connection):
                    got[0].close()
    assert [each["event"] for each in said] == ["backend_not_reached", "backend_reached_again"]
    tried.close()


async def test_an_address_that_says_nothing_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the only one, which has the whole time for a connection: the name may have moved."""
    loop = asyncio.get_running_loop()
    tried = Pool(loop, "http://127.0.0.1:1", Waits(0.05, 1, 1, 1, 1), Deadlines(loop), BackendTls())

    async def say_nothing(_: str) -> Connection:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(tried, "_open", say_nothing)
    got: list[Connection | Failure] = []
    tried.connect(got.append)
    await until(lambda: got)
    assert got == [Failure(FailureKind.TIMEOUT, "could not connect")]
    assert "127.0.0.1" in tried._resolver._shunned
    tried.close()
