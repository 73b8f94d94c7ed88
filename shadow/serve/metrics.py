"""Prometheus metrics over the ledger's plain counters.

Nothing is counted in the client library: a labelled `inc()` costs more than comparing two answers.
The collector makes its samples when it is scraped, in the admin process. Series are bounded:
endpoints past `ENDPOINTS` are added up as `other`, and each label besides has a fixed set of values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from shadow.frame import Served
from shadow.model import Fate, Statuses
from shadow.record.buckets import Buckets
from shadow.record.tally import Tally, merge_into
from shadow.serve.ledger import Ledger

ENDPOINTS: Final = 20
"""Endpoints with series of their own, the busiest; with them all of one worker of each kind is under 500."""

_ALWAYS: Final = ("502", "504", "broken")
_CLASSES: Final = ("2xx", "3xx", "4xx", "5xx")
"""Own answers, and legacy's, told before there is one: of a series that begins at 1, `increase` sees nothing,
and a share has no whole where a part of it is not there."""

_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


Silence: TypeAlias = Callable[[], dict[str, float]]
"""Tells for how many seconds each process has said nothing."""


class LedgerCollector(Collector):
    """Makes metrics of what a ledger holds at the time of the scrape."""

    def __init__(self, ledger: Ledger, config_hash: str, silence: Silence) -> None:
        self._ledger = ledger
        self._config_hash = config_hash
        self._silence = silence
        self._named: set[str] = set()

    def collect(self) -> Iterator[Metric]:
        totals = shown(self._ledger.totals, self._named)
        yield from _counters(totals)
        yield _answers(totals)
        yield from _by_backend(totals)
        yield _latency(totals)
        yield from _served(self._ledger.served)
        for name, help_text in _GAUGES.items():
            yield self._gauge(name, help_text)
        silent = GaugeMetricFamily(
            "shadow_silent_seconds", "How long ago the last report of a process came", labels=["worker"]
        )
        for worker, seconds in sorted(self._silence().items()):
            silent.add_metric([worker], seconds)
        yield silent
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
    "turned_away_total": "Connections of clients closed at once: there were too many, or memory ran short",
    "tunnels": "Connections that an Upgrade has turned into tunnels",
    "captured_bytes": "Memory held by captures and by exchanges that wait for a shadow worker",
    "mirror_off": "1 while mirroring is turned off by /mirror/off",
    "turned_back": "1 while legacy answers the target's clients, by the guard or /serve/legacy",
    "retries_total": "Requests sent to legacy a second time, on a new connection",
    "channels": "Live workers that hand exchanges over to this shadow worker",
    "shadow_in_flight": "Shadow requests under way",
    "shadow_waiting": "Exchanges waiting to be sent to the target",
    "shadow_held_bytes": "Memory held by exchanges in a shadow worker",
    "breaker_open": "1 while a target that does not answer is not asked",
    "judge_jobs": "Pairs with the judge",
    "unanalysed_total": "Pairs counted as different without being analysed",
    "controls_total": "Requests sent to legacy once more, to learn what varies by itself",
    "controls_failed_total": "Of those, the ones without an answer",
    "rechecks_pending": "Differences that both sides will be asked again for",
    "access_log_lost_total": "Lines of the access log that could not be written",
    "tallies_kept_in_memory": "1 while what was counted cannot be written",
    "evidence_lost_total": "Records that could not be written",
    "evidence_deleted_total": "Segments of evidence deleted because record.limit was reached",
    "segments_shipped_total": "Segments put into the object store",
    "ship_failures_total": "Attempts to ship segments that have failed",
    "spool_segments": "Sealed segments that are not in the object store yet",
    "spool_bytes": "Bytes of them",
    "evidence_enough_total": "Comparisons not kept because enough of their causes were, in this hour",
    "evidence_full_total": "Comparisons not kept because the hour's bytes were used up",
    "tasks": "Tasks of a worker's event loop: connecting to a backend is one, a request is none",
    "loop_lag_seconds": "How long what was due had to wait for the event loop, at most, in the last minute",
    "loop_blocked_seconds": "What of that can have been the loop's own doing, and not want of a processor",
    "config_hash": "The configuration in force, as a number: equal where the settings are",
    "live_deaths_total": "Live workers that died and were started anew",
    "shadow_deaths_total": "Shadow workers that died and were started anew",
    "judge_deaths_total": "Judges that died and were started anew",
    "admin_deaths_total": "Admin servers that died and were started anew",
    "shipper_deaths_total": "Shippers that died and were started anew",
    "config_last_reload_successful": "1 unless the last attempt to reload was refused or failed",
}
"""What workers report as it stands, and what it means."""


def shown(totals: Mapping[str, Tally], named: set[str], limit: int = ENDPOINTS) -> dict[str, Tally]:
    """The endpoints with series of their own, the rest added up as `other`.

    The busiest get one while there is room in `named`, and keep it: a counter whose endpoint moved in
    and out of `other` would look as if it had been reset.
    """
    ranked = sorted(totals.keys() - named, key=lambda name: (-totals[name].received, name))
    named.update(ranked[: max(0, limit - len(named))])
    kept: dict[str, Tally] = {}
    for name, tally in totals.items():
        merge_into(kept, name if name in named else "other", tally)
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


def _answers(totals: Mapping[str, Tally]) -> Metric:
    """Of the exchanges compared: `2xx` … `5xx`, or why there was no answer."""
    family = CounterMetricFamily(
        "shadow_answers", "Answers compared, by backend and status class", labels=["backend", "class"]
    )
    counts: dict[tuple[str, str], int] = {}
    for tally in totals.values():
        for pair, count in tally.status.items():
            for backend, status in zip(("legacy", "target"), Statuses.read(pair), strict=True):
                key = backend, f"{status[0]}xx" if status.isdigit() else status
                counts[key] = counts.get(key, 0) + count
    for (backend, of_class), count in sorted(counts.items()):
        family.add_metric([backend, of_class], count)
    return family


def _by_backend(totals: Mapping[str, Tally]) -> Iterator[Metric]:
    """Both backends side by side, of the exchanges compared: mean times and what nobody wants to see."""
    seconds = SummaryMetricFamily(
        "shadow_endpoint_answer_seconds",
        "Time to the last byte of the answers compared, by endpoint",
        labels=["endpoint", "backend"],
    )
    errors = CounterMetricFamily(
        "shadow_endpoint_errors",
        "Exchanges compared in which a backend gave 5xx or no answer",
        labels=["endpoint", "backend"],
    )
    for endpoint, tally in totals.items():
        for place, (backend, buckets) in enumerate((("legacy", tally.legacy), ("target", tally.target))):
            seconds.add_metric([endpoint, backend], buckets.total, buckets.sum)
            failed = (
                count for pair, count in tally.status.items() if Statuses.read(pair)[place][0] not in "1234"
            )
            errors.add_metric([endpoint, backend], sum(failed))
    yield from (seconds, errors)


def _latency(totals: Mapping[str, Tally]) -> Metric:
    """Over all endpoints: a histogram for each would be most of the series."""
    family = HistogramMetricFamily(
        "shadow_answer_seconds", "Time to the last byte of the answers compared", labels=["backend"]
    )
    for backend in ("legacy", "target"):
        merged = Buckets()
        for tally in totals.values():
            merged.merge(tally.legacy if backend == "legacy" else tally.target)
        family.add_metric([backend], _cumulative(merged), merged.sum)
    return family


def _cumulative(buckets: Buckets) -> list[tuple[str, float]]:
    return [
        *((str(bound), float(buckets.below(bound))) for bound in _BOUNDS),
        ("+Inf", float(buckets.total)),
    ]


def _served(served: Served) -> Iterator[Metric]:
    """What clients saw: of every answer, whether it was compared or not."""
    legacy = CounterMetricFamily(
        "shadow_legacy_answers",
        "Answers of legacy, or of the target where it answers clients, that they got; by status class",
        labels=["class"],
    )
    for of_class, count in sorted((dict.fromkeys(_CLASSES, 0) | served.legacy).items()):
        legacy.add_metric([of_class], count)
    own = CounterMetricFamily(
        "shadow_own_answers",
        "Answers of the proxy in legacy's place, by status; broken: legacy's, which ended in the middle",
        labels=["status"],
    )
    for status, count in sorted((dict.fromkeys(_ALWAYS, 0) | served.own).items()):
        own.add_metric([status], count)
    yield from (legacy, own)
    for name, buckets, begins in (
        ("shadow_client_answer_seconds", served.client, "a client's request"),
        ("shadow_legacy_answer_seconds", served.asked, "the request to whoever answers it"),
    ):
        seconds = HistogramMetricFamily(name, f"Time from {begins} to the last byte of its answer")
        seconds.add_metric([], _cumulative(buckets), buckets.sum)
        yield seconds


def registry(ledger: Ledger, config_hash: str, silence: Silence) -> CollectorRegistry:
    """What `generate_latest` makes Prometheus' text of; one for each ledger."""
    made = CollectorRegistry()
    made.register(LedgerCollector(ledger, config_hash, silence))
    return made
