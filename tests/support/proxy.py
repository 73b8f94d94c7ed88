"""`python -m shadow proxy` as processes of their own, and what can be known of them from outside."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from prometheus_client.parser import text_string_to_metric_families

from shadow.report import build
from shadow.report.forms import render
from shadow.serve.cpus import live_workers
from shadow.settings import Criteria

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds until what has not happened is a failure."""

NOBODY = "http://127.0.0.1:1"
"""Nobody listens there, where a test needs no target."""

ONCE: dict[str, Any] = {"control": {"share": 0.0}, "recheck": {"per_second": 0.0}}
"""Settings of `mirror` with which no backend is asked a second time: most tests count what they are asked."""

PROGRAM = (sys.executable, "-m", "shadow")

Report = dict[str, Any]


async def until(happened: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until `happened` gives something true; its value."""
    deadline = time.monotonic() + patience
    while not (value := happened()):
        assert time.monotonic() < deadline, f"not within {patience} s: {what}"
        await asyncio.sleep(0.01)
    return value


async def command(
    *arguments: str, program: tuple[str, ...] = PROGRAM, environ: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Run `shadow` with these arguments to its end: exit code, standard output, standard error. `environ` are
    more variables."""
    process = await asyncio.create_subprocess_exec(
        *(*program, *arguments),
        cwd=ROOT,
        env=os.environ | (environ or {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


class Proxy:
    """A running proxy."""

    def __init__(self, folder: Path, settings: dict[str, Any], program: tuple[str, ...] = PROGRAM) -> None:
        self._program = program
        self.record = folder / "records"
        self._log = folder / "log"
        self._config = folder / "shadow.yaml"
        self._settings = {
            "listen": "127.0.0.1:0",
            "admin": "127.0.0.1:0",
            "record": {"to": str(self.record)},
            "log": {"format": "json", "level": "debug"},
            **settings,
            "timeouts": {"lameduck": "1ms", **settings.get("timeouts", {})},
            "mirror": {**ONCE, **settings.get("mirror", {})},
        }
        self.port = 0
        self.admin = ""
        self._process: asyncio.subprocess.Process | None = None

    def configure(self, **sections: Any) -> None:
        """Write its file, with these sections in the place of what they were."""
        self._settings.update(sections)
        self._config.write_text(yaml.safe_dump(self._settings), encoding="utf-8")

    async def start(self) -> None:
        """Start it, and wait until every worker serves."""
        self.configure()
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(*self._program, "proxy", "--config", str(self._config)),
                cwd=ROOT,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )
        serving = await until(lambda: self._has_ended() or self.events("serving"), "serving")
        assert serving is not True, self.log
        where = serving[0]["listen"]
        self.port = 0 if where.startswith("unix:") else int(where.rpartition(":")[2])
        self.admin = serving[0]["admin"]
        await self.ready()

    async def ready(self) -> None:
        """Wait until every live worker serves, and has a shadow worker to hand exchanges over to."""
        live = self._settings.get("workers", {}).get("live", 1) or live_workers(os.environ)
        deadline = time.monotonic() + PATIENCE
        while (await self.get("/readyz"))[0] != 200 or value(await self.metrics(), "shadow_channels") != live:
            assert time.monotonic() < deadline, "not ready in time"
            await asyncio.sleep(0.01)

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    # -- its log

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log's lines of one event; the last line may be half written."""
        whole = self.log.rpartition("\n")[0]
        return [event for line in whole.splitlines() if (event := json.loads(line))["event"] == name]

    # -- its processes

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def worker(self, name: str) -> int:
        """Process id of a worker, 0 while there is none."""
        started = [event["pid"] for event in self.events("worker_started") if event["worker"] == name]
        died = {event["pid"] for event in self.events("worker_died")}
        return started[-1] if started and started[-1] not in died else 0

    async def kill(self, name: str) -> None:
        """`kill -9` a worker, and wait until another has taken its place."""
        victim = self.worker(name)
        os.kill(victim, signal.SIGKILL)
        await until(lambda: self.worker(name) not in (0, victim), f"a new {name}")

    def memory(self) -> int:
        """Bytes of the whole process tree; a page that several share counts once."""
        total = 0
        for pid in (self.pid, *children(self.pid)):
            with suppress(OSError, ValueError):
                total += _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss") * 1024
        return total

    # -- the admin server

    def _session(self) -> tuple[aiohttp.ClientSession, str]:
        """A way to the admin server, and how its URLs begin."""
        if self.admin.startswith("unix:"):
            connector = aiohttp.UnixConnector(self.admin.removeprefix("unix:"))
            return aiohttp.ClientSession(connector=connector), "http://localhost"
        return aiohttp.ClientSession(), f"http://{self.admin}"

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body; status 0 while nobody answers."""
        session, start = self._session()
        try:
            async with session, session.get(f"{start}{path}") as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientError:
            return 0, ""

    async def post(self, path: str) -> tuple[int, str]:
        """Status and body."""
        session, start = self._session()
        async with session, session.post(f"{start}{path}") as answer:
            return answer.status, await answer.text()

    async def metrics(self) -> list[Sample]:
        return samples((await self.get("/metrics"))[1])

    async def tells(self, name: str, wanted: float) -> None:
        """Wait until a metric has this value: workers report each second."""
        deadline = time.monotonic() + PATIENCE
        while (told := value(await self.metrics(), name)) != wanted:
            assert time.monotonic() < deadline, f"{name} is {told}"
            await asyncio.sleep(0.05)

    async def totals(self) -> Report:
        """The counters of this run, all endpoints together."""
        totals: Report = json.loads((await self.get("/totals"))[1])
        return totals

    async def settled(self, received: int) -> Report:
        """Wait until so many requests are counted and each has its fate."""
        deadline = time.monotonic() + PATIENCE
        while (totals := await self.totals())["received"] < received or totals["in_flight"]:
            assert time.monotonic() < deadline, totals
            await asyncio.sleep(0.05)
        return totals

    # -- its end

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait for its end; the exit code."""
        assert self._process is not None
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()

    async def stop(self) -> Report:
        """End it as an orchestrator does; the report of what it has recorded."""
        self.signal(signal.SIGTERM)
        assert await self.ended() == 0, self.log
        assert "Traceback" not in self.log
        return await self.report()

    async def report(self) -> Report:
        """What `shadow report --format json` says of its records; made here, for a process takes longer to
        start than all the rest."""

        def make() -> Report:
            made = build.read((str(self.record),), Criteria(), time.time())
            out = io.StringIO()
            render(made, "json", "en", out)
            report: Report = json.loads(out.getvalue())
            return report

        return await asyncio.to_thread(make)

    async def abandon(self) -> None:
        """Leave no process behind, whatever became of the test."""
        if self._process is None or self._has_ended():
            return
        for pid in (self.pid, *children(self.pid)):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        await self._process.wait()


Sample = tuple[str, dict[str, str], float]


def samples(text: str) -> list[Sample]:
    """Name, labels and value of everything in an exposition."""
    return [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]


def value(metrics: Iterable[Sample], wanted: str, **labels: str) -> float:
    """The sum of the samples of this name that have these labels."""
    return sum(v for name, have, v in metrics if name == wanted and labels.items() <= have.items())


def fates(counts: Report) -> int:
    """Requests whose end is known."""
    ended = counts["matched"] + counts["differed"] + counts["failed"]
    return int(ended + sum(counts["skipped"].values()) + sum(counts["dropped"].values()))


def assert_adds_up(report: Report, received: int) -> None:
    """Every request received has one fate, in the totals and at every endpoint."""
    for counts in (report["totals"], *report["endpoints"]):
        assert counts["received"] == fates(counts), counts
        assert counts["in_flight"] == 0
    assert report["totals"]["received"] == received
    assert sum(endpoint["received"] for endpoint in report["endpoints"]) == received
    assert report["unreadable"] == {"lines": 0, "segments": 0, "first": ""}, report["unreadable"]


def endpoint(report: Report, name: str) -> Report:
    """One endpoint of a report."""
    return next(each for each in report["endpoints"] if each["endpoint"] == name)


def resident(pid: int) -> int:
    """Bytes that a process has in memory now."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmRSS") * 1024


def forget_peak(pid: int) -> None:
    """Begin to look for a process's peak anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def peak(pid: int) -> int:
    """The most bytes that a process had in memory since `forget_peak`."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmHWM") * 1024


def _kilobytes(path: Path, name: str) -> int:
    for line in path.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise ValueError(f"no {name} in {path}")


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
