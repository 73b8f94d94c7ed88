"""Lines for the configuration file that silence a cause. Pure."""

from __future__ import annotations

import json

from shadow.report.schema import Snippet


def snippet(path: str, endpoints: list[str]) -> Snippet:
    """Ready to be pasted: for the one endpoint that shows it, or for all."""
    line = _line(path)
    if line is None:
        return Snippet("", "")
    word = _word(line)
    return Snippet(
        _placed(f"ignore: [{word}]", endpoints),
        _placed(
            f"accept: [{{line: {word}, owner: YOU, reason: WHY, until: YYYY-MM-DD}}]",
            endpoints,
        ),
    )


def _line(path: str) -> str | None:
    """The line that names a difference's place."""
    kind, _, rest = path.partition(":")
    known = rest if kind in ("header", "cookie", "json") else path in ("status", "body", "text")
    return path if known else None


def _placed(compare: str, endpoints: list[str]) -> str:
    if len(endpoints) != 1:
        return f"compare: {{{compare}}}"
    return f"endpoints:\n  - match: {_word(endpoints[0])}\n    compare: {{{compare}}}"


def _word(text: str) -> str:
    """As YAML has it: JSON's strings are its own too."""
    return json.dumps(text, ensure_ascii=True)
