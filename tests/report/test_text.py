"""The report for a terminal: readable at 80 columns, and obeyed by none."""

from __future__ import annotations

import io
import re

import pytest
from support import reports

from shadow.record.parts import Pattern, Seen
from shadow.record.segment import Unreadable
from shadow.record.tally import Tally, TallyRecord
from shadow.record.units import Units
from shadow.report import html, markdown
from shadow.report.build import build
from shadow.report.schema import Otherwise, Report
from shadow.report.text import plain, render

HOSTILE = "\x1b[31mred\x1b]0;title\x07 \u202egnp.exe \x9b31m\r\n[bold]x[/bold] :smile: \u2028 \ud800"


def test_where_it_could_not_read_is_told() -> None:
    """The first segment by name, and why."""
    bad = Unreadable()
    bad.segment("tally-000001", PermissionError(13, "Permission denied"))
    bad.segment("tally-000002", OSError("cut short"))

    assert "lines 0, segments 2 (tally-000001: Permission denied)" in rendered(build([], bad))


def report(endpoint: str = "GET /items/{id}", value: str = "1") -> Report:
    tally = Tally(received=1242, mirrored=1234, matched=1000, differed=200, failed=34)
    tally.skipped, tally.dropped = {"sample": 5}, {"channel_full": 2}
    tally.status = {"200→200": 1150, "200→500": 50, "200→timeout": 34}
    tally.differences = {"changed json:$.price": Seen(150, value, "2"), "missing header:x": Seen(50, "1")}
    tally.units = {0: Units(fresh=set(range(1234)))}
    tally.patterns = {"changed json:$.price": Pattern(234, {0: Units(fresh=set(range(234)))})}
    tally.legacy.add(0.0123)
    tally.target.add(1.5)
    return build([TallyRecord(1_763_771_000, 60, endpoint, "3fa9", tally)], Unreadable(lines=1))


def rendered(shown: Report, width: int | None = 100) -> str:
    stream = io.StringIO()
    render(shown, stream, width)
    return stream.getvalue()


def test_what_is_told() -> None:
    """The verdict, the sum, every fate with its reason, unequal statuses, both latencies, the differences."""
    text = rendered(report())

    for part in (
        "✗ REGRESSED  of 1 endpoint 1 regressed",
        "1,242 received = 1,000 matched + 200 differed + 34 failed + 5 skipped (outside the sample)",
        "2025-11-22 00:23:20 to 2025-11-22 00:24:20 UTC, configuration 3fa9",
        "left out as unreadable: lines 1, segments 0",
        "200→500 ×50 · 200→timeout ×34 · changed json:$.price ×150 · missing header:x ×50 · 5 skipped",
        "150 × changed json:$.price",
        "on GET /items/{id}, 2025-11-22 00:23",
        "legacy 1\n",
        "target has none\n",
    ):
        assert part in text
    assert re.search(r"p50 12\.\d → 1,\d{3} · p95", text)
    assert re.search(r"GET /items/\{id\} +regressed +1,242 +1,200 +1,000 +200 +34", text)
    assert "200→200" not in text


def test_reasons_are_said_in_words() -> None:
    """As on the page: of requests, of endpoints, of lines of logs, here and in Markdown."""
    made = reports.hostile("x")
    assert made.log
    made.log.skipped, made.log.examples = {"malformed": 1}, {"malformed": ["GET"]}
    text = rendered(made, 500)

    for part in (
        "101,220 skipped (method is not safe, and no rule mirrors it)",
        "never compared: POST /orders (101,220 method is not safe, and no rule mirrors it)",
        "2 lines = 1 replayed + 1 skipped (cannot be read)",
        "    cannot be read: GET",
    ):
        assert part in text
    for code in ("skipped (method)", "channel_full", "malformed"):
        assert code not in text
    assert "not: 101,220 (method is not safe, and no rule mirrors it), 9,000 (" in markdown.render(made)


def test_what_legacy_gave_otherwise_than_logged_is_said() -> None:
    """Beside the lines of the log, here and on the page; and nothing where it answers as it did."""
    made = reports.hostile("x")
    assert made.log
    made.log.otherwise, made.log.examples = [], {}
    assert "clients saw" not in rendered(made, 500) + html.render(made)
    made.log.otherwise = [Otherwise("GET /account", "200", "302", 400, 1400)] * 11

    text = rendered(made, 500)
    assert "    legacy gave 302 where the log has 200: 400 of 1,400 of GET /account\n" in text
    assert "    and 1 more\n" in text
    assert "legacy gave 302 where the log has 200: 400 of 1,400 of" in html.render(made)


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Long names are folded within their column, and the numbers stay in theirs."""
    long = "GET /users/{id}/orders/{order}/lines/{line}/検索/" + "x" * 60
    text = rendered(report(long, "v" * 300), width)

    assert max(map(len, text.splitlines())) <= width
    assert re.search(r"1,242 +1,200 +1,000 +200 +34$", text, re.MULTILINE)


@pytest.mark.parametrize("width", [40, 60])
def test_on_a_narrow_terminal_names_have_their_room(width: int) -> None:
    """Where a table leaves none for them, the counts stand below."""
    text = rendered(report(), width)

    assert max(map(len, text.splitlines())) <= width
    assert "✗ GET /items/{id}  regressed\n" in text
    assert "1,242 received · 1,200 compared ·" in " ".join(text.split())


def test_without_a_terminal_it_is_plain() -> None:
    """Into a file or a pipe there go no colours, and lines of 100 columns."""
    text = rendered(report(), width=None)

    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) == 100


def test_a_terminal_obeys_nothing() -> None:
    """Escapes, controls, marks of direction and markup in what a backend sent are shown, not done."""
    for text in (rendered(report(value=HOSTILE)), rendered(report(endpoint=f"GET /{HOSTILE}"))):
        assert all(char.isprintable() or char == "\n" for char in text)
        assert r"\x1b[31mred\x1b]0;title\x07" in text
        assert "[bold]x[/bold] :smile:" in text
    assert plain(HOSTILE).encode()


def test_plain_text_stays() -> None:
    """Letters of any script are shown, long texts bounded."""
    assert plain("日本語 é → ok") == "日本語 é → ok"
    assert len(plain("x" * 10_000)) < 250


def test_of_many_endpoints_those_that_matter_most_are_shown() -> None:
    """Regressed ones come first, with what differs and counts; what there is no room for is counted."""
    made = reports.large(500)
    made.causes[0].masked = True
    text = rendered(made, 120)

    assert len(text) < 20_000
    assert len(re.findall("^✗ GET /shop", text, re.MULTILINE)) == 20
    assert (text.count("63 more differences"), text.count("62 more differences")) == (19, 1)
    assert made.causes[0].path not in text.partition("Differences,")[0]
    assert f"changed {made.causes[1].path} ×" in text
    rest = re.search(r"^and 480 more: (\d+) regressed, (\d+) not enough data, (\d+) ready; --f", text, re.M)
    assert rest
    assert sum(map(int, rest.groups())) == 480


def test_what_is_ready_has_one_line() -> None:
    """But where a difference was reproduced that is seldom enough."""
    made = reports.ordinary()
    made.endpoints[-1].reasons = ["confirmed"]
    shown = rendered(made, 120).splitlines()
    ready = [i for i, line in enumerate(shown) if line.startswith("✓")]

    assert len(ready) > 5
    assert ready == list(range(ready[0], ready[-1] + 1))
    assert shown[ready[-1] + 1].strip() == made.endpoints[-1].why


def test_an_empty_report() -> None:
    """Where nothing was recorded it says so."""
    text = rendered(build([]))

    assert "? NOT ENOUGH DATA  nothing was compared" in text
    assert "No differences." in text
