"""What a diagnosis looks at: merged tallies, the causes in them, kept comparisons, and hours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from shadow.compare.signature import parse, signature
from shadow.record.evidence import Evidence
from shadow.record.parts import rank
from shadow.record.tally import Tally
from shadow.verdict.causes import Cause, Trace

_EACH = 12  # comparisons looked at of one cause and endpoint: the earliest
_EACH_STATUS = 100  # of those, whose times tell too
_PLACES = 1000  # causes and endpoints whose comparisons are looked at
_SHOWN = 80  # characters of a value in a trace


class Traces:
    """A fold over evidence, bounded, with the same result in whatever order it is read."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], list[Trace]] = {}

    def add(self, evidence: Evidence) -> None:
        """Take one in: the first that it shows of each cause, or one page of many lines would be all."""
        first = {signature(each): each for each in reversed(evidence.differences)}
        for name, difference in first.items():
            place = name, evidence.endpoint
            kept = self._kept.setdefault(place, [])
            kept.append(Trace(evidence, difference))
            if len(kept) > 2 * _most(name):
                self._kept[place] = _earliest(name, kept)
        if len(self._kept) > 2 * _PLACES:
            for place in sorted(self._kept, key=lambda each: (rank(each[0]), each[1]))[_PLACES:]:
                del self._kept[place]

    def of(self, name: str, endpoint: str) -> list[Trace]:
        """The earliest that show a cause at an endpoint."""
        kept = self._kept.get((name, endpoint))
        return _earliest(name, kept) if kept else []  # of most places none is


def places(causes: Iterable[Cause], tallies: Mapping[str, Tally]) -> list[Cause]:
    """Causes of one endpoint each, in their order and the most frequent first: the same difference, such as a
    redirect, need not come from the same fault at another endpoint."""
    found = []
    for cause in causes:
        counted = [(name, tallies[name].differences[cause.name]) for name in cause.endpoints]
        counted.sort(key=lambda each: (-each[1].count, each[0]))
        found += [Cause(cause.name, seen, {name}) for name, seen in counted]
    return found


class Load(NamedTuple):
    """One hour: how much was asked, and the seconds that 95 % of the answers took at most."""

    at: float
    received: int
    compared: int
    legacy_p95: float | None
    target_p95: float | None


class Case(NamedTuple):
    """All of it. The causes are of one endpoint each; `seconds` is how long was recorded, `hours` are those
    of each endpoint, `overall` of all."""

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
        where = ((cause.name, endpoint) for cause in causes for endpoint in cause.endpoints)
        return [trace for place in where for trace in self.traces.of(*place)]

    def example(self, causes: Iterable[Cause]) -> list[str]:
        """Where the first of them was seen, in words; nothing where none is kept."""
        return [as_in(each) for each in self.shown(causes)[:1]]


class Traced(NamedTuple):
    """What was recognised: the traces in words, the causes that it explains, each at its endpoint, and the
    endpoints where it was, if others than theirs."""

    traces: list[str]
    causes: list[Cause]
    endpoints: frozenset[str] = frozenset()


def traced(causes: list[Cause], *more: str) -> Traced | None:
    """Nothing where no cause shows it."""
    if not causes:
        return None
    named: dict[str, list[Cause]] = {}
    for cause in causes:
        named.setdefault(cause.name, []).append(cause)
    words = [_words(name, each) for name, each in named.items()]
    return Traced([*words[:5], *more], causes)


def as_in(trace: Trace) -> str:
    """Where a trace was seen."""
    request = trace.evidence.request
    return f"as in {short(f'{request.method} {request.target}')} (comparison {short(trace.evidence.id)})"


def short(text: str) -> str:
    """What is shown of a value."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def is_good(status: str) -> bool:
    """A status that says that all is well."""
    return status[:1] in ("2", "3")


def split(url: str) -> SplitResult | None:
    """The parts of a URL; None for none, or for what is none."""
    try:
        return urlsplit(url) if url else None
    except ValueError:
        return None


def _words(name: str, causes: list[Cause]) -> str:
    where = "1 endpoint" if len(causes) == 1 else f"{len(causes)} endpoints"
    return f"{short(name)}: {sum(each.seen.count for each in causes):,} exchanges of {where}"


def _most(name: str) -> int:
    return _EACH_STATUS if parse(name).statuses else _EACH


def _earliest(name: str, traces: list[Trace]) -> list[Trace]:
    return sorted(traces, key=lambda each: each.order)[: _most(name)]
