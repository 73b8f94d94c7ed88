"""In which mode a browser shows a page: by its document type, or for want of one (HTML, 13.2.6.4.1)."""

from __future__ import annotations

import re

_DOCTYPE = re.compile(
    r"""\ufeff?(?:\s++|<!--(?:(?!-->).){0,1000}-->|<\?[^>]{0,1000}>)*+<!doctype([^>]{0,500})>""",
    re.IGNORECASE | re.DOTALL,
)
_PUBLIC = re.compile(r"""\s*html\s+public\s*(?:"([^"]*)"|'([^']*)')\s*(["'])?""", re.IGNORECASE)
_STANDARD = re.compile(
    r"-//w3c//dtd (?:xhtml (?:1\.0 strict|1\.1|basic)|html 4\.01?//|mathml|svg)|iso/iec|-//wapforum"
)
_ALMOST = re.compile(r"-//w3c//dtd xhtml 1\.0 (?:frameset|transitional)//")
_BY_SYSTEM = re.compile(r"-//w3c//dtd html 4\.01 (?:frameset|transitional)//")

QUIRKS, ALMOST, STANDARD = "quirks mode", "limited quirks mode", "standards mode"


def mode(page: str) -> str:
    """The mode of a page, in a few words."""
    found = _DOCTYPE.match(page)
    if not found:
        return f"no doctype: {QUIRKS}"
    kind = found[1]
    if not kind.strip().lower().startswith("html"):
        return QUIRKS
    public = _PUBLIC.match(kind)
    if not public:
        return STANDARD
    name = (public[1] or public[2] or "").lower()
    if _ALMOST.match(name) or (_BY_SYSTEM.match(name) and public[3]):
        return ALMOST
    return STANDARD if _STANDARD.match(name) else QUIRKS
