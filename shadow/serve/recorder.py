"""Writes what was counted into segments, window by window, and deletes what is too old."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import structlog

from shadow.record.segment import SegmentWriter, encode, retain
from shadow.record.tally import Tally, TallyRecord
from shadow.serve.ledger import merge_into
from shadow.settings import Record

_WRITE_EVERY: Final = 10.0  # seconds: what a `kill -9` of the supervisor may cost
_RETAIN_EVERY: Final = 3600.0

log = structlog.get_logger()


class Recorder:
    """The supervisor's segment of tallies. Times are Unix seconds."""

    def __init__(self, settings: Record, name: str, config_hash: str, now: float) -> None:
        self._folder = Path(settings.to)
        self._window = float(settings.window)
        self._keep = settings.keep
        self._config_hash = config_hash
        self._writer = SegmentWriter(self._folder, name, settings.segment)
        self._pending: dict[str, Tally] = {}
        self._next_write = now + _WRITE_EVERY
        self._next_retain = now
        self._failing = False

    def add(self, tallies: dict[str, Tally]) -> None:
        """Take over counters that are new."""
        for endpoint, tally in tallies.items():
            merge_into(self._pending, endpoint, tally)

    def tick(self, now: float) -> None:
        """Write and delete what is due."""
        if now >= self._next_write:
            self._next_write = now + _WRITE_EVERY
            self.write(now)
        if now >= self._next_retain:
            self._next_retain = now + _RETAIN_EVERY
            retain(self._folder, self._keep, now)

    def write(self, now: float) -> None:
        """Append what is pending; what cannot be written stays pending."""
        if not self._pending:
            return
        window = now - now % self._window
        records = [
            TallyRecord(window, self._window, endpoint, self._config_hash, tally)
            for endpoint, tally in self._pending.items()
        ]
        written = self._writer.append(encode(records))
        if written:
            self._pending = {}
        if written == self._failing:  # said once for each change, not every ten seconds
            self._failing = not written
            log.log(
                30 if self._failing else 20,
                "tallies_kept_in_memory" if self._failing else "tallies_written_again",
            )

    def close(self, now: float) -> None:
        """Write the rest and seal."""
        self.write(now)
        self._writer.seal()
