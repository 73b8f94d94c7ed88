"""The way from the spool to a store, here a folder: whole, once, and nothing deleted that should not be."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shadow.record.folder import sealed
from shadow.record.place import read
from shadow.record.segment import Record, SegmentWriter, Unreadable, encode
from shadow.record.store import Store
from shadow.record.stored import open_name, sealed_name
from shadow.record.tally import Tally, TallyRecord
from shadow.serve.shipper import Shipper, retain, ship_rest, suffix
from shadow.settings import Record as Settings
from shadow.settings import Seconds

GET = "GET /"
DAY = 86400.0


class Pod:
    """A spool, and its shipper to a folder that several pods share."""

    def __init__(self, folder: Path, name: str = "a") -> None:
        self.spool = folder / f"spool-{name}"
        self.kept = folder / "kept"
        self.url = f"file://{self.kept}"
        self.settings = Settings(to=self.url, spool=str(self.spool))
        self.shipper = Shipper(self.settings)
        self.tallies = SegmentWriter(self.spool, f"tally-{name}", 1 << 20)

    def seal(self, received: int, name: str = "") -> None:
        """A sealed segment, of a writer of its own where it has a name."""
        writer = SegmentWriter(self.spool, name, 1 << 20) if name else self.tallies
        assert writer.replace(tally(received))
        assert writer.seal()

    @property
    def names(self) -> list[str]:
        """All files in the store."""
        paths = (path for path in self.kept.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.kept)) for path in paths)


def tally(received: int) -> bytes:
    return encode([TallyRecord(0, 60, GET, "", Tally(received=received))])


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def received(url: str) -> tuple[list[int], Unreadable]:
    """What the tallies of a store have counted."""
    unreadable = Unreadable()
    records: list[Record] = list(read(url, unreadable))
    return sorted(each.tally.received for each in records if isinstance(each, TallyRecord)), unreadable


def test_sealed_segments_go_and_are_read_as_they_were(pod: Pod) -> None:
    """Under the hour in which they were sealed; then the spool is empty."""
    pod.seal(1)
    pod.seal(2)
    (first, _) = sealed(pod.spool)
    os.utime(first.path, (1_763_776_800, 1_763_776_800))
    assert pod.shipper.round(time.time())
    assert sealed(pod.spool) == []
    assert pod.names[0].startswith("_shadow"), "what begins so is not read by others"
    assert pod.names[1].startswith("dt=2025-11-22/hh=02/tally-a-000001-")
    assert received(pod.url) == ([1, 2], Unreadable())
    assert pod.shipper.gauges()["segments_shipped_total"] == 2


def test_who_died_between_putting_and_deleting_doubles_nothing(pod: Pod) -> None:
    """The successor finds the object, and only deletes."""
    pod.seal(1)
    (lying,) = sealed(pod.spool)
    data = lying.path.read_bytes()
    Store(pod.url, make=True).create(sealed_name(lying.stem, data, lying.modified), data)
    assert pod.shipper.round(time.time())
    assert sealed(pod.spool) == []
    assert received(pod.url) == ([1], Unreadable())
    assert pod.shipper.shipped == 0


def test_one_that_was_not_sealed_to_the_end_is_left_to_be(pod: Pod) -> None:
    """Its writer died before it could remove the open one: that is removed, and it is shipped once."""
    pod.seal(1)
    (lying,) = sealed(pod.spool)
    (pod.spool / f"{lying.stem}.open.jsonl").write_bytes(tally(1))
    assert sealed(pod.spool) == []
    assert pod.shipper.round(time.time())
    assert received(pod.url) == ([1], Unreadable())
    assert not list(pod.spool.iterdir())


def test_names_that_are_used_again_do_not_meet(pod: Pod) -> None:
    """A judge that was started anew begins to count anew, for what it had sealed is shipped and gone."""
    for number in (1, 2, 3):
        pod.seal(number, "judge-0-a")
        assert pod.shipper.round(time.time())
    assert received(pod.url) == ([1, 2, 3], Unreadable())


def test_what_lies_in_the_way_holds_up_no_other(pod: Pod) -> None:
    """An object of our name that is not ours stays, and so does the segment, which is a failure."""
    pod.seal(1)
    (lying,) = sealed(pod.spool)
    data = lying.path.read_bytes()
    Store(pod.url, make=True).create(sealed_name(lying.stem, data, lying.modified), b"broken")
    pod.seal(2)
    assert not pod.shipper.round(time.time())
    assert [each.stem for each in sealed(pod.spool)] == ["tally-a-000001"]
    counted, unreadable = received(pod.url)
    assert (counted, unreadable.segments) == ([2], 1), "an object that is broken is counted"
    assert unreadable.first.startswith("dt="), "and where it is, is told"


def test_an_outage_loses_nothing_and_is_said_once(pod: Pod, capsys: pytest.CaptureFixture[str]) -> None:
    """What was sealed meanwhile goes when the store is back, tallies first."""
    pod.kept.write_text("in the way")
    for number in (1, 2):
        pod.seal(number)
        pod.seal(10 * number, "judge-0")
        assert not pod.shipper.round(time.time())
    assert pod.shipper.gauges() | {"spool_bytes": 0} == {
        "segments_shipped_total": 0,
        "ship_failures_total": 2,
        "spool_segments": 4,
        "spool_bytes": 0,
    }
    pod.kept.unlink()
    assert pod.shipper.round(time.time())
    assert received(pod.url) == ([1, 2, 10, 20], Unreadable())
    told = capsys.readouterr().out
    assert told.count("segments_wait_in_spool") == 1
    assert told.count("segments_are_shipped_again") == 1


@contextmanager
def unlistable() -> Iterator[None]:
    """No folder can be listed: this process has no descriptor left. Whoever is root may list any other."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_spool_that_cannot_be_listed_is_said_once_and_tried_again(
    pod: Pod, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no reason for a shipper to end, which a second one would find as well; nothing is lost."""
    pod.seal(1)
    with unlistable():
        assert not pod.shipper.round(time.time())
        assert not pod.shipper.round(time.time())
    assert pod.shipper.gauges()["ship_failures_total"] == 2
    (line,) = capsys.readouterr().out.splitlines()
    assert "segments_wait_in_spool" in line
    assert f"{pod.spool}: Too many open files" in line
    assert pod.shipper.round(time.time())
    assert received(pod.url) == ([1], Unreadable())


def test_a_spool_that_cannot_be_listed_at_the_end_is_said(
    pod: Pod, capsys: pytest.CaptureFixture[str]
) -> None:
    """The proxy ends as it would."""
    pod.seal(1)
    with unlistable():
        ship_rest(pod.settings, 0.3)
    (line,) = capsys.readouterr().out.splitlines()
    assert "segments_wait_in_spool" in line
    assert f"{pod.spool}: Too many open files" in line
    assert ship_rest(pod.settings, 30) == 0
    assert received(pod.url)[0] == [1]


def test_others_see_the_window_that_goes_on(tmp_path: Path) -> None:
    """A minute late at most; and once it is sealed, that counts and nothing else does."""
    one, other = Pod(tmp_path, "a"), Pod(tmp_path, "b")
    now = time.time()
    assert one.tallies.replace(tally(1))
    assert other.tallies.replace(tally(10))
    for pod in (one, other):
        assert pod.shipper.round(now)
    assert received(one.url)[0] == [1, 10]
    assert one.tallies.replace(tally(2))
    assert one.shipper.round(now + 59)
    assert received(one.url)[0] == [1, 10]
    assert one.shipper.round(now + 60)
    assert received(one.url)[0] == [2, 10]
    assert one.tallies.replace(tally(3))
    assert one.tallies.seal()
    assert one.shipper.round(now + 61)
    assert received(one.url) == ([3, 10], Unreadable())
    assert [name for name in one.names if name.startswith("open/")] == [open_name("tally-b-000001")]


def test_a_snapshot_that_comes_late_is_not_counted(pod: Pod) -> None:
    """As when two shippers overlap at a reload: the sealed segment has the word."""
    assert pod.tallies.replace(tally(1))
    assert pod.shipper.round(time.time())
    late = (pod.kept / open_name("tally-a-000001")).read_bytes()
    assert pod.tallies.seal()
    assert pod.shipper.round(time.time())
    (pod.kept / open_name("tally-a-000001")).write_bytes(late)
    assert received(pod.url)[0] == [1]


class _Sealing(Store):
    """A store in which a window is sealed between the listing and the fetching."""

    happens = staticmethod(lambda: None)

    def hours(self, until: float = 4e9):  # type: ignore[no-untyped-def]
        found = list(super().hours(until))
        self.happens()
        return iter(found)


def test_a_window_sealed_while_it_is_read_is_counted_once(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its snapshot is listed and then gone, its segment was not there yet: that is fetched instead."""
    assert pod.tallies.replace(tally(1))
    assert pod.shipper.round(time.time())
    store = _Sealing(pod.url)

    def seal() -> None:
        store.happens = lambda: None  # type: ignore[method-assign]
        assert pod.tallies.replace(tally(2))
        assert pod.tallies.seal()
        assert pod.shipper.round(time.time())

    store.happens = seal  # type: ignore[method-assign]
    monkeypatch.setattr("shadow.record.store.Store", lambda url: store)
    assert received(pod.url) == ([2], Unreadable())


def test_retention_deletes_what_is_old_and_ours(pod: Pod) -> None:
    """By the hour in its name and by the store's clock; and whatever is named otherwise stays."""
    now = time.time()
    hour = time.strftime("dt=%Y-%m-%d/hh=%H", time.gmtime(now - 3 * DAY))
    digest = "0123456789abcdef"
    ours = [f"{hour}/tally-a-000001-{digest}.jsonl.zst", "open/tally-gone-000001.jsonl.zst"]
    others = [
        "tally-a-000001.jsonl.zst",
        f"{hour}/notes.txt",
        f"{hour}/tally-a-000001.jsonl.zst",
        f"{hour}/deeper/tally-a-000001-{digest}.jsonl.zst",
        f"dt=2020-13-45/hh=99/tally-a-000001-{digest}.jsonl.zst",
        f"other/{hour}/tally-a-000001-{digest}.jsonl.zst",
        "open/other.zst",
    ]
    young = [f"{time.strftime('dt=%Y-%m-%d/hh=%H', time.gmtime(now))}/tally-a-000002-{digest}.jsonl.zst"]
    renewed = [f"{hour}/tally-a-000003-{digest}.jsonl.zst"]
    for name in (*ours, *others, *young, *renewed):
        path = pod.kept / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if name not in renewed:
            os.utime(path, (now - 3 * DAY, now - 3 * DAY))
    assert retain(Store(pod.url), 2 * DAY, now) == len(ours)
    assert set(pod.names) == {*others, *young, *renewed, "_shadow-check"}


def test_a_clock_that_is_ahead_deletes_nothing_too_early(pod: Pod) -> None:
    """Ours says that a month has passed; the store's does not."""
    pod.seal(1)
    assert pod.shipper.round(time.time())
    assert retain(Store(pod.url), DAY, time.time() + 30 * DAY) == 0
    assert received(pod.url)[0] == [1]


def test_an_old_segment_is_deleted_by_the_shipper(tmp_path: Path) -> None:
    """At its first round, and then every hour."""
    pod = Pod(tmp_path)
    old = pod.kept / "dt=2020-01-01/hh=00/tally-x-000001-0123456789abcdef.jsonl.zst"
    old.parent.mkdir(parents=True)
    old.touch()
    os.utime(old, (1.5e9, 1.5e9))
    record = Settings(to=pod.url, spool=str(pod.spool), keep=Seconds(DAY))
    assert Shipper(record).round(time.time())
    assert not old.exists()


def test_what_cannot_be_shipped_in_time_stays_and_is_said(
    pod: Pod, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the end of a process; the next one ships it."""
    pod.seal(1)
    pod.kept.write_text("in the way")
    assert ship_rest(pod.settings, 0.3) == 1
    assert "segments_left_in_spool" in capsys.readouterr().out
    pod.kept.unlink()
    assert ship_rest(pod.settings, 30) == 0
    assert received(pod.url)[0] == [1]
    assert "segments_left_in_spool" not in capsys.readouterr().out


def test_names_tell_the_pod_and_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whatever characters and length the pod's name is; a folder keeps its short names."""
    record = Settings(to="s3://bucket")
    monkeypatch.setenv("POD_NAME", "shadow-7d9f")
    assert suffix(record, 1.5) == "-shadow-7d9f-5dc"
    assert suffix(record, 1.501) != suffix(record, 1.5)
    monkeypatch.setenv("POD_NAME", "../pöd/" * 50)
    SegmentWriter(Path("unused"), f"judge-12.34{suffix(record, time.time())}", 1)
    assert suffix(Settings(to="folder"), 1.5) == ""
