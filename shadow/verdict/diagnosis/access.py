"""Who is let in: sessions that only legacy knows, and outside services that refuse the target. Pure."""

from __future__ import annotations

import re

from shadow.compare.signature import parse
from shadow.model import Statuses
from shadow.verdict.causes import Cause, Trace
from shadow.verdict.diagnosis.case import Case, Traced, is_good, short, split, traced

_CREDENTIALS = {"cookie", "authorization"}
_LOGIN = re.compile(
    r"(?i)log[io]n|(?:log|sign)[-_]?in\b|auth(?:\b|2|enti|ori[sz]e)|\bsso\b|\bsessions?/new|\baccounts?\b"
)
"""In the host or path that somebody is sent to who has to say first who he is."""

_GUEST = re.compile(r"(?i)\b(?:guest|log ?in|sign ?in)\b|ゲスト|ログイン|会員登録")
_REFUSED = ("401", "403")
_MOST = 0.9  # of the answers


def sessions(case: Case) -> Traced | None:
    """At the target only, and only to Cookie or Authorization: 401, 403, a login, words for guests."""
    causes = [cause for cause in case.causes if _is_stranger(case, cause)]
    where = dict.fromkeys(to for each in case.shown(causes) if (to := _login(each)))
    notes = [f"redirected to {short(to)}" for to in where]
    return traced(
        causes, "all comparisons kept carry Cookie or Authorization", *notes[:3], *case.example(causes)
    )


def _is_stranger(case: Case, cause: Cause) -> bool:
    """Does the target take for a stranger whoever brings credentials, and nobody else?"""
    shown = case.shown([cause])
    if not shown or not all(map(_has_credentials, shown)):
        return False
    legacy, target = parse(cause.name).sides
    if target in _REFUSED:
        # A user without a role is refused too; one without a session is as all the others.
        return is_good(legacy) and (target == "401" or _share(case, cause, target) > 0.5)
    return all(_login(each) or _greets_guest(each) for each in shown)


def _has_credentials(trace: Trace) -> bool:
    return any(name.lower() in _CREDENTIALS for name, _ in trace.evidence.request.headers)


def _login(trace: Trace) -> str:
    """Where the target alone sends somebody to log in; empty where it does not."""
    if trace.difference.path not in ("status", "header:location"):
        return ""
    ours, theirs, asked = map(split, (*trace.location(), trace.evidence.request.target))
    if theirs is None or asked is None or theirs.path.rstrip("/") == asked.path.rstrip("/"):
        return ""
    known = ours is not None and _LOGIN.search(ours.netloc + ours.path)
    return theirs.path if _LOGIN.search(theirs.netloc + theirs.path) and not known else ""


def _greets_guest(trace: Trace) -> bool:
    said = trace.difference
    return bool(_GUEST.search(said.target or "")) and not _GUEST.search(said.legacy or "")


def refused_address(case: Case) -> Traced | None:
    """401 or 403 to nearly all who ask an endpoint, at the target only; or one that alone never answers."""
    causes = []
    for cause, legacy, target in case.statuses():
        if not is_good(legacy) or _share(case, cause, target) <= _MOST:
            continue
        refused = target in _REFUSED and not _is_stranger(case, cause)
        if refused or (target in ("timeout", "504") and _elsewhere_answered(case, cause)):
            causes.append(cause)
    return traced(causes, *case.example(causes))


def rate_limit(case: Case) -> Traced | None:
    """429 at the target only."""
    causes = [cause for cause, legacy, target in case.statuses() if target == "429" and is_good(legacy)]
    return traced(causes, *case.example(causes))


def _elsewhere_answered(case: Case, cause: Cause) -> bool:
    return any(tally.matched for name, tally in case.tallies.items() if name not in cause.endpoints)


def _share(case: Case, cause: Cause, target: str) -> float:
    """Of what legacy answered well at the endpoint, how much has that status at the target."""
    total = shown = 0
    for name in cause.endpoints:
        for pair, number in case.tallies[name].status.items():
            sides = Statuses.read(pair)
            if is_good(sides.legacy):
                total += number
                shown += number * (sides.target == target)
    return shown / total if total else 0.0
