"""The report for a terminal: the verdict, what broke, the endpoints that matter most, the most frequent
differences, what was not measured. What it has no room for is counted: the page and the JSON have it all.

Colour only on a terminal. Every word that comes from a record passes through `plain`, for a terminal obeys
what it is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from time import perf_counter
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from shadow.model import Statuses
from shadow.record.buckets import milliseconds
from shadow.report.figures import counted, in_words, period, where
from shadow.report.measured import judged, told
from shadow.report.schema import (
    Cause,
    Changes,
    Diagnosis,
    EndpointReport,
    LogReport,
    Report,
    Sides,
    Totals,
)
from shadow.report.visible import visible
from shadow.report.words import marks, named, said
from shadow.verdict.verdict import Verdict

CAUSES = 10
"""Causes shown; the JSON report has more."""

ENDPOINTS = 20
"""Endpoints shown; they come by risk."""

_EVERY = 2.0  # seconds between two looks at what was recorded,
_IDLE = 10.0  # and at least so many times what a look takes
_NEVER = 10  # endpoints shown that were never compared
_DIFFERENCES = 3  # of one endpoint
_LONGEST = 200  # characters shown of a value that comes from a record
_NAME = 16  # columns that an endpoint's name has at least, in a table
_NO_TERMINAL = 100  # columns, where nothing says how wide the reader's page is
_SIGN = {
    Verdict.REGRESSED: ("✗", "bold red"),
    Verdict.NOT_ENOUGH_DATA: ("?", "yellow"),
    Verdict.READY: ("✓", "green"),
}
_NO_SIGN = ("-", "dim")  # where there is no verdict
_COUNTS = ("received", "compared", "matched", "differed", "failed")


def render(report: Report, stream: TextIO, width: int | None = None) -> None:
    """Write the report to `stream`; `width` in columns, None for the terminal's own."""
    to = console(stream, width)
    for part in _parts(report, to.width):
        to.print(part)


def watch(read: Callable[[], Report], stream: TextIO, wait: Callable[[float], object]) -> None:
    """Show the report anew every few seconds, until interrupted. `wait` takes seconds."""
    to = console(stream)
    with Live(console=to, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            began = perf_counter()
            live.update(Group(*_parts(read(), to.width)), refresh=True)
            wait(max(_EVERY, _IDLE * (perf_counter() - began)))


def console(stream: TextIO, width: int | None = None) -> Console:
    """Writes words as they are. `width` is in columns; None is that of the terminal, or where there is none,
    of a page."""
    if width is None and not stream.isatty():
        width = _NO_TERMINAL
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def _parts(report: Report, width: int) -> Iterator[RenderableType]:
    return chain(
        _head(report),
        _diagnosis(report.diagnosis),
        _endpoints(report, width),
        _causes(report.causes, report.causes_left_out),
        _measured(report),
    )


def plain(text: str) -> str:
    """Text of which a terminal obeys, hides and turns around nothing: such characters become escapes."""
    return visible(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")


def _head(report: Report) -> Iterator[RenderableType]:
    sign, style = _SIGN[report.verdict]
    yield Text.assemble((f"{sign} {report.verdict.upper()}", style), f"  {report.why}")
    yield Text(_sum(report.totals))
    if report.window.start is not None and report.window.end is not None:
        period = f"{_moment(report.window.start)} to {_moment(report.window.end)} UTC"
        yield Text(f"{period}, configuration {plain(report.config_hash)}; legacy → target", "dim")
    if report.log:
        yield from _log(report.log)
    if report.changes:
        yield from _changes(report.changes)
    bad = report.unreadable
    if bad.lines or bad.segments:
        first = f" ({plain(bad.first)})" if bad.first else ""
        left_out = f"left out as unreadable: lines {bad.lines:,}, segments {bad.segments:,}{first}"
        yield Text(left_out, "yellow")


def _changes(changes: Changes) -> Iterator[RenderableType]:
    """What is new since an earlier report."""
    was = (
        f"{changes.before}, now {changes.now}" if changes.before is not changes.now else f"{changes.now} too"
    )
    yield Text(f"Last time {was}; causes: {len(changes.new):,} new, {len(changes.gone):,} gone", "bold")
    for label, causes in (("new", changes.new), ("gone", changes.gone)):
        for each in causes[:CAUSES]:
            yield _indented(f"{label}: {plain(each.name)} × {each.count:,}", "")
    for one in changes.verdicts[:CAUSES]:
        before, now = (each.value if each else "not there" for each in (one.before, one.now))
        yield _indented(f"{plain(one.endpoint)}: {before} → {now}", "")


def _diagnosis(found: list[Diagnosis]) -> Iterator[RenderableType]:
    """What broke, its traces, and what to check."""
    for each in found:
        yield Text(f"→ {each.what}", "bold")
        if each.count:
            yield _indented(f"{counted(each.count, 'exchange')} of {where(each.endpoints, plain)}")
        for trace in each.evidence:
            yield _indented(plain(trace), fold=True)
        yield _indented(each.check, "")


def _measured(report: Report) -> Iterator[RenderableType]:
    """What was not measured, and what was kept silent about."""
    measured = report.coverage
    yield Rule(style="dim")
    hours = f"{len(measured.hours)} of 24 hours of the day, {counted(measured.days, 'day')}"
    share = f"{in_words(measured.compared_share)} of all requests {judged(report.totals.failed)}"
    yield Text(f"{share}, in {hours}", "dim")
    if measured.unanalysed:
        yield Text(f"{measured.unanalysed:,} differed and were not analysed", "yellow")
    for each in measured.never[:_NEVER]:
        reasons = ", ".join(f"{count:,} {plain(said(reason))}" for reason, count in each.reasons.items())
        yield _indented(f"never compared: {plain(each.endpoint)} ({reasons})")
    idle = [rule.line for rule in report.rules if rule.in_force and not rule.hits]
    if idle:
        yield Text(f"rules never hit: {', '.join(map(plain, idle[:CAUSES]))}", "dim")
    for accepted in report.accepted:
        if accepted.expired:
            yield Text(f"expired {accepted.until}: {plain(accepted.line)}, {plain(accepted.owner)}", "yellow")
    masked = [mask.silenced for mask in report.masks if mask.state == "masked"]
    if masked:
        yield Text(
            f"legacy's own noise: {counted(len(masked), 'place')}, {counted(sum(masked), 'exchange')}", "dim"
        )


def _sum(totals: Totals) -> str:
    """Where every request went, as a sum that the reader can check."""
    parts = [f"{totals.matched:,} matched", f"{totals.differed:,} differed", f"{totals.failed:,} failed"]
    parts += _reasons(totals)
    if totals.in_flight:
        parts.append(f"{totals.in_flight:,} in flight")
    return f"{totals.received:,} received = {' + '.join(parts)}"


def _log(log: LogReport) -> Iterator[RenderableType]:
    """Where every line of the logs went, with an example of each reason to skip one."""
    yield Text(
        " = ".join(
            (
                f"{log.read:,} lines",
                " + ".join([f"{log.replayed:,} replayed", *_because("skipped", "line", log.skipped)]),
            )
        )
    )
    late = log.late
    if late.p50 is not None:
        yield Text(
            f"sent late by p50 {_ms(late.p50)} · p99 {_ms(late.p99)} · at most {_ms(late.max)} ms", "dim"
        )
    if not log.bodies_compared:
        without = "Bodies and headers were not compared, nor sizes that packing can explain"
        yield Text(f"{without}: the log was legacy's witness.", "yellow")
    if log.otherwise:
        yield Text("What was compared is not what the log's clients saw:", "yellow")
        for each in log.otherwise[:CAUSES]:
            gave = f"legacy gave {plain(each.legacy)} where the log has {plain(each.logged)}"
            yield _indented(f"{gave}: {each.count:,} of {each.lines:,} of {plain(each.endpoint)}")
        if len(log.otherwise) > CAUSES:
            yield _indented(f"and {len(log.otherwise) - CAUSES:,} more")
    for reason, lines in log.examples.items():
        yield _indented(f"{plain(said(f'line: {reason}'))}: {plain(lines[0])}")


def _reasons(of: Totals | EndpointReport) -> list[str]:
    """Why requests were not sent to the target."""
    return _because("skipped", "skipped", of.skipped) + _because("dropped", "dropped", of.dropped)


def _because(fate: str, code: str, counts: dict[str, int]) -> list[str]:
    return [f"{count:,} {fate} ({plain(said(f'{code}: {reason}'))})" for reason, count in counts.items()]


def _endpoints(report: Report, width: int) -> Iterator[RenderableType]:
    """A table with lines of detail between its rows. As these span the columns, each row is a table of its
    own, and the widths are given. Where names would have no room beside the counts, these are details too."""
    endpoints, left_out = report.endpoints[:ENDPOINTS], report.endpoints[ENDPOINTS:]
    excused = {cause.id for cause in report.causes if marks(cause)}
    counts = [[f"{getattr(each, name):,}" for name in _COUNTS] for each in endpoints]
    widths = [max(map(len, column)) for column in zip(_COUNTS, *counts, strict=True)]
    room = len(Verdict.NOT_ENOUGH_DATA if width >= _NO_TERMINAL else "not enough")
    stacked = width - 1 - room - sum(widths) - len(widths) - 2 < _NAME

    def row(*cells: Text | str, style: str = "") -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        table.add_column(ratio=1, overflow="fold")
        table.add_column(width=room)
        for each in widths:
            table.add_column(width=each, justify="right")
        table.add_row(*cells, style=style)
        return table

    yield Rule(style="dim")
    if not stacked:
        yield row("", "endpoint", "verdict", *_COUNTS, style="dim")
    for each, numbers in zip(endpoints, counts, strict=True):
        verdict = told(each)
        sign, style = _SIGN[each.verdict] if verdict == each.verdict else _NO_SIGN
        name, said = Text(plain(each.endpoint), "bold"), Text(verdict, style)
        if stacked:
            yield Text.assemble((f"{sign} ", style), name, "  ", said, overflow="fold")
            yield _indented(
                " · ".join(f"{number} {what}" for what, number in zip(_COUNTS, numbers, strict=True))
            )
        else:
            yield row(Text(sign, style), name, said, *numbers)
        yield from map(_indented, _details(each, excused))
    if left_out:
        yield Text(f"and {len(left_out):,} more: {_by_verdict(left_out)}; --format html and json have all")


def _by_verdict(endpoints: list[EndpointReport]) -> str:
    found = Counter(map(told, endpoints))
    return ", ".join(f"{count:,} {verdict}" for verdict, count in found.items())


def _indented(detail: str, style: str = "dim", columns: int = 4, *, fold: bool = False) -> Padding:
    """A line of detail; `fold` breaks within words, which a line without blanks needs."""
    text = Text(detail, style, overflow="fold" if fold else None)
    return Padding(text, (0, 0, 0, columns), expand=False)


def _details(endpoint: EndpointReport, excused: set[str]) -> Iterator[str]:
    """Why it is not ready; nothing of one that is, or that was never to be compared. `excused` are ids of
    causes that do not count."""
    if told(endpoint) != endpoint.verdict or (endpoint.verdict is Verdict.READY and not endpoint.reasons):
        return
    yield endpoint.why
    unequal = {pair: count for pair, count in endpoint.status.items() if not Statuses.read(pair).are_equal}
    facts = [f"{plain(pair)} ×{count:,}" for pair, count in unequal.items()]
    others = [each for each in endpoint.differences if each.path != "status" and each.cause not in excused]
    facts += [f"{plain(named(each))} ×{each.count:,}" for each in others[:_DIFFERENCES]]
    if len(others) > _DIFFERENCES:
        facts.append(f"{len(others) - _DIFFERENCES:,} more differences")
    facts += _reasons(endpoint)
    if facts:
        yield " · ".join(facts)
    if endpoint.latency.legacy.p50 is not None:
        yield _latency(endpoint.latency)


def _latency(sides: Sides) -> str:
    """`p50 1.2 → 1.3 ms`, legacy's first."""
    names = ("p50", "p95", "p99")
    pairs = [(getattr(sides.legacy, name), getattr(sides.target, name)) for name in names]
    shown = (
        f"{name} {_ms(legacy)} → {_ms(target)}" for name, (legacy, target) in zip(names, pairs, strict=True)
    )
    return f"{' · '.join(shown)} ms"


def _ms(seconds: float | None) -> str:
    return milliseconds(seconds or 0.0)


def _causes(causes: list[Cause], left_out: int) -> Iterator[RenderableType]:
    yield Rule(style="dim")
    if not causes:
        yield Text("No differences.")
        return
    shown, every = causes[:CAUSES], len(causes) + left_out
    listed = f"the first {len(shown)} of {every:,}, " if len(shown) < every else ""
    yield Text(f"Differences, {listed}by frequency, what legacy varies too or is excused last", "dim")
    for cause in shown:
        yield Text.assemble(f"{cause.count:>9,} × ", (plain(named(cause)), "bold"), _excuse(cause))
        for detail in _example(cause):
            yield _indented(detail, columns=12, fold=True)


def _excuse(cause: Cause) -> str:
    """Why it does not count, or may not."""
    words = ", ".join(marks(cause))
    return f"  ({words})" if words else ""


def _example(cause: Cause) -> Iterator[str]:
    yield f"on {where(cause.endpoints, plain)}, {period(cause.first_seen, cause.last_seen)}"
    if cause.example is not None:
        yield f"as in {plain(cause.example.request)}  (comparison {plain(cause.example.id)})"
    yield f"legacy {value(cause.legacy)}"
    yield f"target {value(cause.target)}"


def value(value: str | None) -> str:
    """One side's value in a difference, which it may not have."""
    return "has none" if value is None else plain(value) or "(empty)"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
