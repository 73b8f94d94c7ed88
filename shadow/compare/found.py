"""What a comparer found, and how the values of a difference are shown: as short, printable text."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias
from unicodedata import category

from shadow.compare.signature import generalise
from shadow.model import Difference, DifferenceKind

SHOWN = 200
"""Characters of a value that are shown: two lines of a terminal, and 100 differences stay under 64 KB."""

LISTED = 100
"""Differences of one body that are listed, beside those of a cause that is not among them: nobody reads
further."""

SOUGHT = 1000
"""Differences of one body that are looked for: so many show whether a list whose members all carry a
timestamp differs in anything else. A hostile body has millions."""

_LEAD = 40
"""Equal characters shown before the first unequal one, so that it can be found again."""


Silences: TypeAlias = Callable[[str, str], str | None]
"""Given two unequal values: the line of the rule by which they count as equal, or None. Where it takes
several, each is on a line of its own."""


def encodable(text: str) -> str:
    """As UTF-8 takes it: bytes that were outside the charset become visible escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def legible(text: str) -> bool:
    """Is it what people can read, and a terminal does not obey? Blanks of any width are, as in a Japanese
    name or a French heading."""
    return all(char.isprintable() or category(char) == "Zs" for char in text)


CUT = f"only the first {LISTED} differences of the body are listed"
"""A note: there are more, and nobody knows of what causes."""


class Found(NamedTuple):
    """Differences in the order of the answer, notes on what was not compared as it should be, and the
    lines of the rule that silenced something, each once."""

    differences: list[Difference]
    notes: list[str]
    hits: tuple[str, ...] = ()

    @property
    def is_cut(self) -> bool:
        """Are there more differences, of causes that may not be listed?"""
        return CUT in self.notes


NOTHING = Found([], [])
"""Shared: nobody appends to what was handed out."""


def cut(differences: list[Difference], notes: list[str]) -> Found:
    """The first `LISTED` differences, and of those behind them one of each further cause; with a note."""
    listed, rest = differences[:LISTED], differences[LISTED:]
    further: dict[tuple[str, str], Difference] = {}
    if len(differences) <= SOUGHT:
        known = set(map(_cause, listed)) if rest else set()
        for each in rest:
            if (cause := _cause(each)) not in known:
                further.setdefault(cause, each)
    if len(differences) > SOUGHT or len(further) > LISTED:
        return Found(listed, [*notes, CUT])
    listed += further.values()
    alike = len(differences) - len(listed)
    return Found(listed, [*notes, f"{alike:,} more differences are like those listed"] if alike else notes)


class Findings:
    """What a comparer collects on its way through two bodies."""

    def __init__(self, silence: Silences) -> None:
        self.differences: list[Difference] = []
        self.notes: list[str] = []
        self.hits: dict[str, None] = {}
        self._silence = silence

    def value(self, path: str, legacy: str | None, target: str | None) -> None:
        """A text that both sides have at one place, or one of them."""
        if legacy == target:
            return
        if legacy is None:
            self.differences.append(added(path, target or ""))
        elif target is None:
            self.differences.append(missing(path, legacy))
        elif line := self._silence(legacy, target):
            self.hits[line] = None
        else:
            self.differences.append(changed(path, legacy, target))

    def found(self) -> Found:
        """All of it, in the order in which it was met."""
        return cut(self.differences, self.notes)._replace(hits=tuple(self.hits))


def _cause(difference: Difference) -> tuple[str, str]:
    return difference.kind, generalise(difference.path)


def shown(text: str) -> str:
    """`text` as a difference shows it: bounded, and encodable as UTF-8 whatever it was made from."""
    if not text.isascii():  # before it is cut: of a lone surrogate six characters are made
        text = text[: SHOWN + 1].encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def changed(path: str, legacy: str, target: str, kind: DifferenceKind = DifferenceKind.CHANGED) -> Difference:
    """A difference between two values. Of long ones it shows where they begin to differ."""
    if len(legacy) > SHOWN or len(target) > SHOWN:
        skipped = _common(legacy, target) - _LEAD
        if skipped > 1:
            legacy, target = "…" + legacy[skipped:], "…" + target[skipped:]
    return Difference(kind, path, shown(legacy), shown(target))


def missing(path: str, legacy: str) -> Difference:
    """Legacy has it, the target has not."""
    return Difference(DifferenceKind.MISSING, path, shown(legacy), None)


def added(path: str, target: str) -> Difference:
    """The target has it, legacy has not."""
    return Difference(DifferenceKind.ADDED, path, None, shown(target))


def _common(a: str, b: str) -> int:
    """Length of the common prefix. By halving: comparing slices is C, comparing characters is not."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
