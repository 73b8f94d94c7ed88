"""The connections of a test's server: a task for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

Writer = asyncio.StreamWriter


def abort(writer: Writer) -> None:
    """Close at once."""
    writer.transport.abort()


class Served:
    """Closes each connection when its task has ended, be it cancelled before it has begun."""

    def __init__(self, close: Callable[[Writer], None] = abort) -> None:
        self._close = close
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, serve: Coroutine[None, None, None], writer: Writer) -> None:
        task = asyncio.get_running_loop().create_task(serve)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._close(writer))

    def cancel(self) -> None:
        """Serve none of them any longer."""
        for task in self._tasks:
            task.cancel()

    async def hang_up(self) -> None:
        """Close them all."""
        self.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
