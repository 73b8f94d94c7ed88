"""What versions of the target introduced and fixed."""

from __future__ import annotations

from support.tallies import BROKEN, VALUE, add

from shadow.record.parts import OTHER, Release
from shadow.record.tally import Tally
from shadow.verdict.releases import trends

PRICE, STATUS = "changed json:$.price", "changed status 200→500"


def test_introduced_and_fixed() -> None:
    """Versions in the order of their first answers, each with what began and ended with it."""
    made = add(Tally(), range(100), hour=1, version="v2")
    add(made, range(20), VALUE, hour=2, version="v10")
    add(made, range(20), BROKEN, hour=2, version="v10")
    add(made, range(50), hour=3, version="v3")
    first, second, third = trends({"GET /": made})

    assert (first.version, first.introduced, first.fixed) == ("v2", (), ())
    assert (first.first, first.last, first.compared, first.differed) == (3600, 3600, 100, 0)
    assert (second.version, second.differed, second.introduced) == ("v10", 40, (PRICE, STATUS))
    assert (third.version, third.introduced, third.fixed) == ("v3", (), (PRICE, STATUS))


def test_what_was_seldom_is_not_called_fixed() -> None:
    """Ten exchanges without what one of a hundred showed prove nothing."""
    made = add(add(Tally(), range(99), version="a"), [99], VALUE, version="a")
    add(made, range(10), hour=1, version="b")
    assert [each.fixed for each in trends({"GET /": made})] == [(), ()]

    add(made, range(300), hour=1, version="b")
    assert [each.fixed for each in trends({"GET /": made})] == [(), (PRICE,)]


def test_what_was_there_from_the_beginning_was_not_introduced() -> None:
    """Of the first version nobody knows what was before."""
    made = add(add(Tally(), range(9), VALUE, version="a"), range(9), VALUE, hour=1, version="b")

    assert [each.introduced for each in trends({"GET /": made})] == [(), ()]


def test_endpoints_are_added() -> None:
    """Versions are of all endpoints; a difference is looked for where it was ever shown."""
    old = add(add(Tally(), range(9), version="a"), range(9), VALUE, hour=1, version="b")
    other = add(add(Tally(), range(5), version="a"), range(5), hour=1, version="b")
    first, second = trends({"GET /": old, "GET /b": other})

    assert (first.compared, second.compared, second.introduced) == (14, 14, (PRICE,))


def test_hostile_releases_are_read() -> None:
    """Versions without exchanges, and those that had no place, raise nothing."""
    made = Tally(releases={OTHER: Release(1, 1), "a": Release(0, 0, 0, 0, {PRICE: 3, OTHER: 1})})

    assert [each.version for each in trends({"GET /": made})] == ["a"]
