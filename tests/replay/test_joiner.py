"""What a container's runtime has cut in pieces says what it would in one."""

from __future__ import annotations

import json
import resource

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.replayed import line

from replay.choice import Formats
from replay.formats.parser import MAX_LINE, Options
from replay.model import LoggedRequest, LogSkip
from replay.reading import Entry, Reading
from shadow.record.replayed import Mark

AT = b"2026-11-22T01:00:00.123456789Z"
LTSV = Formats("ltsv", Options())
DOCKERS = 16 * 1024


def cri(stream: str, tag: str, text: str) -> bytes:
    return b"%b %b %b %b\n" % (AT, stream.encode(), tag.encode(), text.encode())


def docker(stream: str, text: str) -> bytes:
    return json.dumps({"log": text, "stream": stream, "time": AT.decode()}).encode() + b"\n"


def read(data: bytes, formats: Formats = LTSV, mark: Mark | None = None, chunk: int = 1000) -> list[Entry]:
    reading = Reading("log", formats, mark)
    entries = []
    for at in range(reading.start, len(data), chunk):
        entries += reading.feed(data[at : at + chunk])
    return entries + reading.finish()


def said(entries: list[Entry]) -> list[str]:
    """What was asked, or why it cannot be."""
    return [
        each.parsed.target.decode() if isinstance(each.parsed, LoggedRequest) else each.parsed.reason
        for each in entries
    ]


cuts = st.lists(st.integers(0, 120), max_size=4)
streams = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), cuts), max_size=6)


@st.composite
def logs(draw: st.DrawFn) -> tuple[bytes, list[str]]:
    """A log of containerd's, and what it says in the order in which its lines begin."""
    waiting: dict[str, list[list[bytes]]] = {"stdout": [], "stderr": []}
    for number, (stream, places) in enumerate(draw(streams)):
        text, marks = line(number), sorted({0, *places})
        texts = [text[a:b] for a, b in zip(marks, [*marks[1:], len(text)], strict=True)]
        tags = ["P"] * (len(texts) - 1) + ["F"]
        pieces = [cri(stream, tag, one) for tag, one in zip(tags, texts, strict=True)]
        waiting[stream].append([f"/items/{number}".encode(), *pieces])
    data, order = b"", []
    while any(waiting.values()):
        stream = draw(st.sampled_from([name for name, lines in waiting.items() if lines]))
        first = waiting[stream][0]
        if first[0]:
            order.append(first[0].decode())
            first[0] = b""
        data += first.pop(1)
        if len(first) == 1:
            waiting[stream].pop(0)
    return data, order


@given(logs(), st.integers(1, 300))
def test_pieces_become_lines_in_their_order(log: tuple[bytes, list[str]], chunk: int) -> None:
    """Each with the next of its stream, whatever stands between, and however the log comes."""
    data, order = log
    entries = read(data, chunk=chunk)
    assert said(entries) == order
    assert [each.at for each in entries] == sorted({each.at for each in entries})
    assert not entries or entries[-1].end == len(data)


@settings(max_examples=50)
@given(logs(), st.data())
def test_a_later_run_reads_on(log: tuple[bytes, list[str]], data: st.DataObject) -> None:
    """Behind what is done together, and what was left of it; no line is lost or read twice."""
    text, order = log
    entries = read(text)
    ends = sorted({0, *(each.end for each in entries)})
    end = data.draw(st.sampled_from(ends))
    done = [each for each in entries if each.end <= end]
    left = data.draw(st.lists(st.sampled_from(done), unique=True) if done else st.just([]))
    mark = Mark(end, tuple(sorted(each.at for each in left)), "ltsv")
    wanted = [what for each, what in zip(entries, order, strict=True) if each.end > end or each in left]
    assert said(read(text, mark=mark)) == wanted


def test_dockers_pieces_are_as_long_as_its_buffer() -> None:
    """And have no line feed at their end; a shorter text without one is of somebody who has taken it off."""
    long = line(0) + "\treferer:" + "é" * 40_000 + "\n"
    data = docker("stdout", long[:DOCKERS]) + docker("stderr", line(1) + "\n")
    data += docker("stdout", long[DOCKERS : 2 * DOCKERS]) + docker("stdout", long[2 * DOCKERS :])
    data += docker("stdout", line(2)) + docker("stdout", line(3))
    entries = read(data)
    assert said(entries) == ["/items/0", "/items/1", "/items/2", "/items/3"]
    assert isinstance(entries[0].parsed, LoggedRequest)
    assert (b"Referer", "é".encode() * 40_000) in entries[0].parsed.headers


def test_the_format_is_told_by_whole_lines() -> None:
    """Where each was cut, none of the pieces is of any."""
    data = b"".join(
        cri("stdout", "P", line(n)[:20]) + cri("stdout", "P:x", "") + cri("stdout", "F", line(n)[20:])
        for n in range(5)
    )
    assert said(read(data, Formats("auto", Options()))) == [f"/items/{n}" for n in range(5)]


@pytest.mark.parametrize("end", [b"", cri("stderr", "F", line(1))])
def test_a_line_without_an_end_is_none(end: bytes) -> None:
    """Its container has died, and a target may have gone on. What was said meanwhile is read."""
    entries = read(cri("stdout", "F", line(0)) + cri("stdout", "P", line(2)) + end)
    assert said(entries) == ["/items/0", LogSkip.MALFORMED, "/items/1"][: 3 if end else 2]


@pytest.mark.parametrize("more", [cri("stdout", "P", "x" * 8000), cri("stdout", "P", ""), b"\n"])
def test_what_waits_is_bounded(more: bytes) -> None:
    """By bytes, and empty pieces and lines are none too few. Then lines are read again as they come."""
    data = cri("stderr", "F", line(0)) + cri("stdout", "P", line(1)) + cri("stderr", "F", line(2))
    reading = Reading("log", LTSV)
    entries = reading.feed(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fed = 0
    while len(entries) < 3:
        fed += len(more)
        assert fed <= 2 * MAX_LINE
        entries += reading.feed(more)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16_000  # KiB
    assert said(entries[:3]) == ["/items/0", LogSkip.MALFORMED, "/items/2"]
    entries = reading.feed(cri("stdout", "F", "") + cri("stdout", "F", line(3)))
    assert said(entries)[-1] == "/items/3"
