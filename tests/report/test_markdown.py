"""The report for a pull request or a chat: short, and obeyed by no renderer."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from support import reports

from shadow.report import text
from shadow.report.markdown import HEAD, code, render
from shadow.report.schema import Report

HOSTILE = [
    "![x](http://evil/x.png) [y](javascript:1) <img src=x> <!-- @everyone #1 https://evil www.evil.com",
    "`@admin` ``<script>`` ```\n\n# heading\n| a | b |",
    "\\`|\\| @here",
    "\u202egnp.exe \x1b[31m \ud800 \r\n\u2028",
    "=HYPERLINK(1)",
]


def outside_code(text: str) -> str:
    """What Markdown would obey."""
    return re.sub(r"`[^`\n]*`", "", text)


def head(text: str) -> str:
    return text.partition("\n| | endpoint")[0]


@pytest.mark.parametrize("report", [reports.ordinary(), reports.large(), reports.hostile("x" * 500)])
def test_the_head_is_short(report: Report) -> None:
    """A chat takes 3,000 characters; and what does not fit is left out from the end."""
    shown = head(render(report))
    assert len(shown) <= HEAD
    assert str(report.verdict) in shown


@pytest.mark.parametrize("said", HOSTILE)
def test_what_a_record_says_stays_in_code(said: str) -> None:
    """No link, image, HTML, mention, heading or cell is made of it."""
    shown = render(reports.hostile(said))
    for part in ("evil", "script", "@", "javascript", "heading", "gnp", "HYPERLINK", "\x1b", "\u202e", "<"):
        assert part not in outside_code(shown), part
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in rows}) == 1
    assert shown.encode()


def test_code_is_never_left() -> None:
    """Backticks, pipes and lines of the text itself; and an empty text is no empty span."""
    assert code("a`b|c\nd") == "`a'b¦c\\nd`"
    assert code(" ") == "(empty)"
    assert len(code("x" * 1000)) < 100


def test_what_is_told() -> None:
    """The causes, what broke, what changed, what was not measured, and the endpoints."""
    shown = render(reports.ordinary())
    for part in ("**Causes**", "**Diagnosis**", "**Since last time**", "**Measured**", "| endpoint |"):
        assert part in shown
    assert "31,204 × `missing cookie:session;samesite` on `GET /`: `Lax` → none" in shown
    assert re.search(r"→ none.*, \d{4}-\d\d-\d\d \d\d:\d\d to .*\d\d:\d\d UTC\n", shown)


def test_what_has_no_room_is_counted() -> None:
    """Nobody takes the first causes for all: nor on a terminal, nor where the list has an end."""
    shown = StringIO()
    text.render(reports.ordinary(), shown, 100)

    assert "**Causes**, the first 5 of 21\n" in render(reports.ordinary())
    assert "**Diagnosis**\n" in render(reports.ordinary())
    assert "Differences, the first 7 of 21, by frequency" in shown.getvalue()
