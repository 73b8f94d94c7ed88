"""Bodies that are text, compared by lines."""

from __future__ import annotations

import re
from typing import NamedTuple

from shadow.compare import beside
from shadow.compare.align import aligned, place
from shadow.compare.found import SOUGHT, Findings, Found, Silences, changed
from shadow.model import Difference, DifferenceKind

MOST_LINES = 100_000
"""Lines that are compared: 5 MB of code. Beyond, lists of lines would take more memory than bodies."""

_INTRODUCES = re.compile(rf"(?:[{''.join(beside.COLONS)}](?:[ \t]+[|>][+-]?\d?)?|=>)$")
_MIXED = "lines end with LF or CR LF"


class Text(NamedTuple):
    """A body as text. `note` says why it may not be what its sender meant; empty if nothing is odd."""

    text: str
    bom: bool
    note: str
    codec: str = "utf-8"
    """The charset it was read by."""
    how: str = "assumed"
    """What told the charset: declared, bom, meta, tried, detected or assumed."""


def byte_order_mark(legacy: Text, target: Text) -> list[Difference]:
    """The difference in charset that a byte order mark on one side only makes."""
    if legacy.bom == target.bom:
        return []
    names = {False: "no byte order mark", True: "byte order mark"}
    return [changed("body", names[legacy.bom], names[target.bom], DifferenceKind.CHARSET)]


def compare(legacy: str, target: str, silence: Silences) -> Found | None:
    """Differences by line, `text:12`; the number is that of legacy's line or, where the two sides
    have moved against each other, the smaller one. None: too many lines to compare."""
    if max(legacy.count("\n"), target.count("\n")) > MOST_LINES:
        return None
    findings = Findings(silence)
    ends = _line_ends(legacy), _line_ends(target)
    if all(ends) and ends[0] != ends[1]:
        findings.differences.append(changed("text", *ends))
    # One difference says that the line ends differ; then they need not differ in every line.
    plain = ends != (_MIXED, _MIXED)
    ours, theirs = _lines(legacy, plain), _lines(target, plain)
    for pair in aligned(ours, theirs):
        if len(findings.differences) > SOUGHT:
            break
        i, j = pair
        line, other = None if i is None else ours[i], None if j is None else theirs[j]
        before = len(findings.differences)
        findings.value(f"text:{place(pair) + 1}", line, other)
        if len(findings.differences) > before:
            beside.call(findings.differences, before, _said(ours, i), _said(theirs, j))
    return findings.found()


def _said(lines: list[str], number: int | None) -> list[str]:
    """What a line beside one says of it: that above ends in a colon, `=>` or YAML's mark of folded text, or
    either begins with `name:` and this one with `value:`. Server-sent events have `event:` above `data:`,
    which says nothing."""
    if number is None:
        return []
    above = lines[number - 1].strip() if number else ""
    below = lines[number + 1].strip() if number + 1 < len(lines) else ""
    if _key(lines[number]) in beside.VALUES:
        if _key(above) in beside.NAMES:
            return [above]
        if _key(below) in beside.NAMES and not below.startswith("-"):  # which begins the next
            return [below]
    return [above] if _INTRODUCES.search(above) else []


def _key(line: str) -> str:
    return line.partition(":")[0].strip(" \t\"'-").lower()


def notes(legacy: Text, target: Text) -> list[str]:
    """What was odd in reading the two sides."""
    return [f"{side}: {text.note}" for side, text in (("legacy", legacy), ("target", target)) if text.note]


def _lines(text: str, plain: bool) -> list[str]:
    return (text.replace("\r\n", "\n") if plain else text).split("\n")


def _line_ends(text: str) -> str:
    """How lines end; empty for a single line."""
    windows, ends = text.count("\r\n"), text.count("\n")
    if not ends:
        return ""
    if not windows:
        return "lines end with LF"
    return "lines end with CR LF" if windows == ends else _MIXED
