"""The judge: decodes, compares, masks and keeps what a shadow worker found unequal.

Both ends of the socket between the two stand here: `JudgeLine` in the shadow worker, `Judge` in a
process of its own, where a body of a megabyte, a bomb or a full disk delays nobody.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path
from typing import Final, cast

import structlog

from shadow.compare.judge import judge
from shadow.compare.rules import Rule, compile_rules
from shadow.frame import Frame, Job, Judged, Stream
from shadow.mirror.pair import exchange, sides
from shadow.model import Exchange, Failure, Masked, Outcome, Response
from shadow.record.again import checked
from shadow.record.evidence import evidence
from shadow.record.folder import bound
from shadow.record.mask import TOKEN, Mask
from shadow.record.mask_differences import masked
from shadow.record.parts import signatures
from shadow.record.quota import Quota
from shadow.record.recheck import Recheck, label
from shadow.record.segment import LONGEST_LINE, SegmentWriter, encode
from shadow.settings import Config, Sessions
from shadow.worker import Worker, connect_unix

log = structlog.get_logger()

JUDGE_JOBS: Final = 2048
"""Pairs with the judge, about a second of its work; past it one is counted without it."""


_TELL_EVERY: Final = 60.0  # seconds

TakeJudged = Callable[[Judged | None], None]
"""What is called when the judge is through with a pair; with None if it died over it."""


class JudgeLine(asyncio.Protocol):
    """The line to the judge, and who waits for it: at most so many."""

    def __init__(self, loop: asyncio.AbstractEventLoop, path: str, most: int = JUDGE_JOBS) -> None:
        self.jobs: dict[int, TakeJudged] = {}
        self.connected = asyncio.Event()
        self._loop = loop
        self._path = path
        self._most = most
        self._jobs = Stream(Job)
        self._answers = Stream(Judged)
        self._number = 0
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._closed: asyncio.Future[None] | None = None

    def connect(self) -> None:
        """Begin to connect, and go on trying."""
        self._connecting = self._loop.create_task(connect_unix(self._loop, lambda: self, self._path))

    def give(
        self,
        frame: Frame,
        outcome: Outcome,
        done: TakeJudged,
        control: Response | None = None,
        before: tuple[tuple[str, ...], ...] = (),
    ) -> bool:
        """Have a pair judged, `control` and `before` as in `Job`; False if there is no room, or no judge."""
        if self._transport is None or len(self.jobs) >= self._most:
            return False
        self._number += 1
        self.jobs[self._number] = done
        if isinstance(outcome, Failure):
            job = Job(self._number, frame, None, outcome, None, before)
        else:
            job = Job(self._number, frame, outcome, None, control, before)
        self._transport.writelines(self._jobs.encode(job))
        return True

    def give_up(self) -> None:
        """Take all pairs back."""
        jobs, self.jobs = self.jobs, {}
        for done in jobs.values():
            done(None)

    async def close(self) -> None:
        if self._transport is None:
            if self._connecting is not None:
                self._connecting.cancel()
        else:
            self._closed = self._loop.create_future()
            # Every pair is back or given up by now: what a busy judge has not read yet is of no use.
            self._transport.abort()
            await self._closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._answers = Stream(Judged)
        self.connected.set()

    def data_received(self, data: bytes) -> None:
        for judged in self._answers.feed(data):
            done = self.jobs.pop(judged.number, None)
            if done is not None:
                done(judged)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.connected.clear()
        self.give_up()
        if self._closed is not None:
            self._closed.set_result(None)
        else:
            self.connect()


class Judge:
    """Compares pairs and keeps the evidence of those that differ."""

    def __init__(self, config: Config, name: str, mask: Mask) -> None:
        self._rules = compile_rules(config)
        self._mask = mask
        self._folder = Path(config.record.folder)
        self._limit = config.record.limit
        self._writer = SegmentWriter(self._folder, name, config.record.segment)
        self._begun = 0  # segments
        self._bodies = config.record.bodies or 0
        self.quota = Quota(config.record.evidence, config.record.hourly)
        self._told = -inf  # when it was last said
        self.deleted = 0  # segments of evidence that had to make room

    def compare(self, job: Job) -> Judged:
        """Judge a pair, and write its evidence unless there is enough of its causes."""
        outcome: Outcome | None = job.response or job.failure
        assert outcome is not None
        legacy, outcome = sides(job.frame, outcome)
        pair, rule = exchange(job.frame, legacy), self._rules[job.frame.index]
        comparison = masked(judge(pair, outcome, rule), self._mask)
        if job.before:
            self._label(pair, job.before, comparison)
            return Judged(job.number, comparison)
        self._keep(pair, outcome, comparison, rule)
        if job.control is None:
            return Judged(job.number, comparison)
        return Judged(job.number, comparison, masked(judge(pair, job.control, rule), self._mask))

    def _label(self, pair: Exchange, before: tuple[tuple[str, ...], ...], comparison: Masked) -> None:
        """Write what the last of two rechecks says."""
        if len(before) == 2:
            found = label(*before, signatures(comparison))
            self._write(encode([Recheck(pair.id, pair.started, pair.endpoint, found)]))

    def _keep(self, pair: Exchange, outcome: Outcome, comparison: Masked, rule: Rule) -> None:
        """Write the evidence of a pair if the quota has room for it."""
        if not self.quota.wants(comparison, pair.started):
            return
        lines = encode([checked(evidence(pair, outcome, comparison, self._mask, self._bodies), rule)])
        if len(lines) > LONGEST_LINE:
            lines = encode([evidence(pair, outcome, comparison, self._mask)])
        if self.quota.book(comparison, len(lines)):
            self._write(lines)

    def _write(self, lines: bytes) -> None:
        if not self._writer.append(lines):
            self._tell_lost()
        if self._writer.begun != self._begun:
            self._begun = self._writer.begun
            deleted = bound(self._folder, self._limit)
            if deleted and not self.deleted:  # said once, and counted from then on
                log.warning("evidence_deleted", folder=str(self._folder), reason="record.limit is reached")
            self.deleted += deleted

    def _tell_lost(self) -> None:
        """Say it, but no more than once a minute: a full disk is full for every pair."""
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY:
            self._told = now
            log.warning("evidence_not_written", folder=str(self._folder), lost=self._writer.lost)

    def gauges(self) -> dict[str, float]:
        """What became of evidence that was not kept."""
        return {
            "evidence_lost_total": self._writer.lost,
            "evidence_deleted_total": self.deleted,
            "evidence_enough_total": self.quota.enough,
            "evidence_full_total": self.quota.full,
        }

    def seal(self) -> None:
        self._writer.seal()


class _Bench(asyncio.Protocol):
    """A shadow worker's connection to the judge."""

    def __init__(self, judge: Judge, open_benches: set[_Bench], left: asyncio.Event) -> None:
        self._judge = judge
        self._open = open_benches
        self._left = left
        self._jobs = Stream(Job)
        self._answers = Stream(Judged)
        self._transport: asyncio.Transport  # from connection_made on

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open.add(self)
        self._left.clear()

    def data_received(self, data: bytes) -> None:
        for job in self._jobs.feed(data):
            self._transport.writelines(self._answers.encode(self._judge.compare(job)))

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        if not self._open:
            self._left.set()


def mask_for(config: Config, key: bytes) -> Mask:
    """What hides all secrets that the configuration names, those of paired sessions too."""
    return Mask((*config.record.mask, *secrets_of_sessions(config.mirror.sessions)), key)


def secrets_of_sessions(sessions: Sessions) -> Iterator[str]:
    """Lines for a mask: what is named as a session's is a secret wherever it stands."""
    for name in filter(None, (*sessions.cookies, *sessions.fields)):
        yield from (f"query:{name}", f"form:{name}")
        if TOKEN.fullmatch(name):
            yield f"header:{name}"


async def run(
    config: Config,
    name: str,
    line: socket.socket,
    listener: socket.socket,
    mask_key: bytes,
    suffix: str = "",
) -> None:
    """Judge for the shadow workers that connect to `listener` until told to stop, and they have left. Its
    segments are named `name` and `suffix`."""
    loop = asyncio.get_running_loop()
    worker = Worker(loop, name)
    judge = Judge(config, name + suffix, mask_for(config, mask_key))
    worker.gauges = judge.gauges
    open_benches: set[_Bench] = set()
    left = asyncio.Event()
    left.set()
    await worker.start(line)
    server = await loop.create_unix_server(
        lambda: _Bench(judge, open_benches, left), sock=listener, backlog=16
    )
    await worker.stopping.wait()
    server.close()
    await left.wait()
    judge.seal()
    await worker.finish()
