"""What other rules would find in the kept evidence. Pure: a fold over records."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from shadow.again.rules import EndpointRules
from shadow.compare.signature import parse, signature
from shadow.model import Comparison, Difference, Fate
from shadow.record.again import judged_again
from shadow.record.evidence import Evidence

SCHEMA_VERSION = 1

MOST = 10_000
"""Causes told apart on all endpoints; an answer whose keys are data has a new one every time."""


class Change(Struct, kw_only=True):
    """A cause that comparisons of one endpoint no longer show, or show newly: how many, by which lines of
    rules (gained, or lost), and one of them."""

    endpoint: str
    kind: str
    path: str
    count: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    example: str = ""
    legacy: str | None = None
    target: str | None = None


class Rejudged(Struct, kw_only=True):
    """What became of the kept comparisons. `before` and `after` are fates of those that could be judged
    again; `impossible` counts the others by the reason."""

    schema_version: int = SCHEMA_VERSION
    kept: int = 0
    judged: int = 0
    impossible: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    fewer: int = 0
    """Comparisons that differed and match now."""
    more: int = 0
    """Comparisons that matched and differ now."""
    gone: list[Change] = field(default_factory=list)
    new: list[Change] = field(default_factory=list)


def rejudge(records: Iterable[object], rules: EndpointRules) -> Rejudged:
    """Judge all evidence among the records again."""
    result = Rejudged()
    gone = _Changes()
    new = _Changes()
    for pair in records:
        if not isinstance(pair, Evidence):
            continue
        result.kept += 1
        found = judged_again(pair, rules.of(pair))
        if isinstance(found, str):
            _count(result.impossible, found)
            continue
        result.judged += 1
        _count(result.before, pair.fate)
        _count(result.after, found.fate)
        result.fewer += pair.fate is not Fate.MATCHED and found.fate is Fate.MATCHED
        result.more += pair.fate is Fate.MATCHED and found.fate is not Fate.MATCHED
        before, after = _causes(pair), _causes(found)
        for name in before.keys() - after.keys():
            gone.add(pair, name, before[name], [line for line in found.hits if line not in pair.hits])
        for name in after.keys() - before.keys():
            new.add(pair, name, after[name], [line for line in pair.hits if line not in found.hits])
    result.gone, result.new = gone.listed(), new.listed()
    return result


class _Changes:
    """Changes by endpoint and cause."""

    def __init__(self) -> None:
        self._changes: dict[tuple[str, str], Change] = {}

    def add(self, pair: Evidence, name: str, difference: Difference, lines: Iterable[str]) -> None:
        key = pair.endpoint, name
        change = self._changes.get(key)
        if change is None:
            if len(self._changes) >= MOST:
                return
            said = parse(name)
            change = self._changes[key] = Change(
                endpoint=pair.endpoint,
                kind=said.kind,
                path=said.path,
                example=pair.id,
                legacy=difference.legacy,
                target=difference.target,
            )
        change.count += 1
        for line in lines:
            _count(change.lines, line)

    def listed(self) -> list[Change]:
        """Most frequent first."""
        every = self._changes.values()
        return sorted(every, key=lambda each: (-each.count, each.endpoint, each.path, each.kind))


def _causes(found: Evidence | Comparison) -> dict[str, Difference]:
    return {signature(each): each for each in found.differences}


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
