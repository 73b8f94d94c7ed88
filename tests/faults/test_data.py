"""What lies on the disk: whose it is, what it is called, what goes, and what must not."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from support.peers import Load, answering, body_of, echo, get, items, response
from support.proxy import command

from shadow.record import folder as folders
from shadow.record.place import read
from shadow.record.segment import SegmentWriter, Unreadable, encode

LINE = b'{"record":"none"}\n'


async def test_rights_and_names(backend: Any, proxy: Any) -> None:
    """The folder is 0700, files 0600, and a path of a request is in no name."""
    legacy, target = await backend(answering(echo)), await backend(answering(lambda r: response(b"other")))
    running = await proxy(legacy.url, target.url)
    hostile = ["/../../etc/passwd", "/%2e%2e/%2e%2e/x", "/" + "a" * 300, "/CON", "/%00"]
    await Load(running.port, ((get(path), body_of(path)) for path in hostile)).run()
    await running.settled(len(hostile))
    await running.stop()
    assert stat.S_IMODE(running.record.stat().st_mode) == 0o700
    for path in running.record.iterdir():
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
        assert path.name.startswith(("judge-0-", "tally-"))


def test_no_link_is_followed_nor_deleted_through(tmp_path: Path) -> None:
    """A link in the place of a segment is neither read nor written nor, by age, its aim deleted."""
    records, other = tmp_path / "records", tmp_path / "other"
    records.mkdir()
    other.write_bytes(LINE)
    os.utime(other, (1, 1))
    (records / "judge-0-000001.jsonl.zst").symlink_to(other)
    (records / "judge-0-000002.open.jsonl").symlink_to(other)
    writer = SegmentWriter(records, "judge-0", 1 << 20)
    assert writer.append(LINE)
    assert writer.seal()
    unreadable = Unreadable()
    assert list(read(records, unreadable)) == []
    assert unreadable.segments == 2
    assert folders.retain(records, 10.0, 1e12) == 1, "only what is ours"
    assert other.read_bytes() == LINE


def test_retention_leaves_what_it_should_not_delete(tmp_path: Path) -> None:
    """By age only sealed segments go: not what is open, not what another has put there, not what is young."""
    writer = SegmentWriter(tmp_path, "tally", 1 << 20)
    for _ in range(2):
        assert writer.append(LINE)
        assert writer.seal()
    assert writer.append(LINE)
    for name in ("notes.txt", "judge-0-1.jsonl.zst", "tally-000009.jsonl.zst.bak"):
        (tmp_path / name).write_bytes(b"not a segment")
    for path in tmp_path.iterdir():
        os.utime(path, (1000, 1000))
    os.utime(tmp_path / "tally-000002.jsonl.zst", (5000, 5000))
    assert folders.retain(tmp_path, 100.0, 5050.0) == 1
    left = {path.name for path in tmp_path.iterdir()}
    assert "tally-000001.jsonl.zst" not in left
    assert len(left) == 5


async def test_forget(backend: Any, proxy: Any) -> None:
    """Every comparison with a person's masked value goes, in whatever field it stood; others' stay, and so do
    the counts."""
    legacy = await backend(answering(echo))
    target = await backend(answering(lambda r: response(b"other")))
    running = await proxy(legacy.url, target.url)
    await Load(running.port, ((get(f"/items/{n}?token=of-one-person"), b"") for n in range(3))).run()
    await Load(running.port, items(4)).run()
    await running.settled(7)
    before = await running.stop()
    whole = encode(read(running.record, Unreadable()))
    masked = whole.partition(b"?token=")[2][:23].decode()  # other fields have masked values of their own
    code, out, err = await command("forget", str(running.record), "--value", masked)
    assert (code, err) == (0, "")
    assert out.startswith("removed: 3 comparisons")
    assert masked.encode() not in encode(read(running.record, Unreadable()))
    after = await running.report()
    assert after["totals"] == before["totals"]
    assert encode(read(running.record, Unreadable())).count(b'"record":"comparison"') == 4
    for path in running.record.iterdir():
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600


async def test_where_nothing_is_forgotten_that_is_said(tmp_path: Path) -> None:
    """Somebody answers a person who wants to be forgotten: nought of nowhere is no answer."""
    (tmp_path / "file").write_bytes(b"")
    for place, reason in (
        (tmp_path / "not-there", "no such folder"),
        (tmp_path / "file", "no such folder"),
        ("s3://bucket/prefix", "copy the objects of a store"),
        (tmp_path, "no records in it"),
    ):
        code, out, err = await command("forget", str(place), "--value", "masked:0123456789abcdef")
        assert (code, out) == (3, "")
        assert reason in err
    (tmp_path / "judge-0-000001.open.jsonl").write_bytes(LINE)
    code, out, err = await command("forget", str(tmp_path), "--value", "masked:0123456789abcdef")
    assert (code, out.partition(",")[0]) == (0, "removed: 0 comparisons")
    assert "1 open segments are as they were" in err


@pytest.mark.parametrize("text", ["", "ok", "masked:"])
async def test_a_text_that_is_everybodys_is_refused(text: str, tmp_path: Path) -> None:
    """Too short a text would remove what is others'."""
    code, _, err = await command("forget", str(tmp_path), "--value", text)
    assert code == 3
    assert "at least 8 characters" in err
