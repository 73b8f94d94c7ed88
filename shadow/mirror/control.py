"""Controls: legacy is asked the same once more, to learn in what it differs from itself.

Legacy serves clients. So it is asked few at a time, never twice for one answer, and no more while it
fails or is slower than it was for the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from shadow.frame import Frame
from shadow.mirror.admission import Admission
from shadow.mirror.breaker import Breaker
from shadow.mirror.bucket import Bucket
from shadow.mirror.sender import ShadowRequest, shadow_head
from shadow.model import Drop, Outcome, Response
from shadow.settings import Config
from shadow.wire.deadlines import Deadlines
from shadow.wire.head import SAFE_METHODS
from shadow.wire.pool import Pool
from shadow.wire.upstream import Waits

IN_FLIGHT: Final = 4
"""Requests of one shadow worker to legacy under way."""

FIRST: Final = 30
"""So many exchanges of each endpoint have a control at first, whatever the share. What always varies is known
after 25; until something is known, noise looks like a regression."""

_ENDPOINTS: Final = 1000  # whose first exchanges are told from others
_FAILURES: Final = 5  # in a row, and legacy is left alone
_PROBE: Final = 30.0  # seconds until it is tried again
_SLOWER: Final = 1.0  # seconds beyond twice what the client's own answer took count as a failure

TakeAnswer = Callable[[ShadowRequest, Response | None], None]
"""What is called with legacy's second answer; None if there is none."""


class Control:
    """Legacy's second answer to one exchange: there, still to come, or none."""

    __slots__ = ("_ended", "_then", "answer", "charged")

    def __init__(self) -> None:
        self.answer: Response | None = None
        self.charged = 0
        self._ended = False
        self._then: Callable[[], None] | None = None

    def answered(self, request: ShadowRequest, answer: Response | None) -> None:
        """It is there, or will never be."""
        self.answer = answer
        self.charged = request.charged
        self._ended = True
        if self._then is not None:
            self._then()

    def then(self, call: Callable[[], None]) -> None:
        """Call as soon as it has ended."""
        if self._ended:
            call()
        else:
            self._then = call


class Controls:
    """Asks legacy once more, or the second legacy that a setting names."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        config: Config,
        admission: Admission,
        deadlines: Deadlines,
    ) -> None:
        mirror = config.mirror
        timeout = mirror.timeout
        self._loop = loop
        self._share = mirror.control.share
        self._limit = mirror.body_limit
        self._admission = admission
        self._bucket = Bucket(mirror.control.per_second)
        self._asked_of: dict[str, int] = {}  # controls, by endpoint
        self._breaker = Breaker(_FAILURES, _PROBE)
        self._pool = Pool(
            loop,
            mirror.control.url or config.legacy,
            Waits(mirror.connect, timeout, timeout, timeout, config.timeouts.reuse),
            deadlines,
            config.tls.legacy,
        )
        self._under_way: dict[ShadowRequest, TakeAnswer] = {}
        self._stopped = False
        self.asked = 0
        self.failed = 0

    @property
    def in_flight(self) -> int:
        return len(self._under_way)

    def begin(self, frame: Frame) -> Control | None:
        """The control of an exchange, if it is one of the share that has one, or of its endpoint's first."""
        if not self._is_chosen(frame):
            return None
        control = Control()
        if not self.ask(frame, b"control", control.answered):
            return None
        asked = self._asked_of
        if frame.endpoint in asked or len(asked) < _ENDPOINTS:
            asked[frame.endpoint] = asked.get(frame.endpoint, 0) + 1
        return control

    def _is_chosen(self, frame: Frame) -> bool:
        return (
            len(self._under_way) < IN_FLIGHT
            and self._bucket.has(self._loop.time())  # mostly not, on a busy day, and asked of every exchange
            and can_be_asked_again(frame)
            and (position(frame.id) < self._share or self._is_early(frame.endpoint))
            and self._bucket.take(self._loop.time())
        )

    def _is_early(self, endpoint: str) -> bool:
        """Is little known of this endpoint yet?"""
        unknown = 0 if len(self._asked_of) < _ENDPOINTS else FIRST
        return self._share > 0 and self._asked_of.get(endpoint, unknown) < FIRST

    def ask(self, frame: Frame, mark: bytes, done: TakeAnswer) -> bool:
        """Ask the same again; False if legacy is to be left alone now."""
        if self._stopped or len(self._under_way) >= IN_FLIGHT or not self._breaker.allows(self._loop.time()):
            return False
        request = ShadowRequest(frame, self._limit, self._admission, self._answered)
        self._under_way[request] = done
        self.asked += 1
        request.start(self._pool, shadow_head(frame.request_head, None, mark), frame.request_body)
        return True

    def _answered(self, request: ShadowRequest, outcome: Outcome | Drop) -> None:
        done = self._under_way.pop(request)
        if isinstance(outcome, Response):
            if outcome.total > 2 * request.frame.total + _SLOWER:
                self._breaker.failed(self._loop.time())
            else:
                self._breaker.answered()
            done(request, outcome)
        else:
            if not isinstance(outcome, Drop):
                self._breaker.failed(self._loop.time())
            self.failed += 1
            done(request, None)

    def stop(self) -> None:
        """Ask nothing more, and wait for nothing."""
        self._stopped = True
        under_way, self._under_way = self._under_way, {}
        for request, done in under_way.items():
            request.cancel()
            done(request, None)
        self._pool.close()


def can_be_asked_again(frame: Frame) -> bool:
    """Whether legacy can be asked the same, and its answer compared with the one that it gave."""
    return (
        not frame.by_target
        and frame.method in SAFE_METHODS
        and bool(frame.response_head)
        and isinstance(frame.response_body, bytes)
    )


def position(exchange: bytes) -> float:
    """Where in [0, 1) an exchange falls, by its id; not as in the sample, of which this takes a share."""
    return int.from_bytes(blake2b(exchange, digest_size=8, person=b"control").digest()) / 2**64
