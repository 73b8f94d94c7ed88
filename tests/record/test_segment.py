"""Segments: nothing that was written is lost or doubled, and nothing that lies in the folder does harm."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zstandard

from shadow.record import segment
from shadow.record.folder import bound, retain
from shadow.record.segment import Record, SegmentWriter, Unreadable, encode, read_segments, recover
from shadow.record.tally import Tally, TallyRecord

FIRST = "pod-0-000001"


def record(number: int) -> TallyRecord:
    return TallyRecord(float(number), 60.0, "GET /", "hash", Tally(received=number))


def line(number: int) -> bytes:
    return encode([record(number)])


def read(folder: Path) -> tuple[list[Record], Unreadable]:
    unreadable = Unreadable()
    return list(read_segments(folder, unreadable)), unreadable


def numbers(folder: Path) -> list[int]:
    """What was received, by the records of the folder."""
    records, unreadable = read(folder)
    assert unreadable == Unreadable()
    return sorted(each.tally.received for each in records if isinstance(each, TallyRecord))


def writer(folder: Path, limit: int = 1_000_000) -> SegmentWriter:
    return SegmentWriter(folder, "pod-0", limit)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A full disk, as far as this process can tell: no file may grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Records come back from a segment, open and sealed."""
    writing = writer(tmp_path)
    assert writing.append(line(1) + line(2))
    assert writing.append(line(3))
    assert numbers(tmp_path) == [1, 2, 3]

    assert writing.seal()
    assert os.listdir(tmp_path) == [f"{FIRST}.jsonl.zst"]
    assert numbers(tmp_path) == [1, 2, 3]


def test_a_full_segment_is_sealed(tmp_path: Path) -> None:
    """Above its limit a segment is sealed, and the next begins."""
    writing = writer(tmp_path, limit=len(line(1)) * 2)
    for number in range(1, 6):
        writing.append(line(number))

    assert sorted(os.listdir(tmp_path)) == [
        "pod-0-000001.jsonl.zst",
        "pod-0-000002.jsonl.zst",
        "pod-0-000003.open.jsonl",
    ]
    assert writing.begun == 3
    assert numbers(tmp_path) == [1, 2, 3, 4, 5]


def test_a_new_process_goes_on_counting(tmp_path: Path) -> None:
    """A process of the same name neither overwrites nor continues what an earlier one wrote."""
    for number in (1, 2):
        writing = writer(tmp_path)
        writing.append(line(number))
        writing.seal()

    assert sorted(os.listdir(tmp_path)) == ["pod-0-000001.jsonl.zst", "pod-0-000002.jsonl.zst"]
    assert numbers(tmp_path) == [1, 2]


@pytest.mark.parametrize("write", [SegmentWriter.append, SegmentWriter.replace])
def test_a_folder_that_is_deleted_is_made_anew(
    write: Callable[[SegmentWriter, bytes], bool], tmp_path: Path
) -> None:
    """Whoever begins anew so keeps what comes from then on: nobody reads a deleted file."""
    writing = writer(tmp_path / "data")
    assert write(writing, line(1))
    shutil.rmtree(tmp_path / "data")
    assert write(writing, line(2))
    assert numbers(tmp_path / "data") == [2]
    assert writing.seal()
    assert numbers(tmp_path / "data") == [2]


def test_nothing_written_leaves_nothing(tmp_path: Path) -> None:
    """Sealing what was never begun makes no file."""
    assert writer(tmp_path / "none").seal()
    assert not (tmp_path / "none").exists()


def test_only_the_owner_may_look(tmp_path: Path) -> None:
    """The folder is 0700, segments 0600, whatever the process's mask."""
    folder = tmp_path / "data"
    before = os.umask(0)
    try:
        writing = writer(folder)
        writing.append(line(1))
        assert stat.S_IMODE((folder / f"{FIRST}.open.jsonl").stat().st_mode) == 0o600
        writing.seal()
    finally:
        os.umask(before)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{FIRST}.jsonl.zst").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "a\0b", "x" * 101])
def test_a_name_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    """No name leads elsewhere."""
    with pytest.raises(ValueError, match="name"):
        SegmentWriter(tmp_path, name, 1)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link that waits in the place of a segment is never written or read through."""
    outside = tmp_path / "outside"
    outside.write_bytes(line(1))
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / f"{FIRST}.open.jsonl").symlink_to(outside)
    writing = writer(folder)
    writing.append(line(2))

    assert recover(folder).failed == 1
    records, unreadable = read(folder)
    assert (len(records), unreadable) == (
        1,
        Unreadable(segments=1, first="pod-0-000001: Too many levels of symbolic links"),
    )
    assert outside.read_bytes() == line(1)


def test_a_full_disk_loses_lines_and_counts_them(tmp_path: Path) -> None:
    """No error reaches the caller, no half line stays, and when there is room again, writing goes on."""
    writing = writer(tmp_path)
    writing.append(line(1))
    with largest_file(len(line(1)) + 20):
        assert not writing.append(line(2) + line(3))
    assert writing.append(line(4))

    assert writing.lost == 2
    assert numbers(tmp_path) == [1, 4]


def test_a_folder_that_cannot_be_made_loses_lines(tmp_path: Path) -> None:
    """A wrong place to record at is counted like a full disk."""
    (tmp_path / "file").write_bytes(b"")
    writing = writer(tmp_path / "file" / "data")

    assert not writing.append(line(1))
    assert writing.lost == 1


def test_sealing_on_a_full_disk_keeps_the_open_segment(tmp_path: Path) -> None:
    """What cannot be compressed stays readable, and is sealed later."""
    writing = writer(tmp_path)
    writing.append(line(1))
    with largest_file(10):
        assert not writing.seal()
    assert os.listdir(tmp_path) == [f"{FIRST}.open.jsonl"]
    assert numbers(tmp_path) == [1]

    assert recover(tmp_path) == (1, 0, 0)
    assert numbers(tmp_path) == [1]


def test_a_sealed_segment_is_never_overwritten(tmp_path: Path) -> None:
    """A process that dies between sealing and removing the open one leaves both: they are counted once."""
    writing = writer(tmp_path)
    writing.append(line(1))
    copy = (tmp_path / f"{FIRST}.open.jsonl").read_bytes()
    writing.seal()
    (tmp_path / f"{FIRST}.open.jsonl").write_bytes(copy)

    assert numbers(tmp_path) == [1]
    recover(tmp_path)
    assert os.listdir(tmp_path) == [f"{FIRST}.jsonl.zst"]
    assert numbers(tmp_path) == [1]


KILLED = """
import os, sys
from pathlib import Path
from shadow.record.segment import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), "pod-0", 10**9)
line = sys.stdin.buffer.readline()
for _ in range(1000):
    writer.append(line)
writer.append(line[:-20])
print("written", flush=True)
sys.stdin.buffer.readline()
"""


def test_a_killed_process_loses_only_its_torn_line(tmp_path: Path) -> None:
    """Its segment is left alone while it lives, and sealed without the torn end once it is dead."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(segment.__file__).parents[2])},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line(7))
        process.stdin.flush()
        assert process.stdout.readline() == b"written\n"
        assert recover(tmp_path) == (0, 0, 0)
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert read(tmp_path)[1] == Unreadable(lines=1)
    assert recover(tmp_path) == (1, 1, 0)
    assert numbers(tmp_path) == [7] * 1000
    assert recover(tmp_path) == (0, 0, 0)


def test_recovering_where_nothing_is(tmp_path: Path) -> None:
    """At the first start there is no folder yet."""
    assert recover(tmp_path / "none") == (0, 0, 0)
    assert retain(tmp_path / "none", 0, 0) == 0


def test_a_missing_folder_is_an_error_to_read(tmp_path: Path) -> None:
    """A report of a folder that is not there would be a report of nothing."""
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none")


@pytest.mark.parametrize(
    "garbage",
    [
        b"garbage\n",
        b"\n",
        b"\xff\xfe\n",
        b'{"record":"tally"}\n',
        b'{"record":"unknown","a":1}\n',
        b"[" * 100_000 + b"\n",
        b'{"record":"tally","window":"\xff"}\n',
        b"x" * (segment.LONGEST_LINE * 3 + 5) + b"\n",
        line(1).replace(b'"received":1', b'"received":-1'),
        line(1)[:-30],
        b"x" * (segment.LONGEST_LINE * 2),
    ],
)
def test_garbage_is_counted_and_skipped(tmp_path: Path, garbage: bytes) -> None:
    """A line that is no record of ours is one line less, and the others are read."""
    content = line(1) + garbage + line(2) if garbage.endswith(b"\n") else line(1) + line(2) + garbage
    (tmp_path / f"{FIRST}.open.jsonl").write_bytes(content)
    records, unreadable = read(tmp_path)

    assert (len(records), unreadable) == (2, Unreadable(lines=1))


def compressed(content: bytes, **options: int) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(**options)
    return zstandard.ZstdCompressor(compression_params=parameters).compress(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not compressed at all",
        compressed(line(1) * 1000)[:-10],
        compressed(line(1), write_checksum=1)[:-4] + b"sum?",
        compressed(line(1) * 500_000, window_log=27),  # wants 128 MiB
        compressed(line(1), write_content_size=0),  # of unknown size
    ],
)
def test_a_damaged_segment_is_counted(tmp_path: Path, content: bytes) -> None:
    """A sealed segment that is cut, changed or made by another takes no other with it."""
    (tmp_path / f"{FIRST}.jsonl.zst").write_bytes(content)
    writing = writer(tmp_path)
    writing.append(line(5))
    records, unreadable = read(tmp_path)

    assert unreadable.segments == 1
    assert record(5) in records


def test_a_bomb_ends_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes that stand for gigabytes are not unpacked."""
    monkeypatch.setattr(segment, "LARGEST_SEGMENT", 1_000_000)
    (tmp_path / f"{FIRST}.jsonl.zst").write_bytes(compressed(b"\n" * 1_000_001))

    assert read(tmp_path) == (
        [],
        Unreadable(segments=1, first="pod-0-000001: not a segment of ours: of unknown size, or too large"),
    )


def test_a_pipe_does_not_make_the_reader_wait(tmp_path: Path) -> None:
    """What is no file is not read."""
    os.mkfifo(tmp_path / f"{FIRST}.open.jsonl")

    assert read(tmp_path) == ([], Unreadable(segments=1, first="pod-0-000001: not a regular file"))
    assert recover(tmp_path).failed == 1


def test_other_files_are_none_of_ours(tmp_path: Path) -> None:
    """Only names that we give are read, sealed or deleted."""
    for name in ("notes.txt", "data.jsonl", "x-1.jsonl.zst", ".pod-0-000001.part", "x-000001.jsonl.zst.bak"):
        (tmp_path / name).write_bytes(b"x")
    before = sorted(os.listdir(tmp_path))

    assert read(tmp_path) == ([], Unreadable())
    recover(tmp_path)
    assert retain(tmp_path, 0, 1e12) == 0
    assert sorted(os.listdir(tmp_path)) == before


def test_old_segments_are_deleted(tmp_path: Path) -> None:
    """Sealed segments older than what is kept go; younger and open ones stay."""
    writing = writer(tmp_path)
    for number in (1, 2, 3):
        writing.append(line(number))
        if number < 3:
            writing.seal()
    for number, changed in ((1, 1000), (2, 2000)):
        os.utime(tmp_path / f"pod-0-00000{number}.jsonl.zst", (changed, changed))
    os.utime(tmp_path / "pod-0-000003.open.jsonl", (1000, 1000))

    assert retain(tmp_path, keep_seconds=500, now=2000) == 1
    assert numbers(tmp_path) == [2, 3]


def test_the_oldest_evidence_goes_first(tmp_path: Path) -> None:
    """Over the limit, sealed segments of judges are deleted by age; tallies and open segments stay."""
    for number, name in enumerate(("judge-0", "tally", "judge-1", "judge-0")):
        each = SegmentWriter(tmp_path, name, 1)
        each.append(line(number))
        os.utime(max(tmp_path.glob(f"{name}-*.zst")), (1000 + number, 1000 + number))
    still_open = SegmentWriter(tmp_path, "judge-2", 1_000_000)
    still_open.append(line(4))
    size = (tmp_path / "judge-0-000001.jsonl.zst").stat().st_size

    assert bound(tmp_path, 3 * size + 99) == 0
    assert bound(tmp_path, size + 99) == 2
    assert numbers(tmp_path) == [1, 3, 4]
    assert bound(tmp_path / "none", 0) == 0
