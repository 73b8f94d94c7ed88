"""Apache's `LogFormat` strings as tokens, which are lighttpd's too. Pure."""

from __future__ import annotations

import re
from typing import Final

from replay.formats import times
from replay.formats.assemble import HEADER, Meaning
from replay.formats.parser import LineParser, Options
from replay.formats.pattern import CLF_TIME, NUMBER, Field, Token, compile_tokens

_PART: Final = re.compile(r"%%|%(?:!?[\d,]+)?([<>]?)(?:\{([^}]*)\})?([<>]?)(\^t[io]|[A-Za-z])")
_DIRECTIVE: Final = re.compile(
    r"""\s*(?:LogFormat|CustomLog\s+(?:"[^"]*"|\S+)|accesslog\.format\s*=)\s*"((?:[^"\\]|\\.)*)"(?:\s+\S+)?\s*\Z"""
)
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
_EPOCH: Final = {"msec": "ms", "usec": "us"}
_FINER: Final = ("s", "ms", "us")


def parser(name: str, form: str, options: Options) -> LineParser:
    """A parser for lines of a `LogFormat` string, or of the whole directive that has it."""
    form = _from_directive(form)
    read = _Reading(form, options)
    if not any(isinstance(token, Field) and token.role == "request" for token in read.tokens):
        raise ValueError("Apache's %U is decoded and normalised, not what was asked: log %r to replay")
    meaning = Meaning(read.time, read.at_end, times.UNITS[read.unit])
    return compile_tokens(name, read.tokens, meaning, escaped=True)


def _from_directive(form: str) -> str:
    """The format as httpd.conf has it between the quotes, or the directive around it."""
    found = _DIRECTIVE.match(form)
    return re.sub(r'\\(["\\])', r"\1", found[1] if found else form).replace("\\t", "\t")


class _Reading:
    """What a format string says, read once from left to right."""

    def __init__(self, form: str, options: Options) -> None:
        self.tokens: list[Token] = []
        self.time: times.ReadTime = times.clf
        self.at_end = False  # %t is when the request was received
        self.unit = "s"
        self._form = form
        self._zone = options.zone
        place = 0
        while place < len(form):
            time = _CUSTOM_TIME.match(form, place)
            found = time or _PART.match(form, place)
            if found is None or found[0] == "%%":
                place = self._literal(place, found)
                continue
            if time:
                self._custom_time(time[0])
            else:
                self._directive(found)
            place = found.end()

    def _literal(self, place: int, percent: re.Match[str] | None) -> int:
        if percent is None and self._form[place] == "%":
            raise ValueError(f"not a directive of Apache's: {self._form[place : place + 12]!r}")
        text = self._form[place].encode()
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
            self.tokens.append(
                Field("seconds", _SIGNED, self._duration(argument or ("us" if letter == "D" else "s")))
            )
        elif letter == "i" and argument:
            role = "host" if argument.lower() == "host" else HEADER + argument.title()
            self.tokens.append(Field(role, rank=1))
        else:
            role = "" if argument and letter not in "ah" else _FIELDS.get(letter, "")
            # %s is the status of the first of internal redirects, %>s what the client got; %a is a number
            # where %h may be a name, and %{c}a is the proxy before us
            rank = 1 if which == ">" or (letter == "a" and not argument) else 0
            self.tokens.append(Field(role, _SHAPES.get(letter), rank, open=letter not in _CLOSED))

    def _duration(self, unit: str) -> int:
        """The rank of a duration: the finest of several counts."""
        if unit not in _FINER:
            raise ValueError(f"a duration is in {', '.join(_FINER)}: {unit!r}")
        self.unit = max(self.unit, unit, key=_FINER.index)
        return _FINER.index(unit)

    def _custom_time(self, text: str) -> None:
        """`%{…}t`, one or several with nothing but separators between."""
        form, self.at_end = "", "{end:" in text
        for piece, between in re.findall(r"%[<>]?\{(?:begin:|end:)?([^}]*)\}t([^%]*)", text):
            form += {"sec": "%s", "msec_frac": "%f", "usec_frac": "%f"}.get(piece, piece) + between
        if form in _EPOCH:
            self.time = times.unix(_EPOCH[form])
        else:
            self.time = times.strftime(form, self._zone)
        self.tokens.append(
            Field("time", times.shape(form), rank=len(self.tokens))
        )  # the last, as it is for `time`


_CUSTOM_TIME: Final = re.compile(r"%[<>]?\{[^}]*\}t(?:[ .,:T]?%[<>]?\{[^}]*\}t)*")
