"""Sends what logs tell, on time, to legacy and to the mirror.

Open loop: a request leaves when it is due, not when another has come back. Only three things hold it up,
and what they cost is measured as lateness: the one before it in its session, the limit of what may be
under way, and a machine that is too slow.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Final

import msgspec
import structlog

from replay.books import Books
from replay.legacy import LegacyRequest, Question, no_witness, witnessed
from replay.model import BadLine, LoggedRequest, LogSkip
from replay.plan import Plan
from replay.reading import Entry
from replay.request import head, overrides
from replay.schedule import Due, Schedule
from replay.shard import session
from shadow.address import backend
from shadow.descriptors import allowed
from shadow.endpoint import Endpoints
from shadow.frame import Frame
from shadow.live.capture import Budget, Capture
from shadow.live.selection import Selection
from shadow.mirror.mirror import Mirror
from shadow.mirror.sender import ShadowRequest
from shadow.model import Digest, Drop, Outcome
from shadow.wire.deadlines import Deadlines
from shadow.wire.pool import Pool
from shadow.wire.resolve import authority
from shadow.wire.upstream import Waits

WINDOW: Final = 2000
"""Requests that wait for their time: enough to sort those that a server logged late, by their start."""

_MOST: Final = 32_768  # requests under way, where a schedule has to be kept whatever the backends do
_EACH: Final = 3  # descriptors of one: of its connections to legacy, to the target, and for a control

log = structlog.get_logger()


class Replayer:
    """The requests of one run, from the log to the mirror. `mirror` must count in `books`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, plan: Plan, books: Books, mirror: Mirror) -> None:
        config = plan.config
        origin = config.target if plan.against_log else config.legacy
        self._loop = loop
        self._plan = plan
        self._books = books
        self._mirror = mirror
        self._overrides = overrides(authority(backend(origin)), plan.headers)
        self._endpoints = Endpoints(config.endpoints)
        self._selection = Selection(config.mirror, config.endpoints)
        self._budget = Budget(config.mirror.memory)
        self._pool = Pool(
            loop,
            origin,
            Waits.of(config.timeouts),
            Deadlines(loop),
            config.tls.legacy,
        )
        self._most = allowed(_MOST if plan.paced else config.mirror.in_flight, _EACH)
        self._prefixes: dict[str, bytes] = {}
        self.schedule: Schedule[Question] = Schedule(plan.pace)
        self._left_out: list[Entry] = []
        self._under_way: set[LegacyRequest] = set()
        self._copies = 0
        self.lag = 0.0
        """Seconds that the last request was late."""
        self._started: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._pumping = False
        self.quiet = asyncio.Event()
        """Nothing waits, and nothing is under way."""
        self.room = asyncio.Event()
        """More can be taken."""
        books.on_end = self.pump

    # -- lines come in

    def take(self, entries: Iterable[Entry]) -> None:
        """Settle lines that are not replayed, and have the others wait for their time."""
        for entry in entries:
            self._books.taken(entry)
            self._take(entry)
        self.pump()

    def _take(self, entry: Entry) -> None:
        parsed = entry.parsed
        if isinstance(parsed, BadLine):
            self._skip(entry, None, parsed)
            return
        key = session(parsed)
        found = self._question(entry, parsed)
        if isinstance(found, BadLine):
            self._skip(entry, key, found)
            return
        if self._started is None:
            self._started = time.monotonic()  # the first is due now
            if parsed.host is None and self._overrides.host is None:
                asked = self._overrides.authority.decode()
                log.info("log_without_host", asked=asked, reason="--header 'Host: NAME' asks another site")
        due = self.schedule.place(parsed.at)
        if self._is_ours(entry, key):
            self.schedule.add(due, None if found.skip else key, found)

    def _is_ours(self, entry: Entry, key: bytes | None) -> bool:
        return self._plan.shard.has(key or b"%d %b" % (entry.at, entry.raw[:256]))

    def _skip(self, entry: Entry, key: bytes | None, why: BadLine) -> None:
        if self._is_ours(entry, key):
            self._books.skip(entry, why)

    def _question(self, entry: Entry, request: LoggedRequest) -> Question | BadLine:
        why = self._plan.filters.why_not(request)
        if why is not None:
            return why
        if self._plan.against_log and (lacks := no_witness(request)):
            return BadLine(LogSkip.NOT_REPLAYABLE, lacks)
        id_ = self._id(entry)
        raw = head(request, id_, self._overrides)
        if isinstance(raw, BadLine):
            return raw
        named = self._endpoints.lookup(request.method, request.target)
        skip = self._selection.skip(request.method, named.index, id_)
        return Question(entry, request, id_, named.name, named.index, raw, skip)

    def _id(self, entry: Entry) -> bytes:
        """The same in every run and shard, and of no other line."""
        known = self._prefixes.get(entry.log)
        if known is None:
            known = self._prefixes[entry.log] = self._plan.prefix_of(entry.log)
        return b"%b-%x" % (known, entry.at)

    # -- requests leave

    def pump(self) -> None:
        """Send what is due, once whatever has called this is through."""
        if not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        schedule = self.schedule
        while not self._is_full():
            due = schedule.next(self._now())
            if due is None:
                break
            self._send(due)
        self._arm()
        if len(schedule) < WINDOW:
            self.room.set()
        if not len(schedule) and not schedule.held and not self._books.under_way and not self._copies:
            self.quiet.set()
        else:
            self.quiet.clear()

    def _now(self) -> float:
        return time.monotonic() - (self._started or 0.0)

    def _is_full(self) -> bool:
        under_way = (self._books.under_way + self.schedule.held) * self._plan.amplify + self._copies
        held = self._budget.used + self._mirror.held
        return under_way >= self._most or held > self._budget.limit // 2

    @property
    def waiting(self) -> int:
        """Requests that are read and not sent yet."""
        return len(self.schedule) + self.schedule.held

    @property
    def wait(self) -> float:
        """Seconds until one is due."""
        return self.schedule.wait(self._now()) or 0.0

    def _arm(self) -> None:
        """Wake up when the next one is due. One that is held up by a limit is woken by what ends."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wait = self.schedule.wait(self._now())
        if wait:
            self._timer = self._loop.call_later(wait, self._pump)

    def _send(self, due: Due[Question]) -> None:
        question = due.item
        books = self._books
        books.begin(question.id, question.endpoint)
        if question.skip is not None:
            books.skipped_by(question.id, question.endpoint, question.skip)
        elif self._plan.against_log:
            self._left(due)
            self._mirrored(witnessed(question, time.time()))
            self._next_of(due.session)
        else:
            capture = Capture(self._plan.config.mirror.body_limit, self._budget)
            request = LegacyRequest(due, self._pool, capture, self._sent, self._answered)
            self._under_way.add(request)
            request.start()

    def _sent(self, request: LegacyRequest) -> None:
        self._left(request.due)

    def _left(self, due: Due[Question]) -> None:
        if self._plan.paced:
            self.lag = max(0.0, self._now() - due.at)
            self._books.sent(due.item.id, self.lag)

    # -- answers come back

    def _answered(self, request: LegacyRequest, how: Frame | Drop) -> None:
        self._under_way.discard(request)
        question = request.question
        if isinstance(how, Frame):
            logged = question.request.status
            if logged is not None and no_witness(question.request) is None:
                self._books.answered(question.id, question.endpoint, logged, how.failure or str(how.status))
            self._mirrored(how)
        else:
            self._books.dropped(question.id, question.endpoint, how)
        self._next_of(request.due.session)

    def _next_of(self, session: bytes | None) -> None:
        following = self.schedule.answered(session)
        if following is not None:
            self._send(following)

    def _mirrored(self, frame: Frame) -> None:
        """From here on an exchange is like one that a client has made."""
        self._mirror.offer(frame)
        self._mirror.pump()
        for _ in range(self._plan.amplify - 1):
            self._copies += 1
            # Only the length of its answer is kept.
            blind = msgspec.structs.replace(frame, response_body=Digest(0, b""))
            self._mirror.send_copy(blind, self._copy_answered)

    def _copy_answered(self, request: ShadowRequest, outcome: Outcome | Drop) -> None:
        self._copies -= 1
        self.pump()

    # -- the end

    def unsent(self) -> list[Entry]:
        """The lines that are read, and whose requests are not sent."""
        return self._left_out + [question.entry for question in self.schedule.items()]

    def stop(self) -> None:
        """Send no more: what waits is left to the next run."""
        self._left_out = self.unsent()
        self.schedule.clear()
        self.pump()

    def give_up(self) -> None:
        """Wait no longer for legacy; the mirror has its own end."""
        for request in list(self._under_way):
            request.cancel()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._pool.close()
