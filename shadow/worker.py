"""What every worker process has: a loop, counters that it reports each second, and an end.

A worker talks to the supervisor over one socket. It says what it counted; that the socket closes
means that the supervisor is gone, and a worker without one leaves.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from typing import Final, cast

from shadow.frame import Report, Served, Stream
from shadow.record.tally import Tally

_EVERY: Final = 1.0  # seconds between two reports
_RECONNECT: Final = 0.1  # seconds


class Worker(asyncio.Protocol):
    """One worker's counters and its line to the supervisor."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str) -> None:
        self.loop = loop
        self.name = name
        self.stopping = asyncio.Event()
        """Set when the worker shall leave: on SIGTERM, or when the supervisor is gone."""
        self.tallies: dict[str, Tally] = {}
        self.handed: dict[int, dict[str, int]] = {}
        self.served = Served()
        self.gauges: Callable[[], dict[str, float]] = dict
        self._stream = Stream(Report)
        self._transport: asyncio.WriteTransport = cast(asyncio.WriteTransport, None)
        self._timer: asyncio.TimerHandle | None = None
        self._closed: asyncio.Future[None] = loop.create_future()

    async def start(self, line: socket.socket) -> None:
        """Connect to the supervisor, and listen to signals."""
        # Ctrl-C reaches the whole process group; only the supervisor knows the order in which to leave.
        self.loop.add_signal_handler(signal.SIGINT, lambda: None)
        self.loop.add_signal_handler(signal.SIGTERM, self.stopping.set)
        await self.loop.create_unix_connection(lambda: self, sock=line)
        self._report()

    def tally(self, endpoint: str) -> Tally:
        """The counters of an endpoint since the last report."""
        tally = self.tallies.get(endpoint)
        if tally is None:
            tally = self.tallies[endpoint] = Tally()
        return tally

    def _report(self) -> None:
        # A supervisor that does not read costs nothing but its own view: counters go on adding here.
        if self._transport.get_write_buffer_size() == 0:
            self.tell()
        self._timer = self.loop.call_later(_EVERY, self._report)

    def tell(self) -> None:
        """Report now."""
        tallies, self.tallies = self.tallies, {}
        handed, self.handed = self.handed, {}
        served, self.served = self.served, Served()
        report = Report(self.name, os.getpid(), tallies, handed, self.gauges(), served)
        self._transport.write(self._stream.encode(report))

    async def finish(self) -> None:
        """Send the last report, and close the line behind it."""
        if self._timer is not None:
            self._timer.cancel()
        if not self._transport.is_closing():
            self.tell()
            self._transport.close()
        await self._closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.stopping.set()
        if not self._closed.done():
            self._closed.set_result(None)


async def connect_unix(
    loop: asyncio.AbstractEventLoop, protocol: Callable[[], asyncio.BaseProtocol], path: str
) -> None:
    """Connect to another worker's socket, trying until it is there."""
    while True:
        try:
            await loop.create_unix_connection(protocol, path)
        except OSError:
            await asyncio.sleep(_RECONNECT)
        else:
            return
