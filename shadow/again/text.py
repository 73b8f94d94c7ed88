"""What became of kept comparisons under other rules, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from rich.text import Text

from shadow.again.rejudge import Change, Rejudged
from shadow.report.figures import most_first
from shadow.report.text import console, plain, value
from shadow.report.words import named

SHOWN = 20
"""Causes shown of each list; the JSON form has all."""


def render(result: Rejudged, stream: TextIO) -> None:
    """Write the result to `stream`."""
    to = console(stream)
    for line in _lines(result):
        to.print(line, soft_wrap=True)


def _lines(result: Rejudged) -> Iterator[Text]:
    yield Text(f"{result.kept:,} comparisons kept, {result.judged:,} judged again")
    for why, count in most_first(result.impossible).items():
        yield Text(f"  {count:,} not judged again: {plain(why)}", "dim")
    if result.judged:
        yield Text(f"before: {_fates(result.before)}")
        yield Text(f"after:  {_fates(result.after)}")
    yield Text(f"{result.fewer:,} no longer differ, {result.more:,} newly differ", "bold")
    yield from _changes("No longer seen", result.gone, "by")
    yield from _changes("Newly seen", result.new, "without")
    if not result.gone and not result.new:
        yield Text("Nothing changes.")


def _fates(fates: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {plain(fate)}" for fate, count in sorted(fates.items()))


def _changes(title: str, changes: list[Change], through: str) -> Iterator[Text]:
    if not changes:
        return
    more = f", the first {SHOWN} of {len(changes):,}" if len(changes) > SHOWN else ""
    yield Text(f"\n{title}{more}:", "bold")
    for change in changes[:SHOWN]:
        yield Text(f"{change.count:>7,} × {plain(named(change))}  on {plain(change.endpoint)}")
        indent = " " * 10
        for line in change.lines:
            yield Text(f"{indent}{through} {plain(line)}", "dim")
        yield Text(f"{indent}legacy {value(change.legacy)}  target {value(change.target)}", "dim")
        yield Text(f"{indent}as in comparison {plain(change.example)}", "dim")
