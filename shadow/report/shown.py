"""What a cause is shown with in a report, field by field: a kept comparison, and lines to paste. Pure.

Part of `schema`, and kept as that is.
"""

from __future__ import annotations

from msgspec import Struct


class Answer(Struct, kw_only=True):
    """One side's answer in an example: `status` is None where there was none, and `failure` says why.
    `headers` are those that matter here. `length` is the body's as sent."""

    status: int | None
    failure: str
    headers: list[tuple[str, str]]
    length: int
    first_byte: float | None
    total: float


class Line(Struct, array_like=True):
    """A line of both bodies side by side: `mark` is `=` where both are equal, `!` where they are not, `-`
    where only legacy has it, `+` where only the target has it, `…` where lines are left out."""

    mark: str
    legacy: str | None
    target: str | None


class Curl(Struct):
    """Commands for a shell that repeat the request at each side, `$LEGACY` and `$TARGET` being their URLs;
    `note` says what must be filled in, if anything."""

    legacy: str
    target: str
    note: str


class Example(Struct, kw_only=True):
    """The kept comparison that shows a cause: `request` is its method and target, masked."""

    id: str
    at: float
    endpoint: str
    request: str
    headers: list[tuple[str, str]]
    legacy: Answer
    target: Answer
    lines: list[Line]
    """Of both bodies, around the difference; none where no body was kept."""
    curl: Curl


class Snippet(Struct):
    """Lines for the configuration file, ready to be pasted: never compare this, or accept it until a day;
    empty where there is no such line."""

    ignore: str
    accept: str
