"""What a diagnosis looks at: merged tallies, the causes in them, kept comparisons, and hours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from shadow.compare.signature import parse, signature
from shadow.record.evidence import Evidence
from shadow.record.parts import rank
from shadow.record.tally import Tally
from shadow.verdict.causes import Cause, Trace

_EACH = 12  # comparisons looked at of one cause: the earliest
_EACH_STATUS = 100  # of those, whose times tell too
_CAUSES = 400  # looked at
_SHOWN = 80  # characters of a value in a trace


class Traces:
    """A fold over evidence, bounded, with the same result in whatever order it is read."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Trace]] = {}

    def add(self, evidence: Evidence) -> None:
        """Take one in."""
        for difference in evidence.differences:
            name = signature(difference)
            kept = self._kept.setdefault(name, [])
            kept.append(Trace(evidence, difference))
            if len(kept) > 2 * _most(name):
                self._kept[name] = _earliest(name, kept)
        if len(self._kept) > 2 * _CAUSES:
            for name in sorted(self._kept, key=rank)[_CAUSES:]:
                del self._kept[name]

    def of(self, name: str) -> list[Trace]:
        """The earliest that show a cause."""
        return _earliest(name, self._kept.get(name, []))


class Load(NamedTuple):
    """One hour: how much was asked, and the seconds that 95 % of the answers took at most."""

    at: float
    received: int
    compared: int
    legacy_p95: float | None
    target_p95: float | None


class Case(NamedTuple):
    """All of it. `seconds` is how long was recorded, `hours` are those of each endpoint, `overall` of all."""

    tallies: Mapping[str, Tally]
    causes: list[Cause]
    traces: Traces
    hours: Mapping[str, list[Load]]
    overall: list[Load]
    seconds: float

    def statuses(self) -> Iterator[tuple[Cause, str, str]]:
        """The causes that are a change of status, with legacy's and the target's, which may be a failure."""
        for cause in self.causes:
            if (found := parse(cause.name)).statuses:
                yield cause, *found.sides

    def shown(self, causes: Iterable[Cause]) -> list[Trace]:
        """The comparisons kept of some causes."""
        return [trace for cause in causes for trace in self.traces.of(cause.name)]

    def example(self, causes: Iterable[Cause]) -> list[str]:
        """Where the first of them was seen, in words; nothing where none is kept."""
        return [as_in(each) for each in self.shown(causes)[:1]]


class Traced(NamedTuple):
    """What was recognised: the traces in words, the causes that it explains, and the endpoints where it was,
    if not on all that these causes have."""

    traces: list[str]
    causes: list[Cause]
    endpoints: frozenset[str] = frozenset()


def traced(causes: list[Cause], *more: str) -> Traced | None:
    """Nothing where no cause shows it."""
    if not causes:
        return None
    return Traced([*map(_words, causes[:5]), *more], causes)


def as_in(trace: Trace) -> str:
    """Where a trace was seen."""
    request = trace.evidence.request
    return f"as in {short(f'{request.method} {request.target}')} (comparison {short(trace.evidence.id)})"


def short(text: str) -> str:
    """What is shown of a value."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _words(cause: Cause) -> str:
    where = "1 endpoint" if len(cause.endpoints) == 1 else f"{len(cause.endpoints)} endpoints"
    return f"{short(cause.name)}: {cause.seen.count:,} exchanges of {where}"


def _most(name: str) -> int:
    return _EACH_STATUS if parse(name).statuses else _EACH


def _earliest(name: str, traces: list[Trace]) -> list[Trace]:
    return sorted(traces, key=lambda each: each.order)[: _most(name)]
