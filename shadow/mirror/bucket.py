"""So many a second at most. Pure: time is an argument."""

from __future__ import annotations


class Bucket:
    """Holds a second's tokens, one at least, and fills as time passes; at a rate of nought there are none."""

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._most = max(1.0, per_second) if per_second else 0.0
        self._tokens = self._most
        self._filled = 0.0

    def has(self, now: float) -> bool:
        """Whether one more may be done now."""
        return self._tokens + (now - self._filled) * self._rate >= 1.0

    def take(self, now: float) -> bool:
        """Whether one more may be done now; a yes uses a token up."""
        self._tokens = min(self._most, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
