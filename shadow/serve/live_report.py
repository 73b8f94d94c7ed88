"""The live report: what is recorded until now, made by a process of its own whenever somebody looks.

Making it can take seconds of a core and hundreds of megabytes. In a thread beside the admin's loop it would
hold up /healthz; and at the lowest priority it must hold no lock that others wait for. So a process makes it
and ends: `shadow.serve.report_maker`. What it needs for a page is loaded there only. It takes at most half of
the memory that the container has left: where that runs out, Kubernetes has all processes killed, those that
serve clients too.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Final

import msgspec
import structlog

from shadow.container import free_memory
from shadow.settings import Criteria

_EVERY: Final = 5.0  # seconds between two, at least; what is recorded is as old anyway
_SHARE: Final = 0.05  # of one core that may go into them while somebody looks
_AGAIN: Final = 30.0  # seconds after one that failed
_PATIENCE: Final = 120.0  # seconds; then it has met more than can be told live
_OLD: Final = 6.0  # seconds past the time for the next one: an open page, which asks every five, has asked
_WAIT: Final = 10.0  # seconds for it, where there is an old one to show

log = structlog.get_logger()


class Task(msgspec.Struct, array_like=True):
    """What to make a report of, with so many bytes of memory."""

    place: str
    criteria: Criteria
    memory: int


class Made(msgspec.Struct, array_like=True):
    """One report in both forms: bytes of UTF-8, and a tag that changes with them."""

    page: bytes
    policy: str
    """The page's own Content-Security-Policy."""
    json: bytes
    tag: str


class Told(msgspec.Struct, array_like=True):
    """What such a process tells: the report, or in a line why the place cannot be read, and the seconds of a
    processor that it took. Those of the clock would be far more where the machine is busy, and the next one
    far away."""

    latest: Made | str
    seconds: float


class LiveReport:
    """The newest report of a place, made anew where it is too old, and only while it is asked for."""

    def __init__(self, place: str, criteria: Criteria) -> None:
        self._place = place
        self._criteria = criteria
        self._latest: Made | str = "it was not asked for yet"
        self._making: asyncio.Task[None] | None = None
        self._next = self._old = 0.0

    async def latest(self) -> Made | str:
        """The newest one, or in a line why it cannot be made. It is waited for where there is none, and for a
        while where nobody has asked for the one before it lately."""
        now = asyncio.get_running_loop().time()
        if self._making is None and now >= self._next:
            self._making = asyncio.create_task(self._make())
        has_one = isinstance(self._latest, Made)
        if self._making is not None and not (has_one and now < self._old):
            await asyncio.wait({self._making}, timeout=_WAIT if has_one else None)
        return self._latest

    async def close(self) -> None:
        """Stop making one."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def _make(self) -> None:
        loop = asyncio.get_running_loop()
        wait = _AGAIN
        task = Task(self._place, self._criteria, free_memory() // 2)
        try:
            told = msgspec.msgpack.decode(await _ask(msgspec.json.encode(task)), type=Told)
            self._latest = told.latest
            if isinstance(told.latest, Made):
                wait = max(_EVERY, told.seconds / _SHARE)
        except (OSError, msgspec.MsgspecError) as error:
            self._latest = str(error)
        finally:
            self._next = loop.time() + wait
            self._old = self._next + _OLD
            self._making = None
        if isinstance(self._latest, str):
            log.warning("live_report_failed", error=self._latest)


async def _ask(task: bytes) -> bytes:
    """What the process answers. It never outlives this call."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shadow.serve.report_maker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the supervisor
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            out, _ = await process.communicate(task)
    except TimeoutError:
        raise TimeoutError(
            f"it took {_PATIENCE:.0f} s and was not ready; `shadow report` may take longer"
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise OSError(f"it ended with {process.returncode}")
    return out
