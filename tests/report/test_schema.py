"""The JSON form has a schema: the one that is published, and that reports keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import recorded, reports

from shadow.report import json as report_json
from shadow.report.build import build, read
from shadow.report.schema import Report

PUBLISHED = Path(__file__).parents[2] / "docs" / "report.schema.json"


def test_what_is_published_is_what_is_written() -> None:
    """`shadow report --schema` prints it."""
    assert PUBLISHED.read_text(encoding="utf-8") == report_json.schema()


@pytest.fixture(scope="module")
def validator() -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(report_json.schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("report", [reports.ordinary(), build([])], ids=["ordinary", "empty"])
def test_a_report_keeps_the_schema(report: Report, validator: Any) -> None:
    """Full or empty."""
    validator.validate(json.loads(report_json.render(report)))


def test_a_report_of_records_keeps_the_schema(tmp_path: Path, validator: Any) -> None:
    """Of what was really recorded."""
    recorded.write(tmp_path, endpoints=41, hours=2, kept=60, requests=20)
    validator.validate(json.loads(report_json.render(read(tmp_path))))
