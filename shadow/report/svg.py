"""Small pictures, as SVG without a style of its own: the page's CSS colours them by class, so that they turn
dark with it and a Content-Security-Policy has nothing to allow.

Pure. Only numbers go in; no text of a record ever does. Sizes are in CSS pixels and fit a phone, so that no
picture is scaled and its letters stay legible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import floor, log10

from markupsafe import Markup

from shadow.report.figures import percent, seconds
from shadow.report.schema import Distribution

_SCALE = 84  # pixels of an interval's scale,
_DECADES = 5  # which are 0.001 % to 100 %
_FOOT = 16  # below a picture, for the letters of its axis
_HEAD = 16  # above one over time, for the value at its top
_TICKS = 7  # of an axis, at most
_HOUR = 3600  # seconds; what a picture over time has a place for


def interval(lower: float, upper: float, seen: float, tolerance: float) -> Markup:
    """Where a share may lie and where it was seen, on a logarithmic scale, with a line at the tolerance."""
    left, right, limit = (_on_scale(share) for share in (lower, upper, tolerance))
    drawn = f'<path class="track" d="M0 8H{_SCALE}"/><path class="limit" d="M{limit} 0V16"/>'
    drawn += f'<path class="range" d="M{left} 8H{max(right, left + 2):g}"/>'
    if seen:
        drawn += f'<path class="seen" d="M{_on_scale(seen)} 2V14"/>'
    return _svg(_SCALE, 16, drawn, "interval")


def scale(tolerance: float) -> Markup:
    """The scale of `interval`, for the head of its column: where the tolerance is."""
    x = _on_scale(tolerance)
    drawn = f'<text x="{x}" y="10" text-anchor="middle">{percent(tolerance)}</text>'
    return _svg(_SCALE, 18, f'{drawn}<path class="limit" d="M{x} 13V18"/>', "interval scale")


def distribution(shown: Distribution, width: int = 340, height: int = 120) -> Markup:
    """How long answers took at both sides: legacy as a surface, the target as a line over it."""
    if len(shown.edges) < 2:
        return Markup()
    most = max(1, *shown.legacy, *shown.target)
    floor_y = height - _FOOT
    step = width / (len(shown.edges) - 1)

    def stairs(counts: Sequence[int]) -> str:
        """Steps in whole pixels; one for each run of equal ones, or the page would grow by them."""
        tops = [round((floor_y - 4) * count / most) for count in counts]
        path, level = f"M0 {floor_y}", 0
        for i, top in enumerate(tops):
            if top != level:
                path += f"H{i * step:.4g}v{level - top}"
                level = top
        return f"{path}H{width}"

    low, high = log10(shown.edges[0]), log10(shown.edges[-1])
    ticks = (((log10(t) - low) / (high - low) * width, seconds(t)) for t in _ticks(low, high))
    return _svg(
        width,
        height,
        f'<path class="legacy area" d="{stairs(shown.legacy)}V{floor_y}Z"/>'
        f'<path class="target line" d="{stairs(shown.target)}V{floor_y}"/>' + _axis(ticks, width, floor_y),
    )


def lines(
    times: Sequence[float],
    sides: Sequence[tuple[str, Sequence[float | None]]],
    width: int = 340,
    height: int = 120,
) -> Markup:
    """Seconds by hour: a line for each of `sides`, a class and its values. From nought up."""
    top = max((value for _, side in sides for value in side if value), default=None)
    if top is None:
        return Markup()
    floor_y, places = height - _FOOT, _places(times, width)
    strokes = ""
    for name, side in sides:
        points = [
            None if value is None else (x, round(floor_y - (floor_y - _HEAD) * value / top, 1))
            for x, value in zip(places, side, strict=True)
        ]
        strokes += _strokes(points, name, 1.5 * _slot(times, width))
    return _svg(width, height, strokes + _calendar(times, width, floor_y) + _top(seconds(top)))


def bars(
    times: Sequence[float], shares: Sequence[float | None], width: int = 340, height: int = 120
) -> Markup:
    """Shares by hour, as bars from nought up."""
    top = max((share for share in shares if share), default=1.0)
    if not times:
        return Markup()
    floor_y, wide = height - _FOOT, max(1.0, 0.7 * _slot(times, width))
    drawn = ""
    for x, share in zip(_places(times, width), shares, strict=True):
        if share:
            tall = max(1.0, (floor_y - _HEAD) * share / top)
            left = f"M{x - wide / 2:.4g} {floor_y}"
            drawn += f'<path class="bar" d="{left}h{wide:.3g}v-{tall:.4g}h-{wide:.3g}z"/>'
    return _svg(
        width, height, drawn + _calendar(times, width, floor_y) + (_top(percent(top)) if drawn else "")
    )


def day(hours: Iterable[int]) -> Markup:
    """The hours of the day, those that were measured filled."""
    seen = set(hours)
    cells = "".join(
        f'<rect class="{"seen" if hour in seen else "track"}" x="{hour * 14}" y="0" width="12" height="14"/>'
        for hour in range(24)
    )
    marks = "".join(f'<text x="{hour * 14}" y="27">{hour}</text>' for hour in (0, 6, 12, 18))
    return _svg(334, 30, cells + marks, "day")


def parts(counts: Iterable[tuple[str, int]], width: int = 340, height: int = 10) -> Markup:
    """What a whole is made of, as one bar: a class and a count for each part, at least 3 pixels where any."""
    shown = [(name, count) for name, count in counts if count]
    whole = sum(count for _, count in shown) or 1
    least = 3.0
    room = width - least * len(shown)
    drawn, x = "", 0.0
    for name, count in shown:
        wide = least + room * count / whole
        drawn += (
            f'<rect class="{name}" x="{x:.4g}" y="0" width="{max(1.0, wide - 1):.4g}" height="{height}"/>'
        )
        x += wide
    return _svg(width, height, drawn, "parts", 'preserveAspectRatio="none" ')


def _svg(width: int, height: int, content: str, name: str = "chart", more: str = "") -> Markup:
    # The figures are told in words beside each picture, so that a reader who cannot see it loses nothing.
    head = f'<svg class="{name}" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return Markup(f'{head} {more}aria-hidden="true">{content}</svg>')  # noqa: S704 - numbers and our own words


def _on_scale(share: float) -> float:
    """Where a share is on the scale of intervals; what is smaller than it begins with, at its left end."""
    if share <= 0:
        return 0.0
    return round(max(0.0, min(1.0, log10(share) / _DECADES + 1)) * _SCALE, 1)


def _ticks(low: float, high: float) -> list[float]:
    """Round durations between two powers of ten, a few of them."""
    every = [
        factor * 10.0**power
        for power in range(floor(low), floor(high) + 1)
        for factor in (1, 2, 5)
        if low <= log10(factor) + power <= high
    ]
    if len(every) <= _TICKS:
        return every
    tens = [each for each in every if f"{each:e}".startswith("1")]
    return tens[:: -(-len(tens) // _TICKS)]


def _axis(ticks: Iterable[tuple[float, str]], width: int, y: int) -> str:
    """A line with marks. Letters near an edge are drawn inwards, those that would touch others not at all."""
    marks, free = "", 0.0
    for x, label in ticks:
        marks += f'<path class="axis" d="M{x:.4g} {y}v3"/>'
        half = 3.3 * len(label)
        left = min(max(0.0, x - half), width - 2 * half)
        if left >= free:
            marks += f'<text x="{left + half:.4g}" y="{y + 14}" text-anchor="middle">{label}</text>'
            free = left + 2 * half + 6
    return f'<path class="axis" d="M0 {y}H{width}"/>{marks}'


def _calendar(times: Sequence[float], width: int, y: int) -> str:
    """Hours or days under a picture over time, where they begin."""
    each = _HOUR
    while _span(times) / each > _TICKS:
        each *= 3 if each == _HOUR else 2
    first = -(-times[0] // each) * each
    marks = (first + i * each for i in range(int((times[-1] + _HOUR - 1 - first) // each) + 1))
    return _axis((((t - times[0]) / _span(times) * width, _clock(t, each)) for t in marks), width, y)


def _clock(time: float, each: int) -> str:
    """Hour of the day, UTC; the day of the month where a picture is of days."""
    at = datetime.fromtimestamp(time, UTC)
    return f"{at.hour:02}:00" if each < 24 * 3600 else f"{at.month}/{at.day}"


def _top(label: str) -> str:
    return f'<text class="top" x="0" y="9">{label}</text>'


def _span(times: Sequence[float]) -> float:
    """Seconds from the first hour's beginning to the last one's end."""
    return times[-1] - times[0] + _HOUR


def _slot(times: Sequence[float], width: int) -> float:
    """Pixels of an hour."""
    return _HOUR / _span(times) * width


def _places(times: Sequence[float], width: int) -> list[float]:
    """The middle of each hour."""
    return [(time - times[0] + _HOUR / 2) / _span(times) * width for time in times]


def _strokes(points: Sequence[tuple[float, float] | None], name: str, near: float) -> str:
    """A line through points at most `near` pixels apart; it breaks where nothing was answered, and a point
    alone is a dot."""
    path, dots = "", ""
    last: tuple[float, float] | None = None
    drawn = False  # whether `last` is an end of some line
    for point in [*points, None]:
        if last is not None and point is not None and point[0] - last[0] <= near:
            path += ("" if drawn else f"M{last[0]:.4g} {last[1]:g}") + f"L{point[0]:.4g} {point[1]:g}"
            drawn = True
        elif last is not None:
            dots += "" if drawn else f'<circle class="{name} dot" cx="{last[0]:.4g}" cy="{last[1]:g}" r="2"/>'
            drawn = False
        last = point
    return (f'<path class="{name} line" d="{path}"/>' if path else "") + dots
