"""What a load balancer says of a client, in both versions of the PROXY protocol."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.wire.preface import MalformedHeader, ProxyHeader, parse

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def binary(command: int, family: int, rest: bytes, version: int = 2) -> bytes:
    return SIGNATURE + struct.pack("!BBH", version << 4 | command, family, len(rest)) + rest


IPV4 = bytes([192, 0, 2, 7, 10, 0, 0, 1]) + struct.pack("!HH", 4711, 80)
IPV6 = bytes.fromhex("20010db8" + "00" * 11 + "01") + bytes(16) + struct.pack("!HH", 4711, 80)

GOOD = [
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n", "192.0.2.7"),
    (b"PROXY TCP6 2001:db8::1 ::1 4711 80\r\n", "2001:db8::1"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None),
    (binary(1, 0x11, IPV4), "192.0.2.7"),
    (binary(1, 0x21, IPV6), "2001:db8::1"),
    (binary(1, 0x11, IPV4 + b"\x04\x00\x03abc"), "192.0.2.7"),  # with a note behind the addresses
    (binary(0, 0x00, b""), None),
    (binary(0, 0x11, IPV4), None),  # LOCAL: the balancer itself
    (binary(1, 0x31, bytes(216)), None),  # a Unix socket
]

BAD = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\n",
    b"PROXY TCP4 2001:db8::1 ::1 4711 80\r\n",
    b"PROXY TCP4 999.0.2.7 10.0.0.1 4711 80\r\n",
    b"PROXY TCP9 192.0.2.7 10.0.0.1 4711 80\r\n",
    b"PROXY TCP4  192.0.2.7 10.0.0.1 4711 80\r\n",
    b"PROXY UNKNOWN\r" + b"x" * 200,
    b"PROXY " + b"x" * 200,
    b"proxy tcp4 192.0.2.7 10.0.0.1 4711 80\r\n",
    binary(1, 0x11, IPV4, version=1),
    binary(2, 0x11, IPV4),
    binary(1, 0x11, IPV4[:8]),
    binary(1, 0x11, bytes(5000)),
]


@pytest.mark.parametrize(("said", "address"), GOOD)
def test_what_is_said(said: bytes, address: str | None) -> None:
    """The client's address, and where the client's own bytes begin."""
    assert parse(said + b"GET / HTTP/1.1\r\n") == ProxyHeader(address, len(said))


@pytest.mark.parametrize("said", [said for said, _ in GOOD])
def test_it_may_come_in_pieces(said: bytes) -> None:
    """Nothing is said before all is there."""
    assert [parse(said[:length]) for length in range(len(said))] == [None] * len(said)


@pytest.mark.parametrize("said", BAD)
def test_what_is_no_preface(said: bytes) -> None:
    """It is never taken for one, nor left out: who sends it could say to be anybody."""
    with pytest.raises(MalformedHeader):
        parse(said)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda rest: SIGNATURE + rest))
def test_any_bytes_are_read(data: bytes) -> None:
    """Whatever comes is a preface, may become one, or is none."""
    try:
        said = parse(data)
    except MalformedHeader:
        return
    assert said is None or 0 < said.length <= len(data)
