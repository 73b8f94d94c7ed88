"""The end of a connection under TLS, which has no half of one to close."""

from __future__ import annotations

import socket
import ssl

import pytest
from support.live_path import End, LivePath, until

trustme = pytest.importorskip("trustme", reason="pip: trustme")

BODY = bytes(100_000)  # more than the buffers of the kernel here, and less than those of a transport


async def last_answer(live_path: LivePath) -> End:
    """A client that does not read, whose answer with `Connection: close` has been written to the end."""
    authority = trustme.CA()
    live_path.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(live_path.tls)
    live_path.trust = ssl.create_default_context()
    authority.configure_trust(live_path.trust)
    await live_path.serve()
    live_path.server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    client = await live_path.connect(receive_buffer=4096)
    client.stop_reading()
    await client.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    legacy = await live_path.legacy.accept()
    await legacy.head()
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY))
    await until(lambda: live_path.connection._lingering)
    return client


async def test_a_slow_client_gets_all_of_a_last_answer(live_path: LivePath) -> None:
    """However long it does not read, as long as it goes on before it stalls."""
    client = await last_answer(live_path)
    live_path.pass_time(5.0)
    client.go_on_reading()
    assert (await client.to_end()).endswith(b"\r\n\r\n" + BODY)


async def test_one_that_reads_no_more_is_given_up(live_path: LivePath) -> None:
    """After the time in which it could have gone on."""
    await last_answer(live_path)
    live_path.pass_time(5.0)
    connections = live_path.live.front.connections
    assert connections
    # What it has room for still moves for a while.
    await until(lambda: live_path.pass_time(100.0) or not connections)  # type: ignore[func-returns-value]
