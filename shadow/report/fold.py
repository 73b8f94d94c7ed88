"""Records, added up. Pure: in any order, and from any number of processes, the same comes of it."""

from __future__ import annotations

from collections.abc import Iterable

from shadow.record.configured import ConfigRecord
from shadow.record.evidence import Evidence
from shadow.record.replayed import LogRecord
from shadow.record.segment import Record
from shadow.record.tally import Tally, TallyRecord, merge_into
from shadow.report.logs import Logs
from shadow.report.schema import Window
from shadow.report.series import Series
from shadow.verdict.causes import Causes
from shadow.verdict.diagnosis.case import Traces


class Fold:
    """What a report is made of."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.tallies: dict[str, Tally] = {}
        self.causes = Causes()
        self.traces = Traces()
        self.logs = Logs()
        self.series = Series()
        self.configured = ConfigRecord(0.0, "")
        self.config_hash = ""
        self._newest = 0.0
        self._periods: set[tuple[float, float]] = set()
        for record in records:
            if isinstance(record, TallyRecord):
                self._add(record)
            elif isinstance(record, Evidence):
                self.causes.illustrate(record)
                self.traces.add(record)
            elif isinstance(record, LogRecord):
                self.logs.add(record)
            elif isinstance(record, ConfigRecord):
                self.configured = max(self.configured, record, key=lambda each: (each.at, each.config_hash))
        for endpoint, tally in self.tallies.items():
            # Who counts them received is another process, heard a moment later, or never if it was killed.
            tally.received = max(tally.received, tally.fates)
            self.causes.add(endpoint, tally)

    def _add(self, record: TallyRecord) -> None:
        endpoint = merge_into(self.tallies, record.endpoint, record.tally)
        self.series.add(endpoint, record)
        end = record.window + record.seconds
        self._periods.add((record.window, end))
        if (end, record.config_hash) > (self._newest, self.config_hash):
            self._newest, self.config_hash = end, record.config_hash

    @property
    def window(self) -> Window:
        """From the first record's begin to the last one's end."""
        if not self._periods:
            return Window()
        return Window(min(start for start, _ in self._periods), self._newest)

    @property
    def seconds(self) -> float:
        """How long was recorded: without gaps, and once where several processes did."""
        total, until = 0.0, 0.0
        for start, end in sorted(self._periods):
            total += max(0.0, end - max(start, until))
            until = max(until, end)
        return total
