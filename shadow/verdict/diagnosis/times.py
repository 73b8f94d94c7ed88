"""What the target's times tell. Pure."""

from __future__ import annotations

from statistics import median

from shadow.record.buckets import Buckets, milliseconds
from shadow.verdict.causes import Cause
from shadow.verdict.diagnosis.case import Case, Load, Traced

_TIMEOUTS = (15.0, 30.0, 60.0)  # seconds; what nginx, load balancers and ingresses have
_ENDED = ("500", "502", "503", "504")
_FEW = 3
_PEAK = 5  # times as many as just before
_SLOWER, _FLOOR = 2.0, 0.010  # times, and seconds: slow
_EQUAL = 1.3  # times
_BUSY = 6  # hours at least, to compare busy ones with quiet ones
_COMPARED = 20  # answers an hour, or its quantiles say little


def timeouts(case: Case) -> Traced | None:
    """Times of the target that pile up at 15, 30 or 60 s, where legacy's do not."""
    notes = []
    endpoints = set()
    for name, tally in case.tallies.items():
        for seconds in _TIMEOUTS:
            count = _pile(tally.target, seconds)
            if count >= _FEW and count > _PEAK * _pile(tally.legacy, seconds):
                endpoints.add(name)
                notes.append(f"{count:,} answers of {name} after {seconds:.0f} s")
    causes = _of(case, endpoints)
    return Traced(notes[:5], causes, frozenset(endpoints)) if notes else None


def _pile(buckets: Buckets, seconds: float) -> int:
    """How many took just that long, if many fewer took a little less."""
    before = buckets.below(seconds * 0.97) - buckets.below(seconds * 0.8)
    count = buckets.below(seconds * 1.04) - buckets.below(seconds * 0.97)
    return count if count > _PEAK * before else 0


def cold_cache(case: Case) -> Traced | None:
    """Slow in the first hour, and as fast as legacy in all that follow."""
    notes = []
    endpoints = set()
    for name, hours in case.hours.items():
        told = [each for each in hours if each.compared >= _COMPARED]
        if len(told) >= 3 and _ratio(told[0]) > _SLOWER and all(_ratio(each) < _EQUAL for each in told[1:]):
            endpoints.add(name)
            notes.append(f"{name}: {_ms(told[0])} in the first hour, {_ms(told[1])} in the second")
    return Traced(notes[:5], [], frozenset(endpoints)) if notes else None


def few_workers(case: Case) -> Traced | None:
    """In busy hours slower than legacy by far, in quiet ones hardly."""
    hours = [each for each in case.overall if each.compared >= _COMPARED]
    if len(hours) < _BUSY:
        return None
    hours.sort(key=lambda each: each.received)
    third = len(hours) // 3
    quiet, busy = hours[:third], hours[-third:]
    if busy[0].received < 2 * quiet[-1].received:
        return None
    calm, stressed = median(map(_ratio, quiet)), median(map(_ratio, busy))
    if calm > _EQUAL or stressed < _SLOWER:
        return None
    return Traced(
        [
            f"quiet hours, as one with {quiet[-1].received:,} requests: {_ms(quiet[-1])}",
            f"busy hours, as one with {busy[0].received:,} requests: {_ms(busy[0])}",
        ],
        [],
    )


def _ratio(hour: Load) -> float:
    """How many times as long the target takes, beyond what measuring makes."""
    if not hour.legacy_p95 or hour.target_p95 is None:
        return 1.0
    return max(0.0, hour.target_p95 - _FLOOR) / hour.legacy_p95


def _ms(hour: Load) -> str:
    legacy, target = (milliseconds(each or 0) for each in (hour.legacy_p95, hour.target_p95))
    return f"p95 {legacy} → {target} ms"


def _of(case: Case, endpoints: set[str]) -> list[Cause]:
    """The errors that a gateway or the target answers with after a timeout, of these endpoints alone."""
    found = ((cause, target) for cause, _, target in case.statuses() if cause.endpoints <= endpoints)
    return [cause for cause, target in found if target in _ENDED]
