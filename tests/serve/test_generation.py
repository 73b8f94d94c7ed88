"""What is to be done with workers, and when: no process runs here."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from math import inf

import pytest

from shadow.record.configured import ConfigRecord
from shadow.serve.generation import RETIRE, Generation, Stage
from shadow.serve.priority import Priority
from shadow.serve.processes import Process, WorkerSpec


async def nothing(line: socket.socket) -> None:
    """What a worker does that is never forked."""


LIVE, SHADOW, ADMIN = (
    WorkerSpec(name, nothing, Priority.CLIENTS, ()) for name in ("live-0", "shadow-0", "admin")
)
GRACES = {"live-0": 30.0, "shadow-0": 5.0, "admin": 1.0}


class Workers:
    """Processes of a generation that ran since 0, and are only told to leave."""

    def __init__(self) -> None:
        stages = [Stage((spec,), GRACES[spec.name]) for spec in (LIVE, SHADOW, ADMIN)]
        self.generation = Generation(stages, ConfigRecord(0.0, "0" * 12), [])
        self.lines: list[socket.socket] = []
        for pid, spec in enumerate((LIVE, SHADOW, ADMIN), 1):
            ours, theirs = socket.socketpair()
            self.lines += [ours, theirs]
            self.generation.processes[pid] = Process(spec, pid, ours, 0.0)

    def dies(self, name: str, now: float) -> None:
        """A process ends."""
        for pid, process in list(self.generation.processes.items()):
            if process.spec.name == name:
                del self.generation.processes[pid]
                self.generation.died(process, now)

    def told_to_leave(self) -> list[str]:
        """Those whose line says no more."""
        told = []
        for name, theirs in zip(GRACES, self.lines[1::2], strict=True):
            theirs.setblocking(False)
            with suppress(BlockingIOError):
                told += [name] if theirs.recv(1) == b"" else []
        return told


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    for line in made.lines:
        line.close()


def test_while_all_run_nothing_is_due(workers: Workers) -> None:
    assert workers.generation.alarm == inf
    assert not workers.generation.advance(1e9)


def test_a_worker_that_ran_for_long_is_started_at_once(workers: Workers) -> None:
    workers.dies("shadow-0", 100.0)
    assert workers.generation.alarm == 100.0
    assert workers.generation.due(100.0) == [SHADOW]
    assert workers.generation.alarm == inf


def test_one_that_died_soon_is_started_a_little_later(workers: Workers) -> None:
    workers.dies("shadow-0", 0.5)
    assert workers.generation.alarm == 0.6
    assert workers.generation.due(0.55) == []
    assert workers.generation.due(0.6) == [SHADOW]


def test_one_leaves_when_it_was_told_to(workers: Workers) -> None:
    workers.generation.processes.clear()  # nobody takes the signal
    workers.generation.lame(RETIRE, 20.0)
    assert workers.generation.alarm == 20.0
    assert not workers.generation.advance(19.9)
    assert workers.generation.advance(20.0)


def test_stages_leave_one_after_the_other_each_within_its_grace(workers: Workers) -> None:
    generation = workers.generation
    generation.leave(100.0)
    assert (workers.told_to_leave(), generation.alarm) == (["live-0"], 130.0)
    workers.dies("live-0", 110.0)
    generation.advance(110.0)
    assert (workers.told_to_leave(), generation.alarm) == (["live-0", "shadow-0"], 115.0)
    workers.dies("shadow-0", 112.0)
    generation.advance(112.0)
    assert generation.alarm == 113.0
    workers.dies("admin", 112.5)
    generation.advance(112.5)
    assert generation.over
    assert generation.alarm == inf


def test_a_stage_of_which_nobody_is_left_holds_up_nothing(workers: Workers) -> None:
    """Nothing else would happen by which to notice."""
    generation = workers.generation
    generation.leave(100.0)
    workers.dies("shadow-0", 101.0)
    workers.dies("live-0", 102.0)
    generation.advance(102.0)
    assert (workers.told_to_leave(), generation.alarm) == (["live-0", "admin"], 103.0)


def test_who_has_left_already_is_not_hurried(workers: Workers) -> None:
    generation = workers.generation
    generation.leave(100.0)
    for name in GRACES:
        workers.dies(name, 101.0)
    generation.advance(101.0)
    generation.hurry(102.0)
    assert not generation.advance(102.0)
    assert generation.alarm == inf
