"""`shadow replay`: from a plan to running processes, and to the last record.

Two processes: this one with the loop that sends, and the judge beside it, forked before there is a loop.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
import uvloop
from rich.console import Console

from replay.books import Books
from replay.checkpoint import Checkpoint, CheckpointError
from replay.choice import Formats
from replay.feed import Feed, open_feed
from replay.plan import Plan
from replay.progress import Display, Point
from replay.reader import Reader
from replay.reading import Entry, FormatError
from replay.runner import WINDOW, Replayer
from replay.source import SourceError, expand
from shadow.descriptors import raise_limit
from shadow.mirror import judge
from shadow.mirror.mirror import Mirror
from shadow.record.configured import configured
from shadow.record.replayed import LogRecord
from shadow.record.segment import recover
from shadow.serve import shipper, sockets
from shadow.serve.priority import Priority
from shadow.serve.processes import Closable, Process, WorkerSpec, fork, share_memory
from shadow.worker import EVERY, LagWatch, LoopLag

_SHORTEST: Final = 1.0  # seconds between two checkpoints
_LONGEST: Final = 1800.0
_SHARE: Final = 0.05  # of the run so far: what a kill may cost. A day is 200 segments, for a report to read
_LOOK: Final = 0.25  # seconds between two looks at what can be written
_GROWN: Final = 0.2  # seconds between two looks at logs that grow
_START: Final = 10.0  # seconds for the judge to be there
_DRAIN: Final = 15.0  # seconds for what is under way, once asked to stop
_SHIP: Final = 30.0  # seconds, at the end, for evidence that is not in the store yet
_JUDGES_JOBS: Final = 1 << 30  # none is counted unanalysed: whoever is behind is waited for

_NOTHING: Final = (
    "it begins anew: no run of these logs, backends, filters, format and shard has recorded anything there, "
    "as one that was killed in its first second"
)

log = structlog.get_logger()

Given = TypeVar("Given")


class CannotReplay(Exception):
    """Something that the replay needs cannot be had. One line."""


def replay(plan: Plan) -> int:
    """Replay to the end, or until asked to stop. Returns the exit code: 0, or 130 if asked twice; 143 where
    SIGTERM left lines to --resume, or an evicted pod would count as one that is done. Raises CannotReplay."""
    raise_limit()
    share_memory(plan.config.mirror.memory)
    record = plan.config.record
    refused = shipper.refusal(record.to) if record.shipped else None
    if refused:
        raise CannotReplay(f"record.to: {refused}")
    mask_key = secrets.token_bytes(32)
    try:
        # First of all: once this process has spoken to a store, it must not fork any more.
        with _helpers(plan, mask_key) as judge_path:
            return _replay(plan, judge_path, judge.mask_for(plan.config, mask_key).text)
    except (CheckpointError, SourceError, FormatError) as error:
        raise CannotReplay(str(error)) from None


def _replay(plan: Plan, judge_path: str, mask: Callable[[str], str]) -> int:
    os.umask(0o077)  # what clients asked is nobody else's business on this machine
    checkpoint = Checkpoint(plan.config.record.to, plan.run)
    earlier = checkpoint.load()
    _check_earlier(plan, earlier)
    marks = earlier[-1].marks if earlier else {}
    formats = Formats(plan.format, plan.options, mask)
    feed = open_feed(expand(plan.logs, plan.follow), formats, marks, plan.follow)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Run(plan, checkpoint, earlier, feed, judge_path, mask).main())


def _check_earlier(plan: Plan, earlier: list[LogRecord]) -> None:
    if earlier and not plan.resume:
        lines = sum(record.read for record in earlier)
        raise CannotReplay(
            f"{plan.config.record.to} holds {lines:,} lines of these logs already; "
            "--resume goes on behind them, another --record begins anew"
        )
    if plan.resume and not earlier:
        log.info("nothing_to_resume", record=plan.config.record.to, reason=_NOTHING)


@contextmanager
def _helpers(plan: Plan, mask_key: bytes) -> Iterator[str]:
    """The judge's process and, where there is a store, the shipper's; the socket where the judge listens."""
    record = plan.config.record
    recover(Path(record.folder))
    runtime = sockets.folder()
    path = runtime / "judge"
    listener = sockets.listen(path, 1)
    name = plan.run.replace("replay", "judge")
    main = partial(judge.run, plan.config, name, listener=listener, mask_key=mask_key)
    processes = [fork(WorkerSpec(name, main, Priority.SHADOW, (listener,)), [], time.monotonic())]
    if record.shipped:
        ship = partial(shipper.run, plan.config, "shipper")
        foreign: list[Closable] = [listener, *(process.line for process in processes)]
        processes.append(fork(WorkerSpec("shipper", ship, Priority.SHADOW, ()), foreign, time.monotonic()))
    listener.close()
    try:
        yield str(path)
    finally:
        for process in processes:
            _end(process)
        shutil.rmtree(runtime, ignore_errors=True)
        if record.shipped:
            shipper.ship_rest(record, _SHIP)


def _end(process: Process) -> None:
    process.line.close()  # which tells it to finish what it has, and to leave
    with suppress(ChildProcessError):
        os.waitpid(process.pid, 0)


class _Run:
    """One run of the loop."""

    def __init__(
        self,
        plan: Plan,
        checkpoint: Checkpoint,
        earlier: list[LogRecord],
        feed: Feed,
        judge_path: str,
        mask: Callable[[str], str],
    ) -> None:
        self._plan = plan
        self._checkpoint = checkpoint
        self._feed = feed
        self._judge_path = judge_path
        self._configured = configured(plan.config, plan.config_hash, time.time())
        marks = earlier[-1].marks if earlier else {}
        self._books = Books(plan.run, not plan.against_log, mask, marks, time.time())
        self._resumed = bool(earlier)
        self._finished_before = bool(earlier) and earlier[-1].finished
        self._stop = asyncio.Event()
        self._evicted = False
        self._over = False
        self._began = time.monotonic()
        self._closed = self._began  # when the last stretch was
        self._told = self._began  # when the loop's lag was
        self._display = Display(Console(stderr=True))
        self._loop_lag = LoopLag()

    async def main(self) -> int:
        """Send all there is. Raises CannotReplay, CheckpointError, SourceError and FormatError."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._asked_to_stop, number)
        books = self._books
        mirror = Mirror(loop, self._plan.mirror_config(), books, self._judge_path, _JUDGES_JOBS)
        replayer = Replayer(loop, self._plan, books, mirror)
        mirror.connect()
        await _ready(mirror)
        watch = LagWatch(loop, self._loop_lag)
        watch.start()
        keeping = asyncio.ensure_future(self._keep(mirror, replayer))
        showing = asyncio.ensure_future(self._show(replayer))
        try:
            sending = asyncio.ensure_future(self._send_all(replayer, Reader(loop, self._feed)))
            await asyncio.wait((sending, keeping), return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                sending.cancel()
                await keeping  # raises what has ended it
            if not (finished := await sending):
                await self._drain(replayer)
            await mirror.drain()
            self._over = True
            await keeping
            _check(mirror)
            self._write_rest(replayer.unsent(), finished)
        finally:
            keeping.cancel()
            showing.cancel()
            watch.stop()
            self._display.close()
            replayer.close()
            await mirror.drain()
        return 128 + signal.SIGTERM if self._evicted and not finished else 0

    def _asked_to_stop(self, number: int) -> None:
        if self._stop.is_set():
            os._exit(128 + number)  # the judge notices, and what is not written yet is left to --resume
        log.info("stopping", signal=signal.Signals(number).name)
        self._evicted = number == signal.SIGTERM and not self._plan.follow  # which has no other end
        self._stop.set()

    # -- reading and sending

    async def _send_all(self, replayer: Replayer, reader: Reader) -> bool:
        """Until all is answered, or until stopped: whether it was the end."""
        while not self._stop.is_set():
            batch = await self._unless_stopped(reader.next())
            if batch is None:
                break
            replayer.take(batch.entries)
            if batch.live is not None:
                self._books.forget_all_but(batch.live)
            if not batch.entries and batch.live is not None:
                await self._unless_stopped(asyncio.sleep(_GROWN))
            while len(replayer.schedule) >= WINDOW and not self._stop.is_set():
                replayer.room.clear()
                await self._unless_stopped(replayer.room.wait())
        replayer.quiet.clear()
        replayer.pump()
        await self._unless_stopped(replayer.quiet.wait())
        if self._stop.is_set():
            replayer.stop()
            return False
        return True

    async def _unless_stopped(self, coroutine: Coroutine[Any, Any, Given]) -> Given | None:
        """What it gives, or None as soon as the replay shall stop."""
        task = asyncio.ensure_future(coroutine)
        stopped = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if task.done():
            return task.result()
        task.cancel()
        return None

    async def _drain(self, replayer: Replayer) -> None:
        replayer.quiet.clear()
        replayer.pump()
        try:
            async with asyncio.timeout(_DRAIN):
                await replayer.quiet.wait()
        except TimeoutError:
            replayer.give_up()

    # -- keeping

    async def _keep(self, mirror: Mirror, replayer: Replayer) -> None:
        """Close stretches in time, and write those that are complete."""
        while not self._over:
            await asyncio.sleep(_LOOK)
            _check(mirror)  # also where nothing is complete, for nothing more would be
            self._mark()
            now = time.monotonic()
            if now - self._closed >= min(_LONGEST, max(_SHORTEST, (now - self._began) * _SHARE)):
                self._closed = now
                self._books.close(time.time(), replayer.unsent())
            while (stretch := self._books.complete()) is not None:
                _check(mirror)
                if stretch.log.read or stretch.tallies:  # what was asked again is learnt afterwards
                    records = stretch.records(self._configured)
                    await asyncio.to_thread(self._checkpoint.write, records, stretch.log)
                    self._mark()  # that may have taken long, and the next stretch be complete

    def _mark(self) -> None:
        """Mark what was timed while this process waited for a processor, as a shadow worker does."""
        self._books.mark(self._loop_lag.starved)
        if time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            self._loop_lag.tell()

    def _write_rest(self, todo: list[Entry], finished: bool) -> None:
        if self._finished_before and not self._books.read and not todo:
            log.info("already_replayed", record=self._plan.config.record.to)
            return
        self._mark()
        rest = self._books.rest(time.time(), todo, finished)
        self._checkpoint.write(rest.records(self._configured), rest.log)

    # -- showing

    async def _show(self, replayer: Replayer) -> None:
        while True:
            await asyncio.sleep(self._display.every)
            so_far = self._books.so_far()
            self._display.show(
                Point(
                    time.monotonic() - self._began,
                    self._books.read,
                    self._share(replayer),
                    replayer.lag,
                    so_far.matched,
                    so_far.differed,
                    so_far.failed,
                    replayer.wait,
                )
            )

    def _share(self, replayer: Replayer) -> float | None:
        """How much is done, of what was read in this run only what does not wait to be sent."""
        share = self._feed.share()
        if share is None or self._resumed:
            return share
        return share * self._books.read / max(1, self._books.read + replayer.waiting)


async def _ready(mirror: Mirror) -> None:
    try:
        async with asyncio.timeout(_START):
            await mirror.ready()
    except TimeoutError:
        raise CannotReplay("the judge does not start") from None


def _check(mirror: Mirror) -> None:
    """Nothing is written that no judge has seen."""
    if mirror.unanalysed:
        raise CannotReplay("the judge has died; --resume goes on from the last checkpoint")
