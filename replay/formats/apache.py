"""Apache's `LogFormat` strings as tokens. Pure."""

from __future__ import annotations

import re
from typing import Final

from replay.formats import times
from replay.formats.assemble import HEADER, Meaning
from replay.formats.parser import LineParser, Options
from replay.formats.pattern import CLF_TIME, NUMBER, Field, Token, compile_tokens

_PART: Final = re.compile(r"%%|%(?:!?[\d,]+)?([<>]?)(?:\{([^}]*)\})?([<>]?)(\^t[io]|[A-Za-z])")
_DIRECTIVE: Final = re.compile(r'\s*LogFormat\s+"((?:[^"\\]|\\.)*)"(?:\s+\S+)?\s*\Z')
_SIGNED: Final = rb"(?:-?\d++|-)"
_CLOSED: Final = "aAhlLpPHmvVXk"  # addresses, numbers, names: never with a space or a quote inside

_FIELDS: Final = {
    "a": "client",
    "h": "client",
    "u": "user",
    "r": "request",
    "s": "status",
    "b": "size",
    "B": "size",
    "v": "host",
    "V": "host",
}
_SHAPES: Final = {
    "s": NUMBER,
    "b": NUMBER,
    "B": NUMBER,
    "O": NUMBER,
    "I": NUMBER,
    "S": NUMBER,
    "p": NUMBER,
    "P": NUMBER,
    "k": NUMBER,
    "D": _SIGNED,
    "T": _SIGNED,
}
_EPOCH: Final = {"sec": "s", "msec": "ms", "usec": "us"}


def parser(name: str, form: str, options: Options) -> LineParser:
    """A parser for lines of a `LogFormat` string, or of the whole directive."""
    form = _from_directive(form)
    tokens, clock = _Tokens(form, options).all()
    if not any(isinstance(token, Field) and token.role == "request" for token in tokens):
        raise ValueError("Apache's %U is decoded and normalised, not what was asked: log %r to replay")
    at_end = options.time_is == "end" if options.time_is else clock.at_end
    return compile_tokens(name, tokens, Meaning(clock.read, at_end, clock.unit), escaped=True)


def _from_directive(form: str) -> str:
    """The format as httpd.conf has it between the quotes, or the directive around it."""
    found = _DIRECTIVE.match(form)
    return re.sub(r'\\(["\\])', r"\1", found[1] if found else form).replace("\\t", "\t")


class _Clock:
    """How the format writes when and how long."""

    read: times.ReadTime = staticmethod(times.clf)
    at_end = False  # %t is when the request was received
    unit = 1.0


class _Tokens:
    """Reads a format string once, from left to right."""

    def __init__(self, form: str, options: Options) -> None:
        self.form = form
        self.options = options
        self.clock = _Clock()
        self.tokens: list[Token] = []

    def all(self) -> tuple[list[Token], _Clock]:
        place = 0
        while place < len(self.form):
            time = _CUSTOM_TIME.match(self.form, place)
            found = time or _PART.match(self.form, place)
            if found is None or found[0] == "%%":
                place = self._literal(place, found)
                continue
            if time:
                self._custom_time(time[0])
            else:
                self._directive(found)
            place = found.end()
        return self.tokens, self.clock

    def _literal(self, place: int, percent: re.Match[str] | None) -> int:
        if percent is None and self.form[place] == "%":
            raise ValueError(f"not a directive of Apache's: {self.form[place : place + 12]!r}")
        text = self.form[place].encode()
        if self.tokens and isinstance(self.tokens[-1], bytes):
            self.tokens[-1] += text
        else:
            self.tokens.append(text)
        return percent.end() if percent else place + 1

    def _directive(self, found: re.Match[str]) -> None:
        which, argument, letter = found[1] or found[3], found[2], found[4]
        if letter == "t":
            self.tokens.append(Field("time", rb"\[?" + CLF_TIME + rb"\]?"))
        elif letter in ("D", "T"):
            self.tokens.append(Field("seconds", _SIGNED, rank=1 if self._finer(letter, argument) else 0))
        elif letter == "i" and argument:
            role = "host" if argument.lower() == "host" else HEADER + argument.title()
            self.tokens.append(Field(role, rank=1))
        elif letter == "C" and argument:
            self.tokens.append(Field(""))
        else:
            role = "" if argument and letter != "h" and letter != "a" else _FIELDS.get(letter, "")
            # %s is the status of the first of internal redirects, %>s what the client got
            rank = 1 if which == ">" or letter == "a" else 0
            self.tokens.append(Field(role, _SHAPES.get(letter), rank, open=letter not in _CLOSED))

    def _finer(self, letter: str, argument: str | None) -> bool:
        """Takes the unit of a duration, if it is the finest so far."""
        unit = times.UNITS["us" if letter == "D" else argument or "s"]
        had = any(isinstance(token, Field) and token.role == "seconds" for token in self.tokens)
        if had and unit >= self.clock.unit:
            return False
        self.clock.unit = unit
        return True

    def _custom_time(self, text: str) -> None:
        """`%{…}t`, one or several with nothing but separators between."""
        form, self.clock.at_end = "", "%{end:" in text
        for piece, between in re.findall(r"%[<>]?\{(?:begin:|end:)?([^}]*)\}t([^%]*)", text):
            form += {"sec": "%s", "msec_frac": "%f", "usec_frac": "%f"}.get(piece, piece) + between
        if form in _EPOCH:
            self.clock.read = times.unix(_EPOCH[form])
        else:
            self.clock.read = times.strftime(form or "", self.options.zone)
        self.tokens.append(Field("time", times.shape(form)))


_CUSTOM_TIME: Final = re.compile(r"%[<>]?\{[^}]*\}t(?:[ .,:T]?%[<>]?\{[^}]*\}t)*")
