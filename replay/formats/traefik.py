"""Traefik's two CLF formats: only quotes in headers are escaped, the time is the request's start. Pure."""

from __future__ import annotations

from typing import Final

from replay.formats import escapes, times
from replay.formats.assemble import HEADER, Meaning
from replay.formats.parser import LineParser, Options
from replay.formats.pattern import CLF_TIME, MOST, NUMBER, Field, Token, compile_tokens

# A quote of the client's stands behind a backslash.
_HEADER: Final = rb'[^"]*+(?>(?:(?<=\\)"[^"]*+){0,%d})' % MOST

_GENERIC: Final[tuple[Token, ...]] = (
    Field("client", open=False),
    b" - ",
    Field("user"),
    b" [",
    Field("time", CLF_TIME),
    b'] "',
    Field("request"),
    b'" ',
    Field("status", NUMBER),
    b" ",
    Field("size", NUMBER),
    b' "',
    Field(HEADER + "Referer", _HEADER),
    b'" "',
    Field(HEADER + "User-Agent", _HEADER),
    b'"',
)
_COMMON: Final[tuple[Token, ...]] = (
    *_GENERIC[:-1],
    b'" ',
    Field(shape=NUMBER),
    b' "',
    Field(),
    b'" "',
    Field(),
    b'" ',
    Field("seconds", NUMBER),
    b"ms",
)
"""After the usual: the request's number, its router, the server that answered, and how long it took."""

_MEANING: Final = Meaning(times.clf, unit=times.UNITS["ms"], undo=escapes.nothing, undo_header=escapes.quotes)


def common(_: Options) -> LineParser:
    """Traefik's default."""
    return compile_tokens("traefik", _COMMON, _MEANING, escaped=False)


def generic(_: Options) -> LineParser:
    """Traefik's genericCLF: combined."""
    return compile_tokens("traefik-clf", _GENERIC, _MEANING, escaped=False)
