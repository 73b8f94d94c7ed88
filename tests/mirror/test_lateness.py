"""How late a process learns of an answer."""

from __future__ import annotations

import asyncio
import time

from shadow.mirror.lateness import TICK, lateness

ROOM = 3 * TICK  # what ticks add


async def test_the_kernel_knows_when_data_came() -> None:
    """What lies unread for a while is that much late, and what has just come is not."""
    arrived: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _, writer: arrived.put_nowait(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    peer = await arrived.get()
    written = time.perf_counter()
    peer.write(b"answer")
    await reader.readexactly(6)
    at_once, passed = lateness(writer.transport), time.perf_counter() - written
    assert at_once < passed + ROOM
    time.sleep(0.05)  # noqa: ASYNC251 - this loop is to be the one that is late
    late, passed = lateness(writer.transport), time.perf_counter() - written
    assert 0.05 - ROOM < late < passed + ROOM
    writer.transport.abort()
    peer.transport.abort()
    server.close()


async def test_of_a_closed_connection_nothing_is_known() -> None:
    """It is no reason to fail."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    writer.transport.abort()
    await asyncio.sleep(0)
    assert lateness(writer.transport) == 0.0
    server.close()
