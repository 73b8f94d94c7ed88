"""Differences that somebody has accepted, for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from shadow.compare.signature import generalise
from shadow.model import Difference, DifferenceKind

_DAY = 86400
_EPOCH = date(1970, 1, 1)


class Accepted(NamedTuple):
    """One line: differences of a `kind`, or of any where it is empty, at a `path` as causes have it."""

    kind: str
    path: str
    owner: str
    until: date

    @property
    def line(self) -> str:
        """As it is shown."""
        return " ".join(word for word in ("accept", self.kind, self.path) if word)

    def holds(self, moment: float) -> bool:
        """Has the last day, in UTC, not ended at this moment, in Unix seconds?"""
        return moment < ((self.until - _EPOCH).days + 1) * _DAY

    def means(self, kind: str, path: str) -> bool:
        """Is it about differences of this kind, at this generalised path?"""
        return self.kind in ("", kind) and self.path == path


def accepted(text: str) -> tuple[str, str]:
    """Kind, or an empty string, and path of an accepted difference. Raises ValueError."""
    kind, _, path = text.partition(" ")
    if kind not in set(DifferenceKind):
        kind, path = "", text
    if path != generalise(path):
        raise ValueError(f"accept: {text!r} can match nothing; write {generalise(path)!r}")
    return kind, path


def accepts(lines: Iterable[Accepted], moment: float) -> Callable[[Difference], str | None] | None:
    """What says of a difference by which line it is accepted at this moment; None if no line holds."""
    held = [(line, line.line) for line in lines if line.holds(moment)]

    def accepted(difference: Difference) -> str | None:
        path = generalise(difference.path)
        return next((shown for line, shown in held if line.means(difference.kind, path)), None)

    return accepted if held else None


def expired(lines: Iterable[Accepted], moment: float, differences: Iterable[Difference]) -> list[str]:
    """Notes on differences that were accepted once."""
    over = [line for line in lines if not line.holds(moment)]
    return [
        f"accepted until {line.until} only, by {line.owner}: {line.line.removeprefix('accept ')}"
        for line in over
        if any(line.means(difference.kind, generalise(difference.path)) for difference in differences)
    ]
