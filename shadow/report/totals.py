"""What became of requests, counted, as a report says it of one endpoint or of all. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shadow.record.tally import Tally
from shadow.report.figures import most_first
from shadow.report.schema import Totals
from shadow.report.shapes import sides


def totals(tallies: Iterable[Tally]) -> Totals:
    """What became of the requests of some endpoints together, which says nothing of a verdict."""
    return Totals(**counts(merged(tallies)))


def merged(tallies: Iterable[Tally]) -> Tally:
    """The sum. How many of its requests are distinct cannot be summed, and is left out."""
    whole = Tally()
    for tally in tallies:
        whole.merge(tally, distinct=False)
    return whole


def counts(tally: Tally) -> dict[str, Any]:
    """What `Totals` and every `EndpointReport` show alike, by the names of their fields."""
    return {
        "received": tally.received,
        "mirrored": tally.mirrored,
        "compared": tally.compared,
        "matched": tally.matched,
        "differed": tally.differed,
        "failed": tally.failed,
        "skipped": most_first(tally.skipped),
        "dropped": most_first(tally.dropped),
        "in_flight": tally.in_flight,
        "unanswered": tally.unanswered,
        "status": most_first(tally.status),
        "latency": sides(tally.legacy, tally.target),
        "first_byte": sides(tally.legacy_first, tally.target_first),
        "unanalysed": tally.unanalysed,
    }
