"""Text from a record as people may be shown it. Pure."""

from __future__ import annotations

_WIDE = "\u3000"
"""The space of Japanese and Chinese text, which is in every address and form, and as wide as a letter."""


def visible(text: str) -> str:
    """Text in which nothing hides, nothing turns the rest around, and nothing is a command to a terminal or
    impossible in XML: such characters become escapes."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == _WIDE else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
