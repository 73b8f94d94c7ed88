"""The workers of one configuration: what runs, what is started anew, and how they leave.

Stages leave in their order, each within its grace, and start in the reverse of it. A generation knows
nothing of other ones: while a reload goes on, two of them live side by side.
"""

from __future__ import annotations

import os
import signal
import socket
from math import inf
from typing import Final, NamedTuple

import structlog

from shadow.record.configured import ConfigRecord
from shadow.serve.processes import Process, WorkerSpec

_HASTY: Final = 1.0  # a worker that lives shorter is restarted later and later
_MAX_BACKOFF: Final = 5.0
_GIVE_UP: Final = 5  # deaths in a row of workers that were not ready yet
_HURRY: Final = 0.5  # seconds to leave, for each stage, once asked twice

LAME: Final = signal.SIGUSR1
"""Tells a live worker to serve on, and to ask its clients to go elsewhere."""

RETIRE: Final = signal.SIGUSR2
"""Tells it the same, and to leave new clients to its successor."""

log = structlog.get_logger()


class CannotStart(Exception):
    """Something that the proxy needs cannot be had. One line."""


class Stage(NamedTuple):
    """Workers that leave together, and the seconds that they may take."""

    specs: tuple[WorkerSpec, ...]
    grace: float


class Generation:
    """Stages of workers. Times are seconds of the monotonic clock."""

    def __init__(self, stages: list[Stage], configured: ConfigRecord, sockets: list[socket.socket]) -> None:
        """`sockets` are listeners that only these workers use."""
        self.configured = configured
        self.sockets = sockets
        self.processes: dict[int, Process] = {}
        self._stages = stages
        self._restarts: dict[str, tuple[float, WorkerSpec]] = {}  # name → when, and what
        self._backoff: dict[str, float] = {}
        self._early_deaths = 0
        self._leaving: list[Stage] | None = None  # stages still to leave, the first one told to
        self._lame_until = inf
        self._deadline = inf
        self._hurry = False  # asked twice to stop

    # -- running

    @property
    def config_hash(self) -> str:
        """Equal for equal settings."""
        return self.configured.config_hash

    @property
    def specs(self) -> list[WorkerSpec]:
        """All workers, in the order in which to start them."""
        return [spec for stage in reversed(self._stages) for spec in stage.specs]

    @property
    def client_listeners(self) -> list[socket.socket]:
        """Where clients connect: the first stage serves them."""
        return [listener for spec in self._stages[0].specs for listener in spec.keeps]

    @property
    def ready(self) -> bool:
        """Whether every worker runs and has reported."""
        return len(self.processes) == len(self.specs) and all(
            process.ready for process in self.processes.values()
        )

    @property
    def over(self) -> bool:
        """Whether nothing runs, nor is to be started."""
        return not self.processes and not self._restarts

    @property
    def failed(self) -> bool:
        """Whether its workers die before they are ready."""
        return self._early_deaths >= _GIVE_UP

    def reported(self, process: Process) -> None:
        """A worker is there."""
        process.ready = True
        self._early_deaths = 0

    def died(self, process: Process, now: float) -> bool:
        """Plan to start a worker anew, unless it was to leave; whether it was not."""
        if self._leaving is not None or process.spec not in self.specs:
            return False
        name = process.spec.name
        if now - process.started >= _HASTY:
            self._backoff[name] = 0.0
            self._restarts[name] = now, process.spec
        else:
            self._early_deaths += not process.ready
            self._postpone(process.spec, now)
        return True

    def not_started(self, spec: WorkerSpec, now: float) -> None:
        """The system has no room for a worker: plan to try again."""
        self._early_deaths += 1
        self._postpone(spec, now)

    def _postpone(self, spec: WorkerSpec, now: float) -> None:
        backoff = min(_MAX_BACKOFF, self._backoff.get(spec.name, 0.0) * 2 or 0.1)
        self._backoff[spec.name] = backoff
        self._restarts[spec.name] = now + backoff, spec

    @property
    def alarm(self) -> float:
        """When there will be something to do that nobody tells of: to start a worker anew, to leave, or to
        kill who did not; `inf` for never."""
        return min(self._lame_until, self._deadline, *(when for when, _ in self._restarts.values()))

    def due(self, now: float) -> list[WorkerSpec]:
        """The workers to be started now."""
        due = [spec for when, spec in self._restarts.values() if when <= now]
        for spec in due:
            del self._restarts[spec.name]
        return due

    # -- leaving

    def lame(self, number: signal.Signals, until: float) -> None:
        """Tell the live workers `number`, LAME or RETIRE; leave at `until`."""
        self._lame_until = until
        for process in self._of(self._stages[0]):
            os.kill(process.pid, number)

    def leave(self, now: float) -> None:
        """Begin to leave."""
        self._lame_until = inf
        if self._leaving is None:
            self._leaving = list(self._stages)
            self._restarts.clear()
            self._dismiss_stage(now)

    def hurry(self, now: float) -> None:
        """Leave at once; asked once more, whoever is left of a stage is killed."""
        self._hurry = True
        if self._leaving is None:
            self.leave(now)
        elif self._leaving:
            self._deadline = now

    def advance(self, now: float) -> bool:
        """Go on to the next stage when the first is empty, and kill it when its time is over. True where it
        is time to begin to leave."""
        if self._leaving is None:
            return now >= self._lame_until
        while self._leaving and not self._of(self._leaving[0]):
            del self._leaving[0]
            self._dismiss_stage(now)
        if self._leaving and now >= self._deadline:
            self._deadline = inf
            for process in self._of(self._leaving[0]):
                log.warning("worker_killed", worker=process.spec.name, reason="did not leave in time")
                os.kill(process.pid, signal.SIGKILL)
        return False

    def close(self) -> None:
        """Give up what was held for its workers."""
        for each in self.sockets:
            each.close()

    def dismiss(self, name: str) -> None:
        """End one worker now, and do not start it again."""
        for process in self.processes.values():
            if process.spec.name == name:
                process.dismiss()
        self._stages = [
            Stage(tuple(spec for spec in stage.specs if spec.name != name), stage.grace)
            for stage in self._stages
        ]
        self._restarts.pop(name, None)

    def _of(self, stage: Stage) -> list[Process]:
        names = {spec.name for spec in stage.specs}
        return [process for process in self.processes.values() if process.spec.name in names]

    def _dismiss_stage(self, now: float) -> None:
        self._deadline = inf
        if self._leaving:
            self._deadline = now + (_HURRY if self._hurry else self._leaving[0].grace)
            for process in self._of(self._leaving[0]):
                process.dismiss()
