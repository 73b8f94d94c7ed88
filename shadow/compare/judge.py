"""The judgement: one exchange, what the target gave, and a rule → a `Comparison`."""

from __future__ import annotations

from collections.abc import Iterable

from shadow.compare import accept, bodies, headers
from shadow.compare.found import NOTHING, Found, changed
from shadow.compare.rules import Rule
from shadow.compare.silence import Silence
from shadow.model import Comparison, Exchange, Failure, Fate, Outcome, Request, Response, Statuses

_MATCHED = Comparison(Fate.MATCHED)
_WITHOUT_BODY = frozenset((204, 304))  # RFC 9110, 6.4.1; so has every answer to HEAD
_NOT_MODIFIED = 304  # the client has the body already

_CONDITIONS = {304: (b"if-none-match", b"if-modified-since"), 206: (b"if-range",)}
_REFRESHED = "the client asked for what has changed since legacy's answer, which the target cannot know"


def quick(legacy: Response, target: Response, rule: Rule) -> Comparison | None:
    """The comparison where it is known in microseconds, without decoding or parsing a body: that they match,
    by whatever lines. None where it takes a closer look."""
    hits: list[str] = []
    ignored = rule.ignored
    if legacy.status != target.status:
        if "status" not in ignored:
            return None
        hits.append(ignored["status"])
    if not bodies.same_bytes(legacy, target, rule):
        if "body" not in ignored:
            return None
        hits.append(ignored["body"])
    if legacy.head != target.head and not headers.same(legacy.head, target.head):
        found = headers.compare(legacy.headers, target.headers, rule, Silence(rule.steps))
        if found.differences:
            return None
        hits += found.hits
    return Comparison(Fate.MATCHED, hits=_flat(hits)) if hits else _MATCHED


def judge(exchange: Exchange, outcome: Outcome, rule: Rule) -> Comparison:
    """Everything in which the target's answer differs from legacy's, as far as the rule compares it."""
    legacy = exchange.legacy
    if isinstance(legacy, Failure) or isinstance(outcome, Failure):
        return _failed(exchange, outcome, rule)
    known = quick(legacy, outcome, rule)
    if known is not None:
        return known
    silence = Silence(rule.steps)
    accepts = accept.holding(rule.accepted, exchange.started)
    status = _status(legacy, outcome, rule)
    if status.differences and _is_refreshed(exchange.request, legacy.status, outcome.status):
        return Comparison(Fate.MATCHED, (), (_REFRESHED,))
    if status.differences and legacy.status // 100 != outcome.status // 100:
        # An error page has nothing in common with an answer: its fields would bury the one that counts.
        status.notes.append("only the status was compared: the answers are of different classes")
        return _concluded(status, exchange.started, rule)
    head = headers.compare(legacy.headers, outcome.headers, rule, silence, exchange.request)
    statuses = legacy.status, outcome.status
    without = (
        exchange.request.method == b"HEAD" or _NOT_MODIFIED in statuses or _WITHOUT_BODY.issuperset(statuses)
    )
    body = NOTHING if without else bodies.compare(legacy, outcome, bodies.Terms(rule, silence, accepts))
    found = Found(
        status.differences + head.differences + body.differences,
        body.notes + silence.notes,
        status.hits + head.hits + body.hits,
    )
    return _concluded(found, exchange.started, rule)


def _is_refreshed(request: Request, legacy: int, target: int) -> bool:
    """Has the client told legacy which of its answers it has, and does the target not know that one? A
    validator is a server's own (RFC 9110, 8.8), so the target gives all of its answer."""
    wanted = _CONDITIONS.get(legacy, ()) if target == 200 else ()
    return any(name.lower() in wanted for name, _ in request.headers) if wanted else False


def _status(legacy: Response, target: Response, rule: Rule) -> Found:
    if legacy.status == target.status:
        return Found([], [])
    if "status" in rule.ignored:
        return Found([], [], (rule.ignored["status"],))
    return Found([changed("status", str(legacy.status), str(target.status))], [])


def _failed(exchange: Exchange, target: Outcome, rule: Rule) -> Comparison:
    """At least one side gave no answer. A target that gave none is a failure of its own, unless legacy gave
    none either: then clients see no difference."""
    legacy = exchange.legacy
    ours, theirs = Statuses.of(legacy, target)
    if isinstance(legacy, Failure) and isinstance(target, Failure):
        return Comparison(Fate.MATCHED, (), (f"both failed: legacy {ours}, target {theirs}",))
    difference = changed("status", ours, theirs)
    if isinstance(target, Failure):
        return Comparison(Fate.FAILED, (difference,))
    return _concluded(Found([difference], []), exchange.started, rule)


def _concluded(found: Found, started: float, rule: Rule) -> Comparison:
    """The comparison, without the differences that somebody has accepted."""
    differences, notes, hits = found.differences, found.notes, list(found.hits)
    accepts = accept.holding(rule.accepted, started)
    if accepts is not None and not found.is_cut:  # if it is, nobody knows whether the rest is accepted
        lines = [accepts(difference) for difference in differences]
        hits += filter(None, lines)
        differences = [each for each, line in zip(differences, lines, strict=True) if not line]
    notes = notes + accept.expired(rule.accepted, started, differences)
    fate = Fate.DIFFERED if differences else Fate.MATCHED
    return Comparison(fate, tuple(differences), tuple(notes), _flat(hits))


def _flat(hits: Iterable[str]) -> tuple[str, ...]:
    """Each line once; a hit of several lines holds each on a line of its own."""
    return tuple(dict.fromkeys(line for hit in hits for line in hit.split("\n")))
