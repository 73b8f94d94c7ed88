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
from collections import Counter
from typing import Final, Protocol

import structlog

from shadow.frame import Stream, WorkerReport
from shadow.record.tally import Tally
from shadow.serve.generation import LAME, RETIRE, Generation
from shadow.serve.ledger import HEARD, Ledger
from shadow.serve.processes import Process, WorkerSpec, fork
from shadow.serve.recorder import Recorder

_TICK: Final = 0.5  # seconds between two looks at the clock, at most: each finds caches cold
_PAUSE: Final = 1.0  # seconds; whoever looks later was paused, or starved, and so were those it hears
_MAX_OUTGOING: Final = 64 * 1024 * 1024  # bytes that admin may be behind before it is started anew
_MOST_OLD: Final = 8  # generations that are leaving, each with its memory; then a reload waits
_SELF: Final = "supervisor"

log = structlog.get_logger()


class Reloader(Protocol):
    """Where a new configuration comes from."""

    def changed(self) -> bool:
        """Whether what it reads is not what was read last. Asked often, so it looks only now and then."""

    def generation(self) -> Generation | None:
        """The workers of the configuration as it is now; None where it cannot be used, which it has said."""


class Supervisor:
    """Runs a generation of workers until a signal, or until the next one takes its place."""

    def __init__(
        self,
        first: Generation,
        reloader: Reloader,
        listeners: list[socket.socket],
        recorder: Recorder,
        lameduck: float,
    ) -> None:
        """Before it leaves, and before an old generation does, it serves on for `lameduck` seconds. From now
        on it takes signals, and heeds them once it runs."""
        self._current = first
        self._next: Generation | None = None  # being started, by a reload
        self._old: list[Generation] = []
        self._reloader = reloader
        self._asked = False  # to reload
        self._reloaded = True  # the last reload was good
        self._listeners = list(listeners)
        self._recorder = recorder
        self._lameduck = lameduck
        self._ledger = Ledger()
        self._looked = time.monotonic()
        self._awake = 0.0  # seconds in which it would have heard who speaks
        self._silent: set[str] = set()
        self._encoder: Stream[WorkerReport] = Stream(WorkerReport)
        self._selector = selectors.DefaultSelector()
        self._deaths = Counter(live=0, shadow=0, judge=0, admin=0, shipper=0)  # by kind of worker
        self._signals: list[int] = []
        self._stopping = False
        self._exit = 0
        self._wakeup = self._take_signals()

    def _take_signals(self) -> socket.socket:
        """Keeps what comes for later. Gives what wakes up whoever waits for it."""
        wakeup, alarm = socket.socketpair()
        wakeup.setblocking(False)
        alarm.setblocking(False)
        self._listeners += [wakeup, alarm]
        self._selector.register(wakeup, selectors.EVENT_READ)
        signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda received, _: self._signals.append(received))
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken
        for number in (LAME, RETIRE):
            signal.signal(number, signal.SIG_IGN)  # as in a worker until it listens to them
        return wakeup

    def run(self) -> int:
        """Until told to stop, or until the workers cannot be started. Returns the exit code."""
        self._start_all(self._current)
        while not all(generation.over for generation in self._generations):
            self._wait()
            self._heed_signals()
            self._reap()
            self._advance(time.monotonic())
            self._reload_if_due()
            self._notice_silence()
            self._book(self._ledger.lost())
            self._record()
        self._book(self._ledger.remainder())
        self._recorder.close(time.time())
        return self._exit

    @property
    def _generations(self) -> list[Generation]:
        return [*self._old, self._current, *([self._next] if self._next is not None else [])]

    @property
    def _processes(self) -> list[Process]:
        return [process for each in self._generations for process in each.processes.values()]

    def _wait(self) -> None:
        alarm = min(generation.alarm for generation in self._generations) - time.monotonic()
        found = self._selector.select(min(_TICK, max(0.0, alarm)))
        now = time.monotonic()
        self._awake += min(now - self._looked, _PAUSE)
        self._looked = now
        for key, _ in found:
            if key.data is None:
                self._wakeup.recv(4096)
            else:
                self._read(*key.data)
                self._flush(key.data[1])

    def _advance(self, now: float) -> None:
        """Start what is due, and go on with what leaves."""
        for generation in self._generations:
            for spec in generation.due(now):
                self._start(generation, spec)
            if generation.advance(now):
                if self._stopping and generation is self._current:
                    self._stop_listening()
                generation.leave(now)
        for each in self._old:
            if each.over:
                each.close()
        self._old = [each for each in self._old if not each.over]
        if self._current.failed and not self._stopping:
            log.error("giving_up", reason="workers die before they are ready")
            self._exit = 1
            self._stop(signal.SIGINT)
        if self._next is not None and not self._stopping:  # it leaves then, ready or not
            self._take_over(self._next, now)

    # -- starting

    def _start_all(self, generation: Generation) -> None:
        for spec in generation.specs:
            self._start(generation, spec)

    def _start(self, generation: Generation, spec: WorkerSpec) -> None:
        lines = [process.line for process in self._processes]
        sockets = [each for one in self._generations for each in one.sockets]
        now = time.monotonic()
        try:
            process = fork(spec, [self._selector, *self._listeners, *sockets, *lines], now)
        except OSError as error:  # too many processes, or too little memory
            log.error("worker_not_started", worker=spec.name, reason=error.strerror)
            generation.not_started(spec, now)
            return
        generation.processes[process.pid] = process
        self._selector.register(process.line, selectors.EVENT_READ, (generation, process))
        log.info("worker_started", worker=spec.name, pid=process.pid)
        if spec.hears:
            # Nobody else: whoever hears already, such as admin of the old generation, would count all twice.
            self._send(process, WorkerReport(_SELF, 0, self._ledger.totals, served=self._ledger.served))
            for name, gauges in self._ledger.gauges.items():
                self._send(process, WorkerReport(name, 0, {}, {}, gauges))
            self._tell_state()

    def _reap(self) -> None:
        """Notice who has died."""
        while any(generation.processes for generation in self._generations):
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            for generation in self._generations:
                process = generation.processes.pop(pid, None)
                if process is not None:
                    self._bury(generation, process, os.waitstatus_to_exitcode(status))

    def _bury(self, generation: Generation, process: Process, code: int) -> None:
        self._read(generation, process)
        self._hang_up(process)
        process.line.close()
        name = process.spec.name
        self._ledger.died(name, process.pid)
        self._tell(WorkerReport(name, process.pid, {}))  # without gauges: it is no more
        if generation.died(process, time.monotonic()):
            self._deaths[name.partition("-")[0].partition(".")[0]] += 1
            self._tell_state()
            log.warning("worker_died", worker=name, pid=process.pid, code=code)
        else:
            log.info("worker_left", worker=name, pid=process.pid, code=code)

    # -- reloading

    def _reload_if_due(self) -> None:
        """Where asked to, or where a file has changed; one after the other, and a storm of signals is one."""
        if self._stopping or self._next is not None or len(self._old) >= _MOST_OLD:
            return
        if self._asked or self._reloader.changed():
            self._asked = False
            self._reload()

    def _reload(self) -> None:
        """Start the workers of the new configuration beside those of the old one."""
        made = self._reloader.generation()
        self._reloaded = made is not None
        if made is not None:
            self._next = made
            self._start_all(made)
        self._tell_state()

    def _take_over(self, new: Generation, now: float) -> None:
        """Once the new workers are ready, the old ones take no new clients, and leave after their own."""
        if new.ready:
            old, self._current, self._next = self._current, new, None
            self._old.append(old)
            for spec in old.specs:
                if spec.hears:
                    old.dismiss(spec.name)
            old.lame(RETIRE, now + self._lameduck)
            self._recorder.reconfigure(new.configured, time.time())
            log.info("reloaded", config=new.config_hash)
        elif new.failed:
            log.error("reload_failed", reason="workers die before they are ready; the old ones go on")
            self._old.append(new)
            self._next = None
            new.hurry(now)
            self._reloaded = False
            self._tell_state()

    # -- counting

    def _read(self, generation: Generation, process: Process) -> None:
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
                generation.reported(process)
                if report.gauges:  # 48 bits: a float has room for them
                    report.gauges["config_hash"] = float(int(generation.config_hash, 16))
                    report.gauges[HEARD] = self._awake
                self._fold(report)

    def _hang_up(self, process: Process) -> None:
        if process.line in self._selector.get_map():
            self._selector.unregister(process.line)

    def _notice_silence(self) -> None:
        """Say who hangs. It is not killed: it may only be starved, and then its clients still get what they
        asked for."""
        silent = self._ledger.silent()
        for process in self._processes:
            name, pid = process.spec.name, process.pid
            if name in silent and name not in self._silent:
                log.warning("worker_silent", worker=name, pid=pid, seconds=round(silent[name]))
            elif name in self._silent and name not in silent and process.ready:
                log.info("worker_speaks_again", worker=name, pid=pid)
        self._silent = set(silent)

    def _fold(self, report: WorkerReport) -> None:
        self._ledger.fold(report)
        self._recorder.add(report.tallies)
        self._tell(report)

    def _book(self, tallies: dict[str, Tally]) -> None:
        if tallies:
            self._ledger.fold(WorkerReport(_SELF, 0, tallies, {}, self._state))
            self._recorder.add(tallies)
            self._tell(WorkerReport(_SELF, 0, tallies, {}, self._state))

    def _record(self) -> None:
        failing = self._recorder.failing
        self._recorder.tick(time.time())
        if failing != self._recorder.failing:
            self._tell_state()

    @property
    def _state(self) -> dict[str, float]:
        return {
            "leaving": float(self._stopping),
            "config_last_reload_successful": float(self._reloaded),
            "tallies_kept_in_memory": float(self._recorder.failing),
            **{f"{kind}_deaths_total": float(count) for kind, count in self._deaths.items()},
        }

    def _tell_state(self) -> None:
        self._tell(WorkerReport(_SELF, 0, {}, {}, self._state))

    def _tell(self, report: WorkerReport) -> None:
        """Pass a report on to those who hear, without ever waiting for them."""
        for process in self._processes:
            if process.spec.hears:
                self._send(process, report)

    def _send(self, process: Process, report: WorkerReport) -> None:
        process.outgoing += b"".join(self._encoder.encode(report))
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
            self._selector.modify(process.line, wanted, self._selector.get_key(process.line).data)

    # -- leaving

    def _heed_signals(self) -> None:
        while self._signals:
            received = signal.Signals(self._signals.pop(0))
            if received == signal.SIGHUP:
                self._asked = True
            elif self._stopping:
                self._exit = 128 + received
                self._stop_listening()
                for generation in self._generations:
                    generation.hurry(time.monotonic())
            else:
                log.info("stopping", signal=received.name)
                self._stop(received)

    def _stop(self, number: signal.Signals) -> None:
        """SIGTERM comes from an orchestrator that goes on sending clients for a while: they are served.
        Ctrl-C comes from somebody who waits."""
        now = time.monotonic()
        self._stopping = True
        self._tell_state()
        if self._next is not None:
            self._next.hurry(now)
        self._current.lame(LAME, now + (self._lameduck if number == signal.SIGTERM else 0.0))

    def _stop_listening(self) -> None:
        """Held open here, listeners would go on taking in clients whom nobody serves any more."""
        for listener in self._current.client_listeners:
            listener.close()
