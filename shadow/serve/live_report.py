"""The live report: what is recorded until now, made by a process of its own whenever somebody looks.

Making it can take seconds of a core and hundreds of megabytes. A thread beside the admin's loop would hold up
/healthz with them, and what is done at the lowest priority must not hold a lock that others wait for. So a
process makes it and ends: `python -m shadow.serve.live_report` is asked on standard input.
"""

from __future__ import annotations

import asyncio
import sys
import time
from hashlib import sha256
from typing import Final

import msgspec
import structlog

from shadow.report import build, html
from shadow.report import json as report_json
from shadow.serve.priority import Priority
from shadow.settings import Criteria

_EVERY: Final = 5.0  # seconds between two, at least; what is recorded is some ten seconds old anyway
_SHARE: Final = 0.05  # of one core that may go into them while somebody looks
_AGAIN: Final = 30.0  # seconds after one that failed
_PATIENCE: Final = 120.0  # seconds; then it has met more than can be told live

log = structlog.get_logger()


class Task(msgspec.Struct, array_like=True):
    """What to make a report of."""

    place: str
    criteria: Criteria


class Made(msgspec.Struct, array_like=True):
    """One report in both forms: bytes of UTF-8, and a tag that changes with them."""

    page: bytes
    json: bytes
    tag: str


class Told(msgspec.Struct, array_like=True):
    """What such a process tells: the report, if anything is recorded, and the seconds of a processor that it
    took. Those of the clock would be far more where the machine is busy, and the next one far away."""

    made: Made | None
    seconds: float


class LiveReport:
    """The newest report of a place, made anew where it is too old, and only while it is asked for."""

    def __init__(self, place: str, criteria: Criteria) -> None:
        self._task = msgspec.json.encode(Task(place, criteria))
        self._made: Made | None = None
        self._making: asyncio.Task[None] | None = None
        self._next = 0.0

    async def latest(self) -> Made | None:
        """The newest one there is; None while nothing is recorded. Only the first is waited for."""
        if self._making is None and asyncio.get_running_loop().time() >= self._next:
            self._making = asyncio.create_task(self._make())
        if self._made is None and self._making is not None:
            await asyncio.shield(self._making)
        return self._made

    async def close(self) -> None:
        """Stop making one."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def _make(self) -> None:
        loop = asyncio.get_running_loop()
        wait = _AGAIN
        try:
            told = msgspec.msgpack.decode(await _ask(self._task), type=Told)
            self._made = told.made or self._made
            wait = max(_EVERY, told.seconds / _SHARE)
        except (OSError, TimeoutError, msgspec.MsgspecError) as error:
            log.warning("live_report_failed", error=str(error) or type(error).__name__)
        finally:
            self._next = loop.time() + wait
            self._making = None


async def _ask(task: bytes) -> bytes:
    """What the process answers. It never outlives this call."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shadow.serve.live_report"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the supervisor
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            out, _ = await process.communicate(task)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise OSError(f"it ended with {process.returncode}")
    return out


def main() -> None:
    """Make one report."""
    Priority.SPARE.take()
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    report, made = build.read(task.place, task.criteria), None
    if report.endpoints:
        page, json = html.render(report, live=True).encode(), report_json.render(report).encode()
        made = Made(page, json, sha256(page + json).hexdigest()[:16])
    sys.stdout.buffer.write(msgspec.msgpack.encode(Told(made, time.process_time())))


if __name__ == "__main__":
    main()
