"""The report as JUnit's XML, for CI: a test case for each endpoint. Pure.

Regressed is a failure, not enough data is skipped; a case takes as long as 95 % of the target's answers do.
Without any endpoint there is one case, skipped: of no tests at all CI says that they passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from shadow.report.schema import EndpointReport, Report
from shadow.report.visible import visible
from shadow.report.words import named
from shadow.verdict.verdict import Verdict

_DIFFERENCES = 10  # shown of one endpoint


def render(report: Report) -> str:
    """The whole document; a newline ends it."""
    found = [each.verdict for each in report.endpoints] or [Verdict.NOT_ENOUGH_DATA]
    failures, skipped = found.count(Verdict.REGRESSED), found.count(Verdict.NOT_ENOUGH_DATA)
    counts = {"tests": str(len(found)), "failures": str(failures), "errors": "0"}
    suites = Element("testsuites", {"name": "shadow", **counts})
    suite = SubElement(
        suites,
        "testsuite",
        {
            "name": "shadow",
            **counts,
            "skipped": str(skipped),
            "time": "0",
            "timestamp": _moment(report.window.end or 0.0),
        },
    )
    properties = SubElement(suite, "properties")
    for name, value in (("config_hash", report.config_hash), ("sentence", report.sentence.text)):
        SubElement(properties, "property", {"name": name, "value": visible(value)})
    for each in report.endpoints:
        _case(suite, each)
    if not report.endpoints:
        nothing = SubElement(suite, "testcase", {"classname": "shadow", "name": "shadow", "time": "0"})
        SubElement(nothing, "skipped", {"message": visible(report.why)})
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _case(suite: Element, endpoint: EndpointReport) -> None:
    case = SubElement(
        suite,
        "testcase",
        {
            "classname": "shadow",
            "name": visible(endpoint.endpoint),
            "time": f"{endpoint.latency.target.p95 or 0.0:.6f}",
        },
    )
    if endpoint.verdict is Verdict.REGRESSED:
        failure = SubElement(case, "failure", {"type": "regressed", "message": visible(endpoint.why)})
        failure.text = "\n".join(map(visible, _told(endpoint)))
    elif endpoint.verdict is Verdict.NOT_ENOUGH_DATA:
        SubElement(case, "skipped", {"message": visible(endpoint.why)})


def _told(endpoint: EndpointReport) -> Iterator[str]:
    for pair, count in endpoint.status.items():
        yield f"{pair} × {count:,}"
    for each in endpoint.differences[:_DIFFERENCES]:
        values = "" if each.path == "status" else f": {_value(each.legacy)} → {_value(each.target)}"
        yield f"{each.count:,} × {named(each)}{values}"


def _value(value: str | None) -> str:
    return "none" if value is None else value


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
