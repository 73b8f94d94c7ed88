"""The one way from a live worker to a shadow worker: bounded, and it never waits.

What does not fit is dropped by the caller, who counts it. Frames are written a few milliseconds
late, many at once: one system call for each would cost more than building it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, cast

from shadow.frame import HELLO, Frame, Stream, with_body
from shadow.live.capture import Budget
from shadow.worker import connect_unix

_FLUSH_AFTER: Final = 0.005  # seconds
_FLUSH_ABOVE: Final = 256 * 1024  # bytes
_LARGE: Final = 32 * 1024  # bytes of a piece that is not copied once more
BACKLOG: Final = 2048
"""Exchanges that may wait for a shadow worker that is behind, beside those that are being written. With more
it would be late, and drop most of them: its own queue is shorter."""

_CLOSE_WITHIN: Final = 2.0  # seconds; a shadow worker that takes nothing for so long will not


class Channel(asyncio.Protocol):
    """A connection to a shadow worker, made anew whenever it is lost."""

    def __init__(self, loop: asyncio.AbstractEventLoop, path: str, budget: Budget) -> None:
        self._loop = loop
        self._path = path
        self._budget = budget
        self._stream = Stream(Frame)
        self._transport: asyncio.Transport | None = None
        self._hello = b""
        self._pending: list[bytes] = []
        self._waiting = 0  # exchanges that these are of
        self._charged = 0
        self._behind = False  # what was written last is not read yet
        self._timer: asyncio.TimerHandle | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._closed: asyncio.Future[None] | None = None
        self.connected = asyncio.Event()
        self.worker = 0
        """Process id of the shadow worker at the other end; 0 while there is none."""

    def connect(self) -> None:
        """Begin to connect, and go on trying."""
        self._connecting = self._loop.create_task(connect_unix(self._loop, lambda: self, self._path))

    def offer(self, frame: Frame, body: Sequence[bytes] = ()) -> bool:
        """Hand over an exchange, whose response body may be in pieces beside it; False if there is no room,
        or nobody at the other end."""
        if not self.worker or self._waiting >= BACKLOG:
            return False
        pieces: Sequence[bytes] = self._stream.encode(frame)
        if body:
            pieces = with_body(pieces[1], body)
        size = sum(map(len, pieces))
        if not self._budget.take(size):
            return False
        self._charged += size
        self._pending += pieces
        self._waiting += 1
        if self._timer is None:
            self._timer = self._loop.call_later(_FLUSH_AFTER, self._flush)
        elif self._charged > _FLUSH_ABOVE and not self._behind:  # all that waits is counted each time
            self._write()
        return True

    def _flush(self) -> None:
        self._timer = None
        self._write()

    def _write(self) -> None:
        if self._pending and self._transport is not None and not self._behind:
            pending, self._pending = self._pending, []
            self._waiting = 0
            if max(map(len, pending)) > _LARGE:
                self._transport.writelines(pending)
            else:  # many small pieces take a third more memory while they wait
                self._transport.write(b"".join(pending))
        self._settle()

    def _settle(self) -> None:
        """Give back to the budget what the kernel has taken."""
        left = sum(map(len, self._pending))
        if self._transport is not None:
            left += self._transport.get_write_buffer_size()
        if left < self._charged:
            self._budget.give_back(self._charged - left)
            self._charged = left
        if left and self._timer is None:
            self._timer = self._loop.call_later(_FLUSH_AFTER, self._flush)

    async def close(self) -> None:
        """Deliver what was handed over, then end."""
        transport = self._transport
        if transport is None:
            # Not otherwise: cancelled just before it returns, it would close the transport without a word.
            if self._connecting is not None:
                self._connecting.cancel()
            return
        self._closed = self._loop.create_future()
        self._behind = False  # `close` waits for whatever has been written
        self._write()
        transport.close()
        try:
            async with asyncio.timeout(_CLOSE_WITHIN):
                await asyncio.shield(self._closed)
        except TimeoutError:
            transport.abort()
            await self._closed

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._hello = b""
        self._behind = False

    def data_received(self, data: bytes) -> None:
        self._hello += data
        if len(self._hello) >= HELLO.size:
            self.worker = HELLO.unpack(self._hello[: HELLO.size])[0]
            self.connected.set()

    def pause_writing(self) -> None:
        self._behind = True

    def resume_writing(self) -> None:
        self._behind = False
        self._write()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.worker = 0
        self.connected.clear()
        self._pending.clear()
        self._waiting = 0
        self._budget.give_back(self._charged)
        self._charged = 0
        if self._closed is not None:
            self._closed.set_result(None)
        else:
            self.connect()
