"""Writes what was counted into segments, one for each window, and deletes what is too old.

The open segment is a snapshot of its window: every few seconds it is replaced by one that has all that was
counted since the window began. So a day is as many records as it has hours and endpoints, and a killed
supervisor leaves behind what the last snapshot held, once.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import structlog

from shadow.record.configured import ConfigRecord
from shadow.record.folder import retain
from shadow.record.segment import SegmentWriter, encode
from shadow.record.tally import Tally, TallyRecord, merge_into
from shadow.settings import Record

_WRITE_EVERY: Final = 5.0  # seconds: what a `kill -9` of the supervisor may cost
_SHARE: Final = 0.01  # of the supervisor's time that snapshots may take; above, they become rarer
_RETAIN_EVERY: Final = 3600.0

log = structlog.get_logger()


class Recorder:
    """The supervisor's segment of tallies. Times are Unix seconds."""

    def __init__(self, settings: Record, name: str, configured: ConfigRecord, now: float) -> None:
        self.failing = False
        """What was counted cannot be written just now, and is kept in memory."""
        self._folder = Path(settings.folder)
        self._seconds = float(settings.window)
        self._keep = settings.keep
        self._configured = configured
        self._writer = SegmentWriter(self._folder, name, settings.segment)
        self._tallies: dict[str, Tally] = {}
        self._began = now  # the window, or the earliest of those that could not be written
        self._new = False  # something was counted that no snapshot holds
        self._next_write = now  # what is counted first, at once: somebody may wait for a first report
        self._next_retain = now

    def add(self, tallies: dict[str, Tally]) -> None:
        """Take over counters that are new."""
        for endpoint, tally in tallies.items():
            merge_into(self._tallies, endpoint, tally)
            self._new = True

    def reconfigure(self, configured: ConfigRecord, now: float) -> None:
        """From here on another configuration is in force."""
        self._finish(now)
        self._configured = configured

    def tick(self, now: float) -> None:
        """Write and delete what is due."""
        if self._window_of(now) != self._window_of(self._began):
            self._finish(now)
        elif self._new and now >= self._next_write:
            began = time.perf_counter()
            self.write(now)
            self._next_write = now + max(_WRITE_EVERY, (time.perf_counter() - began) / _SHARE)
        if now >= self._next_retain:
            self._next_retain = now + _RETAIN_EVERY
            retain(self._folder, self._keep, now)

    def write(self, now: float) -> bool:
        """Replace the snapshot, if there is anything new; False if what was counted could not be written."""
        if not self._new:
            return True
        for tally in self._tallies.values():
            tally.settle()
        seconds = max(0.0, now - self._began)  # the clock may have been set back
        records = [
            TallyRecord(self._began, seconds, endpoint, self._configured.config_hash, tally)
            for endpoint, tally in self._tallies.items()
        ]
        written = self._writer.replace(encode([self._configured, *records]))
        self._new = not written
        if written == self.failing:  # said once for each change, not every time
            self.failing = not written
            if self.failing:
                log.warning("tallies_kept_in_memory", folder=str(self._folder), reason=self._writer.why)
            else:
                log.info("tallies_written_again", folder=str(self._folder))
        return written

    def close(self, now: float) -> None:
        """Write the rest and seal; what the disk does not take is gone with this process."""
        self._finish(now)
        if self._new:
            requests = sum(tally.received for tally in self._tallies.values())
            log.error("tallies_lost", folder=str(self._folder), requests=requests)

    def _finish(self, now: float) -> None:
        """Seal what was counted, and begin anew. While it cannot be written, its window goes on."""
        if self.write(now):
            self._writer.seal()
            self._tallies = {}
            self._began = now
        self._next_write = now + _WRITE_EVERY

    def _window_of(self, now: float) -> float:
        return now - now % self._seconds
