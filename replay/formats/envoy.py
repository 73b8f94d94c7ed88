"""Envoy's text format strings as tokens. Pure.

Envoy writes values as they are: a quote in a user agent looks like the end of a field. A field ends
where its following text *and* the shape of what comes then are found.
"""

from __future__ import annotations

import re
from typing import Final

from replay.formats import escapes, times
from replay.formats.assemble import HEADER, Meaning
from replay.formats.parser import LineParser, Options
from replay.formats.pattern import NUMBER, Field, Token, compile_tokens

_OPERATOR: Final = re.compile(r"%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?%")
_ADDRESS: Final = rb'[^ "]*+'

_FIELDS: Final = {
    "PROTOCOL": Field("", rb"(?:HTTP/[\d.]++|-)"),
    "RESPONSE_CODE": Field("status", NUMBER),
    "RESPONSE_FLAGS": Field("", rb"[A-Za-z0-9,_-]++"),
    "BYTES_RECEIVED": Field("", NUMBER),
    "BYTES_SENT": Field("size", NUMBER),
    "DURATION": Field("seconds", NUMBER),
    "PATH": Field("target"),
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": Field("client", _ADDRESS, rank=1),
    "DOWNSTREAM_REMOTE_ADDRESS": Field("client", rb'(?:\[[^\] "]*+\]|[^: "]*+)', rest=rb"(?>(?::\d++)?)"),
    "UPSTREAM_HOST": Field("", _ADDRESS),
    "REQUESTED_SERVER_NAME": Field("", _ADDRESS),
}
_REQUEST: Final = {
    ":METHOD": Field("method", rb'[^ "]++'),
    ":PATH": Field("target"),
    "X-ENVOY-ORIGINAL-PATH": Field("target", rank=1),
    ":AUTHORITY": Field("host", rb'[^ "]*+'),
    "HOST": Field("host", rb'[^ "]*+'),
    "X-REQUEST-ID": Field("", rb'[^"]*+'),  # not the client's
}


def parser(name: str, form: str, options: Options) -> LineParser:
    """A parser for lines of a text format string."""
    tokens: list[Token] = []
    read_time: times.ReadTime = times.iso
    limit = end = 0
    form = form.removesuffix("\\n").rstrip("\n")
    for found in _OPERATOR.finditer(form):
        if found.start() > end:
            tokens.append(form[end : found.start()].encode())
        end = found.end()
        field = _field(found[1], found[2] or "")
        first_time = field.role == "time" and not any(
            isinstance(t, Field) and t.role == "time" for t in tokens
        )
        tokens.append(field)
        if first_time and found[2]:
            read_time = times.strftime(re.sub(r"%[1-6]f", "%f", found[2]), options.zone)
        if field.role == "target" and found[3]:
            limit = int(found[3])
    if end < len(form):
        tokens.append(form[end:].encode())
    meaning = Meaning(read_time, unit=times.UNITS["ms"], undo=escapes.nothing, limit=limit)
    return compile_tokens(name, tokens, meaning, escaped=False)


def _field(operator: str, argument: str) -> Field:
    if operator == "START_TIME":
        return Field("time", times.shape(argument))
    if operator != "REQ":
        return _FIELDS.get(operator, Field(""))
    first = argument.partition("?")[0].upper()
    return _REQUEST.get(first) or Field(HEADER + first.title())
