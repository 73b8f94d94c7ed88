"""Which members of two ordered sequences belong together, where members are more than a text: elements of
XML, rows of a table, parts of a message.

Equal members are aligned first. Between two of them those are paired that have most in common, in order
and under the same name only, so that one member inserted among changed ones is one difference.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Protocol, TypeAlias

from shadow.compare.align import Pair, aligned

_WEIGHED = 256  # members of a gap on the left times those on the right; beyond, only names and order count


class Member(Protocol):
    """One member: `key` is the same for equal ones, `name` for those that may be paired."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    def parts(self) -> frozenset[Hashable]:
        """What it has that another may have too."""
        ...


Gap: TypeAlias = tuple[list[int], list[int], tuple[int, int]]
"""Unequal members on the left and on the right, and the equal ones after them; at the end, past it."""


def reordered(left: Sequence[Member], right: Sequence[Member]) -> bool:
    """Are these the same members in another order?"""
    if len(left) != len(right):
        return False
    ours, theirs = [member.key for member in left], [member.key for member in right]
    return ours != theirs and sorted(ours) == sorted(theirs)


def matched(left: Sequence[Member], right: Sequence[Member]) -> list[Pair]:
    """The places where two sequences differ, in order. Swapping the sequences swaps the pairs."""
    ours, theirs = [member.key for member in left], [member.key for member in right]
    if ours > theirs:
        return [(i, j) for j, i in matched(right, left)]
    pairs: list[Pair] = []
    for rows, columns, _ in _gaps(ours, theirs):
        if len(rows) * len(columns) <= _WEIGHED:
            pairs += _weighed(left, right, rows, columns)
        else:
            pairs += _by_name(left, right, rows, columns)
    return pairs


def _gaps(left: Sequence[str], right: Sequence[str]) -> Iterator[Gap]:
    """Where two sequences of keys differ."""
    pairs = aligned(left, right)
    alone_left, alone_right = {i for i, _ in pairs}, {j for _, j in pairs}
    i = j = 0
    while i < len(left) or j < len(right):
        start, stop = i, j
        while i in alone_left:
            i += 1
        while j in alone_right:
            j += 1
        yield list(range(start, i)), list(range(stop, j)), (i, j)
        i, j = i + 1, j + 1


def _weighed(
    left: Sequence[Member], right: Sequence[Member], rows: list[int], columns: list[int]
) -> list[Pair]:
    """The pairs that together have most in common: the best way from each (row, column) to the end."""
    ours = [(left[i].name, left[i].parts()) for i in rows]
    theirs = [(right[j].name, right[j].parts()) for j in columns]
    best = [[0] * (len(columns) + 1) for _ in range(len(rows) + 1)]
    for i in reversed(range(len(rows))):
        for j in reversed(range(len(columns))):
            (name, parts), (other_name, other_parts) = ours[i], theirs[j]
            weight = 1 + len(parts & other_parts) if name == other_name else 0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], weight + best[i + 1][j + 1])
    pairs: list[Pair] = []
    i = j = 0
    while i < len(rows) or j < len(columns):
        if j == len(columns) or (i < len(rows) and best[i][j] == best[i + 1][j]):
            pairs.append((rows[i], None))
            i += 1
        elif i == len(rows) or best[i][j] == best[i][j + 1]:
            pairs.append((None, columns[j]))
            j += 1
        else:
            pairs.append((rows[i], columns[j]))
            i, j = i + 1, j + 1
    return pairs


def _by_name(
    left: Sequence[Member], right: Sequence[Member], rows: list[int], columns: list[int]
) -> list[Pair]:
    """Pairs of one name, as they come."""
    pairs: list[Pair] = []
    for alone, others, (i, j) in _gaps([left[i].name for i in rows], [right[j].name for j in columns]):
        pairs += [(rows[k], None) for k in alone] + [(None, columns[k]) for k in others]
        if i < len(rows):
            pairs.append((rows[i], columns[j]))
    return pairs
