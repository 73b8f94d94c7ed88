"""nginx's `log_format` strings as tokens. Pure."""

from __future__ import annotations

import re
from typing import Final

from replay.formats import escapes, times
from replay.formats.assemble import HEADER, Meaning
from replay.formats.parser import LineParser
from replay.formats.pattern import CLF_TIME, DURATION, ISO_TIME, NUMBER, Field, Token, compile_tokens

_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_DIRECTIVE: Final = re.compile(r"\s*log_format\s+\S+\s+(?:escape=(\w+)\s+)?(.*?);?\s*\Z", re.DOTALL)
_QUOTED: Final = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")""", re.DOTALL)

_FIELDS: Final = {
    "remote_addr": Field("client", open=False),
    "remote_user": Field("user"),
    "time_local": Field("time", CLF_TIME),
    "time_iso8601": Field("time", ISO_TIME, rank=1),
    "msec": Field("time", rb"[\d.]++", rank=2),
    "request": Field("request"),
    "request_method": Field("method", open=False),
    "request_uri": Field("target"),
    "status": Field("status", NUMBER),
    "body_bytes_sent": Field("size", NUMBER),
    "bytes_sent": Field("", NUMBER),
    "request_length": Field("", NUMBER),
    "request_time": Field("seconds", rb"\d{1,7}\.\d++", rank=1),
    "upstream_response_time": Field("seconds", DURATION),
    "host": Field("host", open=False),
    "http_host": Field("host", open=False, rank=1),
}
_TIMES: Final[dict[str, times.ReadTime]] = {
    "time_local": times.clf,
    "time_iso8601": times.iso,
    "msec": times.unix(),
}
_UNDO: Final = {"default": escapes.text, "json": escapes.json, "none": escapes.nothing}


def parser(name: str, form: str) -> LineParser:
    """A parser for lines of a `log_format` string, or of the whole directive."""
    escape, form = _from_directive(form)
    escape = escape or "default"
    if escape not in _UNDO:
        raise ValueError(f"escape is default, json or none: {escape!r}")
    tokens = _tokens(form)
    time = max((t for t in _TIMES if _FIELDS[t] in tokens), key=lambda t: _FIELDS[t].rank, default="msec")
    meaning = Meaning(_TIMES[time], at_end=True, undo=_UNDO[escape])
    roles = {token.role for token in tokens if isinstance(token, Field)}
    if "target" not in roles and "request" not in roles and re.search(r"\$\{?(document_)?uri\b", form):
        raise ValueError("$uri is decoded and rewritten by nginx: log $request or $request_uri to replay")
    return compile_tokens(name, tokens, meaning, escaped=escape != "none")


def _from_directive(form: str) -> tuple[str | None, str]:
    """What escape= says, and the format: from nginx.conf's directive or from what is between its quotes."""
    found = _DIRECTIVE.match(form)
    if found:
        form = "".join(quoted[1] or quoted[2] or "" for quoted in _QUOTED.finditer(found[2])) or found[2]
    text = re.sub(r"\\(.)", lambda c: {"t": "\t", "n": "\n", "r": "\r"}.get(c[1], c[1]), form)
    return found[1] if found else None, text


def _tokens(form: str) -> list[Token]:
    tokens: list[Token] = []
    end = 0
    for found in _VARIABLE.finditer(form):
        if found.start() > end:
            tokens.append(form[end : found.start()].encode())
        tokens.append(_field(found[1] or found[2]))
        end = found.end()
    if end < len(form):
        tokens.append(form[end:].encode())
    return tokens


def _field(variable: str) -> Field:
    if variable in _FIELDS:
        return _FIELDS[variable]
    if variable.startswith("http_"):
        header = variable.removeprefix("http_").replace("_", "-").title()
        return Field(HEADER + header)
    return Field("")
