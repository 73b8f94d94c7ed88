"""The live report: made by a process of its own, only when asked, and never twice at once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.proxy import until

from shadow.record.buckets import Buckets
from shadow.record.segment import SegmentWriter, encode
from shadow.record.tally import Tally, TallyRecord
from shadow.serve import live_report
from shadow.serve.live_report import LiveReport, Made
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

    assert isinstance(made, Made)
    report = json.loads(made.json)
    assert report["totals"]["matched"] == 1234
    assert report["tolerance"] == 0.02
    assert "1,234 matched" in made.page.decode()
    assert "data-live" in made.page.decode()

    record(tmp_path, 1)
    later = await LiveReport(str(tmp_path), Criteria()).latest()
    assert isinstance(later, Made)
    assert later.tag != made.tag


async def test_it_is_made_once_for_all_who_ask(tmp_path: Path) -> None:
    """Who asks while it is made waits for the same one; who asks soon after gets the one that is there."""
    record(tmp_path, 1)
    live = LiveReport(str(tmp_path), Criteria())
    first, second = await asyncio.gather(live.latest(), live.latest())

    assert isinstance(first, Made)
    assert first is second
    record(tmp_path, 1)
    assert await live.latest() is first


async def test_an_old_one_is_shown_while_a_new_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first is waited for, and one that follows when nobody has asked for long."""
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
    assert isinstance(newest, Made)
    assert json.loads(newest.json)["totals"]["matched"] == 2
    record(tmp_path, 1)
    live._old = 0.0
    after_long = await live.latest()
    assert isinstance(after_long, Made)
    assert json.loads(after_long.json)["totals"]["matched"] == 3
    await live.close()


async def test_nothing_is_recorded_yet(tmp_path: Path) -> None:
    """Then there is a report of nothing, which is no verdict."""
    made = await LiveReport(str(tmp_path), Criteria()).latest()
    assert isinstance(made, Made)
    assert json.loads(made.json)["verdict"] == "not enough data"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("missing", "missing: No such file or directory"),
        ("file:///nowhere/at-all", "file:///nowhere/at-all: no such folder"),
    ],
)
async def test_a_place_that_cannot_be_read(
    tmp_path: Path, place: str, why: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is told in a line, to whoever asks and in the log, without a traceback."""
    monkeypatch.chdir(tmp_path)
    with capture_logs() as logged:
        assert await LiveReport(place, Criteria()).latest() == why
    assert logged == [{"event": "live_report_failed", "error": why, "log_level": "warning"}]
    assert capfd.readouterr() == ("", "")


async def test_an_error_is_not_told_once_it_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next report is waited for: there is no older one to show."""
    monkeypatch.setattr(live_report, "_AGAIN", 0.0)
    live = LiveReport(str(tmp_path / "later"), Criteria())
    assert isinstance(await live.latest(), str)
    (tmp_path / "later").mkdir()
    assert isinstance(await live.latest(), Made)


async def test_one_that_takes_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what else there is."""
    monkeypatch.setattr(live_report, "_PATIENCE", 0.0)
    why = "it took 0 s and was not ready; `shadow report` may take longer"
    assert await LiveReport(str(tmp_path), Criteria()).latest() == why


async def test_one_that_takes_too_much_memory_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """And takes no more: in a pod, whoever serves clients would be killed with it."""
    times = Buckets(dict.fromkeys(range(100), 1))
    tally = Tally(received=100, mirrored=100, matched=100, legacy=times, target=times)
    hours = [TallyRecord(1_795_305_600 + 3600 * hour, 3600, "GET /", "3fa9", tally) for hour in range(4000)]
    assert SegmentWriter(tmp_path, "tally", 1 << 20).append(encode(hours))
    monkeypatch.setattr(live_report, "free_memory", lambda: 96 << 20)
    with capture_logs() as logged:
        why = await LiveReport(str(tmp_path), Criteria()).latest()
    assert why == (
        "it takes more memory than 48 MiB, half of what is left here; `shadow report` may take more elsewhere"
    )
    assert logged == [{"event": "live_report_failed", "error": why, "log_level": "warning"}]
    assert capfd.readouterr() == ("", "")


async def test_it_dies_before_who_serves_clients() -> None:
    """Of all processes it may need the most memory."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shadow.serve.report_maker"), stdin=asyncio.subprocess.PIPE
    )
    score = Path(f"/proc/{process.pid}/oom_score_adj")
    await until(lambda: score.read_text("ascii").strip() == "1000", "the kernel would take it first")
    process.kill()
    await process.wait()


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
    return next((child for child, command in commands.items() if b"report_maker" in command), "")
