"""Lines of a rule, as the configuration file has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from shadow.config.load import ConfigError, load, show
from shadow.settings import Accept, Compare, Margin

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file and gives its path."""

    def written(text: str) -> str:
        path = tmp_path / "shadow.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return written


RULE = """
compare:
  ignore: [header:X-Build, "html:div#ads", form:token]
  tolerance: {json:$.price: 0.010, json:$.ratio: 1%, json:$.at: 1500ms}
  hosts: [old.example, new.example]
  cut: ['build-\\d+']
  accept:
    - {difference: changed header:vary, owner: web, reason: a new cache, until: 2026-12-31}
"""


def test_a_rule_of_many_lines(write: Write) -> None:
    """Margins have one way of being written, and dates are dates."""
    loaded = load(write(RULE), {}, {})

    assert loaded.config.compare == Compare(
        ignore=("header:X-Build", "html:div#ads", "form:token"),
        tolerance={"json:$.price": Margin("0.01"), "json:$.ratio": Margin("1%"), "json:$.at": Margin("1.5s")},
        hosts=("old.example", "new.example"),
        cut=(r"build-\d+",),
        accept=(
            Accept(
                difference="changed header:vary", owner="web", reason="a new cache", until=date(2026, 12, 31)
            ),
        ),
    )
    assert load(write(show(loaded)), {}, {}).config == loaded.config


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("ignore: [header:date]", "ignore[0]: ignore: 'header:date' can match nothing: the field is never"),
        ("ignore: [status, status]", "ignore: ignore: 'status' is given twice; remove one"),
        ("hosts: [a.example]", "hosts: hosts: 'a.example' can match nothing; name two hosts, or more"),
        ("tolerance: {json:$.a: much}", "tolerance[json:$.a]: 'much' is not understood; it can be a number"),
        ("cut: ['(']", "cut[0]: cut: '(' is no pattern as RE2 reads it"),
        (
            "accept: [{difference: status, owner: a, reason: b, until: 2026-02-30}]",
            "accept[0].until: expected a date, such as 2026-12-31, got '2026-02-30'",
        ),
        ("accept: [{difference: status, owner: a, until: 2026-02-03}]", "accept[0].reason: is missing"),
    ],
)
def test_lines_of_a_rule_that_are_refused(write: Write, lines: str, problem: str) -> None:
    """Setting and line are named, once, however many endpoints there are."""
    with pytest.raises(ConfigError) as error:
        load(write(f"compare: {{{lines}}}\nendpoints: [{{match: GET /a}}, {{match: GET /b}}]"), {}, {})
    (found,) = error.value.problems
    assert f"yaml:1: compare.{problem}" in found
