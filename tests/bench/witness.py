#!/usr/bin/env python3
"""A backend that answers each request so many seconds later, and writes down when it came.

    witness.py PORT DELAY FILE

On SIGTERM the arrival times (seconds, monotonic, the machine's) are written to FILE, a line each.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


class Witness(asyncio.Protocol):
    """One connection. Requests have no body and come one after another."""

    def __init__(self, arrivals: list[float], delay: float) -> None:
        self._arrivals = arrivals
        self._delay = delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._arrivals.append(time.monotonic())
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_ANSWER)


async def main(port: int, delay: float) -> list[float]:
    """Serve until told to stop; when requests came."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    arrivals: list[float] = []
    server = await loop.create_server(lambda: Witness(arrivals, delay), "127.0.0.1", port, backlog=4096)
    await stopped.wait()
    server.close()
    return arrivals


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        came = runner.run(main(int(sys.argv[1]), float(sys.argv[2])))
    Path(sys.argv[3]).write_text("".join(f"{at:.6f}\n" for at in came))
