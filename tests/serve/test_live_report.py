"""The live report: made by a process of its own, only when asked, and never twice at once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from support.proxy import until

from shadow.record.segment import SegmentWriter, encode
from shadow.record.tally import Tally, TallyRecord
from shadow.serve import live_report
from shadow.serve.live_report import LiveReport
from shadow.settings import Criteria


def record(folder: Path, matched: int) -> None:
    """One hour of one endpoint."""
    writer = SegmentWriter(folder, "tally", 1 << 20)
    tally = Tally(received=matched, mirrored=matched, matched=matched)
    assert writer.append(encode([TallyRecord(1_795_305_600, 3600, "GET /", "3fa9", tally)]))
    assert writer.seal()


async def test_both_forms_are_of_one_report(tmp_path: Path) -> None:
    """The page and the JSON, and a tag that changes with them."""
    record(tmp_path, 1234)
    made = await LiveReport(str(tmp_path), Criteria(tolerance=0.02)).latest()

    assert made
    report = json.loads(made.json)
    assert report["totals"]["matched"] == 1234
    assert report["tolerance"] == 0.02
    assert "1,234 matched" in made.page.decode()
    assert "data-live" in made.page.decode()

    record(tmp_path, 1)
    later = await LiveReport(str(tmp_path), Criteria()).latest()
    assert later
    assert later.tag != made.tag


async def test_it_is_made_once_for_all_who_ask(tmp_path: Path) -> None:
    """Who asks while it is made waits for the same one; who asks soon after gets the one that is there."""
    record(tmp_path, 1)
    live = LiveReport(str(tmp_path), Criteria())
    first, second = await asyncio.gather(live.latest(), live.latest())

    assert first
    assert first is second
    record(tmp_path, 1)
    assert await live.latest() is first


async def test_an_old_one_is_shown_while_a_new_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first is waited for."""
    monkeypatch.setattr(live_report, "_EVERY", 0.0)
    monkeypatch.setattr(live_report, "_SHARE", 1e9)
    record(tmp_path, 1)
    live = LiveReport(str(tmp_path), Criteria())
    first = await live.latest()
    record(tmp_path, 1)
    assert await live.latest() is first
    assert live._making
    await live._making
    newest = await live.latest()
    assert newest
    assert json.loads(newest.json)["totals"]["matched"] == 2
    await live.close()


@pytest.mark.parametrize("folder", ["empty", "missing"])
async def test_nothing_is_recorded_yet(tmp_path: Path, folder: str) -> None:
    """Then there is none, and nothing fails."""
    (tmp_path / "empty").mkdir()
    assert await LiveReport(str(tmp_path / folder), Criteria()).latest() is None


async def test_it_ends_with_the_server(tmp_path: Path) -> None:
    """A report that is being made when the server leaves is given up, even where its process hangs."""
    record(tmp_path, 1)
    live = LiveReport(str(tmp_path), Criteria())
    asking = asyncio.create_task(live.latest())
    child = int(await until(_maker, "its process"))
    os.kill(child, signal.SIGSTOP)
    await live.close()
    await asyncio.gather(asking, return_exceptions=True)

    # One that was not ready to be told anything is killed as well, but not waited for.
    await until(lambda: not _maker(), "it has gone")


def _maker() -> str:
    """The process that makes a report, once it runs."""
    pid = os.getpid()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    commands = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return next((child for child, command in commands.items() if b"live_report" in command), "")
