"""What the judge writes of what it was given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.frames import frame

from shadow.frame import Job
from shadow.mirror.judge import Judge
from shadow.model import Response, head_of
from shadow.record.evidence import Answered, Evidence
from shadow.record.mask import Mask
from shadow.record.segment import SegmentWriter, Unreadable, encode, read_segments
from shadow.record.tally import Tally, TallyRecord
from shadow.settings import Compare, Config, Record, Size

JSON = ((b"Content-Type", b"application/json"), (b"Set-Cookie", b"a=1"))


def judge(folder: Path, compare: Compare = Compare(), **record: Any) -> Judge:
    return Judge(
        Config(compare=compare, record=Record(to=str(folder), **record)), "judge-0", Mask((), b"key")
    )


def job(legacy: bytes, target: bytes) -> Job:
    return Job(1, frame(response_body=legacy), Response(200, head_of(JSON), target), None)


def kept(folder: Path) -> list[Evidence]:
    return [each for each in read_segments(folder, Unreadable()) if isinstance(each, Evidence)]


def test_both_bodies_are_kept(tmp_path: Path) -> None:
    """Masked, and the request's too."""
    judge(tmp_path).compare(job(b'{"a":1,"token":"x"}', b'{"a":2,"token":"x"}'))
    [shown] = kept(tmp_path)

    assert isinstance(shown.legacy, Answered)
    assert isinstance(shown.target, Answered)
    texts = [each.body.text or "" for each in (shown.legacy, shown.target, shown.request) if each.body]
    assert [text.partition(",")[0] for text in texts] == ['{"a":1', '{"a":2', ""]
    assert "masked:" in texts[0]
    assert shown.final == ""


def test_bodies_can_be_left_out(tmp_path: Path) -> None:
    """Then heads, lengths and differences are all that is kept."""
    judge(tmp_path, bodies=None).compare(job(b'{"a":1}', b'{"a":2}'))
    [shown] = kept(tmp_path)

    assert isinstance(shown.legacy, Answered)
    assert shown.legacy.body is not None
    assert (shown.legacy.body.text, shown.legacy.body.length) == (None, 7)


def test_what_is_not_kept_is_counted(tmp_path: Path) -> None:
    """Enough of a cause, and an hour's bytes used up."""
    some = judge(tmp_path / "some", evidence=2)
    full = judge(tmp_path / "full", hourly=Size(2500))
    for number in range(5):
        some.compare(job(b'{"a":0}', b'{"a":%d}' % (number + 1)))
        full.compare(job(b'{"a%d":0}' % number, b'{"a%d":1}' % number))

    assert len(kept(tmp_path / "some")) == 2
    assert {name: count for name, count in some.gauges().items() if count} == {"evidence_enough_total": 3}
    assert 0 < len(kept(tmp_path / "full")) < 5
    assert full.gauges()["evidence_full_total"] == 5 - len(kept(tmp_path / "full"))


def test_matches_by_a_rule_are_kept_too(tmp_path: Path) -> None:
    """Some of each line, so that one can see later what it silences."""
    judged = judge(tmp_path, Compare(ignore=("json:$.a",)), evidence=1)
    for number in range(3):
        judged.compare(job(b'{"a":0}', b'{"a":%d}' % (number + 1)))
    judged.compare(job(b'{"a":0}', b'{ "a":0}'))
    [shown] = kept(tmp_path)

    assert (shown.fate, shown.hits) == ("matched", ("ignore json:$.a",))


def test_the_folder_is_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With every segment begun, the oldest evidence above the limit goes: counted, and said once. A tally, as
    of an hour in which the store was out of reach, does not."""
    tallies = SegmentWriter(tmp_path, "tally", 1)
    assert tallies.append(encode([TallyRecord(0, 60, "GET /", "", Tally(received=1))]))
    judged = judge(tmp_path, segment=Size(1), limit=Size(4000), evidence=1000)
    for number in range(50):
        judged.compare(job(b'{"a":0}', b'{"a":%d}' % (number + 1)))

    assert sum(path.stat().st_size for path in tmp_path.glob("judge*.zst")) < 6000
    assert kept(tmp_path)[-1].differences[0].target == "50"
    assert judged.gauges()["evidence_deleted_total"] == 50 - len(kept(tmp_path))
    assert capsys.readouterr().out.count("evidence_deleted") == 1
    assert list(tmp_path.glob("tally-*.zst"))
