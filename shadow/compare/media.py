"""What a Content-Type says: the media type, its parameters, and how such a body is compared."""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("[^"]*"|[^\s;"]*)')
_LONGEST = 1000  # characters read of a value; beyond, parameters do not count

_TEXTS = frozenset(
    {
        "application/ecmascript",
        "application/graphql",
        "application/javascript",
        "application/json-seq",
        "application/jsonl",
        "application/ndjson",
        "application/sql",
        "application/toml",
        "application/x-javascript",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "application/x-yaml",
        "application/xml",
        "application/xml-dtd",
        "application/yaml",
    }
)


class Form(enum.Enum):
    """How a body is compared."""

    JSON = "JSON"
    TEXT = "text"
    OTHER = "other"  # by length and digest


class MediaType(NamedTuple):
    """RFC 9110, 8.3.1. Names are in lower case, and so is the charset."""

    name: str
    parameters: dict[str, str]

    @property
    def charset(self) -> str:
        """The declared charset, or an empty string."""
        return self.parameters.get("charset", "")

    @property
    def form(self) -> Form | None:
        """How such a body is compared; None where nothing is said."""
        if not self.name:
            return None
        if self.name in ("application/json", "text/json") or self.name.endswith("+json"):
            return Form.JSON
        if self.name.startswith("text/") or self.name.endswith("+xml") or self.name in _TEXTS:
            return Form.TEXT
        return Form.OTHER


def media_type(value: bytes) -> MediaType:
    """Reads a Content-Type; of a malformed one, what can be read."""
    text = value[:_LONGEST].decode("latin-1")
    parameters: dict[str, str] = {}
    for name, said in _PARAMETER.findall(text):
        plain = said.strip('"')
        # RFC 9110, 8.3.2: charset names are case-insensitive; other parameters may not be.
        parameters.setdefault(name.lower(), plain.lower() if name.lower() == "charset" else plain)
    return MediaType(text.partition(";")[0].strip().lower(), parameters)
