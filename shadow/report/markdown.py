"""The report as Markdown, for a pull request or a chat: a head of 3,000 characters, then the endpoints. Pure.

Whatever comes from a record stands in a code span, where Markdown has no links, images, HTML or mentions; and
nothing in it can end the span, the cell or the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from shadow.record.buckets import milliseconds
from shadow.report.figures import counted, in_words, period, where
from shadow.report.measured import judged, told
from shadow.report.schema import Cause, Changed, Changes, Coverage, Diagnosis, EndpointReport, Report
from shadow.report.visible import visible
from shadow.report.words import marks, named, said
from shadow.verdict.verdict import Verdict

HEAD = 3000
"""Characters of the head: what Slack takes as one section."""

_CAUSES, _DIAGNOSES, _CHANGES, _ENDPOINTS = 5, 4, 4, 100  # shown
_LONGEST = 80  # characters of one value
_NAME = 200  # of the name of a cause, which is for pasting
_SIGN = {Verdict.REGRESSED: "❌", Verdict.NOT_ENOUGH_DATA: "❔", Verdict.READY: "✅"}
_HARMLESS = re.compile(r"[A-Za-z0-9 ,.:;()%→/_'’-]*")
_LINK = re.compile(r"://|(?i:www\.)")


def render(report: Report) -> str:
    """The whole of it; a newline ends it."""
    head: list[str] = []
    left = HEAD
    for part in _head(report):
        left -= len(part) + 2
        if left < 0:
            break
        head.append(part)
    return "\n\n".join([*head, *_endpoints(report.endpoints)]) + "\n"


def code(text: str, longest: int = _LONGEST) -> str:
    """Any text, shown as it is in a code span that nothing in it can leave."""
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    shown = visible(shown).replace("`", "'").replace("|", "¦").strip()
    return f"`{shown}`" if shown else "(empty)"


def _words(text: str) -> str:
    """A sentence of ours, as it is; in code as soon as it holds anything that Markdown might obey."""
    return text if _HARMLESS.fullmatch(text) and not _LINK.search(text) else code(text)


def _head(report: Report) -> Iterator[str]:
    """From what matters most to what matters least: what does not fit is left out."""
    yield f"### {_SIGN[report.verdict]} Shadow: {report.verdict}"
    yield _sentence(report)
    if report.changes:
        yield "\n".join(_changes(report.changes))
    if report.causes:
        title = f"**Causes**{_first(_CAUSES, len(report.causes) + report.causes_left_out)}"
        yield "\n".join([title, "", *map(_cause, report.causes[:_CAUSES])])
    if report.diagnosis:
        title = f"**Diagnosis**{_first(_DIAGNOSES, len(report.diagnosis))}"
        yield "\n".join([title, "", *map(_diagnosis, report.diagnosis[:_DIAGNOSES])])
    yield _coverage(report.coverage, report.totals.failed)
    bad = report.unreadable
    if bad.lines or bad.segments:
        yield f"Left out as unreadable: {counted(bad.lines, 'line')}, {counted(bad.segments, 'segment')}."


def _first(shown: int, every: int) -> str:
    """That more is known than stands here."""
    return f", the first {shown} of {every:,}" if every > shown else ""


def _sentence(report: Report) -> str:
    """It ends with the hash of the configuration, which may be anything in a forged record."""
    text, config = report.sentence.text, report.config_hash
    return f"{text.removesuffix(config)}{code(config)}" if config and text.endswith(config) else text


def _cause(cause: Cause) -> str:
    on = where(cause.endpoints, code)
    legacy, target = ("none" if each is None else code(each) for each in (cause.legacy, cause.target))
    again = (
        ("seen again", cause.stable),
        ("gone when asked again", cause.settled),
        ("came and went", cause.flapping),
    )
    labels = [*(words for words, times in again if times), *marks(cause)]
    label = f" ({', '.join(labels)})" if labels else ""
    values = "" if cause.path == "status" else f": {legacy} → {target}"
    seen = period(cause.first_seen, cause.last_seen)
    return f"- {cause.count:,} × {code(named(cause), _NAME)} on {on}{values}{label}, {seen}"


def _diagnosis(diagnosis: Diagnosis) -> str:
    count, on = diagnosis.count, where(diagnosis.endpoints, code)
    seen = f" {counted(count, 'exchange')} of {on}." if count else ""
    traces = f" Seen: {code(diagnosis.evidence[0])}." if diagnosis.evidence else ""
    return f"- **{_words(diagnosis.what)}**{seen}{traces} {_words(diagnosis.check)}"


def _changes(changes: Changes) -> Iterator[str]:
    before = (
        f"{changes.before} → {changes.now}" if changes.before is not changes.now else f"still {changes.now}"
    )
    yield f"**Since last time**: {before}; {len(changes.new):,} new causes, {len(changes.gone):,} gone"
    yield ""
    for label, each in (("new", changes.new), ("gone", changes.gone)):
        yield from (f"- {label}: {code(one.name)} × {one.count:,}" for one in each[:_CHANGES])
    yield from (f"- {_changed(each)}" for each in changes.verdicts[:_CHANGES])


def _changed(changed: Changed) -> str:
    before, now = (each.value if each else "not there" for each in (changed.before, changed.now))
    return f"{code(changed.endpoint)}: {before} → {now}"


def _coverage(coverage: Coverage, failed: int) -> str:
    parts = [f"{in_words(coverage.compared_share)} of all requests {judged(failed)}"]
    reasons = list(coverage.not_compared.items())[:4]
    if reasons:
        parts.append("not: " + ", ".join(f"{count:,} ({_words(said(reason))})" for reason, count in reasons))
    if coverage.never:
        parts.append(
            f"{counted(len(coverage.never), 'endpoint')} never ({in_words(coverage.never_share)} of requests)"
        )
    parts.append(f"{len(coverage.hours)} of 24 hours of the day seen")
    return f"**Measured**: {'; '.join(parts)}."


def _endpoints(endpoints: list[EndpointReport]) -> Iterator[str]:
    rows = [
        "| | endpoint | traffic | compared | mismatched | p95 | why |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    rows += map(_row, endpoints[:_ENDPOINTS])
    more = len(endpoints) - _ENDPOINTS
    yield "\n".join([*rows, *([f"| | {more:,} more | | | | | |"] if more > 0 else [])])


def _row(endpoint: EndpointReport) -> str:
    legacy, target = endpoint.latency.legacy.p95, endpoint.latency.target.p95
    p95 = f"{milliseconds(legacy)} → {milliseconds(target)} ms" if legacy and target else ""
    verdict = told(endpoint)
    cells = (
        f"{_SIGN[endpoint.verdict] if verdict == endpoint.verdict else '➖'} {verdict}",
        code(endpoint.endpoint),
        in_words(endpoint.traffic),
        f"{endpoint.compared + endpoint.failed:,}",
        f"{endpoint.mismatched:,} of {endpoint.units:,}",
        p95,
        _words(endpoint.why),
    )
    return f"| {' | '.join(cells)} |"
