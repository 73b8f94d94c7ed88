"""Counters and latency buckets of one endpoint in one window of time.

Pure. Tallies merge in any order to the same sums, so that workers, pods and days add up. Counting a match
is on the shadow worker's event loop and builds next to nothing.
"""

from __future__ import annotations

from copy import copy
from functools import lru_cache
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from shadow.compare.found import CUT
from shadow.compare.signature import signature
from shadow.endpoint import bounded
from shadow.model import Comparison, Difference, Drop, Fate, Masked, Outcome, Response, Skip, Statuses
from shadow.record.buckets import Buckets, Count, Moment
from shadow.record.parts import (
    OTHER,
    SIGNATURES,
    UNANALYSED,
    About,
    Learned,
    Paired,
    Pattern,
    Release,
    Seen,
    add_counts,
    merge_units,
    past,
)
from shadow.record.recheck import Label
from shadow.record.units import HOUR, Units

PATTERNS = 200
"""Sets of differences told apart in one tally; of more, noise is folded, and the rest counted as `OTHER`."""

WIDEST = 40
"""Differences of one pattern; an answer with more has little in common with legacy's."""

LINES = 1000
"""Lines of rules whose hits are counted; nobody writes as many."""

VERSIONS = 20
"""Versions of the target told apart in one window."""

SLOWER_RATIO: Final = 1.2
SLOWER_SECONDS: Final = 0.010
"""An answer of the target counts as slower where it takes over 1.2 times legacy's time and 10 ms: less is
within what another measuring point and the lower priority of the shadow path make."""


class Tally(Struct):
    """What became of the requests of one endpoint.

    `mirrored` counts the shadow requests sent. `status` counts pairs: `200→500`, equal ones too, and
    `200→timeout` where the target gave no answer. Latencies are of the exchanges that both sides answered,
    so that the two sides' quantiles are about the same requests: to the last byte, and to the `_first`;
    `slower` counts those in which the target was, and `starved` those that were timed while the worker often
    waited for a processor. `differences` counts exchanges, not places: by `signature`,
    an exchange once for each of its own. `patterns` counts the same exchanges by the set of their signatures,
    so that a later reader can tell those that show nothing but what is excused. `units` are the distinct
    requests of the pairs that count for the verdict, by hour; `rules` counts exchanges by the lines of rules
    that silenced something.
    """

    received: Count = 0
    mirrored: Count = 0
    matched: Count = 0
    differed: Count = 0
    failed: Count = 0
    skipped: dict[str, Count] = field(default_factory=dict)
    dropped: dict[str, Count] = field(default_factory=dict)
    status: dict[str, Count] = field(default_factory=dict)
    legacy: Buckets = field(default_factory=Buckets)
    target: Buckets = field(default_factory=Buckets)
    legacy_first: Buckets = field(default_factory=Buckets)
    target_first: Buckets = field(default_factory=Buckets)
    slower: Count = 0
    starved: Count = 0
    differences: dict[str, Seen] = field(default_factory=dict)
    patterns: dict[str, Pattern] = field(default_factory=dict)
    units: dict[int, Units] = field(default_factory=dict)
    rules: dict[str, Count] = field(default_factory=dict)
    learned: Learned = field(default_factory=Learned)
    releases: dict[str, Release] = field(default_factory=dict)
    unanalysed: Count = 0
    """Of those that differed, the ones that no judge could look at."""
    accepted_alone: Count = 0
    """Of those that the target alone answered, the ones that match, as somebody has accepted that."""

    @property
    def fates(self) -> int:
        """Requests whose end is known."""
        ended = self.matched + self.differed + self.failed
        return ended + sum(self.skipped.values()) + sum(self.dropped.values())

    @property
    def compared(self) -> int:
        """Exchanges that both sides answered, so that there was something to compare."""
        return self.matched + self.differed - self.unanswered

    @property
    def unanswered(self) -> int:
        """Exchanges that legacy did not answer, whatever the target did: they matched or differed."""
        return sum(number for _, number in self._without_legacy())

    @property
    def target_alone(self) -> int:
        """Those of them that the target answered."""
        return sum(number for pair, number in self._without_legacy() if pair.target_answered)

    @property
    def differed_alone(self) -> int:
        """Those of these that differed."""
        return self.target_alone - self.accepted_alone

    def _without_legacy(self) -> list[tuple[Statuses, int]]:
        """The pairs in which legacy gave no answer, and how many exchanges ended so."""
        pairs = ((Statuses.read(pair), number) for pair, number in self.status.items())
        return [each for each in pairs if not each[0].legacy_answered]

    @property
    def in_flight(self) -> int:
        """Requests received whose end is not known yet. Below nought where the part of the tally that
        counted them received is missing."""
        return self.received - self.fates

    def count_skipped(self, reason: Skip) -> None:
        """Count a request that a rule kept from the target."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def count_dropped(self, reason: Drop, requests: int = 1) -> None:
        """Count requests that load kept from the target."""
        self.dropped[reason] = self.dropped.get(reason, 0) + requests

    def count_match(
        self, legacy: Response, target: Response, about: About, hits: tuple[str, ...] = ()
    ) -> None:
        """Count an exchange whose answers are equal, by the `hits` of rules where they were needed."""
        self.matched += 1
        self._answered(legacy, target)
        _add_unit(self.units, about)
        if hits:
            self._hit(hits)
        if about.version:
            self._release(about, ())

    def count(self, legacy: Outcome, target: Outcome, comparison: Masked, about: About) -> None:
        """Count an exchange by what its comparison found. What legacy did not answer says nothing of the
        target: its fate is told, and what differs, but it makes no pattern that a verdict could weigh."""
        self._end(legacy, target, comparison)
        names = self._see_all(comparison, about)
        if not Statuses.of(legacy, target).legacy_answered:
            self.accepted_alone += comparison.fate is Fate.MATCHED and isinstance(target, Response)
            return
        _add_unit(self.units, about)
        if comparison.fate is not Fate.MATCHED:
            self._pattern(names, comparison, about)
        if about.version:
            self._release(about, names)

    def count_learned(
        self, legacy: Response, target: Response, comparison: Masked, control: Masked, about: About
    ) -> None:
        """Count an exchange of which legacy was asked again, by what its comparison found and by what the
        `control` did, legacy's second answer in the place of the target's. Where the first was a gateway's,
        nothing is to be learned of it."""
        if not Statuses.of(legacy, target).legacy_answered:
            self.count(legacy, target, comparison, about)
            return
        self._end(legacy, target, comparison)
        names = self._see_all(comparison, about)
        learned = self.learned
        if comparison.fate is Fate.MATCHED:
            learned.matched += 1
        else:
            learned.differed += 1
        others = {signature(each) for each in control.differences}
        for name in others | set(names):
            paired = learned.differences.setdefault(name, Paired())
            if name not in names:
                paired.control_only += 1
            elif name not in others:
                paired.target_only += 1
            else:
                paired.both += 1
        learned.see_values(comparison.differences, control.differences)
        learned.fold()

    def count_rechecked(self, differences: tuple[Difference, ...], label: Label) -> None:
        """Count what became of the differences of an exchange that is counted already."""
        for name, found in {signature(each): each for each in differences}.items():
            seen = Seen(0, found.legacy, found.target)
            if label is Label.STABLE:
                seen.stable = 1
            elif label is Label.SETTLED:
                seen.settled = 1
            else:
                seen.flapping = 1
            self._see(name, seen)
        self._fold()

    def merge(self, other: Tally, distinct: bool = True) -> None:
        """Take over what `other` counted; without what tells requests apart, for those who only add, if
        not `distinct`: it would grow with every hour."""
        self.received += other.received
        self.mirrored += other.mirrored
        self.matched += other.matched
        self.differed += other.differed
        self.failed += other.failed
        self.slower += other.slower
        self.starved += other.starved
        self.unanalysed += other.unanalysed
        self.accepted_alone += other.accepted_alone
        add_counts(self.skipped, other.skipped)
        add_counts(self.dropped, other.dropped)
        add_counts(self.status, other.status)
        add_counts(self.rules, other.rules)
        self.legacy.merge(other.legacy)
        self.target.merge(other.target)
        self.legacy_first.merge(other.legacy_first)
        self.target_first.merge(other.target_first)
        self.learned.merge(other.learned)
        for name, seen in other.differences.items():
            self._see(name, copy(seen))  # it will be added to
        for version, release in other.releases.items():
            self.releases.setdefault(version, Release()).merge(release)
        if distinct:
            merge_units(self.units, other.units)
            for name, pattern in other.patterns.items():
                self.patterns.setdefault(name, Pattern()).merge(pattern)
        self._fold()

    def settle(self) -> None:
        """Pack what is held in sets, to be written small."""
        for units in self.units, *(pattern.units for pattern in self.patterns.values()):
            for each in units.values():
                each.settle()

    def _end(self, legacy: Outcome, target: Outcome, comparison: Comparison) -> None:
        """Count the fate, and the pair of statuses."""
        if comparison.fate is Fate.MATCHED:
            self.matched += 1
        elif comparison.fate is Fate.FAILED:
            self.failed += 1
        else:
            self.differed += 1
        pair = Statuses.of(legacy, target)
        if isinstance(legacy, Response) and isinstance(target, Response) and pair.legacy_answered:
            self._answered(legacy, target)
        else:
            self.status[str(pair)] = self.status.get(str(pair), 0) + 1
        if comparison.hits:
            self._hit(comparison.hits)

    def _answered(self, legacy: Response, target: Response) -> None:
        pair = _pair(legacy.status, target.status)
        status = self.status
        status[pair] = status.get(pair, 0) + 1
        _add(legacy, self.legacy, self.legacy_first)
        _add(target, self.target, self.target_first)
        if target.total > legacy.total * SLOWER_RATIO + SLOWER_SECONDS:
            self.slower += 1

    def _hit(self, hits: tuple[str, ...]) -> None:
        for line in hits:
            if line in self.rules or len(self.rules) < LINES:
                self.rules[line] = self.rules.get(line, 0) + 1

    def _see_all(self, comparison: Comparison, about: About) -> tuple[str, ...]:
        """Count the differences of one exchange; their signatures."""
        named = {signature(each): each for each in comparison.differences}
        for name, found in named.items():
            self._see(name, Seen(1, found.legacy, found.target, about.at, about.at))
        self._fold()
        return tuple(sorted(named))

    def _pattern(self, names: tuple[str, ...], comparison: Comparison, about: About) -> None:
        whole = len(names) <= WIDEST and CUT not in comparison.notes
        key = "\n".join(names) or UNANALYSED if whole else OTHER
        pattern = self.patterns.setdefault(key, Pattern())
        pattern.count += 1
        _add_unit(pattern.units, about)
        self._fold()

    def _release(self, about: About, names: tuple[str, ...]) -> None:
        version = about.version
        if version not in self.releases and len(self.releases) >= VERSIONS:
            version = OTHER
        seen = Release(1, bool(names), about.at, about.at, dict.fromkeys(names, 1))
        self.releases.setdefault(version, Release()).merge(seen)

    def _see(self, name: str, seen: Seen) -> None:
        known = self.differences.get(name)
        if known is None:
            self.differences[name] = seen
        else:
            known.merge(seen)

    def _fold(self) -> None:
        """Put what is past `SIGNATURES` and `PATTERNS` under `OTHER`, of which no example is kept."""
        for name in past(SIGNATURES, self.differences):
            gone = self.differences.pop(name)
            gone.legacy = gone.target = None
            self.differences.setdefault(OTHER, Seen(0)).merge(gone)
        if len(self.patterns) > PATTERNS + (OTHER in self.patterns):
            self._fold_noise()
        for name in past(PATTERNS, self.patterns):
            self.patterns.setdefault(OTHER, Pattern()).merge(self.patterns.pop(name))

    def _fold_noise(self) -> None:
        """Let every pattern that shows noise show all noise of the endpoint: ten places that vary each by
        itself make a thousand patterns, and one when folded. A pattern that shows more is excused of less,
        never of what it showed."""
        noise = {name for name, paired in self.learned.differences.items() if paired.varies}
        for pattern in list(self.patterns):
            names = set(pattern.split("\n"))
            if not names.isdisjoint(noise) and not names.issuperset(noise):
                folded = "\n".join(sorted(names | noise))
                self.patterns.setdefault(folded, Pattern()).merge(self.patterns.pop(pattern))


def merge_into(totals: dict[str, Tally], endpoint: str, tally: Tally, distinct: bool = True) -> str:
    """Add a tally to that of its endpoint, `distinct` as in `Tally.merge`; the name it has there."""
    endpoint = bounded(totals, endpoint)
    known = totals.get(endpoint)
    if known is None:
        known = totals[endpoint] = Tally()
    known.merge(tally, distinct)
    return endpoint


class TallyRecord(Struct, tag_field="record", tag="tally"):
    """The tally of one endpoint in the window that began at `window`, in Unix seconds."""

    window: Moment
    seconds: Annotated[float, Meta(ge=0, le=1e9)]
    endpoint: str
    config_hash: str
    tally: Tally


def _add(answer: Response, whole: Buckets, first: Buckets) -> None:
    key = whole.add(answer.total)
    if answer.first_byte == answer.total:  # most answers are read in one piece
        first.add_another(key)
    else:
        first.add(answer.first_byte)


def _add_unit(units: dict[int, Units], about: About) -> None:
    hour = int(about.at // HOUR)
    known = units.get(hour)
    if known is None:
        known = units[hour] = Units()
    known.add(about.unit)


@lru_cache(maxsize=4096)
def _pair(legacy: int, target: int) -> str:
    return str(Statuses(str(legacy), str(target)))
