"""Pairing the members of two sequences."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.compare.align import aligned, nearest, surplus

few = st.lists(st.sampled_from("abcde"), max_size=12)


@pytest.mark.parametrize(
    ("left", "right", "pairs"),
    [
        pytest.param("abc", "abc", [], id="equal"),
        pytest.param("abc", "axc", [(1, 1)], id="one changed"),
        pytest.param("abc", "xabc", [(None, 0)], id="one added in front"),
        pytest.param("abcd", "acd", [(1, None)], id="one missing within"),
        pytest.param("abcde", "axcyde", [(1, 1), (None, 3)], id="changed and added, with an anchor between"),
        pytest.param("", "ab", [(None, 0), (None, 1)], id="nothing on the left"),
        pytest.param("aaaa", "aa", [(2, None), (3, None)], id="repeated members have no anchors"),
        pytest.param("ab", "ba", [(0, None), (None, 1)], id="only one of two crossing members can stay"),
    ],
)
def test_aligned(left: str, right: str, pairs: list[tuple[int | None, int | None]]) -> None:
    """Members that stand in both sequences in the same order are not listed; what lies between is."""
    assert aligned(left, right) == pairs


@settings(derandomize=True, max_examples=500)
@given(few, few)
def test_aligned_is_symmetric(left: list[str], right: list[str]) -> None:
    """Swapping the sequences swaps every pair, and changes nothing else."""
    assert [(j, i) for i, j in aligned(right, left)] == aligned(left, right)


@settings(derandomize=True, max_examples=500)
@given(few, few)
def test_aligned_accounts_for_everything(left: list[str], right: list[str]) -> None:
    """What is not listed is equal on both sides, in order."""
    pairs = aligned(left, right)
    gone, come = {i for i, _ in pairs}, {j for _, j in pairs}
    assert [key for i, key in enumerate(left) if i not in gone] == [
        key for j, key in enumerate(right) if j not in come
    ]


def test_surplus_counts_members() -> None:
    """Equal members cancel one for one; which of them are left over is decided by order."""
    assert surplus("abcab", "baxb") == ([2, 3], [2])


def test_nearest_pairs_what_has_most_in_common() -> None:
    """A changed member finds its counterpart wherever it stands; the odd one out stays alone."""
    left = [frozenset({b"id1", b"red", b"big"}), frozenset({b"id2", b"blue", b"big"})]
    right = [frozenset({b"x"}), frozenset({b"id2", b"blue", b"small"}), frozenset({b"id1", b"red", b"small"})]

    assert nearest(left, right) == [(0, 2), (1, 1), (None, 0)]


@settings(derandomize=True, max_examples=300)
@given(*[st.lists(st.frozensets(st.sampled_from([b"a", b"b", b"c", b"d"])), max_size=5)] * 2)
def test_nearest_is_symmetric(left: list[frozenset[bytes]], right: list[frozenset[bytes]]) -> None:
    """Swapping the sequences swaps every pair."""
    assert sorted((j, i) for i, j in nearest(right, left) if None not in (i, j)) == sorted(
        (i, j) for i, j in nearest(left, right) if None not in (i, j)
    )
