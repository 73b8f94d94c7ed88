"""Differences with one signature have one cause: paths without what varies from answer to answer."""

from __future__ import annotations

import re

# A quoted key is matched first and kept, so that an index inside it is not taken for one.
_INDEX = re.compile(r'("(?:[^"\\]|\\.)*")|\[\d+\]')


_NUMBER = re.compile(r"\[\d+\]")
_OF_TYPE = re.compile(r":nth-of-type\(\d+\)")
_ROW = re.compile(r"\[\d+\]\Z")  # a column's name that ends like this is quoted


def generalise(path: str) -> str:
    """`json:$.items[3].price` → `json:$.items[*].price`, `text:12` → `text`, `xml:/a/b[2]` → `xml:/a/b`,
    `csv:price[12]` → `csv:price`, `part[2];type` → `part;type`, `html:ul > li:nth-of-type(3)` →
    `html:ul > li`; others as they are."""
    if path.startswith("json:"):
        return _INDEX.sub(lambda found: found[1] or "[*]", path)
    if path.startswith(("xml:", "part[")):
        return _NUMBER.sub("", path)
    if path.startswith("html:"):
        return _OF_TYPE.sub("", path)
    if path.startswith("csv"):
        return _ROW.sub("", path)
    return "text" if path.startswith("text:") else path
