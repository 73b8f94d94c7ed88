"""What was found out about short keys, kept for the next time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Final, TypeVar

K = TypeVar("K", bound=Sized)
V = TypeVar("V")

_MOST: Final = 4096  # keys, unless a memo is told otherwise


class Memo(dict[K, V]):
    """What `find` gives for a key, asked once. What it raises is not kept.

    Keys come from strangers, so memory is bounded: a key longer than `longest` (by its `size`) is asked about
    each time, and a memo of `most` keys starts over. That is cheaper than to know the oldest, and what is in
    use is soon back.
    """

    def __init__(
        self, find: Callable[[K], V], longest: int, size: Callable[[K], int] = len, most: int = _MOST
    ) -> None:
        super().__init__()
        self._find = find
        self._longest = longest
        self._size = size
        self._most = most

    def __missing__(self, key: K) -> V:
        value = self._find(key)
        if self._size(key) <= self._longest:
            if len(self) >= self._most:
                self.clear()
            self[key] = value
        return value
