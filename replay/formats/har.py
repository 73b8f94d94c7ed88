"""HTTP archives, as browsers and proxies export them: one document, many requests, with bodies. Pure."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any, ClassVar, Final
from urllib.parse import quote_plus

from replay.formats import escapes, times
from replay.formats.assemble import Meaning, assembler
from replay.formats.jsonlines import load
from replay.formats.parser import MAX_DOCUMENT, Framing, RecordParser
from replay.model import BadLine, LoggedRequest, LogSkip, Parsed
from shadow.model import Headers

_FRAMING_FIELDS: Final = frozenset(
    b"host content-length transfer-encoding connection keep-alive proxy-connection upgrade te trailer "
    b"expect".split()
)
"""Who sends the request says these anew."""

_assemble = assembler(Meaning(times.iso, unit=times.UNITS["ms"], undo=escapes.nothing))


class HarParser(RecordParser):
    """Gives the requests of the document in the order in which they began."""

    framing: ClassVar[Framing] = Framing.DOCUMENT

    def __init__(self) -> None:
        self.name = "har"

    def entries(self, record: bytes) -> Iterator[Parsed]:
        if len(record) > MAX_DOCUMENT:
            yield BadLine(LogSkip.MALFORMED, f"longer than {MAX_DOCUMENT} bytes")
            return
        document, charset = load(record.removeprefix(b"\xef\xbb\xbf"))
        entries = _at(_at(document, "log"), "entries") if charset == "utf-8" else None
        if not isinstance(entries, list):
            yield BadLine(LogSkip.MALFORMED, "not an HTTP archive: there is no log.entries")
            return
        parsed = [_entry(entry) for entry in entries]
        yield from sorted(parsed, key=lambda one: one.at if isinstance(one, LoggedRequest) else 0)


def _at(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _entry(entry: object) -> Parsed:
    request, response = _at(entry, "request"), _at(entry, "response")
    try:
        headers, host = sendable(
            tuple(
                (_bytes(_at(pair, "name")), _bytes(_at(pair, "value")))
                for pair in _at(request, "headers") or ()
            )
        )
        body = _body(_at(request, "postData"))
        url = _bytes(_at(request, "url")).partition(b"#")[0]
        parsed = _assemble(
            _bytes(_at(entry, "startedDateTime")), None, _bytes(_at(request, "method")), url, None, None,
            b"%d" % (_at(response, "status") or 0), _size(response), _took(entry), None, None,
        )  # fmt: skip
    except (TypeError, ValueError, AttributeError, KeyError):
        return BadLine(LogSkip.MALFORMED, "an entry without what a request needs")
    if isinstance(parsed, BadLine):
        return parsed
    return parsed._replace(headers=headers, body=body, host=host or parsed.host)


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise TypeError
    return value.encode()


def _size(response: object) -> bytes | None:
    """-1 stands for unknown."""
    size = _at(response, "bodySize")
    return b"%d" % size if isinstance(size, int) else None


def _took(entry: object) -> bytes | None:
    took = _at(entry, "time")
    return b"%f" % took if isinstance(took, int | float) and took >= 0 else None


def _body(posted: object) -> bytes:
    """As text, as base64 where the exporter says so, or as the pairs of a form."""
    text = _at(posted, "text")
    if text:
        return b64decode(text, validate=True) if _at(posted, "encoding") == "base64" else _bytes(text)
    pairs = _at(posted, "params") or ()
    return "&".join(
        f"{quote_plus(pair['name'])}={quote_plus(pair.get('value') or '')}" for pair in pairs
    ).encode()


def sendable(headers: Headers) -> tuple[Headers, bytes | None]:
    """The fields to send again, and Host by itself. Raises `ValueError` for a field that cannot be one."""
    kept, host = [], None
    for name, value in headers:
        lower = name.lower()
        if lower == b"host" or lower == b":authority":
            host = value
        if any(stop in name or stop in value for stop in (b"\r", b"\n", b"\0")):
            raise ValueError("a line break in a field")
        if lower not in _FRAMING_FIELDS and not name.startswith(b":") and name:
            kept.append((name, value))
    return tuple(kept), host
