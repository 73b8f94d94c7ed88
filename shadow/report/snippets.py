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


def snippet(found: Signature, endpoints: list[str]) -> Snippet:
    """Ready to be pasted: for the one endpoint that shows it, or for all. To ignore a status would hide every
    error that is yet to come, so nobody is offered that."""
    ignore = accept = ""
    if found.path != "status" and _CUT not in found.path and _is_read(Compare(ignore=(found.path,))):
        ignore = f"ignore: [{_word(found.path)}]"
    if _is_read(Compare(accept=(Accept(difference=str(found), owner="", reason="", until=date.max),))):
        accept = f"accept: [{{difference: {_word(str(found))}, owner: YOU, reason: WHY, until: YYYY-MM-DD}}]"
    return Snippet(_placed(ignore, endpoints), _placed(accept, endpoints))


def _is_read(section: Compare) -> bool:
    """Does the configuration take these lines?"""
    try:
        return bool(rule_lines.read(section))
    except ValueError:
        return False


def _placed(compare: str, endpoints: list[str]) -> str:
    if not compare or len(endpoints) != 1 or not is_template(endpoints[0]):
        return compare and f"compare: {{{compare}}}"
    return f"endpoints:\n  - match: {_word(endpoints[0])}\n    compare: {{{compare}}}"


def _word(text: str) -> str:
    """As YAML has it, JSON's strings and Python's escapes being its own too; letters of any script stay."""
    return visible(json.dumps(text, ensure_ascii=False))
