"""Is the target as fast as legacy?

Pure. Three questions, each with a margin of 1.2 times legacy's duration and 10 ms, for the shadow path
measures about 0.5 ms too much at low rates and runs at a lower priority:

* Is it slower in less than half of the exchanges? Pairs share what makes one request slower than another, so
  this sign test finds a slowdown that two distributions hide.
* Is the duration that 95 % do not pass at most legacy's and the margin? Both sides' quantiles lie between
  order statistics that a confidence sequence chooses; the bounds are compared, not the quantiles.
* And the duration that 99 % do not pass?

Slower: one of them is surely answered with no, and more answers would not help: the verdict is *regressed*.
As fast: the first two are surely answered with yes, and the third is as far as was seen. To be sure of that
too takes 15,000 exchanges of equal backends whose durations spread as those of web services do (0.8 in the
logarithm), three times what it takes to be sure of the answers; of 95 % it takes 5,000.

An answer that was timed while Shadow waited for a processor may have come in time. Such are held
against no target: it is slower where it were without them, whichever they are.

All may be watched. Durations are counted by exchange, not by unit: a request asked again is another
measurement.
"""

from __future__ import annotations

import enum
from bisect import bisect_left
from itertools import accumulate
from math import inf
from typing import NamedTuple

from shadow.record.buckets import SHORTEST_KEY, Buckets, middle, milliseconds
from shadow.record.tally import SLOWER_RATIO, SLOWER_SECONDS, Tally
from shadow.verdict.statistics import ALPHA, excluded, needed, ranks

_HALF = 0.5
_SLOW, _SLOWEST = 0.95, 0.99
_QUESTIONS = 3
_UNTIMED = 0.01  # share of exchanges of which nobody may know how long legacy took
_DOUBLINGS = 10  # tried to say how much more is needed


class Pace(enum.StrEnum):
    """How the target's latency stands to legacy's."""

    AS_FAST = "as fast"
    SLOWER = "slower"
    UNSURE = "unsure"
    UNTIMED = "untimed"  # nothing was answered, or a log did not say how long legacy took


class Latency(NamedTuple):
    """The pace, a sentence if there is anything to say, of what looks slower first, and how many more
    exchanges like those seen would show that it is as fast: None where they would not."""

    pace: Pace
    why: str
    needed: int | None


def latency(tally: Tally, endpoints: int = 1) -> Latency:
    """What one tally says. Of `endpoints` that are asked the same, all as fast as legacy, any is called
    slower with a chance of at most `ALPHA`."""
    answered = tally.target.total
    untimed = tally.legacy.counts.get(SHORTEST_KEY, 0)
    if not answered or answered != tally.legacy.total:
        return Latency(Pace.UNTIMED, "", 0)
    if untimed > _UNTIMED * answered:
        return Latency(Pace.UNTIMED, "latency was not compared: nothing tells how long legacy took", 0)
    alpha = ALPHA / (_QUESTIONS * endpoints)
    legacy, target = _Sorted(tally.legacy), _Sorted(tally.target)
    starved = min(tally.starved, answered)
    found = [
        _paired(min(tally.slower, answered), answered, starved, alpha),
        _tail(_SLOW, legacy, target, starved, alpha),
        _tail(_SLOWEST, legacy, target, starved, alpha),
    ]
    for pace in Pace.SLOWER, Pace.UNSURE:
        those = [each for each in found if each.pace is pace]
        if those:
            known = [each.needed for each in those if each.needed is not None]
            if len(known) == len(those):
                return Latency(pace, those[0].why, max(known))
            return next(each for each in those if each.needed is None)  # what looks slower
    return Latency(Pace.AS_FAST, "", 0)


def _paired(slower: int, answered: int, starved: int, alpha: float) -> Latency:
    seen = f"the target was slower in {slower:,} of {answered:,} exchanges"
    if slower > _HALF * answered:
        surely, known = max(0, slower - starved), answered - starved
        if surely > _HALF * known and excluded(_HALF, surely, known, _HALF, alpha):
            return Latency(Pace.SLOWER, seen, None)
        return _doubted(seen, starved, answered)
    if excluded(_HALF, slower, answered, _HALF):
        return Latency(Pace.AS_FAST, "", 0)
    return Latency(Pace.UNSURE, seen, needed(slower, answered, _HALF))


def _tail(share: float, legacy: _Sorted, target: _Sorted, starved: int, alpha: float) -> Latency:
    total = legacy.total
    ours, theirs = legacy.at(share * total), target.at(share * total)
    took = f"up to {milliseconds(ours)} ms, of the target's {milliseconds(theirs)} ms"
    seen = f"{100 * share:.0f} % of legacy's answers take {took}"
    if theirs > _limit(ours):
        known = total - starved
        low, high = ranks(share, known, alpha / 2) if known else (0, total)
        # Of both sides, of which either may be missed: and the starved may be legacy's fastest.
        if target.at(low) > _limit(legacy.at(high + starved)):
            return Latency(Pace.SLOWER, seen, None)
        return _doubted(seen, starved, total)
    if share == _SLOWEST:
        return Latency(Pace.AS_FAST, "", 0)
    low, high = ranks(share, total, ALPHA / 2)
    if target.at(high) <= _limit(legacy.at(low)):
        return Latency(Pace.AS_FAST, "", 0)
    return Latency(Pace.UNSURE, seen, _more(share, legacy, target))


def _doubted(seen: str, starved: int, answered: int) -> Latency:
    """It looks slower, and is not surely."""
    if starved:
        seen += f"; {starved:,} of {answered:,} were timed while Shadow waited for a processor"
    return Latency(Pace.UNSURE, seen, None)


def _more(share: float, legacy: _Sorted, target: _Sorted) -> int | None:
    """About how many more exchanges like those seen would do."""
    for doubling in range(1, _DOUBLINGS + 1):
        times = 1 << doubling
        low, high = ranks(share, legacy.total * times, ALPHA / 2)
        if target.at(high / times) <= _limit(legacy.at(low / times)):
            return (times - 1) * legacy.total
    return None


def _limit(seconds: float) -> float:
    return seconds * SLOWER_RATIO + SLOWER_SECONDS


class _Sorted:
    """Durations by rank: the first is the shortest."""

    def __init__(self, buckets: Buckets) -> None:
        self._keys = sorted(buckets.counts)
        self._ranks = list(accumulate(buckets.counts[key] for key in self._keys))
        self.total: int = self._ranks[-1]

    def at(self, rank: float) -> float:
        """The duration of that rank, as exact as a bucket is: 0 below the first, endless above the last."""
        if rank <= 0:
            return 0.0
        place = bisect_left(self._ranks, rank)
        return middle(self._keys[place]) if place < len(self._keys) else inf
