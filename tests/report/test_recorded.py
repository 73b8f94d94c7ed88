"""A report of what a day of traffic leaves behind: whole, small, and the same however many recorded it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import recorded

from shadow.record.segment import Record, Unreadable, read_segments
from shadow.record.tally import TallyRecord
from shadow.report import json
from shadow.report.build import build, read
from shadow.report.schema import Report

ENDPOINTS, HOURS, KEPT, REQUESTS = 90, 5, 1000, 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("records")
    recorded.write(made, ENDPOINTS, HOURS, KEPT, REQUESTS)
    return made


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    return read(folder)


def test_a_day_is_as_many_records_as_it_has_hours_and_endpoints(folder: Path) -> None:
    """Nothing makes more of them, so a report of a day has a bounded amount to read."""
    unreadable = Unreadable()
    records = list(read_segments(folder, unreadable))
    assert sum(isinstance(each, TallyRecord) for each in records) == ENDPOINTS * HOURS
    assert unreadable == Unreadable()


def test_everything_is_told(report: Report) -> None:
    """Hours, distributions, causes with examples, rules with hits and without."""
    assert report.totals.received == ENDPOINTS * HOURS * REQUESTS
    assert len(report.endpoints) == ENDPOINTS
    assert [hour.received for hour in report.series] == [ENDPOINTS * REQUESTS] * HOURS
    assert all(len(each.series) == HOURS for each in report.endpoints)
    for each in report.endpoints:
        assert sum(each.distribution.legacy) == sum(each.distribution.target) == each.compared
        assert len(each.distribution.edges) == len(each.distribution.legacy) + 1 <= 41
    assert sum(report.distribution.target) == report.totals.compared
    assert [(each.line, each.hits) for each in report.rules] == [
        ("ignore cookie:seen", 0),
        ("ignore header:x-runtime", report.totals.received),
    ]
    shown = [cause for cause in report.causes if cause.example is not None]
    assert len(shown) == len(report.causes) > 10
    assert all(cause.example and cause.example.lines for cause in shown)
    assert report.coverage.hours == list(range(HOURS))
    assert report.coverage.days == 1


def test_it_is_small(report: Report) -> None:
    """So many kept comparisons make one example for each cause, and not a page for each comparison."""
    assert len(json.render(report)) < 1_000_000


def test_ten_workers_tell_what_one_tells(folder: Path, report: Report) -> None:
    """Tallies split over ten workers, read in another order: the same report to the last byte."""
    records = list(read_segments(folder, Unreadable()))
    split: list[Record] = []
    for number, record in enumerate(records):
        if isinstance(record, TallyRecord):
            split += _halves(record) if number % 10 == 0 else [record]
        else:
            split.append(record)
    workers = [split[number::10] for number in range(10)]
    mixed = [record for worker in reversed(workers) for record in worker]
    assert json.render(build(mixed)) == json.render(report)


def _halves(record: TallyRecord) -> list[TallyRecord]:
    """What two workers would have counted: here one all that was received, the other what became of it."""
    tally = record.tally
    first = type(tally)(received=tally.received)
    second = type(tally)()
    second.merge(tally)
    second.received = 0
    return [
        TallyRecord(record.window, record.seconds, record.endpoint, record.config_hash, each)
        for each in (first, second)
    ]


def test_several_folders_are_one_report(tmp_path: Path) -> None:
    """As when each pod records to a folder of its own."""
    for name in ("one", "two"):
        recorded.write(tmp_path / name, endpoints=3, hours=1, kept=10, requests=20)
    both = read([tmp_path / "one", tmp_path / "two"])
    assert both.totals.received == 2 * read(tmp_path / "one").totals.received
