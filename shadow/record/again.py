"""Kept evidence as an exchange again, so that it can be judged under other rules. Pure.

What masking changed, it changed on both sides alike, so the judgement is the same as it was. Where it is not,
`checked` found that out before the evidence was written.
"""

from __future__ import annotations

from msgspec.structs import replace

from shadow.compare.judge import judge
from shadow.compare.rules import Rule
from shadow.compare.signature import signature
from shadow.endpoint import Endpoints
from shadow.model import (
    Body,
    Comparison,
    Digest,
    Exchange,
    Failure,
    FailureKind,
    Outcome,
    Request,
    Response,
    head_of,
)
from shadow.record.bodies import Kept, restored
from shadow.record.evidence import Answered, Evidence, Failed, Fields

MASKED_APART = "what differs is masked"

# Two bodies that are equal, and two of which is known no more than that they are not.
_EQUAL: tuple[Body, Body] = (b"", b"")
_UNEQUAL: tuple[Body, Body] = (Digest(1, b"legacy"), Digest(2, b"target"))


def index_of(evidence: Evidence, endpoints: Endpoints) -> int | None:
    """Which line of a configuration would name the endpoint of a kept request; None for none."""
    return endpoints.lookup(_latin(evidence.request.method), _latin(evidence.request.target)).index


def checked(evidence: Evidence, rule: Rule) -> Evidence:
    """The evidence, marked as final if judging it again under the same rule finds something else."""
    found = judged_again(evidence, rule)
    if isinstance(found, str):
        return evidence  # another rule may not need what was not kept
    if found.fate == evidence.fate and _causes(found) == _causes(evidence):
        return evidence
    return replace(evidence, final=MASKED_APART)


def judged_again(evidence: Evidence, rule: Rule) -> Comparison | str:
    """What the kept pair shows under a rule, or why that cannot be said."""
    if evidence.final:
        return evidence.final
    legacy, target = evidence.legacy, evidence.target
    if isinstance(legacy, Failed) or isinstance(target, Failed):
        return judge(_exchange(evidence, _EQUAL[0]), _outcome(target, _EQUAL[1]), rule)
    ours, theirs = _body(legacy), _body(target)
    if not isinstance(ours, str) and not isinstance(theirs, str):
        return judge(_exchange(evidence, ours), _outcome(target, theirs), rule)
    equal = judge(_exchange(evidence, _EQUAL[0]), _outcome(target, _EQUAL[1]), rule)
    if _same(legacy.body, target.body):
        return equal
    unequal = judge(_exchange(evidence, _UNEQUAL[0]), _outcome(target, _UNEQUAL[1]), rule)
    if (equal.differences, equal.notes) == (unequal.differences, unequal.notes):
        return unequal  # the bodies do not matter
    return ours if isinstance(ours, str) else str(theirs)


def _causes(found: Comparison | Evidence) -> set[str]:
    return {signature(each) for each in found.differences}


def _body(answer: Answered) -> bytes | str:
    """The body's bytes, or why they were not kept."""
    if answer.body is None:
        return "kept without bodies"
    if answer.body.text is None:
        return f"a body is not kept: {answer.body.why}"
    return restored(answer.body, _headers(answer.headers))


def _same(legacy: Kept | None, target: Kept | None) -> bool:
    """Are two bodies, at least one of which is not kept, known to be equal?"""
    return legacy is not None and target is not None and legacy.digest == target.digest != ""


def _exchange(evidence: Evidence, body: Body) -> Exchange:
    asked = evidence.request
    request = Request(_latin(asked.method), _latin(asked.target), _headers(asked.headers))
    return Exchange(evidence.id, evidence.endpoint, evidence.at, request, _outcome(evidence.legacy, body))


def _outcome(kept: Answered | Failed, body: Body) -> Outcome:
    if isinstance(kept, Answered):
        return Response(kept.status, head_of(_headers(kept.headers)), body, kept.first_byte, kept.total)
    known = kept.kind in set(FailureKind)
    return Failure(FailureKind(kept.kind) if known else FailureKind.MALFORMED, kept.detail, kept.total)


def _headers(fields: Fields) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((_latin(name), _latin(value)) for name, value in fields)


def _latin(text: str) -> bytes:
    return text.encode("latin-1", "replace")
