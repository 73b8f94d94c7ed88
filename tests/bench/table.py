"""What was measured, as a table, and the ratios that the project promises."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

CPU_GOAL = 1.0
SPEED_GOAL = 1.5
HUNG_GOAL = 1.1
ALL_GOAL = 0.999  # of the requests at a fixed rate; the end of the load cuts a few short
_DISTURBED = 0.05  # of a core
_SATURATED = 0.97


@dataclass(frozen=True)
class Row:
    """One proxy in one round, or the medians of its rounds. None: does not apply."""

    cpu_us: float  # of a processor, for one request at the fixed rate
    mirrored: float | None  # share of the requests at the fixed rate that the target got
    compared: float | None
    matched: float | None
    p50_us: float  # to the last byte of the answer, at the fixed rate
    p99_us: float
    added_p50_us: float  # beyond what a client without a proxy sees
    added_p99_us: float
    per_second: float  # at full speed
    full_mirrored: float | None  # share of the requests at full speed that the target got
    pss_mb: float
    errors: float  # answers that clients should not have seen
    others: float  # share of the proxy's core that other programs used at the fixed rate
    load_busy: float  # share of the core of load and backends that was used at full speed


Round = dict[str, Row]
"""What was measured in one round, by the name of the proxy."""


def middle(rows: Sequence[Row]) -> Row:
    """The median of each figure over all rounds; errors are added up, and the worst disturbance stays."""
    columns = zip(*(astuple(row) for row in rows), strict=True)
    medians = [None if None in column else statistics.median(column) for column in columns]
    errors, others = sum(row.errors for row in rows), max(row.others for row in rows)
    return replace(Row(*medians), errors=errors, others=others)  # type: ignore[arg-type]  # same columns


def middles(rounds: Sequence[Round]) -> Round:
    """The medians of every proxy."""
    names = dict.fromkeys(name for one in rounds for name in one)
    return {name: middle([one[name] for one in rounds if name in one]) for name in names}


_LINE = "{:12}{:>8}{:>10}{:>10}{:>9}{:>9}{:>12}{:>10}{:>9}{:>8}"
_GROUPS = ("", "", "", "fixed rate", "", "", "full speed", "", "", "")
_HEADINGS = (
    "proxy",
    "CPU µs",
    "mirrored",
    "compared",
    "+p50 µs",
    "+p99 µs",
    "requests/s",
    "mirrored",
    "PSS MiB",
    "errors",
)


def table(rows: dict[str, Row]) -> str:
    """One line for each proxy."""
    lines = [_LINE.format(*_GROUPS).rstrip(), _LINE.format(*_HEADINGS)]
    for name, row in rows.items():
        figures = (
            f"{row.cpu_us:.1f}",
            _share(row.mirrored),
            _share(row.compared),
            f"{row.added_p50_us:.0f}",
            f"{row.added_p99_us:.0f}",
            f"{row.per_second:.0f}",
            _share(row.full_mirrored),
            f"{row.pss_mb:.1f}",
            f"{row.errors:.0f}",
        )
        lines.append(_LINE.format(name, *figures))
    return "\n".join(lines)


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def goals(rounds: Sequence[Round]) -> list[str]:
    """How Shadow stands beside Envoy and beside itself, as far as both were measured.

    The median of the ratios of each round, not the ratio of medians: a machine's speed drifts from round to
    round, and within one it drifts less.
    """
    lines = []
    if beside := _both(rounds, "shadow", "envoy"):
        cpu = [shadow.cpu_us / envoy.cpu_us for shadow, envoy in beside]
        speed = [shadow.per_second / envoy.per_second for shadow, envoy in beside]
        lines.append(_line("CPU of a request", cpu, "Envoy", "<=", CPU_GOAL))
        lines.append(_line("full speed", speed, "Envoy", ">=", SPEED_GOAL))
    if beside := _both(rounds, "shadow-hung", "shadow"):
        slower = [hung.p99_us / healthy.p99_us for hung, healthy in beside]
        lines.append(_line("p99, target hung", slower, "healthy", "<=", HUNG_GOAL))
    shadows = [one["shadow"] for one in rounds if "shadow" in one]
    if shares := [min(row.mirrored or 0.0, row.compared or 0.0) for row in shadows]:
        lines.append(_line("mirrored, compared", shares, "received", ">=", ALL_GOAL))
    return lines


def _both(rounds: Sequence[Round], one: str, other: str) -> list[tuple[Row, Row]]:
    return [(rows[one], rows[other]) for rows in rounds if one in rows and other in rows]


def _line(what: str, ratios: list[float], of: str, sense: str, goal: float) -> str:
    ratio = statistics.median(ratios)
    holds = ratio <= goal if sense == "<=" else ratio >= goal
    spread = f"({min(ratios):.2f} to {max(ratios):.2f})"
    word = "holds" if holds else "MISSED"
    return f"{what:18} {ratio:6.3f} x {of:8} {spread:14}  goal {sense} {goal:.3f}  {word}"


def notes(rows: dict[str, Row], *, differ: bool) -> list[str]:
    """What makes a figure worth less than it seems."""
    lines = []
    for name, row in rows.items():
        if row.others > _DISTURBED:
            lines.append(
                f"{name}: others used up to {row.others:.0%} of the proxy's core: repeat on a quiet machine"
            )
        if row.load_busy > _SATURATED:
            lines.append(f"{name}: clients and backends were at their limit at full speed; it may do more")
        if row.compared and row.matched is not None and not differ and row.matched < row.compared:
            wrong = row.compared - row.matched
            lines.append(f"{name}: {wrong:.2%} judged different although the backends are equal")
    return lines
