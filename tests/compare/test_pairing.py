"""Ordered members paired by what they have in common."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.compare.align import Pair
from shadow.compare.pairing import matched, reordered


class Word(NamedTuple):
    """A member with its letters as parts; those that begin with one letter may be paired."""

    key: str

    @property
    def name(self) -> str:
        """The first letter."""
        return self.key[:1]

    def parts(self) -> frozenset[Hashable]:
        """The letters."""
        return frozenset(self.key)


def words(text: str) -> list[Word]:
    """One member for each word."""
    return [Word(word) for word in text.split()]


@pytest.mark.parametrize(
    ("left", "right", "pairs"),
    [
        ("a b c", "a b c", []),
        ("a b c", "a c", [(1, None)]),
        ("a c", "a b c", [(None, 1)]),
        ("abc axy", "a abd axz", [(None, 0), (0, 1), (1, 2)]),
        ("abc axy", "axz abd ab", [(None, 0), (0, 1), (1, 2)]),
        ("ab", "cb", [(0, None), (None, 0)]),
    ],
)
def test_matched(left: str, right: str, pairs: list[Pair]) -> None:
    """Equal members first, then the most similar of one name in order."""
    assert matched(words(left), words(right)) == pairs


def test_large_gaps() -> None:
    """Too many to be weighed: then the name alone decides, in order."""
    left = words(" ".join(f"a{i}" for i in range(40)))
    right = words("b " + " ".join(f"a{i}" for i in range(100, 140)))

    assert matched(left, right) == [(None, 0), *((i, i + 1) for i in range(40))]


def test_reordered() -> None:
    """The same members in another order, and nothing else."""
    assert reordered(words("a b"), words("b a"))
    assert not reordered(words("a b"), words("a b"))
    assert not reordered(words("a b"), words("b a a"))
    assert not reordered(words("a b"), words("b c"))


LISTS = st.lists(st.text("abc", min_size=1, max_size=3).map(Word), max_size=25)


@given(LISTS, LISTS)
def test_every_unequal_member_is_in_one_pair(left: list[Word], right: list[Word]) -> None:
    """Nothing is lost and nothing is said twice; what is in no pair is equal; swapping swaps; the two
    sides of a pair have one name and rise."""
    pairs = matched(left, right)
    ours, theirs = [i for i, _ in pairs if i is not None], [j for _, j in pairs if j is not None]

    assert ours == sorted(set(ours))
    assert theirs == sorted(set(theirs))
    rest = [word for i, word in enumerate(left) if i not in ours]
    assert rest == [word for j, word in enumerate(right) if j not in theirs]
    assert all(left[i].name == right[j].name for i, j in pairs if i is not None and j is not None)
    assert matched(right, left) == [(j, i) for i, j in pairs]
