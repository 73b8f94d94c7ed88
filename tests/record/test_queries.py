"""The queries of docs/queries.md, run over real segments as they lie in a store."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from support.kept import Pair, answered, records
from support.proxy import ROOT

from shadow.record.segment import SegmentWriter, encode
from shadow.record.tally import TallyRecord
from shadow.report import build
from shadow.serve.shipper import Shipper
from shadow.settings import Record

PAGE = (ROOT / "docs" / "queries.md").read_text(encoding="utf-8")
PLACE = "s3://bucket/prefix"


def queries(heading: str) -> dict[str, str]:
    """The queries of a part, by the line before each; the first makes the table."""
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"([^\n]*)\n\n```sql\n(.*?)```", part, re.DOTALL))


@pytest.fixture
def store(tmp_path: Path) -> str:
    """What two pods have counted and kept."""
    pairs = [
        *(Pair(f"/items?n={n}", answered({"a": 1}), answered({"a": 2}), "GET /items") for n in range(3)),
        Pair("/status", answered({}), answered({}, status=500)),
        Pair("/same", answered({"a": 1}), answered({"a": 1})),
    ]
    made = records(pairs)
    for each in made:
        if isinstance(each, TallyRecord):
            each.tally.received = each.tally.fates
    for pod in ("a", "b"):
        spool = tmp_path / pod
        for name in ("tally", "judge"):
            writer = SegmentWriter(spool, f"{name}-{pod}", 1 << 20)
            mine = [each for each in made if isinstance(each, TallyRecord) == (name == "tally")]
            assert writer.append(encode(mine))
            assert writer.seal()
        assert Shipper(Record(to=f"file://{tmp_path}/store", spool=str(spool))).round(time.time())
    return f"{tmp_path}/store"


def test_duckdb_answers_as_the_report_does(store: str) -> None:
    """The same counts, causes and times; and no comparison is missing."""
    duckdb = pytest.importorskip("duckdb")
    view, *asked = queries("DuckDB").values()
    with duckdb.connect() as base:
        base.execute(view.replace(PLACE, store))
        one = base.execute("SELECT min(id) FROM records WHERE record = 'comparison'").fetchone()[0]
        endpoints, causes, slowest, hours, kept, status = (
            base.execute(query.replace("0123456789abcdef", one)).fetchall() for query in asked
        )
    report = build.read(f"file://{store}")
    assert endpoints == [
        (each.endpoint, each.received, each.matched, each.differed, each.failed)
        for each in sorted(report.endpoints, key=lambda each: (-each.differed - each.failed, each.endpoint))
    ]
    found: list[Any] = [(f"{each.kind} {each.path}".strip(), each.count) for each in report.causes]
    assert {count for _, count, *_ in causes} == {count for _, count in found}
    assert len(causes) == len(found)
    p95 = {each.endpoint: each.latency.target.p95 for each in report.endpoints}
    assert {name: seconds for name, _, seconds in slowest} == pytest.approx(p95, rel=0.03)
    assert sum(mismatched for *_, mismatched in hours) == report.totals.differed + report.totals.failed
    assert len(kept) == 2, "of two pods"
    assert {(endpoint, legacy, target) for _, endpoint, legacy, target, _ in status} == {
        ("GET /status", "200", "500")
    }


def test_athenas_queries_can_be_read_and_ask_the_same() -> None:
    """Its parser takes them; each has its twin for DuckDB, with the same columns."""
    sqlglot = pytest.importorskip("sqlglot")
    ours, theirs = queries("DuckDB"), queries("Athena")
    assert len(ours) == len(theirs) == 7
    for one, other in list(zip(ours.values(), theirs.values(), strict=True))[1:]:
        first, second = sqlglot.parse_one(one, dialect="duckdb"), sqlglot.parse_one(other, dialect="athena")
        assert first.named_selects == second.named_selects
    assert sqlglot.parse_one(next(iter(theirs.values())), dialect="athena").key == "create"
