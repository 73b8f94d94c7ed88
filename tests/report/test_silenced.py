"""What was kept silent about, and by whom."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shadow.record.configured import ConfigRecord, Line
from shadow.record.tally import Tally
from shadow.report.silenced import Silenced

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("owner", ["web", ""])
def test_an_accepted_difference_is_no_rule(owner: str) -> None:
    """Whoever answers for it, it has a last day, and stands among those that have one."""
    lines = (
        Line("ignore header:date"),
        Line("accept changed status", "GET /a", owner, "moved", "2026-06-30"),
        Line("accept json:$.old", "GET /b", owner, "gone", "2026-06-29"),
    )
    silenced = Silenced(ConfigRecord(0.0, "hash", lines), {"GET /a": Tally(), "GET /b": Tally()}, NOON)
    assert [each.line for each in silenced.rules()] == ["ignore header:date"]
    assert [(each.line, each.expired) for each in silenced.accepted()] == [
        ("accept json:$.old", True),
        ("accept changed status", False),
    ]
    assert silenced.accepts("changed status 301→302", {"GET /a"})
    assert not silenced.accepts("changed status 301→302", {"GET /a", "GET /b"})
    assert not silenced.accepts("changed json:$.old", {"GET /b"})


def test_what_is_built_in_is_in_force() -> None:
    """Nobody wrote it; a line that somebody took away is another matter."""
    tally = Tally(rules={"html csrf-token": 3, "wave-dash": 2, "ignore header:x": 1})
    rules = Silenced(ConfigRecord(0.0, "hash", ()), {"GET /a": tally}, NOON).rules()

    assert [(each.line, each.in_force, each.built_in) for each in rules] == [
        ("html csrf-token", True, True),
        ("wave-dash", True, True),
        ("ignore header:x", False, False),
    ]


def test_one_change_of_status_is_accepted() -> None:
    """Another one is a cause of its own, and counts."""
    lines = (Line("accept changed status 301→302", "", "web", "moved", "2026-06-30"),)
    silenced = Silenced(ConfigRecord(0.0, "hash", lines), {"GET /a": Tally()}, NOON)
    assert silenced.accepts("changed status 301→302", {"GET /a"})
    assert not silenced.accepts("changed status 301→500", {"GET /a"})
