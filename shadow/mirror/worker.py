"""A shadow worker: takes exchanges in, asks the target, and knows equal answers from unequal ones.

Unequal pairs go to the judge beside it, so that this loop does nothing heavy and the target's
latency is measured by it truly.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Final, Protocol, cast

from shadow.address import backend
from shadow.compare.judge import same
from shadow.frame import HELLO, Frame, Stream
from shadow.mirror.admission import Admission
from shadow.mirror.breaker import Breaker
from shadow.mirror.judge import JUDGE_JOBS, JudgeLine
from shadow.mirror.pair import Rules, about, comparable, legacy_response
from shadow.mirror.sender import Done, ShadowRequest
from shadow.model import Drop, Failure, Fate, Outcome
from shadow.record.mask import Masked
from shadow.record.tally import Tally
from shadow.settings import Config
from shadow.wire.client_tls import context
from shadow.wire.deadlines import Deadlines
from shadow.wire.resolve import authority
from shadow.wire.upstream import Pool, Waits
from shadow.worker import Worker

_DRAIN: Final = 4.0  # seconds to end what is under way once no exchange can come any more
_UNANALYSED: Final = "not analysed: the judge was behind"


class Books(Protocol):
    """Where it is counted what became of an exchange."""

    def tally(self, frame: Frame) -> Tally:
        """The counters that it belongs to."""

    def ended(self, frame: Frame) -> None:
        """Its fate has been counted. Once for each exchange."""


class WorkerBooks:
    """Counts for a worker's next report."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def tally(self, frame: Frame) -> Tally:
        return self._worker.tally(frame.endpoint)

    def ended(self, frame: Frame) -> None:
        """Nobody waits for one exchange."""


class Mirror:
    """What is done with the exchanges that it is offered. At most `jobs` of them are with the judge."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        config: Config,
        books: Books,
        judge_path: str,
        jobs: int = JUDGE_JOBS,
    ) -> None:
        mirror = config.mirror
        origin = backend(config.target)
        timeout = mirror.timeout
        self._books = books
        self._loop = loop
        self._limit = mirror.body_limit
        self._host = {"preserve": None, "target": authority(origin)}.get(
            mirror.host, mirror.host.encode("latin-1")
        )
        self._rules = Rules(config)
        self._version = mirror.version.lower().encode("latin-1")
        self._admission = Admission(
            mirror.in_flight,
            mirror.waiting,
            mirror.memory,
            Breaker(mirror.breaker.failures, mirror.breaker.probe),
        )
        self._pool = Pool(
            loop,
            origin,
            Waits(mirror.connect, timeout, timeout, timeout, mirror.reuse),
            Deadlines(loop),
            context(mirror.verify, mirror.ca) if origin.tls else None,
        )
        self._under_way: set[ShadowRequest] = set()
        self._judge = JudgeLine(loop, judge_path, self._judged, jobs)
        self._intakes: set[Intake] = set()
        self._unanalysed = 0
        self._idle = asyncio.Event()

    def connect(self) -> None:
        self._judge.connect()

    async def ready(self) -> None:
        """Wait until the judge is there."""
        await self._judge.connected.wait()

    # -- exchanges come in

    def opened(self, intake: Intake) -> None:
        self._intakes.add(intake)

    def closed(self, intake: Intake) -> None:
        self._intakes.discard(intake)
        self._notice_idle()

    def offer(self, frame: Frame) -> None:
        drop = self._admission.offer(frame, self._loop.time())
        if drop is not None:
            self._dropped(frame, drop)

    def pump(self) -> None:
        """Send what may be sent now."""
        admission = self._admission
        while True:
            following = admission.next(self._loop.time())
            if following is None:
                break
            if isinstance(following, Frame):
                self._send(following)
            else:
                self._dropped(*following)
        self._notice_idle()

    def _dropped(self, frame: Frame, drop: Drop) -> None:
        self._books.tally(frame).count_dropped(drop)
        self._books.ended(frame)

    def _send(self, frame: Frame) -> None:
        request = ShadowRequest(frame, self._limit, self._admission, self._answered)
        self._under_way.add(request)
        self._books.tally(frame).mirrored += 1
        request.start(self._pool, self._host)

    def send_copy(self, frame: Frame, done: Done) -> None:
        """Ask the target the same once more; the answer is not judged."""
        ShadowRequest(frame, self._limit, self._admission, done).start(self._pool, self._host)

    # -- answers come back

    def _answered(self, request: ShadowRequest, outcome: Outcome | Drop) -> None:
        frame = request.frame
        admission = self._admission
        self._under_way.discard(request)
        admission.sent()
        if isinstance(outcome, Drop):
            self._dropped(frame, outcome)
            admission.done(frame)
        elif isinstance(outcome, Failure):
            admission.breaker.failed(self._loop.time())
            self._have_judged(frame, outcome)
        else:
            admission.breaker.answered()
            legacy, outcome = legacy_response(frame), comparable(frame, outcome)
            if same(legacy, outcome, self._rules[frame.rule]):
                self._books.tally(frame).count_match(legacy, outcome, about(frame, outcome, self._version))
                self._books.ended(frame)
                admission.done(frame, outcome)
            else:
                self._have_judged(frame, outcome)
        self.pump()

    def _have_judged(self, frame: Frame, outcome: Outcome) -> None:
        if not self._judge.give(frame, outcome):
            self._judged(frame, outcome, None)

    def _judged(self, frame: Frame, outcome: Outcome, comparison: Masked | None) -> None:
        if comparison is None:
            self._unanalysed += 1
            comparison = unanalysed(outcome)
        tally = self._books.tally(frame)
        tally.count(legacy_response(frame), outcome, comparison, about(frame, outcome, self._version))
        self._books.ended(frame)
        self._admission.done(frame, outcome)
        self._notice_idle()

    # -- the end

    def _notice_idle(self) -> None:
        admission = self._admission
        if not self._intakes and not admission.in_flight and not admission.waiting and not self._judge.jobs:
            self._idle.set()
        else:
            self._idle.clear()

    async def drain(self) -> None:
        """End what is under way, and count what cannot be ended."""
        self._notice_idle()
        try:
            async with asyncio.timeout(_DRAIN):
                await self._idle.wait()
        except TimeoutError:
            self._give_up()
        self._pool.close()
        await self._judge.close()

    def _give_up(self) -> None:
        for request in self._under_way:
            request.cancel()
            self._dropped(request.frame, Drop.SHUTDOWN)
        for frame in self._admission.clear():
            self._dropped(frame, Drop.SHUTDOWN)
        for intake in self._intakes:
            intake.transport.abort()
        self._judge.give_up()

    @property
    def busy(self) -> int:
        """Exchanges whose fate is not known yet."""
        return self._admission.in_flight + self._admission.waiting + len(self._judge.jobs)

    @property
    def unanalysed(self) -> int:
        """Pairs counted as differing because no judge could look at them."""
        return self._unanalysed

    @property
    def held(self) -> int:
        """Bytes of them, and of what the target has answered."""
        return self._admission.held

    def gauges(self) -> dict[str, float]:
        admission = self._admission
        return {
            "channels": len(self._intakes),
            "shadow_in_flight": admission.in_flight,
            "shadow_waiting": admission.waiting,
            "shadow_held_bytes": admission.held,
            "breaker_open": float(admission.breaker.is_open),
            "judge_jobs": len(self._judge.jobs),
            "unanalysed_total": self._unanalysed,
        }


def unanalysed(outcome: Outcome) -> Masked:
    """What is known of a pair that no judge has seen."""
    fate = Fate.FAILED if isinstance(outcome, Failure) else Fate.DIFFERED
    return Masked(fate, (), (_UNANALYSED,))


class Intake(asyncio.Protocol):
    """A live worker's channel, seen from the other end."""

    def __init__(self, mirror: Mirror, connected: Callable[[], None]) -> None:
        self._mirror = mirror
        self._connected = connected
        self._stream = Stream(Frame)
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(HELLO.pack(os.getpid()))
        self._mirror.opened(self)
        self._connected()

    def data_received(self, data: bytes) -> None:
        for frame in self._stream.feed(data):
            self._mirror.offer(frame)
            self._mirror.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        self._mirror.closed(self)


async def run(
    config: Config, name: str, line: socket.socket, listener: socket.socket, judge_path: str
) -> None:
    """Take exchanges from live workers that connect to `listener` until told to stop."""
    loop = asyncio.get_running_loop()
    worker = Worker(loop, name)
    mirror = Mirror(loop, config, WorkerBooks(worker), judge_path)
    worker.gauges = mirror.gauges
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
    await worker.finish()
