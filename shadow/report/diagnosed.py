"""What broke, as the report tells it. Pure."""

from __future__ import annotations

from shadow.report.fold import Fold
from shadow.report.schema import Diagnosis, EndpointReport, Hour, ShortHour
from shadow.verdict.causes import Cause
from shadow.verdict.diagnosis import table
from shadow.verdict.diagnosis.case import Case, Load


def diagnosed(
    fold: Fold, causes: list[Cause], endpoints: list[EndpointReport], series: list[Hour]
) -> list[Diagnosis]:
    """All that is recognised in what was recorded."""
    hours = {each.endpoint: list(map(_load, each.series)) for each in endpoints}
    case = Case(fold.tallies, causes, fold.traces, hours, list(map(_load, series)), fold.seconds)
    return [_diagnosis(each, fold) for each in table.diagnose(case)]


def _load(hour: Hour | ShortHour) -> Load:
    return Load(hour.at, hour.received, hour.compared, hour.legacy_p95, hour.target_p95)


def _diagnosis(made: table.Diagnosis, fold: Fold) -> Diagnosis:
    seen = (fold.tallies[name].differences for name in made.endpoints)
    names = {cause.name for cause in made.causes}
    return Diagnosis(
        name=made.name,
        what=made.what,
        check=made.check,
        evidence=made.traces,
        endpoints=sorted(made.endpoints),
        count=sum(each[name].count for each in seen for name in names & each.keys()),
        causes=[cause.id for cause in made.causes],
    )
