"""What each version of the target brought and mended. Pure.

A difference that one version showed and another did not may just not have been met. So it counts as absent
only where enough was compared to have met it: of n exchanges none showed it, and at the share r that the
version beside it showed, (1 - r)^n is at most `ALPHA`.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log, log1p
from typing import NamedTuple

from msgspec import Struct, field

from shadow.record.parts import OTHER, Release, add_counts
from shadow.record.tally import Tally
from shadow.verdict.statistics import ALPHA


class Trend(NamedTuple):
    """One version: between which times it was seen (Unix seconds), how many of its exchanges differed, and
    the signatures of the differences that it introduced, or that were fixed in it."""

    version: str
    first: float
    last: float
    compared: int
    differed: int
    introduced: tuple[str, ...]
    fixed: tuple[str, ...]


def trends(tallies: Mapping[str, Tally]) -> list[Trend]:
    """The versions that the target's answers told of, in the order in which they were first seen."""
    versions: dict[str, Release] = {}
    histories: dict[str, _History] = {}
    for tally in tallies.values():
        _add(tally.releases, versions, histories)
    order = sorted(versions, key=lambda version: (versions[version].first, version))
    introduced: dict[str, list[str]] = {version: [] for version in order}
    fixed: dict[str, list[str]] = {version: [] for version in order}
    for name, history in sorted(histories.items()):
        with_it = history.began(order)
        if with_it:
            introduced[with_it].append(name)
        without = history.ended(order)
        if without:
            fixed[without].append(name)
    return [
        Trend(
            version,
            each.first,
            each.last,
            each.compared,
            each.differed,
            tuple(introduced[version]),
            tuple(fixed[version]),
        )
        for version, each in ((version, versions[version]) for version in order)
    ]


class _History(Struct):
    """One difference, on the endpoints that ever showed it: exchanges compared and showing, by version."""

    compared: dict[str, int] = field(default_factory=dict)
    showing: dict[str, int] = field(default_factory=dict)

    def began(self, order: list[str]) -> str:
        """The first version that showed it, if those before it surely did not; else empty."""
        place = next(place for place, version in enumerate(order) if self.showing.get(version))
        return order[place] if self._absent(order[:place], order[place]) else ""

    def ended(self, order: list[str]) -> str:
        """The version after the last one that showed it, if those after it surely do not; else empty."""
        place = max(place for place, version in enumerate(order) if self.showing.get(version))
        after = [version for version in order[place + 1 :] if self.compared.get(version)]
        return after[0] if after and self._absent(after, order[place]) else ""

    def _absent(self, versions: list[str], beside: str) -> bool:
        compared = sum(self.compared.get(version, 0) for version in versions)
        share = self.showing[beside] / max(1, self.compared[beside])
        return compared > 0 and (share >= 1 or compared * log1p(-share) <= log(ALPHA))


def _add(releases: dict[str, Release], versions: dict[str, Release], histories: dict[str, _History]) -> None:
    """Take over the versions of one endpoint. Those counted together have no place in time."""
    told = {version: each for version, each in releases.items() if version != OTHER}
    for version, each in told.items():
        versions.setdefault(version, Release()).merge(each)
    compared = {version: each.compared for version, each in told.items()}
    shown = {name for each in told.values() for name, count in each.differences.items() if count}
    for name in shown - {OTHER}:
        history = histories.setdefault(name, _History())
        add_counts(history.compared, compared)
        add_counts(
            history.showing,
            {version: each.differences[name] for version, each in told.items() if name in each.differences},
        )
