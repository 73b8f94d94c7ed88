"""The report as JSON, indented for people."""

from __future__ import annotations

import msgspec

from shadow.report.schema import Report


def render(report: Report) -> str:
    """The whole report; a newline ends it."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"
