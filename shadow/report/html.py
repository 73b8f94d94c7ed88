"""The report as one page: a file that needs nothing beside it, in English and Japanese.

Pure but for reading the page's own parts once. Every value of a report is hostile: `_finalized` shows what a
browser would hide or turn around and the template escapes it, wherever it stands; the page's policy lets run
the one script and the one style that are hashed here, and lets nothing be asked of anyone.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from shadow.model import Statuses
from shadow.report import figures, svg, words
from shadow.report.measured import told
from shadow.report.schema import Cause, Diagnosis, EndpointReport, Hour, Report, ShortHour
from shadow.report.shown import Example
from shadow.report.visible import visible
from shadow.verdict.causes import identity

LANGUAGES: Final = ("en", "ja")

_PAGE = Path(__file__).parent / "page"
_DIFFERENCES = 12  # of one endpoint, each with a link to its cause; the JSON form has them all
_NAMES = 40  # of endpoints that show one cause
_LINKS = 8  # from one place to causes
_RELEASES = 50  # the newest ones
_MASKS = 100  # shown; those that silence most come first
_LONGEST = 240  # characters of a value beside others; the example shows what was kept
_LAST = 1e11  # Unix seconds; the year 5138. An earlier report may come from anybody

Text = str | list[str]


def render(report: Report, language: str = "en", live: bool = False) -> str:
    """The page, shown in `language` until its reader switches. A `live` one asks its server what is new."""
    css, script = _part("page.css"), _part("page.js")
    return _template().render(
        report=report,
        language=language,
        live=live,
        policy=policy(live),
        css=css,
        script=script,
        names={cause.id: _name(cause) for cause in report.causes},
        diagnoses={each.name: each for each in report.diagnosis},
        methods=sorted({_method(each.endpoint) for each in report.endpoints}),
        sentence=lambda: _sentence(report),
        plain_t=lambda key: _strings()[language][key],
        MOST_DIFFERENCES=_DIFFERENCES,
        MOST_NAMES=_NAMES,
        MOST_LINKS=_LINKS,
        MOST_RELEASES=_RELEASES,
        MOST_MASKS=_MASKS,
    )


def policy(live: bool) -> str:
    """The Content-Security-Policy: no script and no style but ours; the live page may ask its own server."""
    connect = "; connect-src 'self'" if live else ""
    return (
        f"default-src 'none'; script-src '{_hash(_part('page.js'))}'; style-src '{_hash(_part('page.css'))}'"
        f"; img-src data:; base-uri 'none'; form-action 'none'{connect}"
    )


# -- the parts of the page


@cache
def _part(name: str) -> Markup:
    return Markup((_PAGE / name).read_text(encoding="utf-8"))  # noqa: S704 - our own files


def _hash(part: str) -> str:
    return f"sha256-{b64encode(sha256(part.encode()).digest()).decode()}"


@cache
def _template() -> Template:
    # What is shown of a value is decided here and not at each place, so that none can be forgotten.
    environment = Environment(
        loader=FileSystemLoader(_PAGE),
        autoescape=True,
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FILTERS)
    environment.globals.update(_GLOBALS)
    return environment.get_template("page.html")


def _finalized(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


# -- words, in each language


@cache
def _strings() -> dict[str, dict[str, Any]]:
    return {
        language: json.loads((_PAGE / f"{language}.json").read_text(encoding="utf-8"))
        for language in LANGUAGES
    }


def _t(key: str, **values: Any) -> Markup:
    """The words for `key` in every language, of which the page shows one. `n` chooses the plural."""
    return _in_each({language: _filled(_strings()[language][key], values) for language in LANGUAGES})


def _kind(kind: str) -> Markup:
    """What a difference is, in words that follow its place."""
    return _t(f"kind_{kind}") if f"kind_{kind}" in _strings()["en"] else _said(kind)


def _filled(text: Text, values: dict[str, Any]) -> Markup:
    if isinstance(text, list):
        text = text[0 if values["n"] == 1 else 1]
    shown = {name: _count(value) if isinstance(value, int) else value for name, value in values.items()}
    return Markup(text).format(**shown)  # noqa: S704 - our own words; the values are escaped


def _said(text: str) -> Markup:
    """A code or a sentence of the report: in English where another language has no words for it."""
    english = words.said(text)
    return _in_each(
        {
            language: escape(visible(_strings()[language]["phrases"].get(text, english)))
            for language in LANGUAGES
        }
    )


def _why(endpoint: EndpointReport) -> Markup:
    """Why the verdict is what it is: in English as the verdict says it, elsewhere by its figures."""
    return _t(
        "why",
        why=visible(endpoint.why),
        units=endpoint.units,
        mismatched=endpoint.mismatched,
        between=_between(endpoint.interval),
    )


def _explained(found: Diagnosis, part: int) -> Markup:
    """What a diagnosis is (0) and what to check (1)."""
    texts = found.what, found.check
    return _in_each(
        {
            language: escape(visible(_strings()[language]["diagnoses"].get(found.name, texts)[part]))
            for language in LANGUAGES
        }
    )


def _in_each(words: dict[str, Markup]) -> Markup:
    first, *others = words.values()
    if all(other == first for other in others):
        return first
    return Markup().join(Markup('<span lang="{}">{}</span>').format(*each) for each in words.items())


def _sentence(report: Report) -> Markup:
    """What is ready and what is not, as a whole sentence of each language."""
    facts = report.sentence
    words = {}
    for language in LANGUAGES:
        strings = _strings()[language]

        def say(key: str, strings: dict[str, Any] = strings, **values: Any) -> Markup:
            return _filled(strings[key], values)

        counts = (("regressed", facts.regressed), ("short", facts.short), ("ready", facts.ready))
        listed = escape(strings["sentence_join"]).join(
            say(f"sentence_{name}", n=count) for name, count in counts if count
        )
        sentences = [
            say("sentence_whole", n=facts.endpoints, parts=listed) if listed else say("sentence_nothing")
        ]
        if facts.ready:
            sentences.append(say("sentence_share", n=facts.ready, share=_percent(facts.ready_share)))
        if facts.kept_away:
            sentences.append(say("sentence_kept", n=facts.kept_away))
        words[language] = escape(strings["sentence_space"]).join(sentences)
    return _in_each(words)


# -- figures


def _count(number: int) -> str:
    return f"{number:,}"


def _percent(share: float) -> Markup:
    return escape(figures.percent(share))


def _seconds(duration: float | None) -> Markup:
    return escape("–" if duration is None else figures.seconds(duration))


def _between(bounds: tuple[float, float]) -> Markup:
    """Both ends of an interval, the unit once."""
    low, high = (figures.percent(each) for each in bounds)
    return escape(f"{low.removesuffix('%').rstrip()}–{high}")


def _moment(at: float) -> Markup:
    return _time(_utc(at), "%Y-%m-%d %H:%M")


def _period(first: float, last: float) -> Markup:
    """From the first to the last minute, a day that both have told once."""
    start, end = _utc(first), _utc(last)
    if f"{start:%Y-%m-%d %H:%M}" == f"{end:%Y-%m-%d %H:%M}":
        return _moment(first)
    shown = "%H:%M" if start.date() == end.date() else "%Y-%m-%d %H:%M"
    return Markup("{} – {}").format(_moment(first), _time(end, shown))


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(min(max(at, 0.0), _LAST), UTC)


def _time(moment: datetime, shown: str) -> Markup:
    return Markup('<time datetime="{:%Y-%m-%dT%H:%M:%SZ}">{}</time>').format(moment, moment.strftime(shown))


def _span(hours: float) -> Markup:
    """A time in the unit that gives a small number."""
    if hours < 1:
        return _t("minutes", n=f"{max(1, round(hours * 60)):,}")
    return _t("hours", n=f"{hours:,.0f}") if hours < 48 else _t("days", n=f"{hours / 24:,.0f}")


# -- values


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _breakable(path: str) -> Markup:
    """A path that may be broken after each of its slashes."""
    return Markup("/<wbr>").join(map(visible, path.split("/")))


def _lined(text: str) -> Markup:
    """Text of several lines, to be copied: its ends of lines are real ones."""
    return Markup("\n").join(visible(line) for line in text.split("\n"))


def _beside(legacy: str | None, target: str | None) -> tuple[Markup | str | None, Markup | str | None]:
    """Both sides' texts, with a mark around the part in which they differ; None where there is none."""
    if not legacy or not target or legacy == target:
        return legacy, target
    head = _shared(legacy, target)
    tail = _shared(legacy[head:][::-1], target[head:][::-1])
    return _marked(legacy, head, tail), _marked(target, head, tail)


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _marked(text: str, head: int, tail: int) -> Markup:
    end = len(text) - tail
    return Markup("{}<mark>{}</mark>{}").format(*map(visible, (text[:head], text[head:end], text[end:])))


def _fields(example: Example) -> Iterator[tuple[str, str | None, str | None]]:
    """Name and both values of every header field that either side has, fields of one name in their order."""
    sides = [_by_name(example.legacy.headers), _by_name(example.target.headers)]
    for name in {**sides[0], **sides[1]}:
        values = [side.get(name, []) for side in sides]
        for i in range(max(map(len, values))):
            legacy, target = (value[i] if i < len(value) else None for value in values)
            yield name, legacy, target


def _by_name(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in headers:
        fields.setdefault(name.lower(), []).append(value)
    return fields


# -- causes and endpoints


def _name(cause: Cause) -> str:
    """What links to a cause say; of statuses, which are many, the values too."""
    return f"status {cause.legacy}→{cause.target}" if cause.path == "status" else cause.path


def _slug(verdict: str) -> str:
    return verdict.replace(" ", "-")


def _method(endpoint: str) -> str:
    return endpoint.partition(" ")[0]


def _unequal(status: dict[str, int]) -> list[tuple[str, int]]:
    """Pairs of statuses that are not equal, the most frequent ones."""
    pairs = [(pair, count) for pair, count in status.items() if not Statuses.read(pair).are_equal]
    return pairs[:3]


def _sort_keys(endpoint: EndpointReport) -> str:
    """What the columns of figures are sorted by, in their order."""
    p95 = endpoint.latency.target.p95
    needed = 1e15 if endpoint.needed is None else endpoint.needed
    changes = sum(count for _, count in _unequal(endpoint.status))
    share = endpoint.mismatched / endpoint.units if endpoint.units else 0.0
    keys = endpoint.traffic, endpoint.units, share, changes, p95 or 0.0, needed
    return " ".join(f"{key:.6g}" for key in keys)


def _p95_lines(series: Sequence[Hour | ShortHour], width: int = 340, height: int = 120) -> Markup:
    times = [hour.at for hour in series]
    legacy, target = ([getattr(hour, f"{side}_p95") for hour in series] for side in ("legacy", "target"))
    return svg.lines(times, (("legacy", legacy), ("target", target)), width, height)


def _mismatch_bars(series: Sequence[Hour]) -> Markup:
    asked = [hour.compared + hour.failed for hour in series]
    shares = [
        (hour.differed + hour.failed) / of if of else None for hour, of in zip(series, asked, strict=True)
    ]
    return svg.bars([hour.at for hour in series], shares)


_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "n": _count,
    "pct": _percent,
    "sec": _seconds,
    "moment": _moment,
    "span": _span,
    "between": _between,
    "short": _short,
    "breakable": _breakable,
    "lined": _lined,
    "or_blank": lambda text: text or "",
    "beside": _beside,
    "fields": _fields,
    "told": told,
    "slug": _slug,
    "method": _method,
    "unequal": _unequal,
    "sort_keys": _sort_keys,
    "id": identity,
}

_GLOBALS: Final[dict[str, Callable[..., Any]]] = {
    "t": _t,
    "why": _why,
    "explained": _explained,
    "kind": _kind,
    "said": _said,
    "period": _period,
    "interval": svg.interval,
    "scale": svg.scale,
    "distribution": svg.distribution,
    "parts": svg.parts,
    "day": svg.day,
    "p95_lines": _p95_lines,
    "mismatch_bars": _mismatch_bars,
}
