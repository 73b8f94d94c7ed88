"""The judge: decodes, compares, masks and keeps what a shadow worker found unequal.

Both ends of the socket between the two stand here: `JudgeLine` in the shadow worker, `Judge` in a
process of its own, where a body of a megabyte, a bomb or a full disk delays nobody.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

from shadow.compare.judge import judge
from shadow.frame import Frame, Job, Judged, Stream
from shadow.mirror.pair import Rules, exchange, legacy_response
from shadow.model import Exchange, Failure, Outcome, Response
from shadow.record.evidence import Quota, evidence
from shadow.record.mask import Mask, Masked
from shadow.record.segment import SegmentWriter, encode
from shadow.settings import Config
from shadow.worker import Worker, connect_unix

JUDGE_JOBS: Final = 2048
"""Pairs with the judge, about a second of its work; past it one is counted without it."""


class JudgeLine(asyncio.Protocol):
    """The line to the judge, and the pairs that it has. `judged` gets each back, without a comparison
    if the judge died over it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        path: str,
        judged: Callable[[Frame, Outcome, Masked | None], None],
        most: int = JUDGE_JOBS,
    ) -> None:
        self.jobs: dict[int, tuple[Frame, Outcome]] = {}
        self.connected = asyncio.Event()
        self._loop = loop
        self._path = path
        self._judged = judged
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

    def give(self, frame: Frame, outcome: Outcome) -> bool:
        """Have a pair judged; False if there is no room, or no judge."""
        if self._transport is None or len(self.jobs) >= self._most:
            return False
        self._number += 1
        self.jobs[self._number] = frame, outcome
        if isinstance(outcome, Failure):
            job = Job(self._number, frame, None, outcome)
        else:
            job = Job(self._number, frame, outcome, None)
        self._transport.write(self._jobs.encode(job))
        return True

    def give_up(self) -> None:
        """Take all pairs back."""
        jobs, self.jobs = self.jobs, {}
        for frame, outcome in jobs.values():
            self._judged(frame, outcome, None)

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
            job = self.jobs.pop(judged.number, None)
            if job is not None:
                self._judged(*job, judged.comparison)

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
        self._rules = Rules(config)
        self._mask = mask
        self._writer = SegmentWriter(Path(config.record.to), name, config.record.segment)
        self._quota = Quota(config.record.evidence)
        self._segments = 0  # begun, as far as the quota knows
        self.lost = 0  # records that could not be written

    def compare(self, frame: Frame, outcome: Outcome) -> Masked:
        """Judge a pair, and write its evidence unless there is enough of its causes."""
        pair = exchange(frame, legacy_response(frame))
        comparison = self._mask.comparison(judge(pair, outcome, self._rules[frame.rule]))
        self._keep(pair, outcome, comparison)
        return comparison

    def _keep(self, pair: Exchange, outcome: Outcome, comparison: Masked) -> None:
        if self._writer.begun != self._segments:
            self._segments = self._writer.begun
            self._quota.renew()
        if self._quota.take(comparison):
            line = encode([evidence(pair, outcome, comparison, self._mask)])
            self.lost += not self._writer.append(line)

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
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open.add(self)
        self._left.clear()

    def data_received(self, data: bytes) -> None:
        for job in self._jobs.feed(data):
            outcome: Response | Failure | None = job.response or job.failure
            assert outcome is not None
            comparison = self._judge.compare(job.frame, outcome)
            self._transport.write(self._answers.encode(Judged(job.number, comparison)))

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        if not self._open:
            self._left.set()


async def run(
    config: Config, name: str, line: socket.socket, listener: socket.socket, mask_key: bytes
) -> None:
    """Judge for the shadow workers that connect to `listener` until told to stop, and they have left."""
    loop = asyncio.get_running_loop()
    worker = Worker(loop, name)
    bench = Judge(config, name, Mask(config.record.mask, mask_key))
    worker.gauges = lambda: {"evidence_lost_total": bench.lost}
    open_benches: set[_Bench] = set()
    left = asyncio.Event()
    left.set()
    await worker.start(line)
    server = await loop.create_unix_server(
        lambda: _Bench(bench, open_benches, left), sock=listener, backlog=16
    )
    await worker.stopping.wait()
    server.close()
    await left.wait()
    bench.seal()
    await worker.finish()
