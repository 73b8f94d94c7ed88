"""Signals that a process has no use for, and a crash of its own: clients notice nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from support.peers import Load, answering, echo, items
from support.proxy import assert_adds_up, children, until

STRAY = {
    "supervisor": (signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGHUP),
    "workers": (signal.SIGPIPE, signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD),
}


async def test_stray_signals(backend: Any, proxy: Any) -> None:
    """To every process, many times under load: no error, nobody dies, and the fates add up."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    # A client is told to go before its connection is closed: what it has just sent would be lost.
    running = await proxy(legacy.url, target.url, timeouts={"lameduck": "500ms"})
    load = Load(running.port, items(), clients=8)
    asking = asyncio.create_task(load.run())
    for round_ in range(1, 21):
        for number in STRAY["supervisor"]:
            running.signal(number)
        for pid in children(running.pid):
            for number in STRAY["workers"]:
                os.kill(pid, number)
        await until(lambda wanted=50 * round_: load.answered >= wanted, "traffic")  # type: ignore[misc]
    await until(lambda: running.events("reloaded"), "a reload, which SIGHUP asks the supervisor for")
    load.stop()
    await asking
    assert load.errors == []
    assert running.events("worker_died") == []
    await running.settled(load.answered)
    assert_adds_up(await running.stop(), load.answered)


async def test_a_crash_of_one_live_worker(backend: Any, proxy: Any) -> None:
    """SIGABRT, as of a fault in a library: another takes its place within a second, and clients of the other
    worker notice nothing."""
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(legacy.url, target.url, workers={"live": 2})
    load = Load(running.port, items(), clients=16)
    asking = asyncio.create_task(load.run())
    await until(lambda: load.answered > 2000, "traffic, and a second in which it lived")
    victim = running.worker("live-0")
    os.kill(victim, signal.SIGABRT)
    await until(lambda: running.worker("live-0") not in (0, victim), "a new one")
    answered = load.answered
    await until(lambda: load.answered > answered + 500, "traffic")
    load.stop()
    await asking
    assert len(load.errors) <= 16, "at most one for each connection of the one that crashed"
    (died,) = running.events("worker_died")
    assert (died["worker"], died["code"]) == ("live-0", -signal.SIGABRT)
    started = running.events("worker_started")[-1]
    gone, back = (datetime.fromisoformat(event["time"]) for event in (died, started))
    assert (back - gone).total_seconds() < 1.0
    report = await running.stop()
    assert_adds_up(report, report["totals"]["received"])


FIRST = (
    "import os, sys; os.getpid = lambda: 1; from shadow import cli; cli.main(['proxy', '-c', sys.argv[1]])"
)
"""Takes itself for the first process of a container."""


async def test_the_first_process_of_a_container_ends_while_it_starts(tmp_path: Path) -> None:
    """The kernel has no default of SIGTERM for it: a pod that is deleted at once would serve on, and be
    killed in the middle of that. It stands at reading its file here."""
    file = tmp_path / "shadow.yaml"
    os.mkfifo(file)
    starting = await asyncio.create_subprocess_exec(sys.executable, "-c", FIRST, str(file))
    with await asyncio.to_thread(file.open, "wb"):  # once it is read
        starting.send_signal(signal.SIGTERM)
        assert await starting.wait() == 128 + signal.SIGTERM
