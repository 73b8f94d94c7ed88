"""The access log: what a replay reads back is what the client asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.live_path import LivePath

from replay.formats.registry import parser
from replay.model import LoggedRequest
from shadow.live.access_log import escaped, line

ASKED = [
    b"/",
    b"/a//b/../c?",
    b"/items/1?q=%2F&r=a+b",
    "/検索?q=ソ".encode("cp932"),
    b'/quote"and\\backslash?x={}[]|^',
]


@pytest.mark.parametrize("target", ASKED)
async def test_what_is_logged_is_what_was_asked(live_path: LivePath, target: bytes, tmp_path: Path) -> None:
    """Byte for byte, with what legacy answered and who asked."""
    path = tmp_path / "access.log"
    live_path.configure(log={"access": str(path)})
    fields = b"Host: shop\r\nUser-Agent: a\tb\r\nCookie: c=1\r\nConnection: close\r\n\r\n"
    client, legacy = await live_path.ask(b"GET " + target + b" HTTP/1.1\r\n" + fields)
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    await client.to_end()
    log = live_path.live.access_log
    assert log is not None
    log.close()
    (text,) = path.read_bytes().splitlines()
    logged = parser("ltsv").parse(text)
    assert isinstance(logged, LoggedRequest)
    assert (logged.method, logged.target, logged.host) == (b"GET", target, b"shop")
    assert (logged.status, logged.size, logged.client) == (200, 2, b"127.0.0.1")
    assert (b"User-Agent", b"a\tb") in logged.headers
    assert b"c=1" not in text, "cookies are not in it"


async def test_it_is_off_by_default(live_path: LivePath) -> None:
    """No file, no thread."""
    client, legacy = await live_path.ask(b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
    await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    await client.to_end()
    assert live_path.live.access_log is None


@given(st.binary(max_size=60))
def test_any_byte_makes_one_field_of_one_line(value: bytes) -> None:
    """Whatever a client sends ends neither its field nor its line."""
    assert not set(escaped(value)) & {0x09, 0x0A, 0x0D, 0x00}


def test_a_line_has_its_start_to_the_millisecond() -> None:
    """In brackets: the moment the request began."""
    head = b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n\r\n"
    logged = parser("ltsv").parse(line(head, 1795310253.25, 404, 7, 0.5))
    assert isinstance(logged, LoggedRequest)
    assert (logged.at, logged.seconds, logged.client) == (1795310253.25, 0.5, b"10.0.0.2")
