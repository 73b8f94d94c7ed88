"""Numbers as people read them: shares, durations, counts. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime


def percent(share: float) -> str:
    """A share in per cent, two digits that count; never rounded to all or to nothing. A space that does not
    break stands before the sign."""
    hundred = share * 100
    if hundred == 0 or share >= 1:
        return f"{hundred:.0f}\u00a0%"
    if hundred < 0.01:
        return "<0.01\u00a0%"
    text = f"{hundred:.1f}" if hundred >= 10 else f"{hundred:.2g}"
    return f"{'99.9' if text == '100.0' else text}\u00a0%"


def seconds(duration: float) -> str:
    """A duration with its unit, three digits that count."""
    if duration >= 0.9995:
        return f"{duration:.3g}\u00a0s" if duration < 999.5 else f"{duration:,.0f}\u00a0s"
    ms = duration * 1000
    return f"{ms:.3g}\u00a0ms" if ms >= 0.01 else f"{ms * 1000:.3g}\u00a0µs"


def in_words(share: float) -> str:
    """A share in a sentence, where a line may break before the sign."""
    return percent(share).replace("\u00a0", " ")


def counted(number: int, noun: str) -> str:
    """So many of them: `1 line`, `2,000 lines`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def period(first: float, last: float) -> str:
    """From when to when, in Unix seconds; a day that is the same, or a minute, is told once."""
    start, end = (datetime.fromtimestamp(each, UTC) for each in (first, last))
    shown = f"{start:%Y-%m-%d %H:%M}"
    if f"{end:%Y-%m-%d %H:%M}" != shown:
        shown += f" to {end:%H:%M}" if end.date() == start.date() else f" to {end:%Y-%m-%d %H:%M}"
    return f"{shown} UTC"


def where(endpoints: list[str], shown: Callable[[str], str]) -> str:
    """One endpoint by its name, several by their number."""
    return shown(endpoints[0]) if len(endpoints) == 1 else counted(len(endpoints), "endpoint")


def most_first(counts: dict[str, int]) -> dict[str, int]:
    """Counts by what they are of, the largest first."""
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
