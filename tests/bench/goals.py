"""The ratios that the project promises, and whether a run holds them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from table import Round, Row


class Goal(NamedTuple):
    """A figure of Shadow's in one case, beside the same figure of somebody else, or of its own in another."""

    what: str
    figure: Callable[[Row], float | None]
    case: str
    beside: tuple[str, str] | None  # proxy and case; None: the figure itself
    most: float = 0.0
    least: float = 0.0


def _cpu(row: Row) -> float:
    return row.cpu_us


GOALS = (
    Goal("CPU, equal", _cpu, "small", ("envoy", "small"), most=0.75),
    Goal("CPU, equal", _cpu, "small", ("nginx", "small"), most=0.9),
    Goal("CPU, live path alone", _cpu, "live", ("nginx", "live"), most=1.3),
    Goal("CPU, 20 KB differing", _cpu, "json20k-differ", ("envoy", "json20k-differ"), most=4.0),
    Goal("CPU, 1 MiB download", _cpu, "download", ("nginx", "download"), most=1.0),
    Goal("full speed, live path", lambda row: row.per_second, "live", ("envoy", "live"), least=2.0),
    Goal("added p50", lambda row: row.added_p50_us, "small", ("envoy", "small"), most=1.0),
    Goal("added p50", lambda row: row.added_p50_us, "small", ("nginx", "small"), most=1.0),
    Goal("added p99", lambda row: row.added_p99_us, "small", ("envoy", "small"), most=1.0),
    Goal("added p99", lambda row: row.added_p99_us, "small", ("nginx", "small"), most=1.0),
    Goal("p99, target hung", lambda row: row.p99_us, "hung", ("shadow", "small"), most=1.1),
    Goal("p99, HTML differing", lambda row: row.p99_us, "html50k-differ", ("shadow", "html50k"), most=1.1),
    Goal("compared, HTML differing", lambda row: row.compared, "html50k-differ", None, least=0.999),
    Goal("compared, equal", lambda row: row.compared, "small", None, least=0.999),
    Goal("mirrored, equal", lambda row: row.mirrored, "small", None, least=0.999),
    Goal("PSS MiB, after full speed", lambda row: row.pss_mb, "small", None, most=100.0),
)
"""A share of one that is asked for may miss a thousandth: the end of the load cuts a few requests short."""


def lines(rounds: Sequence[dict[str, Round]]) -> list[str]:
    """How Shadow stands to each goal for which enough was measured. `rounds` are by case.

    The median of the ratios of each round, not the ratio of medians: a machine's speed drifts from round to
    round, and within one it drifts less.
    """
    return [_line(goal, found) for goal in GOALS if (found := _ratios(goal, rounds))]


def _ratios(goal: Goal, rounds: Sequence[dict[str, Round]]) -> list[float]:
    found = []
    for cases in rounds:
        ours = _figure(goal, cases, "shadow", goal.case)
        theirs = 1.0 if goal.beside is None else _figure(goal, cases, *goal.beside)
        if ours is not None and theirs:
            found.append(ours / theirs)
    return found


def _figure(goal: Goal, cases: dict[str, Round], proxy: str, case: str) -> float | None:
    row = cases.get(case, {}).get(proxy)
    return None if row is None else goal.figure(row)


def _line(goal: Goal, ratios: list[float]) -> str:
    ratio = statistics.median(ratios)
    holds = ratio <= goal.most if goal.most else ratio >= goal.least
    of = "" if goal.beside is None else f"x {' '.join(goal.beside)}"
    bound = f"<= {goal.most:g}" if goal.most else f">= {goal.least:g}"
    spread = f"({min(ratios):.2f} to {max(ratios):.2f})"
    return f"{goal.what:26}{ratio:8.3f} {of:24}{spread:18} goal {bound:9}{'holds' if holds else 'MISSED'}"
