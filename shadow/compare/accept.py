"""Differences that somebody has accepted, for a while.

A line names a difference as the report does, `changed header:vary`, `changed status 301→302`, or more widely:
its place alone is of any kind, and a status without its values is any change of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple, TypeAlias

from shadow.compare.signature import Signature, generalise, parse, signature
from shadow.model import Difference, DifferenceKind, FailureKind
from shadow.settings import SettingError

Accepts: TypeAlias = Callable[[Difference], str | None]
"""Given a difference: the line by which it is accepted, or None."""

_DAY = 86400
_EPOCH = date(1970, 1, 1)
_STATUS = re.compile(r"[1-9]\d\d")


def line_of(difference: str) -> str:
    """The line that accepts a difference, as it is shown and its hits are counted."""
    return f"accept {difference}"


class Accepted(NamedTuple):
    """One line: what it accepts, in one of its `wordings`."""

    difference: str
    owner: str
    until: date

    @property
    def line(self) -> str:
        """As it is shown."""
        return line_of(self.difference)

    def holds(self, moment: float) -> bool:
        """Has the last day, in UTC, not ended at this moment, in Unix seconds?"""
        return moment < ((self.until - _EPOCH).days + 1) * _DAY


def parse_line(text: str) -> Signature:
    """What a line accepts, without a kind where it is of any. Raises SettingError."""
    found = parse(text)
    if found.kind not in set(DifferenceKind):
        found = parse(f" {text}")
    if found.path != generalise(found.path):
        raise SettingError("accept", f"{text!r} can match nothing; write {generalise(found.path)!r}")
    if found.statuses:
        found = found._replace(statuses=found.statuses.replace("->", "→"))
        _check_statuses(text, *found.sides)
    return found


def _check_statuses(text: str, legacy: str, target: str) -> None:
    if target in set(FailureKind):
        raise SettingError(
            "accept", f"{text!r} can match nothing: a target without an answer is never accepted"
        )
    if not _STATUS.fullmatch(target) or not (_STATUS.fullmatch(legacy) or legacy in set(FailureKind)):
        raise SettingError("accept", f"{text!r} is not understood; it can be 'changed status 301→302'")
    if legacy == target:
        raise SettingError("accept", f"{text!r} can match nothing: both are the same")


def wordings(name: str) -> list[str]:
    """In which words a difference of this signature can be accepted, the narrowest first."""
    kind, path, statuses = parse(name)
    narrow = [name, name[len(kind) + 1 :]]
    return [*narrow, f"{kind} {path}", path] if statuses else narrow


def holding(lines: Iterable[Accepted], moment: float) -> Accepts | None:
    """What says by which of the lines a difference is accepted at this moment; None if no line holds."""
    held = {each.difference: each.line for each in lines if each.holds(moment)}
    known: dict[str, str | None] = {}  # by signature: of a long list every member may differ

    def line_for(difference: Difference) -> str | None:
        name = signature(difference)
        if name not in known:
            known[name] = next((held[words] for words in wordings(name) if words in held), None)
        return known[name]

    return line_for if held else None


def expired(lines: Iterable[Accepted], moment: float, differences: Iterable[Difference]) -> list[str]:
    """Notes on differences that were accepted once."""
    over = [line for line in lines if not line.holds(moment)]
    seen = {words for each in differences for words in wordings(signature(each))} if over else set()
    return [
        f"accepted until {line.until} only, by {line.owner}: {line.difference}"
        for line in over
        if line.difference in seen
    ]
