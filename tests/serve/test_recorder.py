"""Tallies on their way into segments."""

from __future__ import annotations

import os
from pathlib import Path

from shadow.record.segment import Unreadable, read_segments
from shadow.record.tally import Tally, TallyRecord
from shadow.serve.recorder import Recorder
from shadow.settings import Record, Seconds

NOW = 1_000_000_030.0
GET = "GET /"


def recorder(folder: Path) -> Recorder:
    return Recorder(Record(to=str(folder), keep=Seconds(3600)), "tally", "abc", NOW)


def kept(folder: Path) -> list[TallyRecord]:
    records = list(read_segments(folder, Unreadable()))
    assert all(isinstance(record, TallyRecord) for record in records)
    return records  # type: ignore[return-value]


def test_tallies_are_written_every_ten_seconds(tmp_path: Path) -> None:
    """Not before; then what came meanwhile, added up, under the window's start."""
    books = recorder(tmp_path)
    books.add({GET: Tally(received=1)})
    books.add({GET: Tally(received=2)})
    books.tick(NOW + 9.9)
    assert kept(tmp_path) == []
    books.tick(NOW + 10)
    (record,) = kept(tmp_path)
    assert (record.window, record.seconds, record.endpoint, record.config_hash) == (
        1_000_000_020,
        60,
        GET,
        "abc",
    )
    assert record.tally.received == 3
    books.tick(NOW + 20)
    assert len(kept(tmp_path)) == 1, "nothing new, nothing written"


def test_the_last_tallies_are_sealed(tmp_path: Path) -> None:
    """Whenever the end comes."""
    books = recorder(tmp_path)
    books.add({GET: Tally(received=1)})
    books.close(NOW + 1)
    assert [path.name for path in tmp_path.iterdir()] == ["tally-000001.jsonl.zst"]
    assert kept(tmp_path)[0].tally.received == 1


def test_what_cannot_be_written_waits_until_it_can(tmp_path: Path) -> None:
    """A folder that is gone and comes back costs no count."""
    folder = tmp_path / "records"
    folder.write_text("in the way")
    books = recorder(folder)
    books.add({GET: Tally(received=1)})
    books.write(NOW)
    books.add({GET: Tally(received=4)})
    folder.unlink()
    books.close(NOW + 10)
    assert [record.tally.received for record in kept(folder)] == [5]


def test_what_is_too_old_is_deleted(tmp_path: Path) -> None:
    """Sealed segments beyond `keep`, looked at once an hour."""
    for name, age in (("old", 3601.0), ("young", 3599.0)):
        path = tmp_path / f"{name}-000001.jsonl.zst"
        path.touch()
        os.utime(path, (NOW - age, NOW - age))
    recorder(tmp_path).tick(NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["young-000001.jsonl.zst"]
