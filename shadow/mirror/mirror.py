"""What is done with an exchange: the target is asked, and if its answer is plainly equal, that is counted.

All other pairs go to the judge, a process beside this one: a loop that does nothing heavy measures the
target's latency truly.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from shadow.compare.judge import quick
from shadow.compare.rules import compile_rules
from shadow.descriptors import allowed
from shadow.frame import Frame, Judged
from shadow.mirror.admission import Admission
from shadow.mirror.breaker import Breaker
from shadow.mirror.control import Control, Controls
from shadow.mirror.judge import JUDGE_JOBS, JudgeLine
from shadow.mirror.order import SessionOrder
from shadow.mirror.pair import Pair, about, comparable, sides, unanalysed
from shadow.mirror.recheck import Rechecks
from shadow.mirror.sender import Done, ShadowRequest, shadow_head
from shadow.mirror.session import Sessions
from shadow.model import Difference, Drop, Failure, Fate, Masked, Outcome, Response
from shadow.record.quota import Quota
from shadow.record.recheck import Label
from shadow.record.tally import Tally
from shadow.serving import target_share
from shadow.settings import BackendTls, Config
from shadow.wire.deadlines import Deadlines
from shadow.wire.hosts import host_at_target
from shadow.wire.pool import Pool
from shadow.wire.upstream import Waits

log = structlog.get_logger()

_DRAIN: Final = 4.0  # seconds to end what is under way once no exchange can come any more


class Books(Protocol):
    """Where it is counted what became of an exchange."""

    def tally(self, frame: Frame) -> Tally:
        """The counters that it belongs to."""

    def ended(self, frame: Frame) -> None:
        """Its fate has been counted. Once for each exchange."""

    def afterwards(self, frame: Frame) -> Tally:
        """Where it is counted what is learnt of it once it has ended."""


class Tracer(Protocol):
    """Makes spans of exchanges."""

    def ended(self, frame: Frame, outcome: Outcome | Drop) -> None:
        """The shadow request of an exchange has ended just now."""

    def close(self) -> None:
        """No more will end."""


class Mirror:
    """Takes the exchanges that it is offered to their fates. At most `jobs` of them are with the judge."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        config: Config,
        books: Books,
        judge_path: str,
        jobs: int = JUDGE_JOBS,
    ) -> None:
        self._settings = mirror = config.mirror
        self._books = books
        self._loop = loop
        self._deadlines = Deadlines(loop)
        self._limit = mirror.body_limit
        self._host = host_at_target(config)
        self._rules = compile_rules(config)
        self._version = mirror.version.lower().encode("latin-1")
        self._admission = Admission(
            allowed(mirror.in_flight, 2),  # one may have a control
            mirror.waiting,
            mirror.memory,
            Breaker(mirror.breaker.failures, mirror.breaker.probe),
            Breaker(mirror.breaker.failures, mirror.breaker.probe),
        )
        self._pool = self._to(config.target, config.tls.target)
        serves = any(target_share(line.serve) for line in config.endpoints)
        self._legacy_pool = self._to(config.legacy, config.tls.legacy) if serves else self._pool
        self._under_way: set[ShadowRequest] = set()
        self._copies: dict[ShadowRequest, Done] = {}
        self._judge = JudgeLine(loop, judge_path, jobs)
        again = _asks_again(config)
        self._controls = Controls(loop, config, self._admission, self._deadlines) if again else None
        self._controlled: dict[ShadowRequest, Control] = {}
        self._rechecks = self._make_rechecks()
        self._session_order = self._make_session_order()
        self._intakes: set[asyncio.Transport] = set()
        self.unanalysed = 0  # pairs counted as differing because no judge could look at them
        # Of what is plainly equal by a line of a rule, some is kept: stricter rules can be tried on it.
        self._samples = Quota(config.record.evidence, 1)
        self._idle = asyncio.Event()
        self.spans: Tracer | None = None
        """Who is told of each shadow request that has ended."""

    def _to(self, url: str, tls: BackendTls) -> Pool:
        mirror, timeout = self._settings, self._settings.timeout
        waits = Waits(mirror.connect, timeout, timeout, timeout, mirror.reuse)
        return Pool(self._loop, url, waits, self._deadlines, tls)

    def _make_rechecks(self) -> Rechecks | None:
        if self._controls is None:
            return None
        return Rechecks(
            self._loop,
            self._settings.recheck,
            self._deadlines,
            self._admission,
            self._controls,
            self._ask_again,
            self._judge,
            self._rechecked,
        )

    def _make_session_order(self) -> SessionOrder | None:
        named, timeout = self._settings.sessions, self._settings.timeout
        if not named.cookies and not named.fields:
            return None
        return SessionOrder(Sessions(named), self._loop, self._deadlines, timeout, self._start)

    def connect(self) -> None:
        self._judge.connect()

    async def ready(self) -> None:
        """Wait until the judge is there."""
        await self._judge.connected.wait()

    # -- exchanges come in

    def opened(self, intake: asyncio.Transport) -> None:
        """A live worker may hand exchanges over now."""
        self._intakes.add(intake)

    def closed(self, intake: asyncio.Transport) -> None:
        """It hands over no more."""
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
        if self._controls is not None and (control := self._controls.begin(frame)) is not None:
            self._controlled[request] = control
        if self._session_order is not None and not frame.by_target:
            self._session_order.send(request)
        else:
            self._start(request, frame.request_head, frame.request_body)

    def send_copy(self, frame: Frame, done: Done) -> None:
        """Ask the target the same once more; the answer is not counted, nor kept."""

        def ended(request: ShadowRequest, outcome: Outcome | Drop) -> None:
            self._admission.release(request.charged)
            done(request, outcome)

        self._ask_again(frame, ended)

    def _ask_again(self, frame: Frame, done: Done) -> None:
        """Ask the target once more; who is told of the answer gives back what it was charged."""
        request = ShadowRequest(frame, self._limit, self._admission, self._copy_answered)
        self._copies[request] = done
        if self._session_order is not None:
            self._start(request, *self._session_order.translated(frame))
        else:
            self._start(request, frame.request_head, frame.request_body)

    def _start(self, request: ShadowRequest, head: bytes, body: bytes) -> None:
        if request.frame.by_target:
            request.start(self._legacy_pool, shadow_head(head, None), body)
        else:
            request.start(self._pool, shadow_head(head, self._host), body)

    # -- answers come back

    def _copy_answered(self, request: ShadowRequest, outcome: Outcome | Drop) -> None:
        self._copies.pop(request)(request, outcome)

    def _answered(self, request: ShadowRequest, outcome: Outcome | Drop) -> None:
        frame = request.frame
        admission = self._admission
        self._under_way.discard(request)
        admission.sent()
        if self.spans is not None:
            self.spans.ended(frame, outcome)
        if self._session_order is not None and not frame.by_target:
            self._session_order.answered(request, outcome)
        control = self._controlled.pop(request, None)
        if isinstance(outcome, Response):
            self._heard(frame, None)
            outcome = comparable(frame, outcome)
            if control is None:
                self._compare(Pair(frame, outcome, request.charged))
            else:
                self._compare_with(control, Pair(frame, outcome, request.charged))
        else:
            if control is not None:
                control.then(lambda: admission.release(control.charged))
            if isinstance(outcome, Drop):
                self._dropped(frame, outcome)
                admission.done(frame)
            else:
                self._heard(frame, outcome)
                self._have_judged(Pair(frame, outcome, 0))
        if admission.waiting:
            self.pump()
        else:
            self._notice_idle()

    def _heard(self, frame: Frame, failure: Failure | None) -> None:
        if self._admission.heard(frame, self._loop.time() if failure else None):
            side = "legacy" if frame.by_target else "target"
            reason = f"{failure.kind}: {failure.detail}" if failure else "it answered"
            log.warning("breaker_opened" if failure else "breaker_closed", backend=side, reason=reason)

    def _compare_with(self, control: Control, pair: Pair) -> None:
        """Compare once legacy's second answer is there, or will never be."""

        def ended() -> None:
            charged = pair.charged + control.charged
            self._compare(replace(pair, charged=charged, control=control.answer))
            self._notice_idle()

        control.then(ended)

    def _compare(self, pair: Pair) -> None:
        """Count a pair that is plainly equal, and have any other judged."""
        frame, control = pair.frame, pair.control
        legacy, target = sides(frame, pair.outcome)
        if not isinstance(legacy, Response) or not isinstance(target, Response):
            self._have_judged(pair)
            return
        rule = self._rules[frame.index]
        known = quick(legacy, target, rule)
        if known is None or (control is not None and quick(legacy, control, rule) is None):
            self._have_judged(pair)
            return
        tally, facts = self._books.tally(frame), about(frame, target, self._version)
        if control is None:
            tally.count_match(legacy, target, facts, known.hits)
        else:
            equal = Masked(Fate.MATCHED, (), (), known.hits)
            tally.count_learned(legacy, target, equal, equal, facts)
        self._books.ended(frame)
        self._admission.done(frame, pair.charged)
        if known.hits and self._samples.take(known, frame.started):
            # Counted already: only to be kept.
            self._judge.give(frame, pair.outcome, lambda _: self._notice_idle())

    def _have_judged(self, pair: Pair) -> None:
        if not self._judge.give(
            pair.frame, pair.outcome, lambda judged: self._judged(pair, judged), pair.control
        ):
            self._judged(pair, None)

    def _judged(self, pair: Pair, judged: Judged | None) -> None:
        frame = pair.frame
        legacy, target = sides(frame, pair.outcome)
        unseen = judged is None
        if judged is None:
            self.unanalysed += 1
            judged = Judged(0, unanalysed(legacy, target))
        tally, facts = self._books.tally(frame), about(frame, target, self._version)
        tally.unanalysed += unseen
        if judged.control is not None and isinstance(legacy, Response) and isinstance(target, Response):
            tally.count_learned(legacy, target, judged.comparison, judged.control, facts)
        else:
            tally.count(legacy, target, judged.comparison, facts)
        self._books.ended(frame)
        self._admission.done(frame, pair.charged)
        if self._rechecks is not None and judged.comparison.fate is not Fate.MATCHED:
            self._rechecks.consider(frame, judged.comparison)
        self._notice_idle()

    def _rechecked(self, frame: Frame, differences: tuple[Difference, ...], label: Label) -> None:
        self._books.afterwards(frame).count_rechecked(differences, label)

    # -- the end

    def _notice_idle(self) -> None:
        admission = self._admission
        if not self._intakes and not admission.in_flight and not admission.waiting and not self._judge.jobs:
            self._idle.set()

    async def drain(self) -> None:
        """End what is under way, and count what cannot be ended. What is asked once more is not waited for:
        an exchange whose control is not there counts like any other."""
        if self._rechecks is not None:
            self._rechecks.stop()
        if self._controls is not None:
            self._controls.stop()
        self._idle.clear()
        self._notice_idle()
        try:
            async with asyncio.timeout(_DRAIN):
                await self._idle.wait()
        except TimeoutError:
            self._give_up()
        copies, self._copies = self._copies, {}
        for copy, done in copies.items():
            copy.cancel()
            done(copy, Drop.SHUTDOWN)
        self._pool.close()
        self._legacy_pool.close()
        await self._judge.close()

    def _give_up(self) -> None:
        if self._session_order is not None:
            self._session_order.stop()
        for request in self._under_way:
            request.cancel()
            self._dropped(request.frame, Drop.SHUTDOWN)
        for frame in self._admission.clear():
            self._dropped(frame, Drop.SHUTDOWN)
        for intake in self._intakes:
            intake.abort()
        self._judge.give_up()

    @property
    def held(self) -> int:
        """Bytes of exchanges whose fate is not known yet, and of what was answered to them."""
        return self._admission.held

    def gauges(self) -> dict[str, float]:
        admission, controls, rechecks = self._admission, self._controls, self._rechecks
        return {
            "channels": len(self._intakes),
            "shadow_in_flight": admission.in_flight,
            "shadow_waiting": len(admission.waiting),
            "shadow_held_bytes": admission.held,
            "breaker_open": float(admission.breaker.is_open),
            "judge_jobs": len(self._judge.jobs),
            "unanalysed_total": self.unanalysed,
            "controls_total": controls.asked if controls is not None else 0,
            "controls_failed_total": controls.failed if controls is not None else 0,
            "rechecks_pending": rechecks.pending if rechecks is not None else 0,
        }


def _asks_again(config: Config) -> bool:
    """Whether legacy is ever asked once more. Where only a log tells of it, there is none to ask."""
    control, recheck = config.mirror.control, config.mirror.recheck
    return bool(config.legacy or control.url) and (
        (control.share > 0 and control.per_second > 0) or recheck.per_second > 0
    )
