"""Rechecks: where a safe request showed a difference, both sides are asked again, and once again later.

A difference that stays is one of the platforms; one that goes was seen while something changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from shadow import settings
from shadow.frame import Frame, Judged
from shadow.mirror.admission import Admission
from shadow.mirror.bucket import Bucket
from shadow.mirror.control import Controls, can_be_asked_again
from shadow.mirror.judge import JudgeLine
from shadow.mirror.sender import Done, ShadowRequest
from shadow.model import Comparison, Difference, Drop, Outcome, Response
from shadow.record.parts import signatures
from shadow.record.recheck import Label, label
from shadow.wire.deadlines import NEVER, Deadlines

PENDING: Final = 100
"""Differences of one shadow worker that are to be looked at again."""

Tell = Callable[[Frame, tuple[Difference, ...], Label], None]


class _Case:
    """One difference that is looked at again: when, and what was seen so far."""

    __slots__ = ("_ask", "before", "deadline", "differences", "frame", "legacy", "missing", "target")

    def __init__(self, ask: Callable[[_Case], None], frame: Frame, comparison: Comparison) -> None:
        self._ask = ask
        # Both will answer anew: the old answer need not be kept.
        self.frame = msgspec.structs.replace(frame, response_head=b"", response_body=b"")
        self.differences = comparison.differences
        self.before: tuple[tuple[str, ...], ...] = (signatures(comparison),)
        self.deadline = NEVER
        self.missing = 0  # answers still to come
        self.legacy: tuple[ShadowRequest, Response | None] | None = None
        self.target: tuple[ShadowRequest, Outcome | Drop] | None = None

    def expired(self, now: float) -> None:
        self._ask(self)


class Rechecks:
    """Looks at differences twice more: after a while, and again after twice as long."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        recheck: settings.Recheck,
        deadlines: Deadlines,
        admission: Admission,
        controls: Controls,
        ask_target: Callable[[Frame, Done], None],
        judge: JudgeLine,
        tell: Tell,
    ) -> None:
        self._loop = loop
        self._after = recheck.after
        self._bucket = Bucket(recheck.per_second)
        self._deadlines = deadlines
        self._admission = admission
        self._controls = controls
        self._ask_target = ask_target
        self._judge = judge
        self._tell = tell
        self._pending: set[_Case] = set()
        self._stopped = False

    @property
    def pending(self) -> int:
        return len(self._pending)

    def consider(self, frame: Frame, comparison: Comparison) -> None:
        """Look again later, where there is something to see and room for it."""
        now = self._loop.time()
        if (
            not comparison.differences
            or self._stopped
            or len(self._pending) >= PENDING
            or not can_be_asked_again(frame)
            or not self._bucket.take(now)
        ):
            return
        case = _Case(self._ask, frame, comparison)
        if self._admission.hold(case.frame.size()):
            self._pending.add(case)
            self._wait(case, now + self._after)

    def _wait(self, case: _Case, until: float) -> None:
        case.deadline = until
        self._deadlines.watch(case)

    def _ask(self, case: _Case) -> None:
        """Ask both; where one of them is to be left alone now, the case is given up."""
        self._deadlines.forget(case)
        case.missing = 2
        # Legacy's part ends first or last: what it answers replaces the frame's answer.
        if self._admission.breaker.is_open or not self._controls.ask(
            case.frame, b"recheck", lambda *legacy: self._legacy_answered(case, *legacy)
        ):
            self._end(case)
        else:
            self._ask_target(case.frame, lambda *target: self._target_answered(case, *target))

    def _legacy_answered(self, case: _Case, request: ShadowRequest, answer: Response | None) -> None:
        case.legacy = request, answer
        self._answered(case)

    def _target_answered(self, case: _Case, request: ShadowRequest, outcome: Outcome | Drop) -> None:
        case.target = request, outcome
        self._answered(case)

    def _answered(self, case: _Case) -> None:
        case.missing -= 1
        if case.missing:
            return
        assert case.legacy is not None
        assert case.target is not None
        (asked, legacy), (_, target) = case.legacy, case.target
        if case not in self._pending or legacy is None or isinstance(target, Drop):
            self._end(case)
            return
        frame = msgspec.structs.replace(
            case.frame,
            status=legacy.status,
            response_head=asked.answer_head,
            response_body=legacy.body,
            first_byte=legacy.first_byte,
            total=legacy.total,
            by_target=False,
        )
        if not self._judge.give(frame, target, lambda judged: self._judged(case, judged), None, case.before):
            self._end(case)

    def _judged(self, case: _Case, judged: Judged | None) -> None:
        if judged is None or case not in self._pending:
            self._end(case)
            return
        seen = signatures(judged.comparison)
        if len(case.before) == 1:
            self._release(case)
            case.before = (*case.before, seen)
            self._wait(case, self._loop.time() + 2 * self._after)
        else:
            first, second = case.before
            self._tell(case.frame, case.differences, label(first, second, seen))
            self._end(case)

    def _release(self, case: _Case) -> None:
        """Give back what the two answers have held."""
        for held in (case.legacy, case.target):
            if held is not None:
                self._admission.release(held[0].charged)
        case.legacy = case.target = None

    def _end(self, case: _Case) -> None:
        self._release(case)
        if case in self._pending:
            self._pending.discard(case)
            self._admission.release(case.frame.size())

    def stop(self) -> None:
        """Look at nothing again."""
        self._stopped = True
        for case in self._pending:
            self._deadlines.forget(case)
            self._admission.release(case.frame.size())
        self._pending.clear()
