"""Tallies on their way into segments."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shadow.record.configured import ConfigRecord, Line
from shadow.record.segment import SegmentWriter, Unreadable, encode, read_segments, recover
from shadow.record.tally import Tally, TallyRecord
from shadow.serve import recorder as recorder_module
from shadow.serve.recorder import Recorder
from shadow.settings import Record, Seconds

HOUR = 1_000_000_800.0
NOW = HOUR + 30
GET = "GET /"
ANY = 1e9
"""A share of the time that snapshots may take which no busy machine makes them pass."""
CONFIG = ConfigRecord(NOW, "abc", (Line("ignore header:x"),))


def recorder(folder: Path) -> Recorder:
    return Recorder(Record(to=str(folder), keep=Seconds(3600)), "tally", CONFIG, NOW)


def kept(folder: Path) -> list[TallyRecord]:
    records = read_segments(folder, Unreadable())
    return [record for record in records if isinstance(record, TallyRecord)]


def received(folder: Path) -> list[int]:
    return [record.tally.received for record in kept(folder)]


def test_tallies_are_written_every_five_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those counted first at once, however late; then not before, and all that was counted since the window
    began, and over which time."""
    monkeypatch.setattr(recorder_module, "_SHARE", ANY)
    books = recorder(tmp_path)
    books.tick(NOW)
    assert kept(tmp_path) == []
    books.add({GET: Tally(received=1)})
    books.tick(NOW + 3)
    assert received(tmp_path) == [1]
    books.add({GET: Tally(received=2)})
    books.tick(NOW + 7.9)
    assert received(tmp_path) == [1]
    books.tick(NOW + 8)
    (record,) = kept(tmp_path)
    assert (record.window, record.seconds, record.endpoint, record.config_hash) == (NOW, 8, GET, "abc")
    assert record.tally.received == 3


def test_snapshots_that_take_long_are_rarer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may take a share of the supervisor's time, here so little that any takes too long."""
    monkeypatch.setattr(recorder_module, "_SHARE", 1e-9)
    books = recorder(tmp_path)
    for second in (0, 8, 1000):
        books.add({GET: Tally(received=1)})
        books.tick(NOW + second)
    assert received(tmp_path) == [1]


def test_a_clock_that_is_set_back_costs_no_count(tmp_path: Path) -> None:
    """An hour back, amid a window: what was counted before is readable, with no time in place of less."""
    books = recorder(tmp_path)
    books.add({GET: Tally(received=1)})
    books.tick(NOW - 3600)
    books.add({GET: Tally(received=2)})
    books.close(NOW - 3590)
    assert [(each.seconds, each.tally.received) for each in kept(tmp_path)] == [(0.0, 1), (10.0, 2)]


def test_a_folder_that_cannot_be_listed_ends_nobody(tmp_path: Path) -> None:
    """The recorder is the supervisor's, without whom all workers leave. Here it has no descriptor left."""
    books = recorder(tmp_path)
    books.add({GET: Tally(received=1)})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        books.tick(NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    books.close(NOW + 10)
    assert received(tmp_path) == [1]


def test_a_window_is_one_record_of_each_endpoint(tmp_path: Path) -> None:
    """However often it was written: the open segment is replaced, and sealed when the window ends."""
    books = recorder(tmp_path)
    for second in range(0, 7200, 7):
        books.add({GET: Tally(received=1), "GET /b": Tally(received=2)})
        books.tick(NOW + second)
    books.close(NOW + 7200)

    records = kept(tmp_path)
    assert [(record.window, record.endpoint) for record in records] == [
        (began, name) for began in (NOW, HOUR + 3600, HOUR + 7205) for name in (GET, "GET /b")
    ]
    assert sum(record.tally.received for record in records) == 3 * len(range(0, 7200, 7))
    assert len(list(tmp_path.iterdir())) == 3


def test_nothing_new_is_not_written_again(tmp_path: Path) -> None:
    """A proxy at rest leaves the disk at rest."""
    books = recorder(tmp_path)
    books.add({GET: Tally(received=1)})
    books.tick(NOW + 10)
    (path,) = tmp_path.iterdir()
    before = path.stat().st_ino
    books.tick(NOW + 20)
    assert path.stat().st_ino == before


def test_the_last_tallies_are_sealed(tmp_path: Path) -> None:
    """Whenever the end comes; and nothing is left lying beside them."""
    books = recorder(tmp_path)
    books.add({GET: Tally(received=1)})
    books.tick(NOW + 10)
    books.close(NOW + 11)
    assert [path.name for path in tmp_path.iterdir()] == ["tally-000001.jsonl.zst"]
    assert received(tmp_path) == [1]


def test_every_segment_tells_the_rules_in_force(tmp_path: Path) -> None:
    """Another configuration begins another segment, so that no tally is of two."""
    books = recorder(tmp_path)
    books.add({GET: Tally(received=1)})
    other = ConfigRecord(NOW + 5, "def")
    books.reconfigure(other, NOW + 5)
    books.add({GET: Tally(received=2)})
    books.close(NOW + 6)

    records = list(read_segments(tmp_path, Unreadable()))
    assert [record for record in records if isinstance(record, ConfigRecord)] == [CONFIG, other]
    assert [record.config_hash for record in kept(tmp_path)] == ["abc", "def"]
    assert received(tmp_path) == [1, 2]


def test_what_cannot_be_written_waits_until_it_can(tmp_path: Path) -> None:
    """A folder that is gone and comes back costs no count, even beyond the window's end."""
    folder = tmp_path / "records"
    folder.write_text("in the way")
    books = recorder(folder)
    books.add({GET: Tally(received=1)})
    books.tick(NOW + 10)
    books.tick(NOW + 3600)
    books.add({GET: Tally(received=4)})
    folder.unlink()
    books.close(NOW + 3610)
    assert received(folder) == [5]


_KILLED = """
import os, signal, sys
from shadow.record.configured import ConfigRecord
from shadow.record.tally import Tally
from shadow.serve import recorder
from shadow.settings import Record

recorder._SHARE = 1e9
books = recorder.Recorder(Record(to=sys.argv[1]), "tally", ConfigRecord(0, ""), 0.0)
for second in range(25):
    books.add({"GET /": Tally(received=1)})
    books.tick(float(second))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_costs_what_was_not_written_and_doubles_nothing(tmp_path: Path) -> None:
    """What the last snapshot held is there once, whoever seals it, and however often it is read."""
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert received(tmp_path) == [21], "seconds 0 to 20"
    assert recover(tmp_path).sealed == 1
    successor = recorder(tmp_path)
    successor.add({GET: Tally(received=7)})
    successor.close(NOW)
    assert received(tmp_path) == [21, 7]


def test_a_snapshot_half_written_is_none(tmp_path: Path) -> None:
    """What a killed process left beside the open segment is not read, and goes when it is sealed."""
    writer = SegmentWriter(tmp_path, "tally", 1000)
    assert writer.replace(encode([TallyRecord(0, 60, GET, "", Tally(received=1))]))
    (tmp_path / ".tally-000001.part").write_bytes(b'{"record":"tal')
    assert received(tmp_path) == [1]
    assert writer.replace(encode([TallyRecord(0, 60, GET, "", Tally(received=2))]))
    assert writer.seal()
    assert [path.name for path in tmp_path.iterdir()] == ["tally-000001.jsonl.zst"]
    assert received(tmp_path) == [2]


def test_a_snapshot_is_locked_as_any_open_segment(tmp_path: Path) -> None:
    """`recover` leaves it alone while its writer lives."""
    writer = SegmentWriter(tmp_path, "tally", 1000)
    for count in (1, 2):
        assert writer.replace(encode([TallyRecord(0, 60, GET, "", Tally(received=count))]))
        assert recover(tmp_path) == (0, 0, 0)
    assert received(tmp_path) == [2]


def test_what_is_too_old_is_deleted(tmp_path: Path) -> None:
    """Sealed segments beyond `keep`, looked at once an hour."""
    for name, age in (("old", 3601.0), ("young", 3599.0)):
        path = tmp_path / f"{name}-000001.jsonl.zst"
        path.touch()
        os.utime(path, (NOW - age, NOW - age))
    recorder(tmp_path).tick(NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["young-000001.jsonl.zst"]
