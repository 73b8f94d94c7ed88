"""One report out of many records.

Pure but for `read`: a fold over tallies and evidence, in any order and from any number of processes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from math import inf
from pathlib import Path
from typing import Any

from shadow.record.evidence import Evidence
from shadow.record.parts import Seen
from shadow.record.replayed import LogRecord
from shadow.record.segment import Record, Unreadable, read_segments
from shadow.record.tally import Tally, TallyRecord
from shadow.report.examples import example
from shadow.report.logs import Logs
from shadow.report.measured import coverage
from shadow.report.schema import (
    Cause,
    DifferenceReport,
    EndpointReport,
    Report,
    Sentence,
    Totals,
    Window,
)
from shadow.report.series import Series
from shadow.report.shapes import distribution, sides
from shadow.report.snippets import snippet
from shadow.settings import Criteria
from shadow.verdict import causes as verdict_causes
from shadow.verdict.causes import MOST, Causes, identity, split
from shadow.verdict.verdict import TOLERANCE, Judgement, Verdict, overall, verdicts, was_tried

_RISK = list(Verdict)


def read(folders: Path | Iterable[Path], tolerance: float = TOLERANCE) -> Report:
    """The report of folders of segments, merged. Raises OSError where there is no such folder."""
    unreadable = Unreadable()
    each = [folders] if isinstance(folders, Path) else folders
    records = chain.from_iterable(read_segments(folder, unreadable) for folder in each)
    return build(records, unreadable, tolerance)


class _Fold:
    """What is kept of the records."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.tallies: dict[str, Tally] = {}
        self.causes = Causes()
        self.logs = Logs()
        self.series = Series()
        self.window = Window()
        self.config_hash = ""
        start, newest = inf, (0.0, "")
        for record in records:
            if isinstance(record, TallyRecord):
                self.tallies.setdefault(record.endpoint, Tally()).merge(record.tally)
                self.series.add(record)
                start = min(start, record.window)
                newest = max(newest, (record.window + record.seconds, record.config_hash))
            elif isinstance(record, LogRecord):
                self.logs.add(record)
            elif isinstance(record, Evidence):
                self.causes.illustrate(record)
        if self.tallies:
            self.window = Window(start, newest[0])
            self.config_hash = newest[1]
        for endpoint, tally in self.tallies.items():
            self.causes.add(endpoint, tally)


def build(
    records: Iterable[Record], unreadable: Unreadable | None = None, tolerance: float = TOLERANCE
) -> Report:
    """The report of some records. `unreadable` is what their reader has left out once it is through."""
    fold = _Fold(records)
    tallies = fold.tallies
    whole = Tally()
    for tally in tallies.values():
        whole.merge(tally, distinct=False)
    seconds = (fold.window.end or 0.0) - (fold.window.start or 0.0)
    judged = verdicts(tallies, criteria=Criteria(tolerance=tolerance), seconds=seconds)
    tried = [judged[name].verdict for name, tally in tallies.items() if was_tried(tally)]
    verdict, why = overall(tried, len(tallies) - len(tried))
    causes = fold.causes.listed()
    listed = {cause.name for cause in causes[:MOST]}
    endpoints = [
        _endpoint(name, tallies[name], judged[name], whole.received, fold.series, listed)
        for name in sorted(tallies, key=lambda name: _risk(name, tallies[name], judged[name].verdict))
    ]
    measured = coverage(endpoints, fold.series.compared_in())
    return Report(
        window=fold.window,
        config_hash=fold.config_hash,
        tolerance=tolerance,
        verdict=verdict,
        why=why,
        sentence=_sentence(verdict, tried, len(tallies), whole, measured.ready_share),
        totals=Totals(**_counts(whole)),
        causes=[_cause(each, fold.window) for each in causes[:MOST]],
        causes_left_out=max(0, len(causes) - MOST),
        endpoints=endpoints,
        distribution=distribution(whole.legacy, whole.target),
        series=fold.series.overall(),
        releases=[],
        coverage=measured,
        rules=[],
        accepted=[],
        masks=[],
        log=fold.logs.report(),
        unreadable=unreadable or Unreadable(),
    )


def _sentence(
    verdict: Verdict, tried: list[Verdict], endpoints: int, whole: Tally, ready_share: float
) -> Sentence:
    regressed, short, ready = (tried.count(each) for each in Verdict)
    text = (
        f"{verdict.upper()}: {regressed:,} regressed, {short:,} need more data, {ready:,} ready "
        f"of {len(tried):,} endpoints; those that are ready carry {ready_share:.0%} of the traffic"
    )
    return Sentence(
        text=text,
        endpoints=len(tried),
        regressed=regressed,
        short=short,
        ready=ready,
        kept_away=endpoints - len(tried),
        compared=whole.matched + whole.differed,
        ready_share=ready_share,
    )


def _risk(name: str, tally: Tally, verdict: Verdict) -> tuple[bool, int, int, int, str]:
    """What the owner must look at comes first; what was never to be compared, last."""
    mismatches = tally.differed + tally.failed
    return not was_tried(tally), _RISK.index(verdict), -mismatches, -tally.received, name


def _cause(cause: verdict_causes.Cause, window: Window) -> Cause:
    seen, shown = cause.seen, cause.example
    values = shown.difference if shown else seen
    kind, path = split(cause.name)
    endpoints = sorted(cause.endpoints)
    return Cause(
        id=cause.id,
        kind=kind,
        path=path,
        count=seen.count,
        endpoints=endpoints,
        first_seen=seen.first or window.start or 0.0,
        last_seen=seen.last or window.end or 0.0,
        legacy=values.legacy,
        target=values.target,
        stable=seen.stable,
        settled=seen.settled,
        flapping=seen.flapping,
        masked=False,
        accepted=False,
        diagnosis=[],
        example=example(shown.evidence) if shown else None,
        snippet=snippet(path, endpoints),
    )


def _endpoint(
    name: str, tally: Tally, judgement: Judgement, received: int, series: Series, listed: set[str]
) -> EndpointReport:
    differences = [_difference(*each, listed) for each in tally.differences.items()]
    differences.sort(key=lambda each: (-each.count, each.path, each.kind, each.legacy or ""))
    return EndpointReport(
        endpoint=name,
        verdict=judgement.verdict,
        why=judgement.why,
        reasons=[reason.value for reason in judgement.reasons],
        interval=judgement.interval,
        units=judgement.counts.units,
        mismatched=judgement.counts.mismatched,
        needed=judgement.needed,
        hours=judgement.hours,
        traffic=round(tally.received / received, 6) if received else 0.0,
        slower=tally.slower,
        distribution=distribution(tally.legacy, tally.target),
        differences=differences,
        series=series.of(name),
        **_counts(tally),
    )


def _difference(name: str, seen: Seen, listed: set[str]) -> DifferenceReport:
    kind, path = split(name)
    cause = identity(name) if name in listed else ""
    return DifferenceReport(kind, path, seen.count, seen.legacy, seen.target, cause)


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
        "latency": sides(tally.legacy, tally.target),
        "first_byte": sides(tally.legacy_first, tally.target_first),
        "unanalysed": tally.unanalysed,
    }


def _most_first(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
