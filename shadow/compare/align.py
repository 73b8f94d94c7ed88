"""Which members of two sequences belong together, where they do not all stand at the same place.

Pure and generic: lines of text and members of JSON arrays, given as keys that are equal when the
members are. Never quadratic. Swapping the sequences swaps the pairs, exactly.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

Pair: TypeAlias = tuple[int | None, int | None]
"""Index on the left and on the right; None where that side has no counterpart, never on both."""

WEIGHED = 32
"""Members of one side that can be weighed against those of the other: 1,024 comparisons of sets."""


def aligned(left: Sequence[str], right: Sequence[str]) -> list[Pair]:
    """The places where two ordered sequences differ, in order."""
    if list(left) <= list(right):
        return _aligned(left, right)
    return _swapped(_aligned(right, left))


def _swapped(pairs: list[Pair]) -> list[Pair]:
    return [(j, i) for i, j in pairs]


def place(pair: Pair) -> int:
    """Where a pair is said to stand: the one index, or the smaller where the sides have moved."""
    return min(index for index in pair if index is not None)


def surplus(left: Sequence[str], right: Sequence[str]) -> tuple[list[int], list[int]]:
    """What is left over on each side of two unordered sequences when equal members are taken away
    in pairs."""
    return _unpaired(left, Counter(right)), _unpaired(right, Counter(left))


def _unpaired(keys: Sequence[str], others: Counter[str]) -> list[int]:
    over: list[int] = []
    for i, key in enumerate(keys):
        if others[key] > 0:
            others[key] -= 1
        else:
            over.append(i)
    return over


def nearest(left: Sequence[frozenset[bytes]], right: Sequence[frozenset[bytes]]) -> list[Pair]:
    """Pairs of members, given as sets of their parts, that have most in common; then those of one
    side only. For at most `WEIGHED` members: it weighs each against each."""
    if [sorted(parts) for parts in left] > [sorted(parts) for parts in right]:
        return _swapped(nearest(right, left))
    weights = sorted((-len(a & b), i, j) for i, a in enumerate(left) for j, b in enumerate(right))
    pairs: list[Pair] = []
    rest_left, rest_right = dict.fromkeys(range(len(left))), dict.fromkeys(range(len(right)))
    for _, i, j in weights:
        if i in rest_left and j in rest_right:
            del rest_left[i], rest_right[j]
            pairs.append((i, j))
    return pairs + paired(list(rest_left), list(rest_right))


def paired(left: Sequence[int], right: Sequence[int]) -> list[Pair]:
    """Pairs in order, as far as both sides reach; then those of one side only."""
    both = min(len(left), len(right))
    pairs: list[Pair] = list(zip(left[:both], right[:both], strict=True))
    pairs.extend((i, None) for i in left[both:])
    pairs.extend((None, j) for j in right[both:])
    return pairs


def _aligned(left: Sequence[str], right: Sequence[str]) -> list[Pair]:
    """Patience: keys that both sides hold exactly once are the anchors; between two anchors what
    is left of the common head and tail is paired in order."""
    head, tail = _trimmed(left, right, 0, len(left), 0, len(right))
    anchors = _anchors(left, right, head, tail)
    pairs: list[Pair] = []
    i = j = head
    for to_left, to_right in [*anchors, (len(left) - tail, len(right) - tail)]:
        if i < to_left or j < to_right:
            start, stop = _trimmed(left, right, i, to_left, j, to_right)
            pairs += paired(range(i + start, to_left - stop), range(j + start, to_right - stop))
        i, j = to_left + 1, to_right + 1
    return pairs


def _trimmed(
    left: Sequence[str], right: Sequence[str], i: int, end_left: int, j: int, end_right: int
) -> tuple[int, int]:
    """Lengths of the common head and tail of left[i:end_left] and right[j:end_right]."""
    both = min(end_left - i, end_right - j)
    head = 0
    while head < both and left[i + head] == right[j + head]:
        head += 1
    both -= head
    tail = 0
    while tail < both and left[end_left - 1 - tail] == right[end_right - 1 - tail]:
        tail += 1
    return head, tail


def _anchors(left: Sequence[str], right: Sequence[str], head: int, tail: int) -> list[tuple[int, int]]:
    """Places of the keys that both sides hold once, as far as they stand in the same order."""
    middle_left, middle_right = left[head : len(left) - tail], right[head : len(right) - tail]
    once_left, once_right = Counter(middle_left), Counter(middle_right)
    place = {key: j for j, key in enumerate(middle_right, head) if once_right[key] == 1}
    common = [
        (i, place[key]) for i, key in enumerate(middle_left, head) if once_left[key] == 1 and key in place
    ]
    return _rising(common)


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence whose right indexes rise (patience sorting, O(n log n))."""
    tops: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        before.append(last[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(j)
            last.append(index)
        else:
            tops[pile] = j
            last[pile] = index
    chain: list[tuple[int, int]] = []
    index = last[-1] if last else -1
    while index >= 0:
        chain.append(pairs[index])
        index = before[index]
    return chain[::-1]
