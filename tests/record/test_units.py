"""Distinct requests: what makes one, and that sets of them merge in any order."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.record import units as module
from shadow.record.units import Units, unit

numbers = st.sets(st.integers(0, 2**32 - 1), max_size=60)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few units are already too many."""
    monkeypatch.setattr(module, "MOST", 20)


def units_of(values: set[int]) -> Units:
    made = Units()
    for value in values:
        made.add(value)
    return made


def test_the_order_of_parameters_makes_no_other_request() -> None:
    """`?a=1&b=2` asks what `?b=2&a=1` asks."""
    assert unit(b"GET", b"/x?a=1&b=2", b"", False) == unit(b"GET", b"/x?b=2&a=1", b"", False)


@pytest.mark.parametrize(
    "other",
    [
        (b"HEAD", b"/x?a=1", b"", False),
        (b"GET", b"/y?a=1", b"", False),
        (b"GET", b"/x?a=2", b"", False),
        (b"GET", b"/x?a=1", b"b", False),
        (b"GET", b"/x?a=1", b"", True),
    ],
)
def test_what_makes_another_request(other: tuple[bytes, bytes, bytes, bool]) -> None:
    """Method, path, a parameter, the body, and whether the client is known."""
    assert unit(*other) != unit(b"GET", b"/x?a=1", b"", False)


def test_alike_requests_spread() -> None:
    """Neighbouring paths do not have neighbouring numbers, or the smallest would be no fair sample."""
    low = sum(unit(b"GET", b"/items/%d" % i, b"", False) < 2**31 for i in range(1000))

    assert 430 < low < 570


@given(numbers, numbers, numbers)
def test_the_order_of_merging_does_not_tell(one: set[int], two: set[int], three: set[int]) -> None:
    """However sets are merged, packed or not, the same units stay: the smallest of all."""
    packed = units_of(two)
    packed.settle()
    forward, backward = Units(), Units()
    for each in units_of(one), packed, units_of(three):
        forward.merge(each)
    for each in units_of(three), units_of(one), packed:
        backward.merge(each)

    assert forward.numbers() >= set(sorted(one | two | three)[:20])
    assert len(forward) == len(backward) == min(20, len(one | two | three))
    assert forward == backward


def test_packed_units_can_be_written() -> None:
    """What is written is read again, from JSON too."""
    made = units_of({1, 2**32 - 1})
    made.settle()

    assert msgspec.json.decode(msgspec.json.encode(made), type=Units).numbers() == {1, 2**32 - 1}


def test_what_was_tampered_with_is_read() -> None:
    """Bytes that are no whole number, and numbers out of range, do no harm."""
    assert Units(packed=b"12345", fresh={-1}).numbers() == {0x34333231, 2**32 - 1}
