"""Which exchanges are sent to the target now, which wait, and which are dropped. Pure.

What rules decide was decided before the exchange came here; this is about load. The newest is
dropped first: nothing was spent on it yet.
"""

from __future__ import annotations

from collections import deque

from shadow.frame import Frame
from shadow.mirror.breaker import Breaker
from shadow.model import Drop


class Admission:
    """Counts what is under way, and holds what waits."""

    def __init__(
        self, in_flight: int, waiting: int, memory: int, breaker: Breaker, legacy: Breaker | None = None
    ) -> None:
        """`breaker` is the target's, `legacy` that of legacy where it is the shadow."""
        self._in_flight_limit = in_flight
        self._limit = in_flight + waiting
        self._memory_limit = memory
        self.waiting: deque[Frame] = deque()
        self.breaker = breaker
        self._legacy_breaker = legacy or breaker
        self.in_flight = 0
        self.held = 0  # bytes of all exchanges here, and of what the target has answered to them

    def breaker_of(self, frame: Frame) -> Breaker:
        """The breaker of the side that did not answer the client."""
        return self._legacy_breaker if frame.by_target else self.breaker

    def heard(self, frame: Frame, failed: float | None) -> bool:
        """A shadow request was answered, or `failed` at that time. Whether a breaker has changed by it."""
        breaker = self.breaker_of(frame)
        was_open = breaker.is_open
        if failed is None:
            breaker.answered()
        else:
            breaker.failed(failed)
        return breaker.is_open != was_open

    def offer(self, frame: Frame, now: float) -> Drop | None:
        """Take an exchange in, or say why not."""
        breaker = self.breaker_of(frame)
        if breaker.is_open and not self._may_probe(breaker, now):
            return Drop.BREAKER
        held = self.held + frame.size()
        if held > self._memory_limit:
            return Drop.MEMORY
        if self.in_flight + len(self.waiting) >= self._limit:
            return Drop.QUEUE_FULL
        self.held = held
        self.waiting.append(frame)
        return None

    def _may_probe(self, breaker: Breaker, now: float) -> bool:
        """While the breaker is open only a probe is worth taking in, and one is enough."""
        return breaker.probe_due(now) and not any(self.breaker_of(each) is breaker for each in self.waiting)

    def next(self, now: float) -> Frame | tuple[Frame, Drop] | None:
        """What to send now; with a reason what to drop instead; None if nothing can be sent."""
        if not self.waiting or self.in_flight >= self._in_flight_limit:
            return None
        frame = self.waiting.popleft()
        if not self.breaker_of(frame).allows(now):
            self.held -= frame.size()
            return frame, Drop.BREAKER
        self.in_flight += 1
        return frame

    def hold(self, size: int) -> bool:
        """Charge a part of an answer, if there is room for it."""
        if self.held + size > self._memory_limit:
            return False
        self.held += size
        return True

    def release(self, size: int) -> None:
        """Give back what was charged."""
        self.held -= size

    def sent(self) -> None:
        """A shadow request has ended; what it brought may still be judged."""
        self.in_flight -= 1

    def done(self, frame: Frame, charged: int = 0) -> None:
        """An exchange is counted, and with it go the bytes that were charged for answers to it."""
        self.held -= frame.size() + charged

    def clear(self) -> list[Frame]:
        """Give up all that waits."""
        frames = list(self.waiting)
        self.waiting.clear()
        return frames
