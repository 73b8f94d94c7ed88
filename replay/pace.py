"""When is the next request due? Pure: counts and recorded times come in, seconds after the start go out.

The answer depends on the request alone, never on how long others took, so nothing drifts: whoever is
late stays on the same schedule.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

_NUMBER = r"(\d+(?:\.\d+)?)"
_SPEED = re.compile(rf"{_NUMBER}x?")
_RATE = re.compile(rf"{_NUMBER}(?:/([smh]))?")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Recorded(NamedTuple):
    """As it was recorded, `speed` times as fast."""

    speed: float

    def due(self, number: int, gap: float) -> float:
        return gap / self.speed


class Rate(NamedTuple):
    """Evenly, so many in a second, whatever was recorded."""

    per_second: float

    def due(self, number: int, gap: float) -> float:
        return number / self.per_second


class Unpaced(NamedTuple):
    """All at once: as fast as answers come in."""

    def due(self, number: int, gap: float) -> float:
        return 0.0


Pace: TypeAlias = Recorded | Rate | Unpaced
"""`due(number, gap)` is in seconds after the first request was due: `number` counts from 0, `gap` is the
recorded time from the first request's start to that of this one."""


def speed(text: str) -> Pace:
    """Understands `1`, `0.5`, `10`, `10x` and `max`; ValueError has one line."""
    if text == "max":
        return Unpaced()
    found = _SPEED.fullmatch(text)
    if not found or not float(found[1]):
        raise ValueError(f"{text!r} is no speed; write 1 for the recorded one, 10 for ten times that, or max")
    return Recorded(float(found[1]))


def rate(text: str) -> Rate:
    """Understands `500/s`, `500`, `30000/m`, `1000/h`; ValueError has one line."""
    found = _RATE.fullmatch(text)
    if not found or not float(found[1]):
        raise ValueError(f"{text!r} is no rate; write 500/s, 30000/m or 1000/h")
    return Rate(float(found[1]) / _SECONDS[found[2] or "s"])
