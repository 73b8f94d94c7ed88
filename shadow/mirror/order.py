"""The order of requests within a session.

A request may carry a value (cookie, token) that legacy gave its client in an exchange whose shadow is still
under way. It waits for the target's answer to that one, and then carries the target's value.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

from shadow.frame import Frame
from shadow.mirror.sender import ShadowRequest
from shadow.mirror.session import Sessions
from shadow.model import Drop, Outcome, Response
from shadow.wire.deadlines import Deadlines

Start = Callable[[ShadowRequest, bytes, bytes], None]
"""Sends a request with this head and body."""


class _Held:
    """A request that waits for the answers to others, but not longer than its deadline."""

    __slots__ = ("_order", "deadline", "givers", "request")

    def __init__(
        self, order: SessionOrder, request: ShadowRequest, givers: set[Hashable], deadline: float
    ) -> None:
        self._order = order
        self.request = request
        self.givers = givers
        self.deadline = deadline

    def expired(self, now: float) -> None:
        """It goes with what is known."""
        self._order.let_go(self)


class SessionOrder:
    """Sends each request as its session has it at the target, and in time. A request waits only for requests
    sent before it, so no two wait for each other."""

    def __init__(
        self,
        sessions: Sessions,
        loop: asyncio.AbstractEventLoop,
        deadlines: Deadlines,
        patience: float,
        start: Start,
    ) -> None:
        self._sessions = sessions
        self._loop = loop
        self._deadlines = deadlines
        self._patience = patience
        self._start = start
        self._held: dict[Hashable, list[_Held]] = {}  # by whose answer they wait for

    def send(self, request: ShadowRequest) -> None:
        """Send it, now or as soon as what it waits for is known."""
        givers = self._sessions.givers(request.frame)
        self._sessions.expect(request, request.frame)
        if not givers:
            self._start(request, *self.translated(request.frame))
            return
        held = _Held(self, request, givers, self._loop.time() + self._patience)
        self._deadlines.watch(held)
        for giver in givers:
            self._held.setdefault(giver, []).append(held)

    def translated(self, frame: Frame) -> tuple[bytes, bytes]:
        """Head and body as the target is to get them."""
        return self._sessions.translated(frame, self._loop.time())

    def answered(self, request: ShadowRequest, outcome: Outcome | Drop) -> None:
        """A shadow request has ended, and those who wait for it may go."""
        answer = outcome if isinstance(outcome, Response) else None
        self._sessions.answered(request, answer, self._loop.time())
        for held in self._held.pop(request, ()):
            held.givers.discard(request)
            if not held.givers:
                self.let_go(held)

    def let_go(self, held: _Held) -> None:
        """Send what was held, unless it has gone."""
        for giver in held.givers:
            self._held[giver].remove(held)
        held.givers = set()
        self._deadlines.forget(held)
        self._start(held.request, *self.translated(held.request.frame))

    def stop(self) -> None:
        """Forget all that is held."""
        for held in {held for each in self._held.values() for held in each}:
            self._deadlines.forget(held)
        self._held.clear()
