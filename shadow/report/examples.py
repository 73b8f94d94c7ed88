"""A kept comparison, as the example of a cause. Pure."""

from __future__ import annotations

from shadow.record.bodies import Kept
from shadow.record.evidence import Answered, Evidence, Failed, Fields
from shadow.report.curl import curl
from shadow.report.shown import Answer, Example
from shadow.report.side_by_side import beside

_ALWAYS = frozenset({"content-type", "content-encoding", "location", "transfer-encoding"})
_ASKED = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "host", "range"})


def example(evidence: Evidence) -> Example:
    """What is shown of it."""
    return Example(
        id=evidence.id,
        at=evidence.at,
        endpoint=evidence.endpoint,
        request=f"{evidence.request.method} {evidence.request.target}",
        headers=[each for each in evidence.request.headers if each[0].lower() in _ASKED],
        legacy=_answer(evidence.legacy, _named(evidence)),
        target=_answer(evidence.target, _named(evidence)),
        lines=beside(_body(evidence.legacy), _body(evidence.target)),
        curl=curl(evidence.request),
    )


def _named(evidence: Evidence) -> frozenset[str]:
    """The header fields that the differences are about, and those that say what a body is."""
    names = set(_ALWAYS)
    for difference in evidence.differences:
        kind, _, rest = difference.path.partition(":")
        if kind == "header":
            names.add(rest.lower())
        elif kind == "cookie":
            names.add("set-cookie")
    return frozenset(names)


def _answer(answer: Answered | Failed, names: frozenset[str]) -> Answer:
    if isinstance(answer, Failed):
        failure = f"{answer.kind}: {answer.detail}" if answer.detail else answer.kind
        return Answer(
            status=None, failure=failure, headers=[], length=0, first_byte=None, total=round(answer.total, 6)
        )
    return Answer(
        status=answer.status,
        failure="",
        headers=_those(answer.headers, names),
        length=answer.length,
        first_byte=round(answer.first_byte, 6),
        total=round(answer.total, 6),
    )


def _body(answer: Answered | Failed) -> Kept | None:
    return answer.body if isinstance(answer, Answered) else None


def _those(headers: Fields, names: frozenset[str]) -> list[tuple[str, str]]:
    return [each for each in headers if each[0].lower() in names]
