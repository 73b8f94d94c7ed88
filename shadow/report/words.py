"""What the differences of a report are called, wherever people read it. Pure."""

from __future__ import annotations

from typing import Protocol

from shadow.compare.signature import written
from shadow.report.schema import Cause


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
