"""What was measured, as a table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

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
    per_second: float | None  # at full speed
    full_mirrored: float | None  # share of the requests at full speed that the target got
    pss_mb: float
    errors: float  # answers that clients should not have seen
    others: float  # share of the proxy's core that other programs used at the fixed rate
    load_busy: float | None  # share of the core of load and backends that was used at full speed


Round = dict[str, Row]
"""What was measured of one case in one round, by the name of the proxy."""


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
            "-" if row.per_second is None else f"{row.per_second:.0f}",
            _share(row.full_mirrored),
            f"{row.pss_mb:.1f}",
            f"{row.errors:.0f}",
        )
        lines.append(_LINE.format(name, *figures))
    return "\n".join(lines)


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def notes(rows: dict[str, Row], *, differ: bool) -> list[str]:
    """What makes a figure worth less than it seems."""
    lines = []
    for name, row in rows.items():
        if row.others > _DISTURBED:
            lines.append(
                f"{name}: others used up to {row.others:.0%} of the proxy's core: repeat on a quiet machine"
            )
        if (row.load_busy or 0.0) > _SATURATED:
            lines.append(f"{name}: clients and backends were at their limit at full speed; it may do more")
        if row.compared and row.matched is not None and not differ and row.matched < row.compared:
            wrong = row.compared - row.matched
            lines.append(f"{name}: {wrong:.2%} judged different although the backends are equal")
    return lines
