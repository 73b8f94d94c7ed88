"""WebSocket (RFC 6455) through the proxy: a server and a client of others see what they see without it.

The client's bytes are written out, so that both runs send the same; what comes back is held byte for byte
against what comes back without the proxy.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from support.live_path import PATIENCE, LivePath, until

HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
MASK = b"\x11\x22\x33\x44"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(
    opcode: int, payload: bytes = b"", last: bool = True, masked: bool = True, reserved: int = 0
) -> bytes:
    """One frame as a client sends it (RFC 6455 5.2)."""
    length = len(payload)
    if length < 126:
        size = bytes((length,))
    else:
        size = (
            b"\x7e" + length.to_bytes(2, "big") if length <= 0xFFFF else b"\x7f" + length.to_bytes(8, "big")
        )
    start = bytes((last << 7 | reserved << 4 | opcode, size[0] | masked << 7)) + size[1:]
    if not masked:
        return start + payload
    return start + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))


BYE = frame(CLOSE, b"\x03\xe8")

CASES = {
    "text": frame(TEXT, b"hello") + BYE,
    "empty text": frame(TEXT) + BYE,
    "text in UTF-8": frame(TEXT, "日本語".encode()) + BYE,
    "binary": frame(BINARY, bytes(range(256))) + BYE,
    "125 bytes": frame(BINARY, b"x" * 125) + BYE,
    "126 bytes": frame(BINARY, b"x" * 126) + BYE,
    "65,535 bytes": frame(BINARY, b"x" * 65_535) + BYE,
    "65,536 bytes": frame(BINARY, b"x" * 65_536) + BYE,
    "a megabyte": frame(BINARY, bytes(1 << 20)) + BYE,
    "fragments": frame(TEXT, b"he", last=False) + frame(0, b"l", last=False) + frame(0, b"lo") + BYE,
    "a hundred fragments": frame(BINARY, b"a", last=False)
    + frame(0, b"b", last=False) * 98
    + frame(0, b"c")
    + BYE,
    "a ping amid fragments": frame(TEXT, b"he", last=False) + frame(PING, b"p") + frame(0, b"llo") + BYE,
    "ping": frame(PING) + frame(PING, b"payload") + BYE,
    "a ping of 125 bytes": frame(PING, b"p" * 125) + BYE,
    "a ping of 126 bytes": frame(PING, b"p" * 126) + BYE,
    "an unasked pong": frame(PONG, b"x") + frame(TEXT, b"after") + BYE,
    "many messages at once": frame(TEXT, b"m") * 500 + BYE,
    "close with a reason": frame(CLOSE, b"\x03\xe8goodbye"),
    "close without a code": frame(CLOSE),
    "close of one byte": frame(CLOSE, b"\x03"),
    "close 3000": frame(CLOSE, b"\x0b\xb8"),
    "close 4999": frame(CLOSE, b"\x13\x87"),
    "close 1005, which nobody may send": frame(CLOSE, b"\x03\xed"),
    "close 999": frame(CLOSE, b"\x03\xe7"),
    "close with a reason that is no UTF-8": frame(CLOSE, b"\x03\xe8\xff\xfe"),
    "text that is no UTF-8": frame(TEXT, b"\xff\xfe"),
    "text cut within a character": frame(TEXT, b"\xe6\x97") + BYE,
    "no UTF-8 in fragments": frame(TEXT, b"\xe6", last=False) + frame(0, b"\x28") + BYE,
    "an unknown opcode": frame(3, b"x"),
    "an unknown control opcode": frame(11, b"x"),
    "a reserved bit": frame(TEXT, b"x", reserved=4),
    "a continuation of nothing": frame(0, b"x"),
    "a new message amid fragments": frame(TEXT, b"a", last=False) + frame(TEXT, b"b"),
    "a fragmented ping": frame(PING, b"x", last=False),
    "a length in more bytes than it needs": b"\x82\xfe\x00\x01" + MASK + b"x" + BYE,
    "no mask": frame(TEXT, b"hello", masked=False) + BYE,
}


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Says back whatever it is told."""
    peer = web.WebSocketResponse(compress=False, max_msg_size=1 << 22, autoping=True)
    await peer.prepare(request)
    async for message in peer:
        if message.type is aiohttp.WSMsgType.TEXT:
            await peer.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await peer.send_bytes(message.data)
    return peer


@pytest_asyncio.fixture
async def server() -> AsyncIterator[int]:
    """aiohttp's server; its port."""
    application = web.Application()
    application.router.add_get("/echo", echo)
    runner = web.AppRunner(application, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def said(port: int, frames: bytes) -> bytes:
    """All that comes back, from the handshake to the end."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HANDSHAKE)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(frames)
        got = head + await reader.read()
        writer.close()
    return re.sub(rb"\r\nDate: [^\r\n]*", b"", got)


@pytest.mark.parametrize("frames", CASES.values(), ids=CASES)
async def test_same_as_without(live_path: LivePath, server: int, frames: bytes) -> None:
    """Not a byte more or less, up to the end of the connection."""
    live_path.legacy.stop()
    live_path.legacy.port = server
    await live_path.serve()
    without = await said(server, frames)
    assert without.startswith(b"HTTP/1.1 101 ")
    assert await said(live_path.port, frames) == without
    await until(lambda: not live_path.live.front.tunnels)


async def talked(port: int) -> list[object]:
    """What aiohttp's client gets."""
    got: list[object] = []
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}/echo"
        async with session.ws_connect(url, max_msg_size=1 << 22) as peer:
            for text in ("", "hello", "日本語" * 10_000):
                await peer.send_str(text)
                got.append(await peer.receive_str())
            await peer.send_bytes(bytes(1 << 20))
            got.append(await peer.receive_bytes())
            await peer.ping(b"x")
            await peer.close(code=4001, message=b"enough")
            got.append(peer.close_code)
    return got


async def test_clients_of_others(live_path: LivePath, server: int) -> None:
    """aiohttp's client gets the same through the proxy: messages of any size, and the code of the end."""
    live_path.legacy.stop()
    live_path.legacy.port = server
    await live_path.serve()
    assert await talked(live_path.port) == await talked(server)
    await until(lambda: not live_path.live.front.tunnels)
