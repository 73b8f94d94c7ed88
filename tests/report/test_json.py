"""The JSON report has the fields that its readers were promised."""

from __future__ import annotations

import json

import msgspec

from shadow.record.parts import Seen
from shadow.record.tally import Tally, TallyRecord
from shadow.report import json as report_json
from shadow.report.build import build
from shadow.report.schema import Report

TALLY = Tally(
    received=3,
    mirrored=2,
    differed=2,
    skipped={"sample": 1},
    differences={"added body": Seen(2, None, "\x1b")},
)
REPORT = build([TallyRecord(1, 60, "GET /items/{id}", "hash", TALLY)])


def test_fields() -> None:
    """Every field of the report, of its totals, its endpoints and their differences."""
    report = json.loads(report_json.render(REPORT))
    endpoint = report["endpoints"][0]
    cause = report["causes"][0]["id"]
    counters = {"received", "mirrored", "compared", "matched", "differed", "failed", "skipped", "dropped"}
    counters |= {"in_flight", "status", "latency", "first_byte", "unanalysed", "unanswered"}

    assert report["schema_version"] == 1
    assert set(report) >= {
        "window",
        "config_hash",
        "verdict",
        "why",
        "totals",
        "causes",
        "endpoints",
        "unreadable",
    }
    assert set(report["totals"]) == counters
    assert set(endpoint) >= counters | {"endpoint", "verdict", "why", "needed", "differences"}
    assert endpoint["differences"] == [
        {"kind": "added", "path": "body", "count": 2, "legacy": None, "target": "\x1b", "cause": cause}
    ]
    assert endpoint["latency"] == {
        "legacy": {"p50": None, "p95": None, "p99": None},
        "target": {"p50": None, "p95": None, "p99": None},
    }
    assert (report["verdict"], endpoint["endpoint"]) == ("not enough data", "GET /items/{id}")


def test_it_can_be_read_back() -> None:
    """The text is the whole report; and it holds no control character but line feeds."""
    text = report_json.render(REPORT)

    assert msgspec.json.decode(text, type=Report) == REPORT
    assert all(char.isprintable() or char == "\n" for char in text)
