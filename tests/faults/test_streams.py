"""Standard streams that nobody reads, or that are closed: production goes on, and no client is sent a log."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from support.peers import Load, answering, echo, items
from support.proxy import PROGRAM, Proxy, assert_adds_up, children

WITHOUT = ("sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-')
"""A command under which a program has no standard streams."""


class Silent(Proxy):
    """A proxy of which nothing is heard: where it serves is known beforehand."""

    stderr: int = asyncio.subprocess.DEVNULL

    async def start(self) -> None:
        self.configure()
        command = (*self._program, "proxy", "--config", str(self._config))
        self._process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=self.stderr
        )
        await self.ready()


def silent(tmp_path: Path, port: int, backends: tuple[str, str], program: tuple[str, ...]) -> Silent:
    """Not started yet."""
    settings = {
        "legacy": backends[0], "target": backends[1], "listen": f"127.0.0.1:{port}",
        "admin": f"unix:{tmp_path}/admin", "workers": {"live": 1},
    }  # fmt: skip
    made = Silent(tmp_path, settings, program)
    made.port, made.admin = port, settings["admin"]
    return made


async def loaded(running: Proxy, count: int) -> None:
    """So many requests, none of which fails."""
    load = Load(running.port, items(count), clients=4)
    await load.run()
    assert (load.errors, load.answered) == ([], count)


async def test_closed(backend: Any, tmp_path: Path, unused_port: int) -> None:
    """Started without any: no connection takes the place of one, and all is as ever."""
    urls = [(await backend(answering(echo))).url for _ in range(2)]
    running = silent(tmp_path, unused_port, (urls[0], urls[1]), (*WITHOUT, *PROGRAM))
    try:
        await running.start()
        for pid in (running.pid, *children(running.pid)):
            assert [os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)] == ["/dev/null"] * 3
        await loaded(running, 200)
        running.signal(signal.SIGTERM)
        assert await running.ended() == 0
        assert_adds_up(await running.report(), 200)
    finally:
        await running.abandon()


async def test_blocked(backend: Any, tmp_path: Path, unused_port: int) -> None:
    """Standard error is a full pipe from the first line on: requests, a reload and the end wait for nobody;
    once it is read again, the next line tells how many are missing."""
    urls = [(await backend(answering(echo))).url for _ in range(2)]
    running = silent(tmp_path, unused_port, (urls[0], urls[1]), PROGRAM)
    out, running.stderr = os.pipe()
    fill(running.stderr)
    try:
        await running.start()
        await loaded(running, 200)
        running.signal(signal.SIGHUP)
        await loaded(running, 200)
        emptied = drain(out)
        assert emptied.strip() == b"", "nothing was written behind what filled it"
        running.signal(signal.SIGTERM)
        assert await running.ended() == 0
        told = [json.loads(line) for line in drain(out).splitlines() if line]
        assert sum(each.get("lost", 0) for each in told) > 0, told
        assert_adds_up(await running.report(), 400)
    finally:
        await running.abandon()
        os.close(out)
        os.close(running.stderr)


def fill(fd: int) -> None:
    """With line ends, to the last byte. Whoever gets the pipe finds it blocking, as a pipe is."""
    os.set_blocking(fd, False)
    with suppress(BlockingIOError):
        while True:
            os.write(fd, b"\n" * 4096)
    os.set_blocking(fd, True)


def drain(fd: int) -> bytes:
    """What is in it now."""
    os.set_blocking(fd, False)
    data = b""
    try:
        while piece := os.read(fd, 1 << 20):
            data += piece
    except BlockingIOError:
        pass
    return data
