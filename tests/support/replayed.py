"""`python -m shadow replay` as a process of its own, and the backends that it asks."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from support.proxy import PATIENCE, ROOT, Report, command

Answer = Callable[[web.Request], web.Response]


def hello(request: web.Request) -> web.Response:
    """The same to everybody who asks the same."""
    return web.json_response({"path": request.path_qs})


class Backend:
    """One server: counts what it is asked, and answers when its gate is open."""

    def __init__(self) -> None:
        self.answer: Answer = hello
        self.asked: Counter[str] = Counter()
        self.order: list[str] = []
        self.seen: list[web.Request] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.port = 0
        self._more = asyncio.Condition()
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.Response:
        self.asked[request.path_qs] += 1
        self.order.append(request.path_qs)
        self.seen.append(request)
        async with self._more:
            self._more.notify_all()
        await self.gate.wait()
        return self.answer(request)

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self.gate.set()
        await self._runner.cleanup()

    async def asked_for(self, number: int) -> None:
        """Wait until it has been asked so often."""
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: len(self.order) >= number)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Backends:
    """Both sides."""

    def __init__(self) -> None:
        self.legacy = Backend()
        self.target = Backend()

    async def start(self) -> None:
        await self.legacy.start()
        await self.target.start()

    async def stop(self) -> None:
        await self.legacy.stop()
        await self.target.stop()


def line(number: int, path: str | None = None, **fields: object) -> str:
    """A line of an LTSV log; request `number` began so many milliseconds after the first."""
    at = datetime.fromtimestamp(1_763_776_800 + number / 1000, UTC).isoformat(timespec="milliseconds")
    said: dict[str, object] = {
        "time": at,
        "host": f"10.0.0.{number % 250}",
        "method": "GET",
        "uri": path or f"/items/{number}",
        "status": 200,
        "size": 20,
        "reqtime": "0.000",
        "ua": "test",
        "vhost": "shop.example",
        **fields,
    }
    return "\t".join(f"{label}:{value}" for label, value in said.items())


def write(path: Path, lines: Iterable[str]) -> Path:
    """A log of these lines."""
    path.write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")
    return path


class Replay:
    """A replay that can be run to its end, or be killed and run again."""

    def __init__(self, folder: Path, backends: Backends, arguments: Iterable[str], record: str) -> None:
        self.record = folder / record
        self._backends = backends
        self._arguments = list(arguments)
        self._process: asyncio.subprocess.Process | None = None
        self.out = self.err = ""

    async def start(self, *more: str, under: tuple[str, ...] = ()) -> asyncio.subprocess.Process:
        """`under` is a command that runs it."""
        legacy = [] if "--against-log" in self._arguments else ["--legacy", self._backends.legacy.url]
        self._process = await asyncio.create_subprocess_exec(
            *(*under, sys.executable, "-m", "shadow", "replay", *self._arguments, *more, *legacy),
            *("--target", self._backends.target.url, "--record", str(self.record), "--log-format", "json"),
            cwd=ROOT,
            env={**os.environ, "SHADOW_MIRROR_CONTROL_SHARE": "0", "SHADOW_MIRROR_RECHECK_PER_SECOND": "0"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return self._process

    async def ended(self) -> int:
        """Wait for its end; the exit code."""
        assert self._process is not None
        async with asyncio.timeout(PATIENCE):
            out, err = await self._process.communicate()
        self.out, self.err = out.decode(), err.decode()
        assert "Traceback" not in self.err, self.err
        assert self._process.returncode is not None
        return self._process.returncode

    async def run(self, *more: str) -> Report:
        """Run it to its end; the report of all that was recorded."""
        await self.start(*more)
        code = await self.ended()
        assert code == 0, self.err
        return await self.report()

    async def kill(self) -> None:
        """`kill -9`, unless it has ended before."""
        self.signal(signal.SIGKILL)
        await self.ended()

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def report(self) -> Report:
        """What `shadow report` says of its records."""
        code, out, err = await command("report", str(self.record), "--format", "json")
        assert code == 0, err
        report: dict[str, Any] = json.loads(out)
        return report

    async def abandon(self) -> None:
        """Leave no process behind."""
        if self._process is not None and self._process.returncode is None:
            self.signal(signal.SIGKILL)
            await self._process.communicate()
