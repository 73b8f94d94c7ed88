"""What the report says of replayed access logs. Pure."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from shadow.endpoint import bounded
from shadow.model import Statuses
from shadow.record.buckets import Buckets
from shadow.record.parts import add_counts
from shadow.record.replayed import LogRecord
from shadow.report.figures import most_first
from shadow.report.schema import Lateness, LogReport, Otherwise

EXAMPLES = 5
"""Lines shown of each reason."""


class Logs:
    """A fold over the records of all stretches and shards."""

    def __init__(self) -> None:
        self._read = self._parsed = self._replayed = 0
        self._skipped: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}
        self._status: dict[str, dict[str, int]] = {}
        self._late = Buckets()
        self._bodies = True
        self._any = False

    def add(self, record: LogRecord) -> None:
        """Take one in."""
        self._any = True
        self._read += record.read
        self._parsed += record.parsed
        self._replayed += record.replayed
        add_counts(self._skipped, record.skipped)
        for reason, lines in record.examples.items():
            # Sorted, so that shards give the same in whatever order they are read.
            known = {*self._examples.get(reason, ()), *lines}
            self._examples[reason] = sorted(known)[:EXAMPLES]
        for endpoint, pairs in record.status.items():
            add_counts(self._status.setdefault(bounded(self._status, endpoint), {}), pairs)
        self._late.merge(record.late)
        self._bodies &= record.bodies

    def report(self) -> LogReport | UnsetType:
        """Nothing where no log was replayed."""
        if not self._any:
            return UNSET
        return LogReport(
            read=self._read,
            parsed=self._parsed,
            replayed=self._replayed,
            skipped=most_first(self._skipped),
            examples=dict(sorted(self._examples.items())),
            late=Lateness(*(self._late.quantile(q) for q in (0.5, 0.99, 1.0))),
            bodies_compared=self._bodies,
            otherwise=self._otherwise(),
        )

    def _otherwise(self) -> list[Otherwise]:
        """The most frequent first."""
        found = []
        for endpoint, pairs in self._status.items():
            for pair, count in pairs.items():
                logged, legacy = Statuses.read(pair)
                if logged != legacy:
                    found.append(Otherwise(endpoint, logged, legacy, count, sum(pairs.values())))
        return sorted(found, key=lambda each: (-each.count, each.endpoint, each.logged, each.legacy))
