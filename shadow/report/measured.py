"""What was measured of all that was received, and what was not. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from shadow.record.parts import add_counts
from shadow.report.figures import most_first
from shadow.report.schema import Coverage, EndpointReport, NeverCompared
from shadow.verdict.verdict import Reason, Verdict

_HOUR, _DAY = 3600, 86400  # seconds


def coverage(endpoints: list[EndpointReport], hours: Iterable[float]) -> Coverage:
    """Shares are of all requests received; `hours` are those in which anything was compared."""
    hours = set(hours)
    received = sum(each.received for each in endpoints)
    not_compared: dict[str, int] = {}
    for each in endpoints:
        add_counts(not_compared, _reasons(each))
    never = [
        NeverCompared(each.endpoint, each.received, _reasons(each))
        for each in endpoints
        if each.received and not each.compared and not each.failed
    ]
    never.sort(key=lambda each: (-each.received, each.endpoint))

    def share(requests: int) -> float:
        return round(requests / received, 6) if received else 0.0

    return Coverage(
        compared_share=share(sum(each.compared + each.failed for each in endpoints)),
        ready_share=share(sum(each.received for each in endpoints if each.verdict is Verdict.READY)),
        not_compared=most_first(not_compared),
        never=never,
        never_share=share(sum(each.received for each in never)),
        unanalysed=sum(each.unanalysed for each in endpoints),
        hours=sorted({int(at % _DAY // _HOUR) for at in hours}),
        days=len({at // _DAY for at in hours}),
    )


def told(endpoint: EndpointReport) -> str:
    """The verdict in words: of an endpoint that rules keep from the target there is none to wait for."""
    return "not compared" if Reason.KEPT in endpoint.reasons else endpoint.verdict


def judged(failed: int) -> str:
    """What was done with the requests whose share of all a report tells: those that failed are of them."""
    return "were compared or failed" if failed else "were compared"


def _reasons(endpoint: EndpointReport) -> dict[str, int]:
    reasons = {f"skipped: {reason}": count for reason, count in endpoint.skipped.items()}
    reasons |= {f"dropped: {reason}": count for reason, count in endpoint.dropped.items()}
    if endpoint.in_flight > 0:
        reasons["in flight"] = endpoint.in_flight
    if endpoint.unanswered:
        reasons["unanswered"] = endpoint.unanswered
    return reasons
