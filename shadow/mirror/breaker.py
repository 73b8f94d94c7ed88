"""When to stop asking a target that does not answer. Pure: time is an argument."""

from __future__ import annotations


class Breaker:
    """Opens after so many failures in a row; then one request every `probe` seconds tries again."""

    def __init__(self, failures: int, probe: float) -> None:
        self._limit = failures
        self._probe = probe
        self._row = 0
        self._next_probe = 0.0
        self.is_open = False

    def allows(self, now: float) -> bool:
        """Whether a request may be sent now. While open, a yes is the probe."""
        if not self.is_open:
            return True
        if not self.probe_due(now):
            return False
        self._next_probe = now + self._probe
        return True

    def probe_due(self, now: float) -> bool:
        """Whether the open breaker would let one through."""
        return now >= self._next_probe

    def answered(self) -> None:
        """The target gave an answer, whatever it says."""
        self._row = 0
        self.is_open = False

    def failed(self, now: float) -> None:
        """The target gave none."""
        self._row += 1
        if self._row == self._limit:
            self.is_open = True
            self._next_probe = now + self._probe
