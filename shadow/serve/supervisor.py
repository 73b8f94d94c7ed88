"""The supervisor: forks the workers, restarts what dies, adds up what they count, ends them in order.

A plain loop over sockets and signals. It serves nobody and opens no event loop, so it can fork at
any time and has little to crash over.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from typing import Final, NamedTuple

import structlog

from shadow.frame import Report, Stream
from shadow.record.tally import Tally
from shadow.serve.ledger import Ledger
from shadow.serve.processes import Kind, Process, fork
from shadow.serve.recorder import Recorder

_TICK: Final = 0.2  # seconds between two looks at the clock
_HASTY: Final = 1.0  # a worker that lives shorter is restarted later and later
_MAX_BACKOFF: Final = 5.0
_GIVE_UP: Final = 5  # deaths before any worker was ever ready
_HURRY: Final = 0.5  # seconds to leave, for each stage, once asked twice
_MAX_OUTGOING: Final = 64 * 1024 * 1024  # bytes that admin may be behind before it is started anew

log = structlog.get_logger()


class Stage(NamedTuple):
    """Workers that leave together. Stages leave in their order and start in the reverse of it."""

    kinds: tuple[Kind, ...]
    grace: float  # seconds to leave before they are killed


class Supervisor:
    """Runs stages of workers until a signal, then ends them stage by stage."""

    def __init__(
        self, stages: list[Stage], listeners: list[socket.socket], recorder: Recorder, audience: str
    ) -> None:
        """The worker named `audience` is told everything that is counted."""
        self._stages = stages
        self._listeners = listeners
        self._recorder = recorder
        self._audience = audience
        self._ledger = Ledger()
        self._encoder: Stream[Report] = Stream(Report)
        self._selector = selectors.DefaultSelector()
        self._processes: dict[int, Process] = {}
        self._restarts: dict[str, tuple[float, Kind]] = {}  # name → when, and what
        self._backoff: dict[str, float] = {}
        self._early_deaths = 0
        self._signals: list[int] = []
        self._leaving: list[Stage] | None = None  # stages still to leave, the first one told to
        self._deadline = 0.0
        self._hurry = False  # asked twice to stop
        self._exit = 0

    def run(self) -> int:
        """Until told to stop, or until the workers cannot be started. Returns the exit code."""
        wakeup, alarm = socket.socketpair()
        wakeup.setblocking(False)
        alarm.setblocking(False)
        self._listeners = [*self._listeners, wakeup, alarm]
        self._selector.register(wakeup, selectors.EVENT_READ)
        signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, _: self._signals.append(received))
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken
        for stage in reversed(self._stages):
            for kind in stage.kinds:
                self._start(kind)
        while self._processes or self._restarts:
            self._wait(wakeup)
            self._heed_signals()
            self._reap()
            self._restart()
            self._leave()
            self._book(self._ledger.lost())
            self._recorder.tick(time.time())
        self._book(self._ledger.remainder())
        self._recorder.close(time.time())
        return self._exit

    def _wait(self, wakeup: socket.socket) -> None:
        for key, _ in self._selector.select(_TICK):
            if isinstance(key.data, Process):
                self._read(key.data)
                self._flush(key.data)
            else:
                wakeup.recv(4096)

    # -- starting

    def _start(self, kind: Kind) -> None:
        lines = [process.line for process in self._processes.values()]
        process = fork(kind, [self._selector, *self._listeners, *lines], time.monotonic())
        self._processes[process.pid] = process
        self._selector.register(process.line, selectors.EVENT_READ, process)
        log.info("worker_started", worker=kind.name, pid=process.pid)
        if kind.name == self._audience:
            self._tell(Report("supervisor", 0, self._ledger.totals))
            for name, gauges in self._ledger.gauges.items():
                self._tell(Report(name, 0, {}, {}, gauges))

    def _restart(self) -> None:
        now = time.monotonic()
        for name, (when, kind) in list(self._restarts.items()):
            if when <= now:
                del self._restarts[name]
                self._start(kind)

    def _reap(self) -> None:
        """Notice who has died, and plan to start it anew."""
        while self._processes:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            process = self._processes.pop(pid, None)
            if process is None:
                continue
            self._read(process)
            self._hang_up(process)
            process.line.close()
            self._ledger.died(process.kind.name, pid)
            self._tell(Report(process.kind.name, pid, {}))  # without gauges: it is no more
            if self._leaving is None:
                log.warning(
                    "worker_died", worker=process.kind.name, pid=pid, code=os.waitstatus_to_exitcode(status)
                )
                self._plan_restart(process)

    def _plan_restart(self, process: Process) -> None:
        now = time.monotonic()
        name = process.kind.name
        if now - process.started >= _HASTY:
            self._backoff[name] = 0.0
        else:
            self._backoff[name] = min(_MAX_BACKOFF, self._backoff.get(name, 0.0) * 2 or 0.1)
            self._early_deaths += not process.ready
        if self._early_deaths >= _GIVE_UP:
            log.error("giving_up", reason="workers die before they are ready")
            self._exit = 1
            self._begin_to_leave()
        else:
            self._restarts[name] = now + self._backoff[name], process.kind

    # -- counting

    def _read(self, process: Process) -> None:
        """Take in what a worker reports, to the last byte that it has sent."""
        while True:
            try:
                data = process.line.recv(1 << 20)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._hang_up(process)
                return
            for report in process.reports.feed(data):
                process.ready = True
                self._early_deaths = 0
                self._fold(report)

    def _hang_up(self, process: Process) -> None:
        if process.line in self._selector.get_map():
            self._selector.unregister(process.line)

    def _fold(self, report: Report) -> None:
        self._ledger.fold(report)
        self._recorder.add(report.tallies)
        self._tell(report)

    def _book(self, tallies: dict[str, Tally]) -> None:
        if tallies:
            self._fold(Report("supervisor", 0, tallies))

    def _tell(self, report: Report) -> None:
        """Pass a report on to the audience, without ever waiting for it."""
        for process in self._processes.values():
            if process.kind.name == self._audience:
                process.outgoing += self._encoder.encode(report)
                self._flush(process)
                if len(process.outgoing) > _MAX_OUTGOING:
                    os.kill(process.pid, signal.SIGKILL)

    def _flush(self, process: Process) -> None:
        try:
            while process.outgoing:
                sent = process.line.send(process.outgoing)
                del process.outgoing[:sent]
        except BlockingIOError:
            pass
        except OSError:
            process.outgoing.clear()  # it has just died
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if process.outgoing else 0)
        if process.line in self._selector.get_map():
            self._selector.modify(process.line, wanted, process)

    # -- leaving

    def _heed_signals(self) -> None:
        while self._signals:
            received = self._signals.pop(0)
            if self._leaving is None:
                log.info("stopping", signal=signal.Signals(received).name)
                self._begin_to_leave()
            else:
                self._exit = 128 + received
                self._hurry = True
                self._deadline = 0.0  # whoever is left of this stage is killed

    def _begin_to_leave(self) -> None:
        self._leaving = list(self._stages)
        self._restarts.clear()
        # Held open here, they would go on taking in clients whom nobody serves any more.
        for kind in self._stages[0].kinds:
            for listener in kind.keeps:
                listener.close()
        self._tell_stage(signal.SIGTERM)

    def _leave(self) -> None:
        """Go on to the next stage when the first is empty, and kill it when its time is over."""
        if not self._leaving:
            return
        if not self._of_stage():
            del self._leaving[0]
            self._tell_stage(signal.SIGTERM)
        elif time.monotonic() >= self._deadline:
            for process in self._of_stage():
                log.warning("worker_killed", worker=process.kind.name, reason="did not leave in time")
            self._tell_stage(signal.SIGKILL)

    def _of_stage(self) -> list[Process]:
        names = {kind.name for kind in self._leaving[0].kinds} if self._leaving else set()
        return [process for process in self._processes.values() if process.kind.name in names]

    def _tell_stage(self, number: signal.Signals) -> None:
        if self._leaving:
            self._deadline = time.monotonic() + (_HURRY if self._hurry else self._leaving[0].grace)
        for process in self._of_stage():
            os.kill(process.pid, number)
