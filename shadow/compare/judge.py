"""The judgement: one exchange, what the target gave, and a rule → a `Comparison`."""

from __future__ import annotations

import hashlib

from shadow.compare import headers, json, jsontext, text
from shadow.compare.decode import Undecodable, decode
from shadow.compare.found import NOTHING, Found, added, changed, missing
from shadow.compare.jsontext import Unread
from shadow.compare.media import Form, MediaType, media_type
from shadow.compare.rules import Rule
from shadow.model import (
    Body,
    Comparison,
    Difference,
    DifferenceKind,
    Digest,
    Exchange,
    Failure,
    Fate,
    Outcome,
    Response,
)

_MATCHED = Comparison(Fate.MATCHED)
_WITHOUT_BODY = (204, 304)  # RFC 9110, 6.4.1; so has every answer to HEAD


def same(legacy: Response, target: Response, rule: Rule) -> bool:
    """Would `judge` surely say matched? Decided in microseconds, without decoding or parsing a body:
    False only means that it takes a closer look."""
    return (
        (legacy.status == target.status or not rule.status)
        and (_same_bytes(legacy, target, rule) or not rule.body)
        and headers.alike(legacy.headers, target.headers, rule)
    )


def judge(exchange: Exchange, outcome: Outcome, rule: Rule) -> Comparison:
    """Everything in which the target's answer differs from legacy's, as far as the rule compares it."""
    legacy = exchange.response
    if isinstance(outcome, Failure):
        return Comparison(Fate.FAILED, (changed("status", str(legacy.status), outcome.kind.value),))
    if same(legacy, outcome, rule):
        return _MATCHED
    differences = headers.status(legacy, outcome, rule)
    if differences and legacy.status // 100 != outcome.status // 100:
        # An error page has nothing in common with an answer: its fields would bury the one that counts.
        note = "only the status was compared: the answers are of different classes"
        return Comparison(Fate.DIFFERED, tuple(differences), (note,))
    differences += headers.compare(legacy.headers, outcome.headers, rule)
    body = _bodies(exchange, outcome, rule)
    differences += body.differences
    fate = Fate.DIFFERED if differences else Fate.MATCHED
    return Comparison(fate, tuple(differences), tuple(body.notes))


def _same_bytes(legacy: Response, target: Response, rule: Rule) -> bool:
    """Are the bodies the same bytes, with the same meaning?"""
    if legacy.body != target.body:
        return False
    return rule.codings or _codings(legacy) == _codings(target)


def _codings(response: Response) -> str:
    return headers.value(response.headers, b"content-encoding").decode("latin-1").lower()


def _bodies(exchange: Exchange, target: Response, rule: Rule) -> Found:
    legacy = exchange.response
    without = legacy.status in _WITHOUT_BODY or target.status in _WITHOUT_BODY
    if not rule.body or without or exchange.request.method == b"HEAD" or _same_bytes(legacy, target, rule):
        return NOTHING
    ours, theirs = _decoded(legacy), _decoded(target)
    if isinstance(ours, Undecodable) or isinstance(theirs, Undecodable):
        return _undecodable(ours, theirs)
    if isinstance(ours, Digest) or isinstance(theirs, Digest):
        return _digests(legacy, target, ours, theirs)
    if ours == theirs:
        return NOTHING
    if not ours or not theirs:
        return _one_empty(ours, theirs)
    return _contents(ours, theirs, _media_type(legacy), _media_type(target), rule)


def _decoded(response: Response) -> Body | Undecodable:
    if isinstance(response.body, Digest):
        return response.body
    return decode(response.body, _codings(response))


def _media_type(response: Response) -> MediaType:
    return media_type(headers.value(response.headers, b"content-type"))


def _undecodable(legacy: Body | Undecodable, target: Body | Undecodable) -> Found:
    ours, theirs = (
        body.reason if isinstance(body, Undecodable) else _summary(body) for body in (legacy, target)
    )
    return Found([changed("body", ours, theirs, DifferenceKind.UNDECODABLE)], [])


def _digests(legacy: Response, target: Response, ours: Body, theirs: Body) -> Found:
    """At least one body was too large to keep. Its digest is that of the encoded bytes, which says
    nothing of the content: two servers compress the same text to different bytes."""
    for side, response in (("legacy", legacy), ("target", target)):
        if isinstance(response.body, Digest) and _codings(response) not in ("", "identity"):
            return Found([], [f"bodies not compared: {side}'s was too large to keep and is compressed"])
    if _digest(ours) == _digest(theirs):
        return NOTHING
    return Found([_by_digest(ours, theirs)], [])


def _digest(body: Body) -> Digest:
    return body if isinstance(body, Digest) else Digest(len(body), hashlib.sha256(body).digest())


def _summary(body: Body) -> str:
    length, sha256 = _digest(body)
    return f"{length} bytes, sha256 {sha256.hex()[:16]}"


def _by_digest(legacy: Body, target: Body) -> Difference:
    return changed("body", _summary(legacy), _summary(target))


def _one_empty(legacy: bytes, target: bytes) -> Found:
    if legacy:
        return Found([missing("body", _summary(legacy))], [])
    return Found([added("body", _summary(target))], [])


def _contents(legacy: bytes, target: bytes, ours: MediaType, theirs: MediaType, rule: Rule) -> Found:
    """Two bodies that differ, as what their Content-Types say they are; one side's word is enough."""
    forms = {ours.form, theirs.form} - {None}
    if Form.JSON in forms:
        return _json(text.read(legacy, ours.charset), text.read(target, theirs.charset), rule)
    if forms == {Form.TEXT}:
        return _text(text.read(legacy, ours.charset), text.read(target, theirs.charset), rule)
    return Found([_by_digest(legacy, target)], [])


def _json(legacy: text.Text, target: text.Text, rule: Rule) -> Found:
    ours, theirs = jsontext.read(_utf8(legacy)), jsontext.read(_utf8(target))
    if isinstance(ours, Unread) or isinstance(theirs, Unread):
        return _unread(legacy, target, ours, theirs, rule)
    found = json.compare(ours, theirs, rule.root)
    if isinstance(found, Unread):
        return _unread(legacy, target, found, found, rule)
    marks = text.byte_order_mark(legacy, target)
    return Found(marks + found.differences, text.notes(legacy, target) + found.notes)


def _utf8(body: text.Text) -> bytes:
    return body.text.encode("utf-8", "surrogateescape")


def _unread(
    legacy: text.Text,
    target: text.Text,
    ours: jsontext.Document | Unread,
    theirs: jsontext.Document | Unread,
    rule: Rule,
) -> Found:
    """At least one body that should be JSON was not read as such."""
    reasons = [one.reason if isinstance(one, Unread) else "" for one in (ours, theirs)]
    malformed = [isinstance(one, Unread) and one.malformed for one in (ours, theirs)]
    notes = [
        f"{side}: {reason}" for side, reason in zip(("legacy", "target"), reasons, strict=True) if reason
    ]
    if all(malformed):  # both call something JSON that is not
        found = _text(legacy, target, rule)
        return Found(found.differences, notes + found.notes)
    if any(malformed):
        return Found(
            [changed("body", reasons[0] or "JSON", reasons[1] or "JSON", DifferenceKind.UNDECODABLE)], []
        )
    return Found([_by_digest(_utf8(legacy), _utf8(target))], notes)


def _text(legacy: text.Text, target: text.Text, rule: Rule) -> Found:
    if not rule.text:
        return NOTHING
    found = text.compare(legacy, target)
    if found is None:
        note = f"more than {text.MOST_LINES} lines: bodies compared as a whole"
        return Found([_by_digest(_utf8(legacy), _utf8(target))], [note])
    return found
