"""The report as JSON, indented for people, and the schema of it."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from shadow.report.schema import Report

_OBEYED = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""Control characters that JSON need not escape, and what turns or hides the text around it."""


def render(report: Report) -> str:
    """The whole report; a newline ends it. No terminal obeys what it holds."""
    text = msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
    return _OBEYED.sub(lambda found: json.dumps(found[0])[1:-1], text) + "\n"


def schema() -> str:
    """The JSON Schema of a report; a newline ends it."""
    made: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of Shadow",
        **msgspec.json.schema(Report),
    }
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode() + "\n"
