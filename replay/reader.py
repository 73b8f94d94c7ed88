"""Reads a feed in a thread, so that a slow disk, a bucket or a pipe never stops the loop."""

from __future__ import annotations

import asyncio
import queue
import threading
from contextlib import suppress
from typing import NamedTuple

from replay.feed import Feed
from replay.reading import Entry


class Batch(NamedTuple):
    """Some entries; `live` names the logs whose marks are still needed, None for all."""

    entries: list[Entry]
    live: set[str] | None


class Reader:
    """One batch is read ahead. The thread is a daemon: nothing can end a read that waits for a pipe."""

    def __init__(self, loop: asyncio.AbstractEventLoop, feed: Feed) -> None:
        self._loop = loop
        self._feed = feed
        self._wanted: queue.SimpleQueue[asyncio.Future[Batch | None]] = queue.SimpleQueue()
        self._next = self._ask()
        threading.Thread(target=self._run, name="reader", daemon=True).start()

    async def next(self) -> Batch | None:
        """The next batch, which may be empty while a log does not grow; None at the end."""
        batch = await asyncio.shield(self._next)
        self._next = self._ask()
        return batch

    def _ask(self) -> asyncio.Future[Batch | None]:
        future: asyncio.Future[Batch | None] = self._loop.create_future()
        self._wanted.put(future)
        return future

    def _run(self) -> None:
        while True:
            future = self._wanted.get()
            try:
                entries = self._feed.read()
                batch = None if entries is None else Batch(entries, self._feed.live())
            except Exception as error:
                self._tell(future, error)
            else:
                self._tell(future, batch)

    def _tell(self, future: asyncio.Future[Batch | None], what: Batch | Exception | None) -> None:
        def deliver() -> None:
            if isinstance(what, Exception):
                future.set_exception(what)
            else:
                future.set_result(what)

        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            self._loop.call_soon_threadsafe(deliver)
