"""Differences with one signature have one cause: their kind, and their path without what varies from answer
to answer. Statuses are few, and each pair has a cause of its own: the values belong to it.

In records a signature is a text, `changed json:$.items[*].price`, `changed status 200→500`. It is written and
read here alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from shadow.model import SWAPPED, Difference, Statuses

# A quoted key is matched first and kept, so that an index inside it is not taken for one.
_INDEX = re.compile(r'("(?:[^"\\]|\\.)*")|\[\d+\]')

_PREDICATE = re.compile(r"\[[^]]*\]")
_NUMBER = re.compile(r"\[\d+\]")
_OF_TYPE = re.compile(r":nth-of-type\(\d+\)")
_ROW = re.compile(r"\[\d+\]\Z")  # a column's name that ends like this is quoted


class Signature(NamedTuple):
    """What its text says: the kind, the generalised path, and of a status legacy's and the target's,
    `200→500`, either of which may be a failure."""

    kind: str
    path: str
    statuses: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, self))

    @property
    def sides(self) -> Statuses:
        """Legacy's status and the target's; empty where it is no status that differs."""
        return Statuses.read(self.statuses)

    @property
    def mirrored(self) -> Signature:
        """What shows where the two answers are exchanged. The same where a signature does not tell which side
        has which value."""
        statuses = str(Statuses(self.sides.target, self.sides.legacy)) if self.statuses else ""
        return Signature(SWAPPED.get(self.kind, self.kind), self.path, statuses)

    @property
    def is_unanswered(self) -> bool:
        """Whether legacy gave no answer, so that there was nothing to differ from."""
        return bool(self.statuses) and not self.sides.legacy_answered


def signature(difference: Difference) -> str:
    """The text of a difference's signature."""
    return written(difference.kind, generalise(difference.path), difference.legacy, difference.target)


def written(kind: str, path: str, legacy: str | None, target: str | None) -> str:
    """A signature as text, of what is known of a difference with a generalised path."""
    return f"{kind} {path} {legacy}→{target}" if path == "status" else f"{kind} {path}"


def parse(name: str) -> Signature:
    """What the text of a signature says."""
    kind, _, path = name.partition(" ")
    if path.startswith("status "):
        path, _, statuses = path.partition(" ")
        return Signature(kind, path, statuses)
    return Signature(kind, path)


def generalise(path: str) -> str:
    """`json:$.items[3].price` → `json:$.items[*].price`, `text:12` → `text`, `xml:/a/b[2][key=x]` →
    `xml:/a/b`, `csv:price[12]` → `csv:price`, `part[2];type` → `part;type`, `html:ul > li:nth-of-type(3)` →
    `html:ul > li`; others as they are."""
    if path.startswith("json:"):
        return _INDEX.sub(lambda found: found[1] or "[*]", path)
    if path.startswith("xml:"):
        return _PREDICATE.sub("", path)
    if path.startswith("part["):
        return _NUMBER.sub("", path)
    if path.startswith("html:"):
        return _OF_TYPE.sub("", path)
    if path.startswith("csv"):
        return _ROW.sub("", path)
    return "text" if path.startswith("text:") else path
