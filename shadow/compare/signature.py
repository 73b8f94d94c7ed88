"""Differences with one signature have one cause: paths without what varies from answer to answer."""

from __future__ import annotations

import re

# A quoted key is matched first and kept, so that an index inside it is not taken for one.
_INDEX = re.compile(r'("(?:[^"\\]|\\.)*")|\[\d+\]')


def generalise(path: str) -> str:
    """`json:$.items[3].price` → `json:$.items[*].price`, `text:12` → `text`; others as they are."""
    if path.startswith("json:"):
        return _INDEX.sub(lambda found: found[1] or "[*]", path)
    return "text" if path.startswith("text:") else path
