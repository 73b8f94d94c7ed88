"""Suggested rules as YAML that can be pasted into a configuration, with what each would hide. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from shadow.again.suggest import Suggestion, Suggestions
from shadow.report.snippets import hidden_elsewhere, is_general
from shadow.report.text import plain
from shadow.report.visible import visible

_BARE = re.compile(r"[A-Za-z][\w$./;-]*(?::[\w$./;-]+)?")  # what YAML reads as text without quotes
_SHOWN = 80  # characters of a value


def written(found: Suggestions) -> str:
    """The whole text."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Suggestions) -> Iterator[str]:
    differed = f"{found.differed:,} exchanges differed"
    if found.unweighed:
        differed += f", {found.unweighed:,} more were spent on learning or not looked into"
    if not found.listed:
        yield f"# {differed}; there is nothing to suggest."
        return
    yield (
        f"# {differed}; with all of this {_share(found.silent, found.differed)}"
        " would match. Read each line: what it hides, nobody will see."
    )
    general = [each for each in found.listed if is_general(each.endpoints, found.every)]
    if general:
        yield "compare:"
        yield from _section(general, found, "  ")
    narrow = [each for each in found.listed if not is_general(each.endpoints, found.every)]
    endpoints = list(dict.fromkeys(endpoint for each in narrow for endpoint in each.endpoints))
    if endpoints:
        yield "endpoints:"
    for endpoint in endpoints:
        yield f"  - match: {_quoted(endpoint)}"
        yield "    compare:"
        yield from _section([each for each in narrow if endpoint in each.endpoints], found, "      ")


def _section(listed: list[Suggestion], found: Suggestions, indent: str) -> Iterator[str]:
    for setting in dict.fromkeys(each.line.setting for each in listed):
        yield f"{indent}{setting}:"
        for each in listed:
            if each.line.setting == setting:
                yield from (f"{indent}  # {comment}" for comment in _comments(each, found))
                place = _quoted(each.line.place)
                yield f"{indent}  {place}: {each.line.says}" if each.line.says else f"{indent}  - {place}"


def _comments(each: Suggestion, found: Suggestions) -> Iterator[str]:
    on = plain(each.endpoints[0]) if len(each.endpoints) == 1 else f"{len(each.endpoints)} endpoints"
    silent = f"{_share(each.silent, found.differed)} would match by it"
    if not each.silent:
        silent = "needed beside others: none would match by it alone"
    yield f"{silent}, {each.shown:,} show it, on {on}; tried on {each.tried} kept"
    if each.example is not None:
        legacy, target = _value(each.example.legacy), _value(each.example.target)
        yield f"{each.example.kind}: legacy {legacy}  target {target}"
    for warning in filter(None, (each.warning, hidden_elsewhere(each.endpoints, found.every))):
        yield f"WARNING: {warning}"


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({100 * part / whole if whole else 0:.0f} %)"


def _value(value: str | None) -> str:
    shown = "(none)" if value is None else plain(value) or "(empty)"
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"


def _quoted(text: str) -> str:
    """As YAML reads it back, and no terminal obeys: its escapes are those of Python."""
    return text if _BARE.fullmatch(text) else visible(json.dumps(text, ensure_ascii=False))
