"""A name server of the test's own, and a proxy that asks it: in a mount namespace, as a pod has one."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import struct
import sys
from pathlib import Path

import pytest

HOST = "127.0.53.53"
"""Of the name server: resolvers know no other port than 53, so it has an address of its own."""

_A, _IN, _SERVFAIL = 1, 1, 2

_EVERY_SECOND = """\
import shadow.wire.resolve, shadow.cli
shadow.wire.resolve._TTL = 1.0
shadow.cli.main()
"""


class Names(asyncio.DatagramProtocol):
    """Answers every question for an IPv4 address with `addresses`, fails, or says nothing."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.failing = False
        self.silent = False
        self.asked = 0
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        try:
            self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self, local_addr=(HOST, 53)
            )
        except PermissionError:
            pytest.skip("port 53 is root's")

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        if self.silent or self._transport is None:
            return
        end = data.index(b"\0", 12) + 5  # a name, its type and its class; RFC 1035 4.1.2
        kind = struct.unpack(">H", data[end - 4 : end - 2])[0]
        found = [] if kind != _A or self.failing else self.addresses
        head = struct.pack(">HHHHH", 0x8180 | (_SERVFAIL if self.failing else 0), 1, len(found), 0, 0)
        answers = [
            struct.pack(">HHHIH4s", 0xC00C, _A, _IN, 30, 4, socket.inet_aton(address)) for address in found
        ]
        self._transport.sendto(data[:2] + head + data[12:end] + b"".join(answers), addr)

    def stop(self) -> None:
        if self._transport is not None:
            self._transport.close()


def program(folder: Path) -> tuple[str, ...]:
    """A `shadow` whose system asks this name server, and which asks again after a second."""
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("a mount namespace needs root, and unshare")
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver {HOST}\noptions timeout:1 attempts:2\n")
    mount = f'mount --bind {resolver} /etc/resolv.conf && exec "$@"'
    return ("unshare", "-m", "sh", "-c", mount, "sh", sys.executable, "-c", _EVERY_SECOND)
