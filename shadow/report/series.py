"""What was counted hour by hour. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from shadow.record.buckets import Buckets
from shadow.record.tally import TallyRecord
from shadow.record.units import HOUR
from shadow.report.schema import Hour, ShortHour
from shadow.report.shapes import quantile


class Counted(Struct):
    """One hour, without what legacy did not answer, but in `received`."""

    received: int = 0
    compared: int = 0
    differed: int = 0
    failed: int = 0
    legacy: Buckets = field(default_factory=Buckets)
    target: Buckets = field(default_factory=Buckets)

    def merge(self, other: Counted) -> None:
        """Take over what `other` counted."""
        self.received += other.received
        self.compared += other.compared
        self.differed += other.differed
        self.failed += other.failed
        self.legacy.merge(other.legacy)
        self.target.merge(other.target)


class Series:
    """Hours of each endpoint. A window longer than an hour counts in the hour in which it began."""

    def __init__(self) -> None:
        self._hours: dict[str, dict[float, Counted]] = {}

    def add(self, endpoint: str, record: TallyRecord) -> None:
        """Take over one window, under the name that its endpoint has in the report."""
        tally = record.tally
        hours = self._hours.setdefault(endpoint, {})
        at = record.window // HOUR * HOUR
        known = hours.get(at)
        if known is None:
            known = hours[at] = Counted()
        differed = max(0, tally.differed - tally.differed_alone)
        known.merge(
            Counted(tally.received, tally.compared, differed, tally.failed, tally.legacy, tally.target)
        )

    def of(self, endpoint: str) -> list[ShortHour]:
        """The hours of one endpoint in which anything was received or ended."""
        return [_short(at, counted) for at, counted in sorted(self._hours.get(endpoint, {}).items())]

    def overall(self) -> list[Hour]:
        """The hours of all endpoints together."""
        hours: dict[float, Counted] = {}
        for of_endpoint in self._hours.values():
            for at, counted in of_endpoint.items():
                hours.setdefault(at, Counted()).merge(counted)
        return [_hour(at, counted) for at, counted in sorted(hours.items())]

    def compared_in(self) -> Iterable[float]:
        """The hours in which anything was compared."""
        return {
            at
            for of_endpoint in self._hours.values()
            for at, counted in of_endpoint.items()
            if counted.compared or counted.failed
        }


def _short(at: float, counted: Counted) -> ShortHour:
    return ShortHour(
        at,
        counted.received,
        counted.compared,
        counted.differed + counted.failed,
        quantile(counted.legacy, 0.95),
        quantile(counted.target, 0.95),
    )


def _hour(at: float, counted: Counted) -> Hour:
    return Hour(
        at=at,
        received=counted.received,
        compared=counted.compared,
        differed=counted.differed,
        failed=counted.failed,
        legacy_p50=quantile(counted.legacy, 0.5),
        legacy_p95=quantile(counted.legacy, 0.95),
        target_p50=quantile(counted.target, 0.5),
        target_p95=quantile(counted.target, 0.95),
    )
