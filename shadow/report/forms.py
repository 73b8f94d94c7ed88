"""Every form of a report, by its name on the command line."""

from __future__ import annotations

from typing import TextIO

from shadow.report import html, json, junit, markdown, text
from shadow.report.schema import Report


def render(report: Report, form: str, language: str, stream: TextIO) -> None:
    """Write the report as text, json, md, junit or html; the last in a language."""
    if form == "text":
        text.render(report, stream)
    elif form == "html":
        stream.write(html.render(report, language))
    else:
        stream.write({"json": json.render, "md": markdown.render, "junit": junit.render}[form](report))
