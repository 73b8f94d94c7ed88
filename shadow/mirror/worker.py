"""A shadow worker: takes exchanges in from live workers, for its mirror."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import cast

from shadow.frame import HELLO, Frame, Stream
from shadow.mirror.mirror import Mirror
from shadow.record.tally import Tally
from shadow.settings import Config
from shadow.worker import Worker


class WorkerBooks:
    """Counts for a worker's next report."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def tally(self, frame: Frame) -> Tally:
        return self._worker.tally(frame.endpoint)

    afterwards = tally

    def ended(self, frame: Frame) -> None:
        """Nobody waits for one exchange."""


class Intake(asyncio.BufferedProtocol):
    """A live worker's channel, seen from the other end."""

    def __init__(self, mirror: Mirror, connected: Callable[[], None]) -> None:
        self._mirror = mirror
        self._connected = connected
        self._stream = Stream(Frame)
        self.transport: asyncio.Transport  # from connection_made on

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(HELLO.pack(os.getpid()))
        self._mirror.opened(self.transport)
        self._connected()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._stream.room()

    def buffer_updated(self, nbytes: int) -> None:
        for frame in self._stream.filled(nbytes):
            self._mirror.offer(frame)
        self._mirror.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        self._mirror.closed(self.transport)


async def run(
    config: Config, name: str, line: socket.socket, listener: socket.socket, judge_path: str
) -> None:
    """Take exchanges from live workers that connect to `listener` until told to stop."""
    loop = asyncio.get_running_loop()
    worker = Worker(loop, name)
    mirror = Mirror(loop, config, WorkerBooks(worker), judge_path)
    worker.gauges = mirror.gauges
    if config.tracing.endpoint:
        from shadow.mirror.spans import Spans  # an extra, and a second of start that others need not have

        mirror.spans = Spans(config.tracing)
    await worker.start(line)
    mirror.connect()
    server = await loop.create_unix_server(
        lambda: Intake(mirror, worker.tell),  # there is a way to the target now, or again
        sock=listener,
        backlog=128,
    )
    await worker.stopping.wait()
    server.close()
    await mirror.drain()
    if mirror.spans is not None:
        mirror.spans.close()
    await worker.finish()
