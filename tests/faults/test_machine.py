"""A disk that is full or fails, and a clock that jumps: production has no error, what could not be kept is
counted, and it goes on by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from support.peers import Load, answering, echo, items
from support.proxy import PROGRAM, ROOT, Proxy, assert_adds_up, until, value

from shadow.record.evidence import Evidence
from shadow.record.folder import sealed
from shadow.record.place import read
from shadow.record.segment import Unreadable, recover

REAL = os.path.realpath(PROGRAM[0])
ROOMY = {"in_flight": 1024, "waiting": 100_000}
CLOCKS = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def differently(request: Any) -> bytes:
    """Another answer each time, so that evidence is written."""
    return echo(request).replace(b"items", b"things")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root, on a machine that lets it, can mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def until_lost(running: Proxy, more: float) -> float:
    """Wait until more than so many records were lost."""
    async with asyncio.timeout(30):
        while (lost := value(await running.metrics(), "shadow_evidence_lost_total")) <= more:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)
    return lost


async def steady_lost(running: Proxy) -> float:
    """How many records were lost, once two reports of the judge, which come every second, say the same."""
    before = -1.0
    async with asyncio.timeout(30):
        while (lost := await until_lost(running, 0)) != before:
            before = lost
            await asyncio.sleep(1.2)
    return lost


async def test_a_full_disk(small_disk: Path, backend: Any, proxy: Any) -> None:
    """Clients notice nothing, lost records are counted and told in one line, and with space evidence is kept
    again; no fate is missing."""
    legacy, target = await backend(answering(echo)), await backend(answering(differently))
    running = await proxy(
        legacy.url, target.url, record={"to": str(small_disk / "records"), "evidence": 1_000_000}
    )
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 8192))
    load = Load(running.port, items(), clients=4)
    asking = asyncio.create_task(load.run())
    await until_lost(running, 0)
    assert len(running.events("evidence_not_written")) == 1
    load.stop()
    await asking
    assert load.errors == []
    await running.settled(load.answered)
    lost = await steady_lost(running)
    filler.unlink()
    await Load(running.port, items(50)).run()
    await running.settled(load.answered + 50)
    assert await steady_lost(running) == lost, "there is space, and it writes"
    running.record = small_disk / "records"
    assert_adds_up(await running.stop(), load.answered + 50)


WRITING = """
import os, sys
from pathlib import Path
from shadow.record.segment import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), "judge-0", 2000)
for number in range(500):
    writer.append(b'{"line":%d}\\n' % number)
writer.seal()
os.pwrite(int(sys.argv[2]), b"%d" % writer.lost, 0)  # not by a write, which could fail
"""


def test_writes_that_fail(tmp_path: Path) -> None:
    """Every third write ends in ENOSPC: what is missing is what was counted as lost, and nothing is torn."""
    if shutil.which("fiu-run") is None:
        pytest.skip("needs fiu-run, of Debian's package fiu-utils")
    fails = "enable_random name=posix/io/rw/write,probability=0.3,failinfo=28"
    records, said = tmp_path / "records", os.open(tmp_path / "lost", os.O_RDWR | os.O_CREAT)
    # What is run must be the interpreter itself, and not a script that starts it.
    command = ("fiu-run", "-x", "-c", fails, REAL, "-B", "-c", WRITING, str(records), str(said))
    path = f"{ROOT}:{next(Path(PROGRAM[0]).parents[1].glob('lib/python3*/site-packages'))}"
    subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, pass_fds=(said,), check=True, timeout=60)
    lost = int(os.pread(said, 20, 0))
    assert 0 < lost < 500
    recover(records)
    kept = [line for each in sealed(records) for line in lines(each.path)]
    assert len(kept) == len(set(kept)) == 500 - lost


def lines(path: Path) -> list[bytes]:
    """What a sealed segment holds, each line whole."""
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        whole = stream.read().splitlines(keepends=True)
    assert all(line.startswith(b'{"line":') and line.endswith(b"}\n") for line in whole)
    return whole


@pytest.mark.parametrize("jump", ["+2d", "-1h"])
async def test_a_clock_that_jumps(jump: str, backend: Any, proxy: Any, tmp_path: Path) -> None:
    """Two days ahead, or an hour back, in the middle of traffic: no request is broken off or refused, none
    takes negative time, and every record is there, of before and after, for `record.keep` covers them."""
    if not CLOCKS:
        pytest.skip("needs libfaketime, of Debian's package faketime")
    clock, records = tmp_path / "clock", tmp_path / "records"
    clock.write_text("+0", encoding="ascii")
    fake = (
        *("env", f"LD_PRELOAD={CLOCKS[0]}", f"FAKETIME_TIMESTAMP_FILE={clock}"),
        *("FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_RESET=1"),
    )
    legacy, target = await backend(answering(echo)), await backend(answering(differently))
    kept = {"to": str(records), "keep": "3d", "segment": "16KiB", "evidence": 1_000_000}
    running = await proxy(legacy.url, target.url, program=(*fake, *PROGRAM), record=kept, mirror=ROOMY)
    running.record = records
    await Load(running.port, items(200), clients=2).run()
    await running.settled(200)
    await until(lambda: sealed(records), "a segment that retention could delete")
    earlier = names(records)
    load = Load(running.port, items(600), clients=2)
    asking = asyncio.create_task(load.run())
    await until(lambda: load.answered > 200, "traffic")
    clock.write_text(jump, encoding="ascii")
    await asking
    assert load.errors == []
    totals = await running.settled(800)
    assert totals["differed"] == 800, "no timeout fired"
    unanalysed = value(await running.metrics(), "shadow_unanalysed_total")
    report = await running.stop()
    assert_adds_up(report, 800)
    assert earlier
    assert earlier <= names(records), "what was kept before is there"
    assert len(names(records)) == 800 - unanalysed, "and what came after"
    latency = report["endpoints"][0]["latency"]
    assert all(0 <= seconds < 10 for side in ("legacy", "target") for seconds in latency[side].values())
    assert report["window"]["start"] <= report["window"]["end"]


def names(records: Path) -> set[str]:
    """Of the exchanges whose evidence is kept."""
    return {each.id for each in read(records, Unreadable()) if isinstance(each, Evidence)}
