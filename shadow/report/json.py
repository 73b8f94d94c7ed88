"""The report as JSON, indented for people, and the schema of it."""

from __future__ import annotations

from typing import Any

import msgspec

from shadow.report.schema import Report


def render(report: Report) -> str:
    """The whole report; a newline ends it."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def schema() -> str:
    """The JSON Schema of a report; a newline ends it."""
    made: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of Shadow",
        **msgspec.json.schema(Report),
    }
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode() + "\n"
