"""What a Content-Type says: the media type, its parameters, and how such a body is compared; and what a
body looks like where nothing is said."""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("[^"]*"|[^\s;"]*)')
_LONGEST = 1000  # characters read of a value; beyond, parameters do not count
_SNIFFED = 1024  # bytes of a body that are looked at


class Form(enum.Enum):
    """How a body is compared."""

    JSON = "JSON"
    LINES = "JSON lines"  # a JSON document in each line
    HTML = "HTML"
    XML = "XML"
    FORM = "form"
    MULTIPART = "multipart"
    TABLE = "table"
    TEXT = "text"
    OTHER = "other"  # by format, length and digest


_FORMS = {
    name: form
    for form, names in {
        Form.JSON: "application/json text/json application/x-json",
        Form.LINES: """application/jsonl application/jsonlines application/json-lines application/ndjson
            application/x-jsonlines application/x-ndjson""",
        Form.HTML: "text/html application/xhtml+xml",
        Form.XML: "application/xml text/xml",
        Form.FORM: "application/x-www-form-urlencoded",
        Form.TABLE: "text/csv application/csv text/x-csv text/tab-separated-values",
        Form.TEXT: """application/ecmascript application/graphql application/javascript application/json-seq
            application/sql application/toml application/x-javascript application/x-yaml
            application/xml-dtd application/yaml""",
    }.items()
    for name in names.split()
}

_SUFFIXES = {"json": Form.JSON, "xml": Form.XML, "yaml": Form.TEXT}  # RFC 6839, RFC 9512
_TYPES = {"text": Form.TEXT, "multipart": Form.MULTIPART}

# The first bytes of a body without its blanks. HTML by what browsers look for (WHATWG, MIME Sniffing, 7.1).
_JSON = re.compile(rb'\{\s*["}]|\[\s*(?:["{\[\]\d-]|(?:true|false|null)\b)')
_HTML = re.compile(
    rb"<!--|<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s>]",
    re.I,
)
_XML = re.compile(rb"<(?:\?xml\s|[^\W\d])")
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]|\A(?:%PDF-|GIF8|\x1f\x8b)")
BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


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
        return (
            _FORMS.get(self.name)
            or _SUFFIXES.get(self.name.rpartition("+")[2])
            or _TYPES.get(self.name.partition("/")[0])
            or Form.OTHER
        )


def media_type(value: bytes) -> MediaType:
    """Reads a Content-Type; of a malformed one, what can be read."""
    text = value[:_LONGEST].decode("latin-1")
    parameters: dict[str, str] = {}
    for name, said in _PARAMETER.findall(text):
        plain = said.strip('"')
        # RFC 9110, 8.3.2: charset names are case-insensitive; other parameters may not be.
        parameters.setdefault(name.lower(), plain.lower() if name.lower() == "charset" else plain)
    return MediaType(text.partition(";")[0].strip().lower(), parameters)


def sniffed(body: bytes) -> Form:
    """How a body is compared of which nothing is said, by its first bytes."""
    start = body[:_SNIFFED]
    for mark, codec in BOMS.items():
        if start.startswith(mark):
            start = start[len(mark) :].decode(codec, "replace").encode()
    if _BINARY.search(start):
        return Form.OTHER
    start = start.lstrip()
    if _JSON.match(start):
        return Form.JSON
    if _HTML.match(start):
        return Form.HTML
    if _XML.match(start):
        return Form.HTML if re.search(rb"<html[\s>]", start, re.I) else Form.XML
    return Form.TEXT
