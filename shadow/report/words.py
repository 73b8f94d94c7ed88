"""What the codes of a report say in words, and what its differences are called. Pure.

JSON, metrics and logs have the codes. Every form that people read has these words; Japanese has its own in
`page/ja.json`.
"""

from __future__ import annotations

from typing import Final, Protocol

from shadow.compare.signature import written
from shadow.model import Drop, Skip
from shadow.report.schema import Cause
from shadow.verdict.verdict import Reason

_SAID: Final = {
    Reason.DIFFERS.value: "too many differ",
    Reason.CONFIRMED.value: "difference reproduced",
    Reason.SLOWER.value: "slower than legacy",
    Reason.NOTHING.value: "nothing compared",
    Reason.KEPT.value: "kept away by rules",
    Reason.FEW.value: "too few requests",
    Reason.LEARNING.value: "noise not learned yet",
    Reason.RULE.value: "legacy’s own, needs a rule",
    Reason.UNANALYSED.value: "not analysed in time",
    Reason.LATENCY.value: "latency not sure yet",
    Reason.HOURS.value: "hours of the day missing",
    f"skipped: {Skip.METHOD}": "method is not safe, and no rule mirrors it",
    f"skipped: {Skip.RULE}": "kept away by a rule",
    f"skipped: {Skip.SAMPLE}": "outside the sample",
    f"skipped: {Skip.OFF}": "mirroring was turned off",
    f"skipped: {Skip.UPGRADE}": "upgrade to another protocol",
    f"skipped: {Skip.TOO_LARGE}": "request body too large",
    f"skipped: {Skip.REFUSED}": "refused by the proxy",
    f"skipped: {Skip.LEGACY_FAILED}": "legacy failed before the request had ended",
    f"skipped: {Skip.CLIENT_LEFT}": "client left",
    f"skipped: {Skip.INCOMPLETE}": "answered before the request had ended",
    f"dropped: {Drop.CHANNEL_FULL}": "channel to the shadow worker full",
    f"dropped: {Drop.MEMORY}": "memory for captures full",
    f"dropped: {Drop.QUEUE_FULL}": "queue to the target full",
    f"dropped: {Drop.BREAKER}": "target did not answer, breaker open",
    f"dropped: {Drop.LOST}": "lost with a process that died",
    f"dropped: {Drop.SHUTDOWN}": "at shutdown",
    "unanswered": "legacy gave no answer",
    # Of lines of logs; `replay` has the codes.
    "line: method": "not GET or HEAD",
    "line: malformed": "cannot be read",
    "line: lossy": "the log has changed what was asked for",
    "line: filtered": "left out by a filter",
    "line: not_replayable": "no request that could be sent again",
}


def said(code: str) -> str:
    """The words for a code; what is none, as it is."""
    return _SAID.get(code, code)


class Difference(Protocol):
    """What a report tells of a difference: its kind, its place without what varies, and both values."""

    kind: str
    path: str
    legacy: str | None
    target: str | None


def named(found: Difference) -> str:
    """As `accept` takes it: `missing header:vary`, and a status with its values, `changed status 200→500`."""
    return written(found.kind, found.path, found.legacy, found.target)


def marks(cause: Cause) -> list[str]:
    """Why a cause does not count, or may not."""
    every = (
        ("legacy's own noise", cause.masked),
        ("accepted", cause.accepted),
        ("legacy varies it too", cause.varies),
        ("legacy gave no answer", cause.unanswered),
    )
    return [words for words, holds in every if holds]
