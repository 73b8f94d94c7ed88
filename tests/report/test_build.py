"""The report is a fold over records: its sums hold, in whatever order they are read."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support.tallies import BROKEN, VALUE, about, add, learn

from shadow.model import (
    Comparison,
    Difference,
    DifferenceKind,
    Drop,
    Exchange,
    Failure,
    FailureKind,
    Fate,
    Masked,
    Outcome,
    Request,
    Response,
    Skip,
)
from shadow.record.evidence import evidence
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked
from shadow.record.parts import About
from shadow.record.segment import Record, SegmentWriter, Unreadable, encode
from shadow.record.tally import Tally, TallyRecord
from shadow.report import html, junit, markdown
from shadow.report.build import build, read
from shadow.report.schema import DifferenceReport, EndpointReport, Report
from shadow.report.text import render

DEAD = Failure(FailureKind.TIMEOUT)
MASK = Mask((), b"key")
LEGACY = Response(200, b"", b"", 0.010, 0.020)
CHANGED = Difference(DifferenceKind.CHANGED, "json:$.items[3].price", "1", "2")
STATUS = Difference(DifferenceKind.CHANGED, "status", "200", "500")
TIMEOUT = Difference(DifferenceKind.CHANGED, "status", "200", "timeout")


def counted(tally: Tally, outcome: Outcome, *found: Difference) -> None:
    fate = Fate.FAILED if isinstance(outcome, Failure) else Fate.DIFFERED if found else Fate.MATCHED
    tally.received += 1
    tally.mirrored += 1
    tally.count(LEGACY, outcome, masked(Comparison(fate, found), MASK), About(1000.0, tally.received))


def records() -> list[Record]:
    """An hour of three endpoints: one good, one bad, one that is never mirrored."""
    good, bad, write = Tally(), Tally(), Tally(received=4)
    for _ in range(5000):
        counted(good, LEGACY)
    for _ in range(30):
        counted(bad, LEGACY, CHANGED)
        counted(bad, replace(LEGACY, status=500), STATUS)
    counted(bad, Failure(FailureKind.TIMEOUT), TIMEOUT)
    bad.received += 6
    bad.count_skipped(Skip.SAMPLE)
    bad.count_dropped(Drop.QUEUE_FULL, 2)
    for _ in range(4):
        write.count_skipped(Skip.METHOD)
    exchange = Exchange("id-7", "GET /bad", 1003.5, Request(b"GET", b"/bad/7", ()), LEGACY)
    comparison = masked(Comparison(Fate.DIFFERED, (CHANGED,)), MASK)
    return [
        TallyRecord(1000, 60, "GET /good", "old", good),
        TallyRecord(1000, 60, "GET /bad", "old", bad),
        TallyRecord(1060, 60, "GET /bad", "new", bad),
        TallyRecord(1060, 60, "POST /write", "new", write),
        evidence(exchange, LEGACY, comparison, MASK),
    ]


def by_name(report: Report) -> dict[str, EndpointReport]:
    return {each.endpoint: each for each in report.endpoints}


def test_endpoints_come_by_risk() -> None:
    """What the owner must look at is first, what was never to be compared last."""
    report = build(records())

    assert [(each.endpoint, each.verdict) for each in report.endpoints] == [
        ("GET /bad", "regressed"),
        ("GET /good", "ready"),
        ("POST /write", "not enough data"),
    ]
    assert report.verdict == "regressed"
    assert report.why == (
        "of 2 endpoints 1 regressed, 1 is ready; 1 more was kept from the target by rules or the sample"
    )


def test_what_rules_keep_away_is_told_apart_in_every_form() -> None:
    """So many endpoints as the sentence says need more data: one that was never to be compared is none of
    them, and waits for nothing."""
    report = build(records())
    text = StringIO()
    render(report, text, 120)
    page = html.render(report)

    assert (report.sentence.short, report.sentence.kept_away) == (0, 1)
    assert re.search(r"^- POST /write +not compared", text.getvalue(), re.MULTILINE)
    assert "| ➖ not compared | `POST /write` |" in markdown.render(report)
    rows = re.findall(r'data-text="[^"]*" data-verdict="([^"]*)"', page)
    assert rows == ["regressed", "ready", "not-compared"]


def test_the_windows_of_an_endpoint_are_added() -> None:
    """Every counter of an endpoint is the sum of its tallies'."""
    report = build(records())
    bad = by_name(report)["GET /bad"]
    ids = {(cause.path, cause.target): cause.id for cause in report.causes}

    assert (bad.received, bad.mirrored, bad.compared, bad.matched) == (134, 122, 120, 0)
    assert (bad.differed, bad.failed, bad.in_flight) == (120, 2, 6)
    assert (bad.skipped, bad.dropped) == ({"sample": 2}, {"queue_full": 4})
    assert bad.status == {"200→200": 60, "200→500": 60, "200→timeout": 2}
    assert bad.differences == [
        DifferenceReport("changed", "json:$.items[*].price", 60, "1", "2", ids["json:$.items[*].price", "2"]),
        DifferenceReport("changed", "status", 60, "200", "500", ids["status", "500"]),
        DifferenceReport("changed", "status", 2, "200", "timeout", ids["status", "timeout"]),
    ]
    assert bad.needed is None


def test_every_request_is_in_the_totals() -> None:
    """received = matched + differed + failed + skipped + dropped + in flight, and totals are sums."""
    report = build(records())
    totals = report.totals

    for each in (totals, *report.endpoints):
        ended = (
            each.matched
            + each.differed
            + each.failed
            + sum(each.skipped.values())
            + sum(each.dropped.values())
        )
        assert each.received == ended + each.in_flight
    assert totals.received == sum(each.received for each in report.endpoints) == 5138
    assert totals.skipped == {"method": 4, "sample": 2}


def test_what_has_a_fate_was_received() -> None:
    """Two processes count, and of the one that was killed the last second is missing."""
    totals = build([TallyRecord(1000.0, 60.0, "GET /a", "hash", Tally(received=3, matched=5))]).totals
    assert (totals.received, totals.matched, totals.in_flight) == (5, 5, 0)


def test_latencies_are_in_seconds() -> None:
    """Whole answers and first bytes of both sides, within the buckets' 1 %."""
    good = by_name(build(records()))["GET /good"]

    assert good.latency.legacy.p50 == pytest.approx(0.020, rel=0.01)
    assert good.latency.target.p99 == pytest.approx(0.020, rel=0.01)
    assert good.first_byte.target.p95 == pytest.approx(0.010, rel=0.01)
    assert by_name(build(records()))["POST /write"].latency.legacy.p50 is None


def test_window_and_configuration() -> None:
    """The report says what time it covers, and the configuration that was in force at its end."""
    report = build(records())

    assert (report.window.start, report.window.end, report.config_hash) == (1000, 1120, "new")


def test_causes_have_an_example() -> None:
    """The evidence that was kept shows a cause; its counts are the tallies'."""
    causes = {(cause.path, cause.target): cause for cause in build(records()).causes}

    price = causes["json:$.items[*].price", "2"]
    assert (price.count, price.endpoints, price.first_seen, price.last_seen) == (60, ["GET /bad"], 1000, 1000)
    assert price.example is not None
    assert (price.example.id, price.example.request) == ("id-7", "GET /bad/7")
    assert causes["status", "timeout"].count == 2


def test_a_difference_is_called_what_accept_takes_in_every_form() -> None:
    """Whoever copies it from there accepts this one, and not every change of the status."""
    report = build(records())
    shown = StringIO()
    render(report, shown, 100)

    for name in ("changed status 200→500", "changed json:$.items[*].price"):
        assert any(f'difference: "{name}"' in each.snippet.accept for each in report.causes)
        assert re.search(rf" × {re.escape(name)}\n", shown.getvalue())
        assert f"`{name}`" in markdown.render(report)
        assert re.search(rf" × {re.escape(name)}(:|$)", junit.render(report), re.MULTILINE)


def test_causes_that_count_come_before_noise() -> None:
    """However often legacy's own noise is seen, what the owner must look at stands above it."""
    tally = learn(Tally(), 60, (VALUE,), (VALUE,))
    add(tally, range(100, 5000), VALUE)
    add(tally, range(5000, 5060), BROKEN)
    report = build([TallyRecord(1000, 60, "GET /", "", tally)])

    assert [(cause.path, cause.masked) for cause in report.causes] == [
        ("status", False),
        ("json:$.price", True),
    ]
    shown = StringIO()
    render(report, shown, 100)
    assert "changed json:$.price  (legacy's own noise)\n" in shown.getvalue()


def test_causes_that_legacy_shows_too_come_after_those_that_it_does_not() -> None:
    """While it is being learned whether they are noise, no advertisement stands above an error."""
    tally = learn(Tally(), 3, (VALUE,), (VALUE,))
    add(tally, range(100, 5000), VALUE)
    add(tally, range(5000, 5060), BROKEN)
    report = build([TallyRecord(1000, 60, "GET /", "", tally)])

    assert [(cause.path, cause.varies) for cause in report.causes] == [
        ("status", False),
        ("json:$.price", True),
    ]
    shown = StringIO()
    render(report, shown, 100)
    assert "changed json:$.price  (legacy varies it too)\n" in shown.getvalue()
    assert "→ `2` (legacy varies it too), 1970-" in markdown.render(report)
    assert "legacy varies it too</span>" in html.render(report)


def unanswered(times: int) -> Tally:
    """So many exchanges that the target alone answered, and as many that neither side did."""
    tally = Tally(received=2 * times)
    found = Difference(DifferenceKind.CHANGED, "status", "timeout", "200")
    for number in range(times):
        tally.count(DEAD, LEGACY, Masked(Fate.DIFFERED, (found,)), about(number))
        tally.count(DEAD, DEAD, Masked(Fate.MATCHED), about(number))
    return tally


def test_causes_that_legacy_did_not_answer_come_last_and_say_so() -> None:
    """They weigh nothing: what is the target's stands above them, however seldom it was seen."""
    tally = unanswered(100)
    add(tally, range(5), BROKEN)
    report = build([TallyRecord(1000, 60, "GET /", "", tally)])

    assert [(cause.legacy, cause.unanswered, cause.varies) for cause in report.causes] == [
        ("200", False, False),
        ("timeout", True, False),
    ]
    shown = StringIO()
    render(report, shown, 100)
    for form in (shown.getvalue(), markdown.render(report), html.render(report)):
        assert "legacy gave no answer" in form


def test_what_legacy_did_not_answer_was_not_compared() -> None:
    """It is no part of what was measured, nor of its hours; an endpoint with nothing else never was."""
    dead = unanswered(10)
    half = add(unanswered(5), range(30), hour=1)
    tallies = (0, "GET /dead", dead), (3600, "GET /half", half)
    report = build([TallyRecord(at, 60, name, "", tally) for at, name, tally in tallies])
    measured = report.coverage

    assert (report.totals.compared, report.totals.unanswered, report.sentence.compared) == (30, 30, 30)
    assert (measured.compared_share, measured.not_compared) == (0.5, {"unanswered": 30})
    assert [(each.endpoint, each.reasons) for each in measured.never] == [("GET /dead", {"unanswered": 20})]
    assert measured.hours == [1]
    assert [(each.compared, each.differed) for each in report.series] == [(0, 0), (30, 0)]


def test_what_versions_answered_is_set_against_the_whole() -> None:
    """Answers that name no version, and those spent on learning, are in the head and not in that table."""
    tally = add(Tally(), range(30), version="v1")
    add(tally, range(30, 70), VALUE, version="v2")
    add(tally, range(70, 75))
    learn(tally, 25, (VALUE,), (VALUE,))
    report = build([TallyRecord(1000, 60, "GET /", "", tally)])

    assert [(each.version, each.compared) for each in report.releases] == [("v1", 30), ("v2", 40)]
    assert "70 of the 100 compared answers: those that name a version" in html.render(report)


def test_sentences_have_their_plurals_and_no_share_is_rounded_to_all() -> None:
    """One is not many; and where something failed, what is counted with it is told."""
    tallies = {"GET /a": add(Tally(), range(5000)), "GET /b": add(Tally(), range(1), TIMEOUT, target=DEAD)}
    report = build([TallyRecord(1000, 60, name, "", tally) for name, tally in tallies.items()])
    shown = StringIO()
    render(report, shown, 200)

    assert "1 needs more data, 1 is ready and carries 99.9 % of the traffic" in report.sentence.text
    assert "The one that is ready carries 99.9\u00a0% of the traffic." in html.render(report)
    assert "100 % of all requests were compared or failed, in 1 of 24 hours of the day, 1 day\n" in (
        shown.getvalue()
    )


def test_where_none_is_ready_no_share_of_the_traffic_is_told() -> None:
    """0 % of the traffic is no news."""
    report = build([TallyRecord(1000, 60, "GET /", "", add(Tally(), range(9)))])

    assert "1 needs more data, none is ready; 9 answers compared" in report.sentence.text
    assert "of the traffic." not in html.render(report)


def test_a_report_of_nothing() -> None:
    """No record, no verdict: and no error."""
    report = build([])

    assert (report.verdict, report.why, report.endpoints) == ("not enough data", "nothing was compared", [])
    assert (report.window.start, report.window.end, report.totals.received) == (None, None, 0)


@given(st.permutations(records()))
def test_the_order_of_reading_does_not_count(shuffled: list[Record]) -> None:
    """Workers, pods and segments may be read in any order."""
    assert build(shuffled) == build(records())


def test_a_folder_is_read(tmp_path: Path) -> None:
    """The report of a folder is that of its records, and says what could not be read."""
    writer = SegmentWriter(tmp_path, "pod", 1_000_000)
    writer.append(encode(records()))
    writer.seal()
    writer.append(b"garbage\n")
    report = read(tmp_path)

    assert report.unreadable == Unreadable(lines=1)
    assert report == build(records(), Unreadable(lines=1))
