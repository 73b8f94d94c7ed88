"""Text from a record as people may be shown it. Pure."""

from __future__ import annotations


def visible(text: str) -> str:
    """Text in which nothing hides, nothing turns the rest around, and nothing is a command to a terminal or
    impossible in XML: such characters become escapes."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )
