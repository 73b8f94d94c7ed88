"""The PROXY protocol: what a load balancer says of a client before the client's own bytes.

Versions 1 (a line of text) and 2 (binary), as HAProxy's proxy-protocol.txt has them. Where it is expected,
every connection must begin with it: guessing would let a client say who it is. Pure, but for `Preface`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import struct
from typing import Final, NamedTuple, cast

from shadow.wire.deadlines import NEVER
from shadow.wire.downstream import Downstream
from shadow.wire.front import Front

_SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED: Final = struct.Struct("!12sBBH")  # signature, version and command, family, length of the rest
_LONGEST_LINE: Final = 107  # section 2.1
_LONGEST_REST: Final = 4096  # addresses take 216 bytes at most, the others are notes that nobody needs here
_LINE: Final = re.compile(rb"PROXY TCP([46]) ([0-9a-fA-F:.]+) ([0-9a-fA-F:.]+) (\d{1,5}) (\d{1,5})\r\n")
_UNKNOWN: Final = re.compile(rb"PROXY UNKNOWN[^\r\n]*\r\n")
_ADDRESS_SIZES: Final = {0x1: 4, 0x2: 16}  # of an address, by family


class MalformedHeader(Exception):
    """What a connection begins with is no header of the PROXY protocol."""


class ProxyHeader(NamedTuple):
    """What it says: the client's address, None for that of the connection itself. It has `length` bytes."""

    address: str | None
    length: int


def parse(data: bytes) -> ProxyHeader | None:
    """What `data` begins with; None while it may still become a preface. Raises MalformedHeader."""
    if data[:12] == _SIGNATURE[: len(data)]:
        return _binary(data)
    if data[:6] == b"PROXY "[: len(data)]:
        return _text(data)
    raise MalformedHeader("not a PROXY protocol header")


def _text(data: bytes) -> ProxyHeader | None:
    end = data.find(b"\n", 0, _LONGEST_LINE) + 1
    if not end:
        if len(data) >= _LONGEST_LINE:
            raise MalformedHeader("line too long")
        return None
    line = data[:end]
    if _UNKNOWN.fullmatch(line):
        return ProxyHeader(None, end)
    found = _LINE.fullmatch(line)
    if found is None:
        raise MalformedHeader("malformed line")
    try:
        address = ipaddress.ip_address(found[2].decode())
    except ValueError:
        raise MalformedHeader("malformed address") from None
    if address.version != int(found[1]):
        raise MalformedHeader("an address of another family")
    return ProxyHeader(str(address), end)


def _binary(data: bytes) -> ProxyHeader | None:
    if len(data) < _FIXED.size:
        return None
    _, version_command, family, rest = _FIXED.unpack_from(data)
    if version_command >> 4 != 2 or version_command & 0xF > 1:
        raise MalformedHeader("unknown version or command")
    if rest > _LONGEST_REST:
        raise MalformedHeader("header too long")
    end = _FIXED.size + rest
    if len(data) < end:
        return None
    size = _ADDRESS_SIZES.get(family >> 4)
    if version_command & 0xF == 0 or size is None:  # LOCAL: a health check of the balancer's own
        return ProxyHeader(None, end)
    if rest < 2 * size + 4:
        raise MalformedHeader("addresses missing")
    address = ipaddress.ip_address(data[_FIXED.size : _FIXED.size + size])
    return ProxyHeader(str(address), end)


class Preface(asyncio.Protocol):
    """A connection until its preface has been read; then it is a client's."""

    def __init__(self, front: Front, patience: float) -> None:
        """Gives up after `patience` seconds."""
        self._front = front
        self._patience = patience
        self._counted = False
        self._data = b""
        self._transport: asyncio.Transport  # from connection_made on
        self.deadline = NEVER

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        front = self._front
        if front.is_full():
            front.turned_away += 1
            self._transport.abort()
            return
        self._counted = True
        front.arriving += 1
        front.deadlines.watch(self)
        self.deadline = front.loop.time() + self._patience

    def data_received(self, data: bytes) -> None:
        self._data += data
        try:
            header = parse(self._data)
        except MalformedHeader:
            self._transport.abort()
            return
        if header is not None:
            self._leave()
            client = Downstream(self._front, header.address)
            self._transport.set_protocol(client)
            client.connection_made(self._transport)
            if len(self._data) > header.length:
                client.data_received(self._data[header.length :])

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._counted:
            self._counted = False
            self._front.arriving -= 1
            self._front.deadlines.forget(self)

    def expired(self, now: float) -> None:
        """Nobody sends its address so slowly."""
        self._transport.abort()
