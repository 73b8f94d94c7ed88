"""Lines for the configuration file that silence a cause. Pure."""

from __future__ import annotations

import json

from shadow.compare import lines
from shadow.compare.accept import accepted
from shadow.report.schema import Snippet
from shadow.report.visible import visible
from shadow.settings import Compare


def snippet(kind: str, path: str, endpoints: list[str]) -> Snippet:
    """Ready to be pasted: for the one endpoint that shows it, or for all. To ignore a status would hide every
    error that is yet to come, so nobody is offered that."""
    ignore = f"ignore: [{_word(path)}]" if path != "status" and _can_ignore(path) else ""
    accept = (
        f"accept: [{{difference: {_word(f'{kind} {path}')}, owner: YOU, reason: WHY, until: YYYY-MM-DD}}]"
        if _can_accept(kind, path)
        else ""
    )
    return Snippet(_placed(ignore, endpoints), _placed(accept, endpoints))


def _can_ignore(path: str) -> bool:
    try:
        return bool(lines.read(Compare(ignore=(path,))))
    except ValueError:
        return False


def _can_accept(kind: str, path: str) -> bool:
    try:
        return bool(accepted(f"{kind} {path}"))
    except ValueError:
        return False


def _placed(compare: str, endpoints: list[str]) -> str:
    if not compare or len(endpoints) != 1:
        return compare and f"compare: {{{compare}}}"
    return f"endpoints:\n  - match: {_word(endpoints[0])}\n    compare: {{{compare}}}"


def _word(text: str) -> str:
    """As YAML has it, JSON's strings and Python's escapes being its own too; letters of any script stay."""
    return visible(json.dumps(text, ensure_ascii=False))
