"""Which exchanges are mirrored, as far as rules decide it."""

from __future__ import annotations

import pytest

from shadow.live.selection import Selection
from shadow.model import Skip
from shadow.settings import Endpoint, Mirror

LINES = (
    Endpoint(match="POST /search", mirror=True),
    Endpoint(match="GET /admin", mirror=False),
    Endpoint(match="GET /half", sample=0.5),
)


@pytest.mark.parametrize(
    ("method", "index", "expected"),
    [
        (b"GET", None, None),
        (b"HEAD", None, None),
        (b"OPTIONS", None, None),
        (b"POST", None, Skip.METHOD),
        (b"PUT", None, Skip.METHOD),
        (b"DELETE", None, Skip.METHOD),
        (b"get", None, Skip.METHOD),
        (b"PURGE", None, Skip.METHOD),
        (b"POST", 0, None),
        (b"GET", 1, Skip.RULE),
    ],
)
def test_methods_and_rules(method: bytes, index: int | None, expected: Skip | None) -> None:
    """Safe methods only, unless a rule says otherwise, in either direction."""
    assert Selection(Mirror(), LINES).skip(method, index, b"id") is expected


def test_sample_is_stable_and_about_right() -> None:
    """The same request falls at the same place everywhere; half the requests are half the requests."""
    one, other = Selection(Mirror(), LINES), Selection(Mirror(), ())
    ids = [b"%d" % number for number in range(2_000)]
    assert [one.position(i) for i in ids] == [other.position(i) for i in ids]
    taken = [i for i in ids if one.skip(b"GET", 2, i) is None]
    assert 900 < len(taken) < 1_100
    assert all(one.skip(b"GET", 2, i) is Skip.SAMPLE for i in set(ids) - set(taken))


def test_salt_moves_the_sample() -> None:
    """Who does not know the salt cannot choose an id that is mirrored."""
    plain, salted = Selection(Mirror(), ()), Selection(Mirror(salt="s"), ())
    assert plain.position(b"id") != salted.position(b"id")
    assert 0 <= salted.position(b"id") < 1
