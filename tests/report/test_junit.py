"""The report for CI: every endpoint is a test case, whatever its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from support import reports

from shadow.report.build import build
from shadow.report.junit import render
from shadow.report.schema import Report
from shadow.verdict.verdict import Verdict

HOSTILE = "]]></failure><x/> & \x00\x1b[31m \ud800 \ufffe =cmd|' /C calc'!A0 \r\n"


@pytest.fixture(scope="module")
def schema() -> Any:
    xmlschema = pytest.importorskip("xmlschema")
    return xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))


@pytest.mark.parametrize(
    "report", [reports.ordinary(), reports.hostile(HOSTILE)], ids=["ordinary", "hostile"]
)
def test_it_is_what_readers_of_junit_expect(report: Report, schema: Any) -> None:
    """By the schema, and without anything that XML has no word for."""
    schema.validate(ElementTree.fromstring(render(report)))


def test_a_report_of_nothing_is_not_green(schema: Any) -> None:
    """As of a replay whose log had nothing to replay."""
    written = ElementTree.fromstring(render(build([])))
    schema.validate(written)
    (suite,) = written
    [case] = suite.findall("testcase")
    skipped = case.find("skipped")

    assert (suite.get("tests"), suite.get("skipped"), suite.get("failures")) == ("1", "1", "0")
    assert skipped is not None
    assert skipped.get("message") == "nothing was compared"


def test_regressed_fails_and_too_little_data_is_skipped() -> None:
    """One test case for each endpoint, and the counts of all."""
    report = reports.ordinary()
    (suite,) = ElementTree.fromstring(render(report))
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [each.endpoint for each in report.endpoints]
    for case, each in zip(cases, report.endpoints, strict=True):
        assert (case.find("failure") is not None) is (each.verdict is Verdict.REGRESSED)
        assert (case.find("skipped") is not None) is (each.verdict is Verdict.NOT_ENOUGH_DATA)
    found = [each.verdict for each in report.endpoints]
    assert suite.get("failures") == str(found.count(Verdict.REGRESSED))
    assert suite.get("skipped") == str(found.count(Verdict.NOT_ENOUGH_DATA))
    failure = cases[0].find("failure")
    assert failure is not None
    assert failure.get("message") == report.endpoints[0].why
    assert "200→403" in (failure.text or "")
