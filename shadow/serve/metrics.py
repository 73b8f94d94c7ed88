"""Prometheus metrics over the ledger's plain counters.

Nothing is counted in the client library: a labelled `inc()` costs more than comparing two answers.
The collector makes its samples when it is scraped, in the admin process. Series are bounded:
endpoints past `ENDPOINTS` are added up as `other`, and each label besides has a fixed set of values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from shadow.model import Fate
from shadow.record.tally import Buckets, Tally
from shadow.serve.ledger import Ledger, merge_into

ENDPOINTS: Final = 30
"""Endpoints with series of their own, the busiest; with them all is under 500 series."""

_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class LedgerCollector(Collector):
    """Makes metrics of what a ledger holds at the time of the scrape."""

    def __init__(self, ledger: Ledger, config_hash: str) -> None:
        self._ledger = ledger
        self._config_hash = config_hash

    def collect(self) -> Iterator[Metric]:
        totals = busiest(self._ledger.totals)
        yield from _counters(totals)
        yield _latency(totals)
        for name, help_text in _GAUGES.items():
            yield self._gauge(name, help_text)
        config = GaugeMetricFamily("shadow_config_info", "The configuration in force", labels=["hash"])
        config.add_metric([self._config_hash], 1)
        yield config

    def _gauge(self, name: str, help_text: str) -> Metric:
        counter = name.endswith("_total")
        make = CounterMetricFamily if counter else GaugeMetricFamily
        family = make(f"shadow_{name}", help_text, labels=["worker"])
        for worker, gauges in sorted(self._ledger.gauges.items()):
            if name in gauges:
                family.add_metric([worker], gauges[name])
        return family


_GAUGES: Final = {
    "client_connections": "Connections of clients",
    "tunnels": "Connections that an Upgrade has turned into tunnels",
    "captured_bytes": "Memory held by captures and by exchanges that wait for a shadow worker",
    "retries_total": "Requests sent to legacy a second time, on a new connection",
    "channels": "Live workers that hand exchanges over to this shadow worker",
    "shadow_in_flight": "Shadow requests under way",
    "shadow_waiting": "Exchanges waiting to be sent to the target",
    "shadow_held_bytes": "Memory held by exchanges in a shadow worker",
    "breaker_open": "1 while a target that does not answer is not asked",
    "judge_jobs": "Pairs with the judge",
    "unanalysed_total": "Pairs counted as different without being analysed",
    "evidence_lost_total": "Records that could not be written",
}
"""What workers report as it stands, and what it means."""


def busiest(totals: Mapping[str, Tally], limit: int = ENDPOINTS) -> dict[str, Tally]:
    """The endpoints with the most requests, the rest added up as `other`."""
    ranked = sorted(totals.items(), key=lambda item: (-item[1].received, item[0]))
    kept = dict(ranked[:limit])
    for _, tally in ranked[limit:]:
        if "other" not in kept:
            kept["other"] = Tally()
        merge_into(kept, "other", tally)
    return kept


def _counters(totals: Mapping[str, Tally]) -> Iterator[Metric]:
    received = CounterMetricFamily("shadow_requests", "Requests received", labels=["endpoint"])
    mirrored = CounterMetricFamily("shadow_mirrored_requests", "Shadow requests sent", labels=["endpoint"])
    fates = CounterMetricFamily("shadow_fates", "Requests by how they ended", labels=["endpoint", "fate"])
    in_flight = GaugeMetricFamily("shadow_requests_in_flight", "Requests whose fate is not known yet")
    reasons = CounterMetricFamily(
        "shadow_not_mirrored",
        "Requests skipped by rule or dropped by load, by reason",
        labels=["fate", "reason"],
    )
    by_reason: dict[tuple[str, str], int] = {}
    for endpoint, tally in totals.items():
        received.add_metric([endpoint], tally.received)
        mirrored.add_metric([endpoint], tally.mirrored)
        for fate, count in _by_fate(tally):
            fates.add_metric([endpoint, fate], count)
        for fate, counts in ((Fate.SKIPPED, tally.skipped), (Fate.DROPPED, tally.dropped)):
            for reason, count in counts.items():
                by_reason[fate, reason] = by_reason.get((fate, reason), 0) + count
    for (fate, reason), count in sorted(by_reason.items()):
        reasons.add_metric([fate, reason], count)
    in_flight.add_metric([], sum(tally.in_flight for tally in totals.values()))
    yield from (received, mirrored, fates, reasons, in_flight)


def _by_fate(tally: Tally) -> Iterator[tuple[str, int]]:
    yield Fate.MATCHED, tally.matched
    yield Fate.DIFFERED, tally.differed
    yield Fate.FAILED, tally.failed
    yield Fate.SKIPPED, sum(tally.skipped.values())
    yield Fate.DROPPED, sum(tally.dropped.values())


def _latency(totals: Mapping[str, Tally]) -> Metric:
    """Over all endpoints: a histogram for each would be most of the series."""
    family = HistogramMetricFamily(
        "shadow_answer_seconds", "Time to the last byte of the answers compared", labels=["backend"]
    )
    for backend in ("legacy", "target"):
        merged = Buckets()
        for tally in totals.values():
            merged.merge(tally.legacy if backend == "legacy" else tally.target)
        cumulative = [(str(bound), float(merged.below(bound))) for bound in _BOUNDS]
        family.add_metric([backend], [*cumulative, ("+Inf", float(merged.total))], merged.sum)
    return family


def exposition(ledger: Ledger, config_hash: str) -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(LedgerCollector(ledger, config_hash))
    return generate_latest(registry)
