"""Logs as streams of entries: compressed, merged, growing, damaged, and with lines without end."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import resource
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from support.replayed import line, write

from replay.choice import Formats
from replay.cutter import Cutter
from replay.feed import Feed, open_feed
from replay.formats.parser import MAX_LINE, Options
from replay.model import BadLine, LoggedRequest, LogSkip
from replay.reading import Entry, FormatError
from replay.source import CHUNK, Source, SourceError, expand
from shadow.record.replayed import Mark

LTSV = Formats("ltsv", Options())


def drain(feed: Feed) -> list[Entry]:
    """All entries, to the end of the logs."""
    found: list[Entry] = []
    while (batch := feed.read()) is not None:
        found += batch
    return found


def read_all(*logs: Path, marks: dict[str, Mark] | None = None, formats: Formats = LTSV) -> list[Entry]:
    return drain(open_feed([str(log) for log in logs], formats, marks or {}, follow=False))


def targets(entries: Sequence[Entry]) -> list[str]:
    """What was asked, of those entries that are requests."""
    return [each.parsed.target.decode() for each in entries if isinstance(each.parsed, LoggedRequest)]


def items(*numbers: int) -> list[str]:
    return [f"/items/{n}" for n in numbers]


def text_of(numbers: Sequence[int]) -> bytes:
    return "".join(f"{line(n)}\n" for n in numbers).encode()


@given(
    st.binary(max_size=200), st.lists(st.integers(1, 50)), st.integers(1, 30), st.sampled_from([b"\n", b"ab"])
)
def test_however_it_comes_a_stream_is_cut_alike(
    data: bytes, sizes: list[int], limit: int, separator: bytes
) -> None:
    """Records and their places do not depend on how the stream is cut into chunks."""
    chunked, cutter, at = [], Cutter(separator, limit), 0
    for size in [*sizes, len(data) + 1]:
        chunked += cutter.feed(data[at : at + size])
        at += size
    chunked += cutter.flush()
    pieces = data.split(separator)
    expected = [piece[: limit + 1] for piece in (pieces if pieces[-1] else pieces[:-1])]
    assert [record.data for record in chunked] == expected
    assert [record.at for record in chunked] == [0, *(record.end for record in chunked[:-1])][: len(chunked)]
    assert not chunked or chunked[-1].end == len(data)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_compression_is_known_by_the_first_bytes(pack, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Whatever the name says; parts that were packed one by one and joined are read to the last."""
    log = tmp_path / "access.log"
    log.write_bytes(pack(text_of(range(500))) + pack(text_of(range(500, 900))))
    assert targets(read_all(log)) == items(*range(900))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_a_log_is_read_on_from_its_mark(pack, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Behind what was done, and what was left of it, whatever it is packed in."""
    log = tmp_path / "access.log"
    log.write_bytes(pack(text_of(range(1000))))
    entries = read_all(log)
    mark = Mark(entries[700].at, (entries[3].at, entries[650].at), "ltsv")
    assert targets(read_all(log, marks={str(log): mark})) == items(3, 650, *range(700, 1000))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_damage_is_told(pack, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """What can be read is; that the rest is missing counts as a malformed line."""
    log = tmp_path / "access.log.gz"
    log.write_bytes(pack(text_of(range(5000)))[:-2000])
    *good, last = read_all(log)
    assert targets(good) == items(*range(len(targets(good))))
    assert isinstance(last.parsed, BadLine)
    assert last.parsed.reason is LogSkip.MALFORMED
    assert "cannot be read from here on" in last.parsed.detail


def test_several_logs_are_merged_by_time(tmp_path: Path) -> None:
    """As if one server had written them; a line without time stays behind its neighbour."""
    odd = write(tmp_path / "odd.log", [line(1), line(3), "no line", line(5)])
    even = write(tmp_path / "even.log", [line(0), line(2), line(4)])
    entries = read_all(odd, even)
    assert targets(entries) == items(*range(6))
    assert entries.index(next(e for e in entries if e.raw == b"no line")) == 4


def test_a_log_is_opened_when_its_time_has_come(tmp_path: Path) -> None:
    """Of many logs that follow each other only those are open that overlap."""
    logs = [write(tmp_path / f"{n}.log", [line(n * 10 + k) for k in range(0, 20, 2)]) for n in range(100)]
    feed = open_feed([str(log) for log in reversed(logs)], LTSV, {}, follow=False)
    before = len(list(Path("/proc/self/fd").iterdir()))
    found, most = [], 0
    while (batch := feed.read()) is not None:
        found += targets(batch)
        most = max(most, len(list(Path("/proc/self/fd").iterdir())))
    assert found == items(*sorted(n * 10 + k for n in range(100) for k in range(0, 20, 2)))
    assert most < before + 40


def test_a_huge_line_is_malformed_and_costs_no_memory(tmp_path: Path) -> None:
    """A line of 200 MB is counted, the next one is read, and memory stays flat."""
    log = tmp_path / "huge.log"
    with log.open("wb") as out:
        out.write(text_of([0]) + b"time:")
        out.seek(200_000_000, os.SEEK_CUR)  # a hole: zeros
        out.write(b"\n" + text_of([1]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    entries = read_all(log)
    assert targets(entries) == items(0, 1)
    assert isinstance(entries[1].parsed, BadLine)
    assert len(entries[1].raw) == MAX_LINE + 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KiB


def test_a_chunk_is_as_long_as_there_is_log(tmp_path: Path) -> None:
    """The first too: by a shorter one a format would be told by a few lines, as if no more had come yet."""
    log = write(tmp_path / "access.log", [line(n) for n in range(1000)])
    source = Source(str(log))
    assert [len(source.read()) for _ in range(2)] == [CHUNK] * 2
    source.close()


def test_names_become_logs(tmp_path: Path) -> None:
    """Globs are expanded and sorted; one that fits nothing is an error, as is a file that is not there."""
    for name in ("b.log", "a.log", "c.txt"):
        write(tmp_path / name, [line(0)])
    (tmp_path / "folder.log").mkdir()
    assert expand([f"{tmp_path}/*.log", f"{tmp_path}/a.log"]) == [f"{tmp_path}/a.log", f"{tmp_path}/b.log"]
    with pytest.raises(SourceError, match="no file has such a name"):
        expand([f"{tmp_path}/*.gz"])
    with pytest.raises(SourceError, match="no such file"):
        read_all(tmp_path / "none.log")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a.gz", "b.gz", ".hidden"], "/*.gz'"),
        (["access.log", "access.log.1", "access.log.2.gz"], "/*'"),
        (["AWSLogs/1/ELBAccessLogTestFile", "AWSLogs/1/2026/11/22/a.gz", "AWSLogs/1/2026/11/23/b.gz"],
         "/**/*.gz'"),
    ],
)  # fmt: skip
def test_what_a_folder_holds_is_proposed(tmp_path: Path, names: list[str], told: str) -> None:
    """And finds all logs that are there, but not what AWS puts among them for a trial."""
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    with pytest.raises(SourceError) as error:
        expand([f"{tmp_path}/"])
    _, proposed, _ = str(error.value).split("'")
    assert str(error.value).endswith(told)
    logs = [name for name in names if not name.endswith(("hidden", "TestFile"))]
    assert expand([proposed]) == sorted(f"{tmp_path}/{name}" for name in logs)
    if "**" in proposed:
        assert expand([f"{tmp_path}/**"]) == sorted(f"{tmp_path}/{name}" for name in logs)


def test_what_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    """Not a malformed line: a folder, an unknown scheme, a server that is not there."""
    for name, match in ((str(tmp_path), "folder"), ("ftp://host/log", "begins with")):
        with pytest.raises(SourceError, match=match):
            expand([name])
    with pytest.raises(SourceError, match="http://127"):
        drain(open_feed(["http://127.0.0.1:1/log"], LTSV, {}, follow=False))


def test_the_format_is_told_by_the_first_lines(tmp_path: Path) -> None:
    """With auto; what fits no format is an error that says what to do."""
    log = write(tmp_path / "access.log", [line(n) for n in range(3)])
    assert targets(read_all(log, formats=Formats("auto", Options()))) == items(0, 1, 2)
    odd = write(tmp_path / "odd.log", ["what", "is", "this"])
    with pytest.raises(FormatError, match=r"odd\.log"):
        read_all(odd, formats=Formats("auto", Options()))


@pytest.mark.parametrize("format_", ["auto", "ltsv"])
def test_a_mark_of_the_byte_order_is_no_part_of_a_log(tmp_path: Path, format_: str) -> None:
    """As tools of Windows write it; where a line stands counts it."""
    log = write(tmp_path / "access.log", ["\ufeff" + line(0), line(1)])
    first, second = read_all(log, formats=Formats(format_, Options()))
    assert targets([first, second]) == items(0, 1)
    assert (first.at, first.end) == (0, second.at)
    assert second.at == len(line(0)) + 4


def test_each_format_is_told_once(tmp_path: Path) -> None:
    """By the first log that has it, of thousands."""
    logs = [write(tmp_path / f"{n}.log", [line(n)]) for n in range(3)]
    combined = '1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12 "-" "-"'
    logs.append(write(tmp_path / "combined.log", [combined]))
    formats = Formats("auto", Options())
    with capture_logs() as told:
        for log in logs:
            read_all(log, formats=formats)
    assert [(each["log"], each["format"]) for each in told] == [
        (str(tmp_path / "0.log"), "ltsv"),
        (str(tmp_path / "combined.log"), "combined"),
    ]


@pytest.mark.parametrize(
    ("format_", "idle", "told"),
    [
        (
            "combined",
            Options(captures=("host",)),
            "--captures says nothing about combined; it is for haproxy",
        ),
        (
            "haproxy",
            Options(fields={"target": "path"}),
            "--field says nothing about haproxy; it is for ltsv, ",
        ),
        ('%h %t "%r"', Options(captures=("host",)), '--captures says nothing about %h %t "%r"; it is for h'),
    ],
)
def test_what_says_nothing_about_a_format_is_refused(format_: str, idle: Options, told: str) -> None:
    """With the formats that it is for."""
    with pytest.raises(ValueError, match=f"^{re.escape(told)}"):
        Formats(format_, idle)


def test_what_says_nothing_about_a_log_is_told(tmp_path: Path) -> None:
    """Of several logs another may need it."""
    combined = '1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12 "-" "-"'
    logs = [write(tmp_path / "0.log", [line(0)]), write(tmp_path / "1.log", [combined])]
    formats = Formats("auto", Options(fields={"user": "login"}))
    with capture_logs() as told:
        for log in logs:
            read_all(log, formats=formats)
    (warned,) = (each for each in told if each["log_level"] == "warning")
    assert warned["log"] == str(logs[1])
    assert warned["reason"].startswith("--field says nothing about combined; it is for ltsv, ")


def test_why_no_format_fits_is_told_without_secrets(tmp_path: Path) -> None:
    """It quotes the log."""
    log = write(tmp_path / "access.log", [line(0), "a secret", "a secret"])
    formats = Formats("auto", Options(), lambda text: text.replace("secret", "masked"))
    with pytest.raises(FormatError, match=r"access\.log: .*a masked") as told:
        read_all(log, formats=formats)
    assert "secret" not in str(told.value)


def test_a_format_that_only_an_earlier_run_knew_is_named() -> None:
    """In one line, where it came from."""
    with pytest.raises(FormatError, match="the run before: no format is called 'elder'"):
        Formats("auto", Options()).named("elder")


# ---- growing logs ------------------------------------------------------------------------------


def follow(log: Path, marks: dict[str, Mark] | None = None) -> Feed:
    return open_feed([str(log)], LTSV, marks or {}, follow=True)


def poll(feed: Feed) -> list[str]:
    """What is new; a change of files takes a look of its own."""
    return targets([entry for _ in range(4) for entry in feed.read() or []])


def append(log: Path, data: bytes) -> None:
    with log.open("ab") as out:
        out.write(data)


def test_a_log_that_grows_is_read_on(tmp_path: Path) -> None:
    """Also one that is not there yet; a line counts when its end has come."""
    log = tmp_path / "access.log"
    feed = follow(log)
    assert poll(feed) == []
    append(log, text_of([0]) + line(1).encode())
    assert poll(feed) == items(0)
    append(log, b"\n" + text_of([2]))
    assert poll(feed) == items(1, 2)


def test_nothing_is_lost_or_twice_when_renamed(tmp_path: Path) -> None:
    """The writer goes on with the old file after the new one is there; both are read."""
    log = tmp_path / "access.log"
    append(log, text_of([0, 1]))
    feed = follow(log)
    seen = poll(feed)
    for turn in range(1, 6):
        first = turn * 10
        old = log.rename(tmp_path / f"access.log.{turn}")
        append(old, text_of([first]))
        append(log, text_of([first + 1]))
        seen += poll(feed)
        append(old, text_of([first + 2]))
        append(log, text_of([first + 3]))
        seen += poll(feed)
    assert sorted(seen) == sorted(items(0, 1, *(turn * 10 + n for turn in range(1, 6) for n in range(4))))


def test_nothing_is_lost_or_twice_when_truncated(tmp_path: Path) -> None:
    """A file that is shorter than what was read of it begins anew."""
    log = tmp_path / "access.log"
    feed = follow(log)
    seen = []
    for turn in range(5):
        append(log, text_of(range(turn * 10, turn * 10 + 5)))
        seen += poll(feed)
        os.truncate(log, 0)
        seen += poll(feed)
    assert seen == items(*(turn * 10 + n for turn in range(5) for n in range(5)))


def test_a_replayer_that_was_away_finds_its_file_again(tmp_path: Path) -> None:
    """Rotated in the meantime: the old file is read to its end under its new name, then the new one."""
    log = tmp_path / "access.log"
    append(log, text_of(range(5)))
    entries = follow(log).read() or follow(log).read()
    feed = follow(log)
    entries = [entry for _ in range(3) for entry in feed.read() or []]
    marks = {entries[2].log: Mark(entries[2].end, (), "ltsv")}
    old = log.rename(tmp_path / "access.log.1")
    append(old, text_of([5]))
    append(log, text_of([6, 7]))
    assert poll(follow(log, marks)) == items(3, 4, 5, 6, 7)


def begun(log: Path, count: int) -> dict[str, Mark]:
    """The marks of a run that has replayed so many lines of a log."""
    feed = follow(log)
    entries = [entry for _ in range(3) for entry in feed.read() or []]
    return {entries[0].log: Mark(entries[count - 1].end, (), "ltsv")}


@pytest.mark.parametrize("link", [os.link, os.symlink])
@pytest.mark.parametrize("real", ["access.log.2026-11-23", "elsewhere/0.log"])
def test_a_file_of_two_names_is_read_once(
    link: Callable[[Path, Path], None], real: str, tmp_path: Path
) -> None:
    """As `rotatelogs -L`, cronolog and Kubernetes give them."""
    file, log = tmp_path / real, tmp_path / "access.log"
    file.parent.mkdir(exist_ok=True)
    append(file, text_of(range(5)))
    link(file, log)
    assert poll(follow(log, begun(log, 3))) == items(3, 4)


def test_what_a_link_stood_for_is_found_beside_it(tmp_path: Path) -> None:
    """A kubelet renames what the link points to."""
    file, log = tmp_path / "pod" / "0.log", tmp_path / "web.log"
    file.parent.mkdir()
    append(file, text_of(range(5)))
    log.symlink_to(file)
    marks = begun(log, 3)
    file.rename(f"{file}.20261123")
    append(file, text_of([5]))
    assert poll(follow(log, marks)) == items(3, 4, 5)


def test_the_writer_of_a_file_that_was_found_again_may_go_on(tmp_path: Path) -> None:
    """It has not heard yet of the rotation."""
    log = tmp_path / "access.log"
    append(log, text_of(range(2)))
    marks = begun(log, 1)
    old = log.rename(tmp_path / "access.log.1")
    append(log, text_of([3]))
    feed = follow(log, marks)
    assert poll(feed) == items(1, 3)
    append(old, text_of([2]))
    assert poll(feed) == items(2)


def test_a_log_that_came_and_went_meanwhile_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No mark knows it, and what is called like it may be anything."""
    log = tmp_path / "access.log"
    append(log, text_of(range(2)))
    marks = begun(log, 1)
    for turn, name in enumerate(("access.log.2", "access.log.1")):
        os.utime(log, (turn, turn))
        log.rename(tmp_path / name)
        append(log, text_of([turn + 2]))
    assert poll(follow(log, marks)) == items(1, 3)
    told = capsys.readouterr()
    assert f"files=['{tmp_path}/access.log.1']" in told.out + told.err


@pytest.mark.parametrize("since", [2, 9])
def test_a_log_that_was_truncated_meanwhile_is_read_from_its_beginning(
    since: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where it has grown since past what was read of it, and that what was left is elsewhere is told."""
    log = tmp_path / "access.log"
    append(log, text_of(range(5)))
    marks = begun(log, 3)
    os.truncate(log, 0)
    append(log, text_of(range(100, 100 + since)))
    assert poll(follow(log, marks)) == items(*range(100, 100 + since))
    told = capsys.readouterr()
    assert "log_began_anew" in told.out + told.err


def test_what_was_left_of_several_files_is_found_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines may wait in each file that a run has read; of one that is gone, it is told how many."""
    log = tmp_path / "access.log"
    feed = follow(log)
    marks = {}
    for turn in range(4):
        append(log, text_of(range(turn * 10, turn * 10 + 3)))
        (entries,) = [read for _ in range(3) if (read := feed.read())]
        marks[entries[1].log] = Mark(entries[2].end, (entries[1].at,), "ltsv")
        log.rename(tmp_path / f"access.log.{turn}")
    append(log, text_of([40]))
    (tmp_path / "access.log.0").unlink()
    assert poll(follow(log, marks)) == items(11, 21, 31, 40)
    told = capsys.readouterr()
    assert "rotated_log_not_found" in told.out + told.err
    assert "left=1" in told.out + told.err


def test_a_file_that_was_truncated_more_than_once_is_found_again(tmp_path: Path) -> None:
    """Only its last round is still known."""
    log = tmp_path / "access.log"
    feed = follow(log)
    entries: list[Entry] = []
    for turn in range(3):
        os.truncate(log, 0) if turn else append(log, b"")
        poll(feed)
        append(log, text_of(range(turn * 10, turn * 10 + 2)))
        entries = feed.read() or []
    marks = {entries[-1].log: Mark(entries[-1].end, (), "ltsv")}
    append(log, text_of([22]))
    assert poll(follow(log, marks)) == items(22)


def test_only_files_can_be_followed(tmp_path: Path) -> None:
    """Neither standard input nor a bucket; of a glob what is there now."""
    for name in ("-", "s3://bucket/log"):
        with pytest.raises(SourceError, match="only files"):
            expand([name], follow=True)
    log = write(tmp_path / "a.log", [line(0)])
    assert expand([f"{tmp_path}/*.log", f"{tmp_path}/later"], follow=True) == [str(log), f"{tmp_path}/later"]


def test_a_growing_log_of_no_format_is_called_by_its_name(tmp_path: Path) -> None:
    """Not by what tells it from the one before its rotation."""
    log = write(tmp_path / "odd.log", ["what", "is", "this"])
    feed = open_feed([str(log)], Formats("auto", Options()), {}, follow=True)
    with pytest.raises(FormatError, match=r"odd\.log: "):
        poll(feed)


def test_what_is_not_kept_of_a_record_makes_no_separator() -> None:
    """The beginning and the end of a long record stand side by side in memory, and not in the log."""
    cutter = Cutter(b"\n\n", 3)
    records = [*cutter.feed(b"abc\nxyz\n"), *cutter.feed(b"GET /"), *cutter.flush()]

    assert [(record.at, record.end) for record in records] == [(0, 13)]
