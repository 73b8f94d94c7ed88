"""What a step of a request may cost. Counted in bytecodes, so that a busy machine changes nothing.

A budget is a fifth above what the step took when it was set. One that is passed needs a reason worth it,
and then a new budget; `docs/performance.md` tells the microseconds.
"""

from __future__ import annotations

import pytest
from bench.steps import bytecodes, steps

BUDGETS = {
    "request head, and as legacy gets it": 655,
    "the same, fields as before": 148,
    "endpoint": 30,
    "answer's head": 200,
    "the same, read before": 20,
    "capture": 177,
    "frame written": 30,
    "frame read": 160,
    "known equal, dates differ": 275,
    "what is counted beside": 130,
    "match counted": 335,
    "all of a small exchange, live worker": 2140,
    "all of an equal exchange, shadow worker": 2550,
    "small JSON judged": 4750,
    "small JSON judged, masked": 6260,
    "log line, LTSV": 200,
    "log line, combined": 245,
}
STEPS = steps()


def test_every_step_has_a_budget() -> None:
    """And every budget a step."""
    assert BUDGETS.keys() == STEPS.keys()


@pytest.mark.parametrize("name", BUDGETS)
def test_a_step_keeps_its_budget(name: str) -> None:
    """No more bytecodes than it may take."""
    assert 0 < bytecodes(STEPS[name]) <= BUDGETS[name]
