"""How much evidence is kept: some of each cause in an hour, and so many bytes. Pure.

The hundredth of one cause tells nothing new, and no answer may fill the disk.
"""

from __future__ import annotations

from shadow.compare.signature import signature
from shadow.model import Comparison, Fate
from shadow.record.parts import OTHER
from shadow.record.units import HOUR

MOST_CAUSES = 1000
"""Causes told apart; an answer whose keys are data has a new one every time."""


class Quota:
    """What is still to be kept in the hour that runs: `each` comparisons of a cause, or of a line of a rule
    that made a match, and `size` bytes in all."""

    def __init__(self, each: int, size: int) -> None:
        self.enough = 0
        """Comparisons not kept because there was enough of their causes."""
        self.full = 0
        """Comparisons not kept because the hour's bytes were used up."""
        self._each = each
        self._size = size
        self._kept: dict[str, int] = {}
        self._bytes = 0
        self._hour = -1

    def wants(self, comparison: Comparison, at: float) -> bool:
        """Whether to keep what an exchange showed that began `at`, in Unix seconds; plain matches never."""
        self._renew(int(at // HOUR))
        causes = _causes(comparison)
        if not causes:
            return False
        if all(self._kept.get(self._known(cause), 0) >= self._each for cause in causes):
            self.enough += 1
            return False
        if self._bytes >= self._size:
            self.full += 1
            return False
        return True

    def take(self, comparison: Comparison, at: float) -> bool:
        """Whether one is wanted, where no bytes count; then it is booked."""
        return self.wants(comparison, at) and self.book(comparison, 0)

    def book(self, comparison: Comparison, size: int) -> bool:
        """Count a wanted comparison as kept in `size` bytes; False if there is no room for it."""
        if self._bytes + size > self._size:
            self.full += 1
            return False
        self._bytes += size
        for cause in {self._known(cause) for cause in _causes(comparison)}:
            self._kept[cause] = self._kept.get(cause, 0) + 1
        return True

    def _renew(self, hour: int) -> None:
        """Begin anew with every hour. Exchanges end in any order, so the last one's may still come."""
        if hour not in (self._hour, self._hour - 1):
            self._hour = hour
            self._kept.clear()
            self._bytes = 0

    def _known(self, cause: str) -> str:
        return cause if cause in self._kept or len(self._kept) < MOST_CAUSES else OTHER


def _causes(comparison: Comparison) -> set[str]:
    if comparison.fate is Fate.MATCHED:
        return {f"rule {line}" for line in comparison.hits}
    return {signature(each) for each in comparison.differences} or {OTHER}
