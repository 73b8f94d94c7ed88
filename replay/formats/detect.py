"""Which format is this? Tries every preset over the first lines of a log. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replay.formats.parser import Options, Parser

LINES = 100
"""So many lines are enough to tell: give `detect` that many, or all of a shorter log."""


class Detected(NamedTuple):
    """A preset that fits."""

    name: str
    parser: Parser  # fresh: none of the lines was given to it
    why: str  # a sentence


class Undetected(NamedTuple):
    """None fits, or several do."""

    why: str  # a sentence that names the nearest preset and says what to do
    nearest: str | None = None


def detect(first_lines: Sequence[bytes], options: Options = Options()) -> Detected | Undetected:  # noqa: B008 - immutable
    raise NotImplementedError
