"""Large bodies pass through a live worker that does not grow by them."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from support.peers import Client, chunks, get, response
from support.proxy import NOBODY, Proxy, forget_peak, peak, resident

BLOCK = bytes(range(256)) * 256  # 64 KiB
GIGABYTE = 16 * 1024  # blocks
GROWTH = 4 * 1024 * 1024  # bytes


async def legacy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says of a PUT how many bytes came and their digest; gives as many blocks as a GET names."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"PUT"):
            count, digest = await _digest(reader)
            writer.write(response(f"{count} {digest}".encode()))
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            await _send(writer, int(head.split(b" ")[1].removeprefix(b"/")))
        await writer.drain()


async def _send(writer: asyncio.StreamWriter, blocks: int) -> None:
    for _ in range(blocks):
        writer.write(b"10000\r\n" + BLOCK + b"\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")


async def _digest(reader: asyncio.StreamReader) -> tuple[int, str]:
    count, digest = 0, hashlib.sha256()
    async for piece in chunks(reader):
        count += len(piece)
        digest.update(piece)
    return count, digest.hexdigest()


def expected(blocks: int) -> tuple[int, str]:
    digest = hashlib.sha256()
    for _ in range(blocks):
        digest.update(BLOCK)
    return blocks * len(BLOCK), digest.hexdigest()


async def upload(client: Client, blocks: int) -> tuple[int, str]:
    client.writer.write(b"PUT /file HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    await _send(client.writer, blocks)
    count, _, digest = (await client.answer()).body.decode().partition(" ")
    return int(count), digest


async def download(client: Client, blocks: int) -> tuple[int, str]:
    client.writer.write(get(f"/{blocks}"))
    await client.reader.readuntil(b"\r\n\r\n")
    return await _digest(client.reader)


async def growth(running: Proxy, client: Client, transfer: Any) -> int:
    """How much a live worker grows at its peak while a gigabyte passes, after a small one has passed."""
    worker = running.worker("live-0")
    assert await transfer(client, 256) == expected(256)
    before = resident(worker)
    forget_peak(worker)
    async with asyncio.timeout(120):
        assert await transfer(client, GIGABYTE) == expected(GIGABYTE)
    return peak(worker) - before


async def test_an_upload_of_a_gigabyte_passes(backend: Any, proxy: Any, connect: Any) -> None:
    """Chunked, byte for byte, with under 4 MiB of growth."""
    running = await proxy((await backend(legacy)).url, NOBODY)
    assert await growth(running, await connect(running), upload) < GROWTH


async def test_a_download_of_a_gigabyte_passes(backend: Any, proxy: Any, connect: Any) -> None:
    """Chunked, byte for byte, with under 4 MiB of growth, though it is mirrored and digested."""
    running = await proxy((await backend(legacy)).url, NOBODY)
    assert await growth(running, await connect(running), download) < GROWTH


async def test_a_client_that_does_not_read_stops_legacy(backend: Any, proxy: Any, connect: Any) -> None:
    """Backpressure reaches legacy: what it could send is bounded by buffers, not by the answer's length."""
    sent = 0
    stopped = asyncio.Event()

    async def pouring(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        try:
            while True:
                writer.write(BLOCK)
                async with asyncio.timeout(1.0):
                    await writer.drain()
                sent += len(BLOCK)
        except TimeoutError:
            stopped.set()
            await reader.read(-1)

    running = await proxy((await backend(pouring)).url, NOBODY)
    client = await connect(running)
    worker = running.worker("live-0")
    client.writer.write(get("/big"))
    await client.reader.readuntil(b"\r\n\r\n")
    before = resident(worker)
    forget_peak(worker)
    async with asyncio.timeout(30):
        await stopped.wait()
    assert sent < 64 * 1024 * 1024
    assert peak(worker) - before < GROWTH


async def test_the_first_byte_goes_on_at_once(backend: Any, proxy: Any, connect: Any) -> None:
    """Both ways: the start of an upload and of an answer arrive while the rest is still to come."""
    begun, read = asyncio.Event(), asyncio.Event()

    async def talking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(5) == b"first"
        begun.set()
        assert await reader.readexactly(4) == b"last"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst")
        await read.wait()
        writer.write(b"last")
        await writer.drain()

    running = await proxy((await backend(talking)).url, NOBODY)
    client = await connect(running)
    client.writer.write(b"POST /talk HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nfirst")
    async with asyncio.timeout(30):
        await begun.wait()
        client.writer.write(b"last")
        await client.reader.readuntil(b"\r\n\r\nfirst")
        read.set()
        assert await client.reader.readexactly(4) == b"last"
