"""Causes: differences with one signature, across endpoints.

Pure. Counts come from tallies, which miss nothing; evidence adds an example.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from msgspec import Struct, field

from shadow.compare.signature import signature
from shadow.model import Difference
from shadow.record.evidence import Answered, Evidence, Failed
from shadow.record.parts import OTHER, Seen
from shadow.record.tally import Tally

MOST = 200
"""Causes listed. More do not fit in a head, and a page with its data in its keys would make thousands."""


class Trace(NamedTuple):
    """A kept comparison, and the one of its differences that is of the cause."""

    evidence: Evidence
    difference: Difference

    @property
    def order(self) -> tuple[float, str]:
        """The earliest first; of two at one moment, whichever way round they were read, the same."""
        return self.evidence.at, self.evidence.id

    @property
    def body(self) -> str:
        """What the target's body said, as far as it was kept."""
        answer = self.evidence.target
        kept = answer.body if isinstance(answer, Answered) else None
        return (kept.text or "") if kept else ""

    def location(self) -> tuple[str, str]:
        """Where legacy's answer and the target's lead to; empty where they lead nowhere."""
        return _field(self.evidence.legacy, "location"), _field(self.evidence.target, "location")


def _field(answer: Answered | Failed, name: str) -> str:
    """A header field of an answer; empty where there is none."""
    if not isinstance(answer, Answered):
        return ""
    return next((value for each, value in answer.headers if each.lower() == name), "")


class Cause(Struct):
    """Differences of one signature, `name`: what was seen of them, on which endpoints, and the earliest
    comparison that was kept."""

    name: str
    seen: Seen = field(default_factory=lambda: Seen(0))
    endpoints: set[str] = field(default_factory=set)
    example: Trace | None = None

    @property
    def id(self) -> str:
        """The same for this cause in every report."""
        return identity(self.name)


class Causes:
    """Groups what differs, record by record."""

    def __init__(self) -> None:
        self._groups: dict[str, Cause] = {}
        self._examples: dict[str, Trace] = {}

    def add(self, endpoint: str, tally: Tally) -> None:
        """Take over the counts of an endpoint."""
        for name, seen in tally.differences.items():
            if name == OTHER:
                continue
            cause = self._groups.get(name)
            if cause is None:
                cause = self._groups[name] = Cause(name, Seen(0, seen.legacy, seen.target))
            cause.seen.merge(seen)
            cause.endpoints.add(endpoint)

    def illustrate(self, evidence: Evidence) -> None:
        """Let the evidence be the example of what it shows, if it is the earliest."""
        for difference in evidence.differences:
            name = signature(difference)
            trace, known = Trace(evidence, difference), self._examples.get(name)
            if known is None or trace.order < known.order:
                self._examples[name] = trace

    def listed(self) -> list[Cause]:
        """The causes, the most frequent first."""
        causes = sorted(self._groups.values(), key=lambda each: (-each.seen.count, each.name))
        for cause in causes:
            cause.example = self._examples.get(cause.name)
        return causes


def identity(name: str) -> str:
    """A short id of a signature."""
    return blake2b(name.encode("utf-8", "backslashreplace"), digest_size=5).hexdigest()
