"""How far a replay has come, kept in its records."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.books import Books
from replay.checkpoint import Checkpoint, CheckpointError
from replay.model import BadLine, LoggedRequest, LogSkip
from replay.reading import Entry
from shadow.frame import Frame
from shadow.model import Response
from shadow.record.parts import About
from shadow.record.replayed import LogRecord, Mark
from shadow.record.segment import Unreadable, read_segments
from shadow.record.tally import Tally, TallyRecord
from shadow.report.build import build

RUN = "replay-0123456789ab"


def stretch(at: int) -> tuple[list[TallyRecord], LogRecord]:
    """Ten lines that end at `at`."""
    tally = Tally(received=10, mirrored=10, matched=10)
    log = LogRecord(0.0, 1.0, RUN, 10, 10, 10, marks={"access.log": Mark(at, (3,), "ltsv")})
    return [TallyRecord(0.0, 1.0, "GET /", "hash", tally)], log


def test_the_last_record_says_where_to_go_on(tmp_path: Path) -> None:
    """What was written is read again, and the report counts all of it."""
    checkpoint = Checkpoint(str(tmp_path), RUN)
    assert checkpoint.load() == []
    for at in (100, 200, 300):
        checkpoint.write(*stretch(at))
    later = Checkpoint(str(tmp_path), RUN).load()
    assert [record.marks["access.log"].at for record in later] == [100, 200, 300]
    report = build(read_segments(tmp_path, unreadable := Unreadable()), unreadable)
    assert (report.totals.matched, report.unreadable) == (30, Unreadable())


def test_runs_do_not_meet(tmp_path: Path) -> None:
    """Another run in the same place has records of its own."""
    Checkpoint(str(tmp_path), RUN).write(*stretch(100))
    assert Checkpoint(str(tmp_path), "replay-ba9876543210").load() == []


def test_the_second_replayer_of_a_shard_finds_out(tmp_path: Path) -> None:
    """A stretch is written once: whoever comes second has counted the same lines."""
    first, second = Checkpoint(str(tmp_path), RUN), Checkpoint(str(tmp_path), RUN)
    first.load()
    second.load()
    first.write(*stretch(100))
    with pytest.raises(CheckpointError, match="another replayer"):
        second.write(*stretch(200))
    assert len(Checkpoint(str(tmp_path), RUN).load()) == 1


def test_a_stretch_put_twice_is_one(tmp_path: Path) -> None:
    """A store that has put it, but whose answer was lost, is told again: that is nobody else."""
    checkpoint = Checkpoint(f"file://{tmp_path}", RUN)
    checkpoint.write(*stretch(100))
    again = Checkpoint(f"file://{tmp_path}", RUN)
    again.write(*stretch(100))
    assert len(again.load()) == 1


def test_what_a_killed_replayer_left_half_written_does_not_count(tmp_path: Path) -> None:
    """Only a whole segment has a segment's name."""
    checkpoint = Checkpoint(str(tmp_path), RUN)
    checkpoint.write(*stretch(100))
    (tmp_path / f"{RUN}-000002.jsonl.zst#1").write_bytes(b"half")
    again = Checkpoint(str(tmp_path), RUN)
    assert len(again.load()) == 1
    again.write(*stretch(200))
    assert len(again.load()) == 2


# ---- books -------------------------------------------------------------------------------------


def entry(at: int) -> Entry:
    return Entry("access.log", at, at + 10, LoggedRequest(b"GET", b"/", 0.0), b"raw", "ltsv", b"")


def frame(id_: bytes) -> Frame:
    return Frame(id_, "GET /", None, 0.0, b"GET", b"", b"", False, 200, b"", 0.0, 0.0)


def books(marks: dict[str, Mark] | None = None) -> Books:
    return Books(RUN, True, lambda text: text.replace("secret", "masked"), marks or {}, 0.0)


def test_a_stretch_is_complete_when_its_lines_are_settled() -> None:
    """However late an answer is, it counts where its request was sent; later stretches wait."""
    kept = books()
    kept.taken(entry(0))
    kept.begin(b"slow", "GET /")
    kept.close(1.0, [])
    kept.taken(entry(10))
    kept.begin(b"fast", "GET /")
    kept.close(2.0, [])
    kept.tally(frame(b"fast")).matched += 1
    kept.ended(frame(b"fast"))
    assert kept.complete() is None
    kept.tally(frame(b"slow")).differed += 1
    kept.ended(frame(b"slow"))
    first, second = kept.complete(), kept.complete()
    assert first is not None
    assert second is not None
    assert (first.log.read, first.log.marks["access.log"].at) == (1, 10)
    assert (first.tallies["GET /"].differed, second.tallies["GET /"].matched) == (1, 1)


def test_what_is_read_ahead_counts_when_it_is_sent() -> None:
    """Until then no stretch has it, and the marks of each leave it to do."""
    kept = books()
    for at in (0, 10, 20):
        kept.taken(entry(at))
    kept.begin(b"first", "GET /")
    kept.ended(frame(b"first"))
    kept.close(1.0, [entry(20), entry(10)])
    kept.begin(b"second", "GET /")
    kept.ended(frame(b"second"))
    kept.close(2.0, [entry(20)])
    first, second = kept.complete(), kept.complete()
    assert first is not None
    assert second is not None
    assert (first.log.read, second.log.read) == (1, 1)
    assert first.log.marks == {"access.log": Mark(30, (10, 20), "ltsv")}
    assert second.log.marks == {"access.log": Mark(30, (20,), "ltsv")}


def test_a_file_that_is_gone_is_known_until_its_lines_are_sent() -> None:
    """A followed log may have been rotated twice while some of them wait."""
    kept = books()
    kept.taken(entry(0))
    kept.forget_all_but({"another.log"})
    kept.close(1.0, [entry(0)])
    kept.close(2.0, [])
    first, second = kept.complete(), kept.complete()
    assert first is not None
    assert second is not None
    assert first.log.marks == {"access.log": Mark(10, (0,), "ltsv")}
    assert second.log.marks == {}


def test_what_was_not_sent_is_left_to_the_next_run() -> None:
    """It is not counted, and the mark names it."""
    kept = books()
    for at in (0, 10, 20):
        kept.taken(entry(at))
        if at != 10:
            kept.skip(entry(at), BadLine(LogSkip.FILTERED, "by path"))
    rest = kept.rest(1.0, [entry(10)], finished=False)
    assert (rest.log.read, rest.log.finished) == (2, False)
    assert rest.log.marks == {"access.log": Mark(30, (10,), "ltsv")}


def test_what_an_earlier_run_left_does_not_move_the_mark_back() -> None:
    """Killed among the lines that were left out, the next run still does only those, and what follows."""
    kept = books({"access.log": Mark(100, (10, 50), "ltsv")})
    for at in (10, 50, 100):
        kept.taken(entry(at))
        kept.close(1.0, [])
    kept.close(1.0, [entry(50)])
    stretches = [kept.complete() for _ in range(4)]
    assert [each.log.marks["access.log"] for each in stretches if each] == [
        Mark(100, (50,), "ltsv"),
        Mark(100, (), "ltsv"),
        Mark(110, (), "ltsv"),
        Mark(110, (50,), "ltsv"),
    ]


def test_what_a_starved_replay_timed_is_marked() -> None:
    """By when it was timed, not by when it was sent."""
    kept = books()
    answer = Response(200, b"", b"", 0.1, 0.1)

    def timed(id_: bytes) -> None:
        kept.tally(frame(id_)).count_match(answer, answer, About(0.0))
        kept.ended(frame(id_))

    for at, id_ in enumerate((b"calm", b"late", b"last")):
        kept.taken(entry(10 * at))
        kept.begin(id_, "GET /")
    timed(b"calm")
    kept.mark(starved=False)
    kept.close(1.0, [])
    timed(b"late")
    kept.mark(starved=True)
    timed(b"last")
    kept.mark(starved=False)
    stretch = kept.complete()
    assert stretch is not None
    assert (stretch.tallies["GET /"].target.total, stretch.tallies["GET /"].starved) == (3, 1)


def test_examples_are_masked_and_few() -> None:
    """Some lines of each reason are kept, without what a mask hides."""
    kept = books()
    for n in range(10):
        bad = BadLine(LogSkip.MALFORMED, "no time in a secret")
        one = Entry("access.log", n, n + 1, bad, b"a secret line", "ltsv", b"")
        kept.taken(one)
        kept.skip(one, bad)
    log = kept.rest(1.0, [], finished=True).log
    assert log.skipped == {"malformed": 10}
    assert log.parsed == 0
    assert log.examples == {"malformed": ["no time in a masked: a masked line"] * 3}
