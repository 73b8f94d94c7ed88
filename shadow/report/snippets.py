"""Lines for the configuration file that silence a cause. Pure."""

from __future__ import annotations

import json
from datetime import date

from shadow.compare import rule_lines
from shadow.compare.signature import Signature
from shadow.endpoint import is_template
from shadow.report.shown import Snippet
from shadow.report.visible import visible
from shadow.settings import Accept, Compare

_CUT = "…"
"""In a path of which no more is known: a line with it would ignore nothing."""

_NAMED = 20
"""Endpoints that have an entry each: more of them nobody reads."""


def snippet(found: Signature, endpoints: list[str], every: int) -> Snippet:
    """Ready to be pasted: for each endpoint that shows it, or for all where `every` one does. To ignore
    a status would hide every error that is yet to come, so nobody is offered that."""
    ignore = accept = ""
    if found.path != "status" and _CUT not in found.path and _is_read(Compare(ignore=(found.path,))):
        ignore = f"ignore: [{_word(found.path)}]"
    if _is_read(Compare(accept=(Accept(difference=str(found), owner="", reason="", until=date.max),))):
        accept = f"accept: [{{difference: {_word(str(found))}, owner: YOU, reason: WHY, until: YYYY-MM-DD}}]"
    return Snippet(_placed(ignore, endpoints, every), _placed(accept, endpoints, every))


def _is_read(section: Compare) -> bool:
    """Does the configuration take these lines?"""
    try:
        return bool(rule_lines.read(section))
    except ValueError:
        return False


def is_general(endpoints: list[str], every: int) -> bool:
    """Whether a line for these endpoints is one for `every` endpoint: because all show it, so many do that
    nobody would read an entry each, or one cannot be named. Else it would hide what nobody has seen."""
    return 1 < len(endpoints) == every or len(endpoints) > _NAMED or not all(map(is_template, endpoints))


def hidden_elsewhere(endpoints: list[str], every: int) -> str:
    """What a line hides that nobody has seen; empty if nothing, as where it is for its endpoints alone."""
    others = every - len(endpoints) if is_general(endpoints, every) else 0
    return f"holds for all endpoints, also where it was not seen: {others:,}" if others > 0 else ""


def _placed(compare: str, endpoints: list[str], every: int) -> str:
    if not compare:
        return ""
    if is_general(endpoints, every):
        warning = hidden_elsewhere(endpoints, every)
        return "\n".join([*([f"# {warning}"] if warning else []), f"compare: {{{compare}}}"])
    own = (f"  - match: {_word(each)}\n    compare: {{{compare}}}" for each in endpoints)
    return "\n".join(["endpoints:", *own])


def _word(text: str) -> str:
    """As YAML has it, JSON's strings and Python's escapes being its own too; letters of any script stay."""
    return visible(json.dumps(text, ensure_ascii=False))
