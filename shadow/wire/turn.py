"""Writing at the end of a turn of the loop, all connections together.

Whoever sleeps is woken by what is written to it, which costs the writer more than the writing itself. Between
two writes we read and parse, so a fast peer would have fallen asleep again, and each write would wake it. One
after the other they find it awake.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

_LARGE: Final = 32 * 1024
"""Bytes; more is written at once. The loop may read a connection many times in one turn, and only
what has been written shows that the other side does not keep up."""

_TOGETHER: Final = 32  # writes; the first must not wait until hundreds of requests have been read


class Sender(Protocol):
    """A connection that has gathered what it writes."""

    def send(self) -> None:
        """Write it now."""


class Turn:
    """What is to be written before the loop waits again."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[Sender] = []

    def add(self, sender: Sender, gathered: bytes) -> None:
        """Have a connection send what it has gathered, which is something."""
        if len(gathered) > _LARGE:
            sender.send()
            return
        waiting = self._waiting
        waiting.append(sender)
        if len(waiting) == 1:
            self._loop.call_soon(self._end)
        elif len(waiting) >= _TOGETHER:
            self._end()

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, []
        senders = iter(waiting)
        try:
            for sender in senders:
                sender.send()
        except BaseException:
            for sender in senders:  # one that raised holds up nobody
                self.add(sender, b"")
            raise
