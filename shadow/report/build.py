"""One report out of many records.

Pure but for `read`: a fold over tallies and evidence, in any order and from any number of processes.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from shadow.compare.signature import parse
from shadow.record import place
from shadow.record.parts import Seen
from shadow.record.segment import Record, Unreadable
from shadow.record.tally import Tally
from shadow.report.diagnosed import diagnosed
from shadow.report.examples import example
from shadow.report.figures import counted, in_words
from shadow.report.fold import Fold
from shadow.report.measured import coverage
from shadow.report.schema import (
    Cause,
    Coverage,
    Diagnosis,
    DifferenceReport,
    EndpointReport,
    ReleaseReport,
    Report,
    Sentence,
    Totals,
    Window,
)
from shadow.report.shapes import distribution
from shadow.report.silenced import Silenced, masks
from shadow.report.snippets import snippet
from shadow.report.totals import counts, merged
from shadow.settings import Criteria
from shadow.verdict import causes as verdict_causes
from shadow.verdict.causes import MOST, identity
from shadow.verdict.noise import Noise, learn
from shadow.verdict.releases import trends
from shadow.verdict.verdict import Judgement, Verdict, overall, verdicts, was_tried

_RISK = list(Verdict)


def read(
    places: str | Path | Iterable[str | Path],
    criteria: Criteria = Criteria(),
    now: float = 0.0,
) -> Report:
    """The report of folders and stores of segments, merged; `now` as in `build`. Raises OSError where one
    cannot be read."""
    unreadable = Unreadable()
    each = [places] if isinstance(places, str | Path) else places
    once = {str(one) if "://" in str(one) else os.path.realpath(one): one for one in each}
    records = chain.from_iterable(place.read(one, unreadable) for one in once.values())
    with _uncollected():
        return build(records, unreadable, criteria, now)


@contextmanager
def _uncollected() -> Iterator[None]:
    """A fold makes millions of objects and no cycle: looking for some takes half of its time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class _Whole(NamedTuple):
    """All endpoints together, and what was found out of them."""

    tally: Tally
    noise: Noise
    judged: dict[str, Judgement]
    tried: list[Verdict]
    verdict: Verdict
    why: str


def build(
    records: Iterable[Record],
    unreadable: Unreadable | None = None,
    criteria: Criteria = Criteria(),
    now: float = 0.0,
) -> Report:
    """The report of some records. `unreadable` is what their reader has left out once it is through; `now`,
    in Unix seconds, tells which accepted differences have expired, and is the end of what was recorded
    where it is not said."""
    fold = Fold(records)
    whole = _weigh(fold, criteria)
    silenced = Silenced(fold.configured, fold.tallies, now or fold.window.end or 0.0)
    every = sorted(fold.causes.listed(), key=lambda each: _worth(each, whole.noise, silenced))
    causes = every[:MOST]
    listed = {cause.name for cause in causes}
    names = sorted(fold.tallies, key=lambda name: _risk(name, fold.tallies[name], whole.judged[name].verdict))
    endpoints = [_endpoint(name, fold, whole, listed) for name in names]
    series = fold.series.overall()
    diagnosis = diagnosed(fold, every, endpoints, series)
    measured = coverage(endpoints, fold.series.compared_in())
    return Report(
        window=fold.window,
        config_hash=fold.config_hash,
        tolerance=criteria.tolerance,
        verdict=whole.verdict,
        why=whole.why,
        sentence=_sentence(whole, len(fold.tallies), measured, fold.window, fold.config_hash),
        totals=Totals(**counts(whole.tally)),
        causes=[_cause(each, fold.window, whole, silenced, diagnosis) for each in causes],
        causes_left_out=len(every) - len(causes),
        diagnosis=diagnosis,
        endpoints=endpoints,
        distribution=distribution(whole.tally.legacy, whole.tally.target),
        series=series,
        releases=_releases(fold.tallies),
        coverage=measured,
        rules=silenced.rules(),
        accepted=silenced.accepted(),
        masks=masks(whole.noise, fold.tallies),
        log=fold.logs.report(),
        unreadable=unreadable or Unreadable(),
    )


def _weigh(fold: Fold, criteria: Criteria) -> _Whole:
    tallies = fold.tallies
    noise = learn(tallies)
    judged = verdicts(tallies, noise, criteria, fold.seconds)
    tried = [judged[name].verdict for name, tally in tallies.items() if was_tried(tally)]
    return _Whole(merged(tallies.values()), noise, judged, tried, *overall(tried, len(tallies) - len(tried)))


def _sentence(
    whole: _Whole, endpoints: int, measured: Coverage, window: Window, config_hash: str
) -> Sentence:
    regressed, short, ready = (whole.tried.count(each) for each in Verdict)
    compared = whole.tally.compared
    traffic = f"{in_words(measured.ready_share)} of the traffic"
    able = {0: "none is ready", 1: f"1 is ready and carries {traffic}"}
    said = (
        f"of {counted(len(whole.tried), 'endpoint')} {regressed:,} regressed, "
        f"{short:,} {'needs' if short == 1 else 'need'} more data, "
        f"{able.get(ready, f'{ready:,} are ready and carry {traffic}')}; "
        f"{counted(compared, 'answer')} compared"
    )
    text = f"{whole.verdict.capitalize()}: {said if whole.tried else whole.why}"
    if window.start is not None and window.end is not None:
        text += f" from {_moment(window.start)} to {_moment(window.end)} UTC, configuration {config_hash}"
    return Sentence(
        text=text,
        endpoints=len(whole.tried),
        regressed=regressed,
        short=short,
        ready=ready,
        kept_away=endpoints - len(whole.tried),
        compared=compared,
        ready_share=measured.ready_share,
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _risk(name: str, tally: Tally, verdict: Verdict) -> tuple[bool, int, int, int, str]:
    """What the owner must look at comes first; what was never to be compared, last."""
    mismatches = tally.differed + tally.failed
    return not was_tried(tally), _RISK.index(verdict), -mismatches, -tally.received, name


def _worth(cause: verdict_causes.Cause, noise: Noise, silenced: Silenced) -> tuple[bool, bool]:
    """What surely is the target's comes first, what is excused last, however frequent."""
    may_be_legacys = parse(cause.name).is_unanswered or _varies(cause, noise)
    return any(_excused(cause, noise, silenced)), may_be_legacys


def _varies(cause: verdict_causes.Cause, noise: Noise) -> bool:
    """Whether legacy varies it too, wherever it was seen, and nothing is decided about it."""
    return all(
        cause.name in noise.learning(endpoint) | noise.unruled(endpoint) for endpoint in cause.endpoints
    )


def _excused(cause: verdict_causes.Cause, noise: Noise, silenced: Silenced) -> tuple[bool, bool]:
    """Whether a cause is legacy's own noise, and whether it is accepted."""
    masked = all(cause.name in noise.excused(endpoint) for endpoint in cause.endpoints)
    return masked, silenced.accepts(cause.name, cause.endpoints)


def _cause(
    cause: verdict_causes.Cause, window: Window, whole: _Whole, silenced: Silenced, diagnosis: list[Diagnosis]
) -> Cause:
    seen, shown = cause.seen, cause.example
    values = shown.difference if shown else seen
    said = parse(cause.name)
    endpoints = sorted(cause.endpoints)
    masked, accepted = _excused(cause, whole.noise, silenced)
    return Cause(
        id=cause.id,
        kind=said.kind,
        path=said.path,
        count=seen.count,
        endpoints=endpoints,
        first_seen=seen.first or window.start or 0.0,
        last_seen=seen.last or window.end or 0.0,
        legacy=values.legacy,
        target=values.target,
        stable=seen.stable,
        settled=seen.settled,
        flapping=seen.flapping,
        masked=masked,
        accepted=accepted,
        varies=_varies(cause, whole.noise),
        unanswered=said.is_unanswered,
        diagnosis=[each.name for each in diagnosis if cause.id in each.causes],
        example=example(shown.evidence) if shown else None,
        snippet=snippet(said, endpoints, len(whole.judged)),
    )


def _endpoint(name: str, fold: Fold, whole: _Whole, listed: set[str]) -> EndpointReport:
    tally, judgement = fold.tallies[name], whole.judged[name]
    differences = [_difference(*each, listed) for each in tally.differences.items()]
    differences.sort(key=lambda each: (-each.count, each.path, each.kind, each.legacy or ""))
    return EndpointReport(
        endpoint=name,
        verdict=judgement.verdict,
        why=judgement.why,
        reasons=[reason.value for reason in judgement.reasons],
        interval=(round(judgement.interval.lower, 9), round(judgement.interval.upper, 9)),
        units=judgement.counts.units,
        mismatched=judgement.counts.mismatched,
        needed=judgement.needed,
        hours=None if judgement.hours is None else round(judgement.hours, 3),
        traffic=round(tally.received / whole.tally.received, 6) if whole.tally.received else 0.0,
        slower=tally.slower,
        distribution=distribution(tally.legacy, tally.target),
        differences=differences,
        series=fold.series.of(name),
        **counts(tally),
    )


def _difference(name: str, seen: Seen, listed: set[str]) -> DifferenceReport:
    said = parse(name)
    cause = identity(name) if name in listed else ""
    return DifferenceReport(said.kind, said.path, seen.count, seen.legacy, seen.target, cause)


def _releases(tallies: Mapping[str, Tally]) -> list[ReleaseReport]:
    return [
        ReleaseReport(
            version=each.version,
            first=each.first,
            last=each.last,
            compared=each.compared,
            differed=each.differed,
            introduced=[identity(name) for name in each.introduced],
            fixed=[identity(name) for name in each.fixed],
        )
        for each in trends(tallies)
    ]
