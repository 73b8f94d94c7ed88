"""What proxies, ingresses and the network in front of the target do. Pure."""

from __future__ import annotations

import re

from shadow.model import Difference, Statuses
from shadow.record.evidence import Answered, Evidence, Failed
from shadow.record.tally import Tally
from shadow.verdict.causes import Cause, Trace
from shadow.verdict.diagnosis.case import Case, Traced, as_in, is_good, short, split, traced

_GONE = {"502", "503", "reset", "refused"}
_BURST = 60.0  # seconds without any before another burst begins
_BURSTS = 0.25  # share of the time that bursts may take; above, it is no burst
_BUFFER = 4096  # bytes of an answer's head that nginx takes, unless it is told to take more
_FEW = 3
_MANY = 10  # of one endpoint; fewer may stand together by chance
_COMPLETE = 0.8  # share of what was counted that must be kept for its times to tell
_TOO_LARGE = re.compile(
    r"(?i)(?:header|cookie|uri|url|request[- ]line|field)s?\b.{0,40}\btoo (?:large|long|big)"
)


def header_limit(case: Case) -> Traced | None:
    """431, 414 or 494; or 400 for large requests only, or that says so; 502 for large heads of answers."""
    causes, notes = [], []
    for cause, legacy, target in case.statuses():
        if not is_good(legacy):
            continue
        shown = case.shown([cause])
        if target in ("414", "431", "494"):
            causes.append(cause)
        elif target == "400":
            said = [each for each in shown if _TOO_LARGE.search(each.body)]
            size = _limit(case, shown)
            if said or size:
                causes.append(cause)
                notes += [f"only requests with a head of {size:,} bytes and more"] if size else []
                notes += [f"the target says: {_said(said[0], _TOO_LARGE)}"] if said else []
        elif target == "502" and len(shown) > 1 and (least := min(map(_head, shown))) >= _BUFFER:
            causes.append(cause)
            notes.append(f"only where legacy's answer has a head of {least:,} bytes and more")
    return traced(causes, *notes, *case.example(causes))


def _head(trace: Trace) -> int:
    """Bytes of the fields of legacy's answer, at least: what is masked of them may have been longer."""
    answer = trace.evidence.legacy
    return (
        sum(len(name) + len(value) + 4 for name, value in answer.headers)
        if isinstance(answer, Answered)
        else 0
    )


def _limit(case: Case, shown: list[Trace]) -> int:
    """The size from which on requests are refused; 0 where it is not the size."""
    sizes = [each.evidence.request.size for each in shown]
    others = [
        each.evidence.request.size for each in case.shown(case.causes) if each.difference.path != "status"
    ]
    if len(sizes) < 2 or min(sizes) < 1024 or (others and max(others) >= min(sizes)):
        return 0
    return min(sizes) if others or min(sizes) >= 4096 else 0


def body_limit(case: Case) -> Traced | None:
    """413; or bodies that end before legacy's."""
    causes = [cause for cause, legacy, target in case.statuses() if target == "413" and legacy != "413"]
    cut = [
        cause
        for cause in case.causes
        if (told := [each.evidence for each in case.shown([cause]) if _is_kept(each.evidence)])
        and all(map(_is_cut, told))
    ]
    notes = ["the target's body is the beginning of legacy's"] if cut else []
    return traced(causes + cut, *notes, *case.example(causes + cut))


def _is_kept(evidence: Evidence) -> bool:
    """Are both bodies there? Of a large one only its length and digest are, which tell nothing of this."""
    return all(map(_text, (evidence.legacy, evidence.target)))


def _is_cut(evidence: Evidence) -> bool:
    ours, theirs = _text(evidence.legacy), _text(evidence.target)
    return 256 <= len(theirs) < len(ours) and ours.startswith(theirs)


def _text(outcome: Answered | Failed) -> str:
    body = outcome.body if isinstance(outcome, Answered) else None
    return (body.text or "") if body else ""


def pods_ending(case: Case) -> Traced | None:
    """502, 503, resets or refused connections in bursts, while all is well before and after."""
    answered = {name for name, tally in case.tallies.items() if _is_answered(tally)}
    causes = [
        cause
        for cause, legacy, target in case.statuses()
        if target in _GONE and is_good(legacy) and cause.endpoints <= answered
    ]
    if sum(each.seen.count for each in causes) > sum(tally.matched for tally in case.tallies.values()):
        return None
    # Beside an endpoint that loses some at all times, the bursts of others are no bursts of all.
    alone = [cause for cause in causes if cause.seen.count >= _MANY and _in_bursts(case, [cause])]
    return _in_bursts(case, causes) or _in_bursts(case, alone)


def _in_bursts(case: Case, causes: list[Cause]) -> Traced | None:
    count = sum(cause.seen.count for cause in causes)
    if count < _FEW or not case.seconds:
        return None
    first, last = min(each.seen.first for each in causes), max(each.seen.last for each in causes)
    times = sorted({each.evidence.at for each in case.shown(causes)})
    bursts = [(first, last)]
    if last - first > _BURSTS * case.seconds and len(times) >= _COMPLETE * count:
        bursts = _bursts(times)
    length = sum(end - start for start, end in bursts)
    if length > _BURSTS * case.seconds or count < 2 * len(bursts):  # one by one they are none
        return None
    several = "in 1 burst of" if len(bursts) == 1 else f"in {len(bursts):,} bursts of"
    return traced(causes, f"{several} {length:.0f} s in all, of {case.seconds:,.0f} s")


def _is_answered(tally: Tally) -> bool:
    """Has the target ever answered this endpoint? What nothing stands behind, nothing has left."""
    return any(each.target_answered and each.target not in _GONE for each in map(Statuses.read, tally.status))


def _bursts(times: list[float]) -> list[tuple[float, float]]:
    bursts: list[tuple[float, float]] = []
    for at in times:
        if bursts and at - bursts[-1][1] <= _BURST:
            bursts[-1] = bursts[-1][0], at
        else:
            bursts.append((at, at))
    return bursts


def scheme_lost(case: Case) -> Traced | None:
    """`http:` in Location or a link for legacy's `https:`, another host, or a redirect to the same page."""
    causes: list[Cause] = []
    shown: list[Trace] = []
    for cause in case.causes:
        if telling := [trace for trace in case.shown([cause]) if _scheme_note(trace)]:
            causes.append(cause)
            shown += telling
    notes = list(dict.fromkeys(map(_scheme_note, shown)))
    return traced(causes, *notes[:3], *map(as_in, shown[:1]))


def _scheme_note(trace: Trace) -> str:
    if trace.difference.path not in ("header:location", "status"):
        return _link_note(trace.difference)
    ours, theirs = trace.location()
    to = split(theirs)
    if to is None or not to.scheme:
        return ""
    asked = split(trace.evidence.request.target)
    came = split(ours)
    same_page = asked is not None and (to.path or "/", to.query) == (asked.path, asked.query)
    if not ours and trace.difference.path == "status":
        return f"redirected to the page that was asked for: {short(theirs)}" if same_page else ""
    if came is None or (came.path, came.query) != (to.path, to.query):
        return ""
    if (came.scheme, came.netloc) == (to.scheme, to.netloc) or (not came.netloc and to.scheme != "http"):
        return ""
    return f"Location {short(ours)} became {short(theirs)}"


def _link_note(difference: Difference) -> str:
    """A link of which only the scheme was lost, and perhaps a port came."""
    ours, theirs = ((said or "").strip('"') for said in (difference.legacy, difference.target))
    came, to = split(ours), split(theirs)
    if came is None or to is None or (came.scheme, to.scheme) != ("https", "http"):
        return ""
    same = came.netloc == to.netloc.partition(":")[0] and (came.path, came.query) == (to.path, to.query)
    return f"the link {short(ours)} became {short(theirs)}" if same else ""


def trailing_slash(case: Case) -> Traced | None:
    """A redirect at the target only, to the same path with or without a slash at its end."""
    causes = []
    for cause, legacy, target in case.statuses():
        if legacy[:1] != "3" and target[:1] == "3":
            shown = case.shown([cause])
            if shown and all(_adds_slash(each) for each in shown):
                causes.append(cause)
    return traced(causes, *case.example(causes))


def _adds_slash(trace: Trace) -> bool:
    to, asked = split(trace.location()[1]), split(trace.evidence.request.target)
    if to is None or asked is None or to.path == asked.path:
        return False
    return to.path.rstrip("/") == asked.path.rstrip("/")


def _said(trace: Trace, pattern: re.Pattern[str]) -> str:
    found = pattern.search(trace.body)
    return short(" ".join(found[0].split())) if found else ""
