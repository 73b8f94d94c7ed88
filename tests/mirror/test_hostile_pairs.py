"""Whatever two backends answer: comparing, masking and keeping it stays within bounds, and says so."""

from __future__ import annotations

import pytest
from support.hostile import MIB, PAIRS, cost

SAYS = {
    "bomb of 1 GB": "too large",
    "10 million keys": "too large",
    "100,000 levels": "too deep",
    "70,000 keys": "first 100",
}


@pytest.mark.parametrize("name", PAIRS)
def test_memory_is_bounded(name: str) -> None:
    """No pair takes 200 MB; it differs, and where it was not compared as it should be, that is said.

    How long each takes, `tests/bench/hostile.py` tells.
    """
    found = cost(name)

    assert found["fate"] == "differed"
    assert found["bytes"] < 200 * MIB
    assert SAYS.get(name, "") in " ".join(found["said"])
