"""What each step of a request takes, in microseconds: `make steps`.

Two builds are set beside each other by `make steps ARGS=--benchmark-save=before`, and after the change
`make steps ARGS=--benchmark-compare`. A clock belongs in no test, so no run of the tests collects this file.
"""

from __future__ import annotations

from typing import Any

import pytest
from bench.steps import bytecodes, steps

STEPS = steps()


@pytest.mark.parametrize("name", STEPS)
def test_step(name: str, benchmark: Any) -> None:
    """One step, warm; how many bytecodes it executes stands beside in the JSON file."""
    benchmark.extra_info["bytecodes"] = bytecodes(STEPS[name])
    benchmark(STEPS[name])
