"""What was kept silent about, and by whom: rules, accepted differences, noise. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from shadow.compare.accept import line_of, wordings
from shadow.compare.signature import parse
from shadow.record.configured import ConfigRecord, Line
from shadow.record.parts import add_counts
from shadow.record.tally import Tally
from shadow.report.schema import AcceptedReport, MaskReport, RuleReport
from shadow.settings import Compare
from shadow.verdict.counting import compared
from shadow.verdict.noise import Noise

_SETTINGS = frozenset(Compare.__struct_fields__)


class Silenced:
    """The lines in force, and how often each was hit."""

    def __init__(self, configured: ConfigRecord, tallies: Mapping[str, Tally], now: float) -> None:
        self._lines = configured.lines
        self._tallies = tallies
        self._today = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=now)).date()
        self._hits: dict[str, int] = {}
        for tally in tallies.values():
            add_counts(self._hits, tally.rules)

    def rules(self) -> list[RuleReport]:
        """All but accepted differences: those never hit first, as they do nothing; then the busiest."""
        known = {each.line for each in self._lines}
        rules = [
            RuleReport(line=each.line, endpoint=each.endpoint, hits=self._hits_of(each), in_force=True)
            for each in self._lines
            if not each.until
        ]
        rules += [
            RuleReport(
                line=line, endpoint="", hits=hits, in_force=_is_built_in(line), built_in=_is_built_in(line)
            )
            for line, hits in self._hits.items()
            if line not in known
        ]
        return sorted(rules, key=lambda each: (each.hits > 0, -each.hits, each.line, each.endpoint))

    def accepted(self) -> list[AcceptedReport]:
        """Accepted differences, those first whose day is over or is next."""
        return [
            AcceptedReport(
                line=each.line,
                endpoint=each.endpoint,
                owner=each.owner,
                reason=each.reason,
                until=each.until,
                hits=self._hits_of(each),
                expired=not self._holds(each),
            )
            for each in sorted(self._lines, key=lambda each: (each.until, each.line))
            if each.until
        ]

    def accepts(self, name: str, endpoints: set[str]) -> bool:
        """Whether a cause is accepted now, on all endpoints that show it."""
        lines = set(map(line_of, wordings(name)))
        held = {
            each.endpoint for each in self._lines if each.until and each.line in lines and self._holds(each)
        }
        return "" in held or (bool(endpoints) and endpoints <= held)

    def _hits_of(self, line: Line) -> int:
        """Where several endpoints have the same line, the hits of each are its own."""
        if sum(each.line == line.line for each in self._lines) > 1 and line.endpoint in self._tallies:
            return self._tallies[line.endpoint].rules.get(line.line, 0)
        return self._hits.get(line.line, 0)

    def _holds(self, line: Line) -> bool:
        try:
            return self._today <= date.fromisoformat(line.until)
        except ValueError:
            return False


def _is_built_in(line: str) -> bool:
    """Whether it is no line of a configuration: those begin with their setting."""
    return line.partition(" ")[0] not in _SETTINGS


def masks(noise: Noise, tallies: Mapping[str, Tally]) -> list[MaskReport]:
    """What legacy varies of itself, as far as it was learned: what silences most first."""
    found = []
    for each in noise.masks:
        said = parse(each.signature)
        exchanges = compared(tallies[each.endpoint])
        found.append(
            MaskReport(
                endpoint=each.endpoint,
                kind=said.kind,
                path=said.path,
                version=noise.version if each.masked else "",
                state=each.state.value,
                why=each.why,
                pairs=each.pairs,
                silenced=each.silenced,
                share=round(each.silenced / exchanges, 6) if exchanges else 0.0,
            )
        )
    return sorted(found, key=lambda each: (-each.silenced, each.endpoint, each.path, each.kind))
