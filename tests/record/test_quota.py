"""How much evidence is kept of each cause, and in all."""

from __future__ import annotations

from shadow.model import Comparison, Difference, DifferenceKind, Fate, Masked
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked
from shadow.record.quota import MOST_CAUSES, Quota

MASK = Mask((), b"key")
PLENTY = 10**9


def found(*paths: str, hits: tuple[str, ...] = ()) -> Masked:
    """A comparison with differences at these places."""
    differences = tuple(Difference(DifferenceKind.CHANGED, path, "1", "2") for path in paths)
    fate = Fate.MATCHED if hits else Fate.DIFFERED
    return masked(Comparison(fate, differences, (), hits), MASK)


def take(quota: Quota, comparison: Masked, at: float = 0.0, size: int = 100) -> bool:
    return quota.wants(comparison, at) and quota.book(comparison, size)


def test_each_cause_has_a_share() -> None:
    """Of one cause so many are kept, however often it comes; another cause has its own."""
    quota = Quota(2, PLENTY)
    often, elsewhere, other = found("json:$.a[3]"), found("json:$.a[4]"), found("json:$.a[3]", "header:x")

    assert [take(quota, each) for each in (often, elsewhere, often, other, other, other)] == [
        *(True, True, False),  # the same cause at another index
        *(True, True, False),  # a cause more
    ]
    assert [take(quota, found()) for _ in range(3)] == [True, True, False]
    assert quota.enough == 3


def test_every_hour_begins_anew() -> None:
    """Hours are of the exchanges, which end in any order: a late one belongs to the hour that runs."""
    quota = Quota(1, PLENTY)
    taken = [take(quota, found("json:$.a"), at) for at in (10.0, 3599.0, 3600.0, 3599.0, 7200.0, 0.0)]

    assert taken == [True, False, True, False, True, True]  # the last: the clock was put back


def test_bytes_of_an_hour() -> None:
    """What would pass the hour's bytes is not kept, and is counted; the next hour has room again."""
    quota = Quota(100, 250)

    assert [take(quota, found("json:$.a")) for _ in range(4)] == [True, True, False, False]
    assert quota.full == 2
    assert take(quota, found("json:$.a"), 4000.0)


def test_matches_by_a_rule_have_a_share() -> None:
    """A sample of what each line of a rule silenced is kept, so that stricter rules can be tried."""
    quota = Quota(1, PLENTY)

    assert take(quota, found(hits=("ignore header:x",)))
    assert not take(quota, found(hits=("ignore header:x",)))
    assert take(quota, found(hits=("ignore header:x", "ignore header:y")))
    assert not take(quota, masked(Comparison(Fate.MATCHED), MASK))


def test_causes_are_bounded() -> None:
    """Causes without end, as keys that are data make them, have one share together."""
    quota = Quota(2, PLENTY)
    taken = sum(take(quota, found(f"json:$.k{i}")) for i in range(3 * MOST_CAUSES))

    assert taken == MOST_CAUSES + 2
