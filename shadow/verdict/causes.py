"""Causes: differences with one signature, across endpoints.

Pure. Counts come from tallies, which miss nothing; evidence adds an example.
"""

from __future__ import annotations

from math import inf

from msgspec import Struct, field

from shadow.model import Difference
from shadow.record.evidence import Evidence
from shadow.record.parts import OTHER, Seen, signature
from shadow.record.tally import TallyRecord

MOST = 200
"""Causes listed. More do not fit in a head, and a page with its data in its keys would make thousands."""


class Example(Struct):
    """The kept comparison that shows a cause: `request` is its method and target, masked."""

    id: str
    at: float
    endpoint: str
    request: str


class Cause(Struct, kw_only=True):
    """One difference, and how many exchanges on which endpoints showed it. First and last seen are edges of
    tallies' windows, in Unix seconds."""

    kind: str
    path: str
    count: int
    endpoints: list[str]
    first_seen: float
    last_seen: float
    legacy: str | None
    target: str | None
    example: Example | None


class Causes:
    """Groups what differs, record by record."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        self._examples: dict[str, tuple[Example, Difference]] = {}

    def add(self, record: TallyRecord) -> None:
        """Take over the counts of one window of one endpoint."""
        for name, seen in record.tally.differences.items():
            if name == OTHER:
                continue
            group = self._groups.get(name)
            if group is None:
                group = self._groups[name] = _Group(Seen(0, seen.legacy, seen.target))
            group.seen.merge(seen)
            group.endpoints.add(record.endpoint)
            group.first = min(group.first, record.window)
            group.last = max(group.last, record.window + record.seconds)

    def illustrate(self, evidence: Evidence) -> None:
        """Let the evidence be the example of what it shows, if it is the earliest."""
        request = f"{evidence.request.method} {evidence.request.target}"
        example = Example(evidence.id, evidence.at, evidence.endpoint, request)
        for difference in evidence.differences:
            name = signature(difference)
            earliest = self._examples.get(name)
            if earliest is None or (example.at, example.id) < (earliest[0].at, earliest[0].id):
                self._examples[name] = example, difference

    def listed(self) -> list[Cause]:
        """The causes, the most frequent first."""
        by_count = sorted(self._groups.items(), key=lambda each: (-each[1].seen.count, each[0]))
        return [self._cause(name, group) for name, group in by_count[:MOST]]

    def _cause(self, name: str, group: _Group) -> Cause:
        example, difference = self._examples.get(name, (None, None))
        shown = difference or group.seen
        kind, path = split(name)
        return Cause(
            kind=kind,
            path=path,
            count=group.seen.count,
            endpoints=sorted(group.endpoints),
            first_seen=group.first,
            last_seen=group.last,
            legacy=shown.legacy,
            target=shown.target,
            example=example,
        )


class _Group(Struct):
    seen: Seen
    endpoints: set[str] = field(default_factory=set)
    first: float = inf
    last: float = 0.0


def split(name: str) -> tuple[str, str]:
    """Kind and path of a signature."""
    kind, _, path = name.partition(" ")
    return kind, "status" if path.startswith("status ") else path
