"""What odd framing costs: work is counted in lines of the program run, never in seconds."""

from __future__ import annotations

import sys
import tracemalloc
from types import FrameType
from typing import Any

import pytest
from support.live_path import LivePath, until

from shadow.wire.body import Chunked, Malformed

READ = 256 * 1024
"""Bytes that the loop reads at once."""

MILLION = 1_000_000


def lines_run(wire: bytes) -> tuple[int, int]:
    """Lines of the program run to read a chunked body, and the bytes of its content."""
    count = content = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    body = Chunked()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for at in range(0, len(wire), READ):
            content += len(body.feed(wire[at : at + READ]))
    finally:
        sys.settrace(before)
    assert body.done
    return count, content


def test_work_of_tiny_chunks() -> None:
    """So many lines a chunk, however many there are: nothing is looked at twice, nothing grows."""
    small, large = (b"1\r\nx\r\n" * count + b"0\r\n\r\n" for count in (20_000, 40_000))
    first, content = lines_run(small)
    assert content == 20_000
    second, _ = lines_run(large)
    assert 1.9 < second / first < 2.1
    assert first / 20_000 < 60


def test_work_of_extensions() -> None:
    """Any number of them is refused once four kilobytes have come, in the first read."""
    wire = b"1;a\r\nx\r\n" * READ
    with pytest.raises(Malformed, match="too many chunk extensions"):
        Chunked().feed(wire[:READ])


def test_memory_of_a_million_tiny_chunks() -> None:
    """They are given on read by read; between two reads nothing is held but the start of a line."""
    wire = memoryview(b"1\r\nx\r\n" * MILLION + b"0\r\n\r\n")
    body = Chunked()
    content = 0
    for at in range(0, len(wire), READ):
        content += len(body.feed(bytes(wire[at : at + READ])))
        assert len(body._held) < 256
    assert body.done
    assert content == MILLION


async def test_a_thousand_pipelined_requests(live_path: LivePath) -> None:
    """All are answered in order, one at a time, and no more is read ahead than one read past the bound."""
    live_path.legacy.script = None
    client = await live_path.connect()
    row = b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(1000))
    await client.send(row)
    legacy = await live_path.legacy.accept()
    limit = live_path.live.front.limits.read_ahead
    for number in range(1000):
        assert (await legacy.head()).startswith(b"GET /%d " % number)
        assert live_path.received == number + 1
        assert len(live_path.connection._buffer) <= limit + READ
        body = b"%04d" % number
        await legacy.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + body)
        assert (await client.exactly(42))[-4:] == body
    assert len(live_path.legacy.ends) == 1


async def test_head_in_memory(live_path: LivePath) -> None:
    """A head of any length costs at most a hundred times the limit of a block."""
    limit = 64 * 1024
    client = await live_path.connect()
    tracemalloc.start()
    client.writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nCookie: ")
    for _ in range(64):
        client.writer.write(b"a" * 65_536)
    answer = await client.to_end()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert peak < 100 * limit
    client.leave()
    await until(lambda: not live_path.live.front.connections)
