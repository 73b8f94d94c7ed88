"""One report out of many records.

Pure but for `read`: a fold over tallies and evidence, in any order and from any number of processes.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from pathlib import Path
from typing import Any

from shadow.record.buckets import Buckets
from shadow.record.evidence import Evidence
from shadow.record.parts import Seen
from shadow.record.replayed import LogRecord
from shadow.record.segment import Record, Unreadable, read_segments
from shadow.record.tally import Tally, TallyRecord
from shadow.report.logs import Logs
from shadow.report.schema import DifferenceReport, EndpointReport, Quantiles, Report, Sides, Totals, Window
from shadow.verdict.causes import Causes, split
from shadow.verdict.verdict import TOLERANCE, Judgement, Verdict, judge, overall, was_tried

_RISK = list(Verdict)


def read(folder: Path, tolerance: float = TOLERANCE) -> Report:
    """The report of a folder of segments. Raises OSError where there is no such folder."""
    unreadable = Unreadable()
    return build(read_segments(folder, unreadable), unreadable, tolerance)


def build(
    records: Iterable[Record], unreadable: Unreadable | None = None, tolerance: float = TOLERANCE
) -> Report:
    """The report of some records. `unreadable` is what their reader has left out once it is through."""
    tallies: dict[str, Tally] = {}
    causes = Causes()
    logs = Logs()
    start, newest = inf, (0.0, "")
    for record in records:
        if isinstance(record, TallyRecord):
            tallies.setdefault(record.endpoint, Tally()).merge(record.tally)
            causes.add(record)
            start = min(start, record.window)
            newest = max(newest, (record.window + record.seconds, record.config_hash))
        elif isinstance(record, LogRecord):
            logs.add(record)
        elif isinstance(record, Evidence):
            causes.illustrate(record)
    whole = Tally()
    for tally in tallies.values():
        whole.merge(tally)
    judged = {name: judge(tally, tolerance) for name, tally in tallies.items()}
    tried = [judged[name].verdict for name, tally in tallies.items() if was_tried(tally)]
    verdict, why = overall(tried, len(tallies) - len(tried))
    return Report(
        window=Window(start, newest[0]) if tallies else Window(),
        config_hash=newest[1],
        verdict=verdict,
        why=why,
        totals=Totals(**_counts(whole)),
        causes=causes.listed(),
        endpoints=[
            _endpoint(name, tallies[name], judged[name])
            for name in sorted(tallies, key=lambda name: _risk(name, tallies[name], judged[name].verdict))
        ],
        log=logs.report(),
        unreadable=unreadable or Unreadable(),
    )


def _risk(name: str, tally: Tally, verdict: Verdict) -> tuple[bool, int, int, int, str]:
    """What the owner must look at comes first; what was never to be compared, last."""
    mismatches = tally.differed + tally.failed
    return not was_tried(tally), _RISK.index(verdict), -mismatches, -tally.received, name


def _endpoint(name: str, tally: Tally, judgement: Judgement) -> EndpointReport:
    differences = [_difference(*each) for each in tally.differences.items()]
    differences.sort(key=lambda each: (-each.count, each.path, each.kind, each.legacy or ""))
    return EndpointReport(
        endpoint=name,
        verdict=judgement.verdict,
        why=judgement.why,
        needed=judgement.needed,
        differences=differences,
        **_counts(tally),
    )


def _difference(name: str, seen: Seen) -> DifferenceReport:
    kind, path = split(name)
    return DifferenceReport(kind, path, seen.count, seen.legacy, seen.target)


def _counts(tally: Tally) -> dict[str, Any]:
    """What the totals and every endpoint show alike."""
    return {
        "received": tally.received,
        "mirrored": tally.mirrored,
        "compared": tally.matched + tally.differed,
        "matched": tally.matched,
        "differed": tally.differed,
        "failed": tally.failed,
        "skipped": _most_first(tally.skipped),
        "dropped": _most_first(tally.dropped),
        "in_flight": tally.in_flight,
        "status": _most_first(tally.status),
        "latency": Sides(_quantiles(tally.legacy), _quantiles(tally.target)),
        "first_byte": Sides(_quantiles(tally.legacy_first), _quantiles(tally.target_first)),
    }


def _most_first(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _quantiles(buckets: Buckets) -> Quantiles:
    return Quantiles(*(_microseconds(buckets.quantile(q)) for q in (0.5, 0.95, 0.99)))


def _microseconds(seconds: float | None) -> float | None:
    """Rounded: digits below are the bucket's, not the backend's."""
    return None if seconds is None else round(seconds, 6)
