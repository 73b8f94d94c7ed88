"""What broke, as the report tells it. Pure."""

from __future__ import annotations

from shadow.record.tally import Tally
from shadow.report.fold import Fold
from shadow.report.schema import Diagnosis, EndpointReport, Hour, ShortHour
from shadow.verdict.causes import Cause
from shadow.verdict.counting import signatures
from shadow.verdict.diagnosis import table
from shadow.verdict.diagnosis.case import Case, Load, places


def diagnosed(
    fold: Fold, causes: list[Cause], endpoints: list[EndpointReport], series: list[Hour]
) -> list[Diagnosis]:
    """All that is recognised in what was recorded, the most frequent first."""
    hours = {each.endpoint: list(map(_load, each.series)) for each in endpoints}
    each_at_its = places(causes, fold.tallies)
    case = Case(fold.tallies, each_at_its, fold.traces, hours, list(map(_load, series)), fold.seconds)
    found = [_diagnosis(each, fold) for each in table.diagnose(case)]
    return sorted(found, key=lambda each: -each.count)


def _load(hour: Hour | ShortHour) -> Load:
    return Load(hour.at, hour.received, hour.compared, hour.legacy_p95, hour.target_p95)


def _diagnosis(made: table.Diagnosis, fold: Fold) -> Diagnosis:
    names: dict[str, set[str]] = {name: set() for name in made.endpoints}
    for cause in made.causes:
        for name in cause.endpoints & names.keys():
            names[name].add(cause.name)
    return Diagnosis(
        name=made.name,
        what=made.what,
        check=made.check,
        evidence=made.traces,
        endpoints=sorted(made.endpoints),
        count=sum(_exchanges(fold.tallies[name], those) for name, those in names.items()),
        causes=list(dict.fromkeys(cause.id for cause in made.causes)),
    )


def _exchanges(tally: Tally, names: set[str]) -> int:
    """How many show any of these differences. One that shows several counts once: patterns tell which do, but
    for those that were spent on learning, of which the most frequent difference stands for all."""
    counts = [seen.count for name, seen in tally.differences.items() if name in names]
    pairs = tally.learned.differences.items()
    learned = [paired.both + paired.target_only for name, paired in pairs if name in names]
    shown = ((names.intersection(signatures(name)), each.count) for name, each in tally.patterns.items())
    again = sum((len(those) - 1) * count for those, count in shown if those)
    once = sum(counts) - again - (sum(learned) - max(learned, default=0))
    return max(*counts, min(once, tally.differed + tally.failed)) if counts else 0
