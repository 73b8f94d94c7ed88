"""RFC 9110's words that several readers of ours need, as pieces of regular expressions. Pure."""

from __future__ import annotations

from typing import Final

TCHAR: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]"
"""One character of a token, such as a method or the name of a field (5.6.2)."""
