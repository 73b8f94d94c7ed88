"""The compiler: tokens of a format string become one regular expression, and that a parser. Pure.

Every repetition is possessive or ends at the first byte that what follows may begin with, so a line is
read in time linear in its length, however hostile. The repetition of a group that may match in part is
atomic and bounded, `(?>(?:...){0,1000})`: before 3.11.5 Python matched `(?:...)*+` wrongly (gh-106052), and
each turn of an atomic group takes memory until its end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from replay.formats.assemble import (
    REPLACED,
    ROLES,
    Meaning,
    assembler,
    header_roles,
    lossy,
    quick_assembler,
    with_headers,
)
from replay.formats.parser import EMPTY, MAX_LINE, TOO_LONG, LineParser
from replay.formats.wrapped import unwrapped
from replay.model import BadLine, LoggedRequest, LogSkip, Parsed

Read: TypeAlias = Callable[[bytes], Parsed | None]
"""Takes a line without its end; gives None for one that is none of the format."""


class Field(NamedTuple):
    """A directive or variable of a format string."""

    role: str = ""  # of `ROLES` or a header; empty for what nobody needs
    shape: bytes | None = None  # its pattern, where that is narrower than "up to what follows"
    rank: int = 0  # of several fields of one role the highest counts
    rest: bytes = b""  # pattern of what belongs to the field and is not kept
    open: bool = True  # may hold what follows it as part of its value, if that is not escaped


Token: TypeAlias = bytes | Field
"""Literal text, or a field."""

MOST: Final = 1000
"""How often what ends a field may stand in it."""

NUMBER: Final = rb"(?:\d++|-)"
DURATION: Final = rb"(?:[\d.]++(?>(?:(?:, | : )[\d.-]++){0,100})|-)"
ISO_TIME: Final = rb"[\dTZ:.+-]++"
CLF_TIME: Final = rb"[^ \]]++ [+-]\d{4}"
_BACKSLASH: Final = 0x5C  # a number is found in bytes four times as fast as a string
_CR: Final = 0x0D
_NUL: Final = 0x00
_NEVER: Final = rb"(?:|(\A\Z.))"
"""A group that takes part in no match: gives None for what a format does not log."""


class RegexParser(LineParser):
    """Reads lines that one pattern describes."""

    def __init__(self, name: str, pieces: Sequence[bytes], groups: Sequence[str], meaning: Meaning) -> None:
        """`pieces` are the pattern, a field of it and the text behind that in each; `groups` gives the role
        of each group."""
        self.name = name
        self.parse = bare_or_wrapped(reader(b"".join(pieces), groups, meaning))
        self._pieces = pieces

    def fitting(self, line: bytes) -> int:
        """How many of its first bytes are as the format says: for people, who look for where it is wrong."""
        for count in range(len(self._pieces), 0, -1):
            found = re.match(b"".join(self._pieces[:count]), line[:MAX_LINE], re.DOTALL)
            if found:
                return found.end()
        return 0


def reader(pattern: bytes, groups: Sequence[str], meaning: Meaning) -> Read:
    """What reads a line that `pattern` describes as a whole."""
    headers = header_roles(groups)
    meaning = with_headers(meaning, headers)
    places = {role: place for place, role in enumerate(groups, 1)}
    order = tuple(places.get(role, len(groups) + 1) for role in (*ROLES, *headers))
    match = re.compile(pattern + _NEVER + rb"\Z", re.DOTALL).match
    quick, careful = quick_assembler(meaning), assembler(meaning)

    def read(line: bytes) -> Parsed | None:
        if len(line) > MAX_LINE:
            return TOO_LONG
        found = match(line)
        if found is None:
            return None
        unusual = _BACKSLASH in line or _CR in line or _NUL in line
        return (careful if unusual else quick)(*found.group(*order))

    return read


def bare_or_wrapped(read: Read) -> Callable[[bytes], Parsed]:
    """What parses lines of `read`'s format, as they are or as syslog, Docker or such have wrapped them."""

    def parse(line: bytes) -> Parsed:
        line = line.rstrip(b"\r\n")
        return read(line) or wrapped(line)

    def wrapped(line: bytes) -> Parsed:
        inside = unwrapped(line)
        parsed = read(inside) if inside else None
        if parsed is None:
            return unmatched(line)
        if inside and isinstance(parsed, LoggedRequest) and REPLACED in parsed.target and REPLACED in inside:
            return lossy(parsed.target)
        return parsed

    return parse


def unmatched(line: bytes) -> BadLine:
    """What is said of a line that is not one of the format; whoever tells it to people shows the line."""
    if not line.strip():
        return EMPTY
    return BadLine(LogSkip.MALFORMED, "not a line of this format")


def compile_tokens(name: str, tokens: Sequence[Token], meaning: Meaning, escaped: bool) -> LineParser:
    """A parser for lines of `tokens`. `escaped`: the server escapes quotes and control characters.
    Raises `ValueError` for a format that does not say what was asked, or cannot be taken apart."""
    _check(tokens)
    chosen = _chosen(tokens)
    pieces, groups = list[bytes](), list[str]()
    for place, token in enumerate(tokens):
        if isinstance(token, bytes):
            pieces.append((pieces.pop() if pieces else b"") + re.escape(token))
            continue
        piece = token.shape or _up_to(tokens[place + 1 :], escaped, token)
        if place in chosen:
            groups.append(token.role)
            piece = b"(" + piece + b")"
        pieces.append(piece + token.rest)
    return RegexParser(name, pieces, groups, meaning)


def _check(tokens: Sequence[Token]) -> None:
    roles = {token.role for token in tokens if isinstance(token, Field)}
    if "time" not in roles:
        raise ValueError("the format logs no time, so requests cannot be paced")
    if "request" not in roles and not {"method", "target"} <= roles:
        raise ValueError(
            "the format logs neither a request line nor both method and target as they were sent"
        )


def _chosen(tokens: Sequence[Token]) -> set[int]:
    """The places of the fields to keep: of each role the one of the highest rank, and of those the first."""
    best: dict[str, tuple[int, int]] = {}
    for place, token in enumerate(tokens):
        if isinstance(token, Field) and token.role:
            best[token.role] = max(best.get(token.role, (-1, 0)), (token.rank, -place))
    if {"method", "target"} <= best.keys():
        best.pop("request", None)
    return {-place for _, place in best.values()}


def _up_to(rest: Sequence[Token], escaped: bool, field: Field) -> bytes:
    """The pattern of a field that ends where what follows begins."""
    if not rest:
        return rb".*+"
    follows = rest[0]
    if isinstance(follows, Field):
        return _up_to_field(field, follows)
    stop = b"[^" + re.escape(follows[:1]) + b"]*+"
    if escaped and follows[:1] == b'"':
        return rb'[^"\\]*+(?:\\.[^"\\]*+)*+'
    if not field.open or follows[:1] in b"\t":
        return stop
    return stop + b"(?>(?:(?!" + _begins(rest) + b")" + re.escape(follows[:1]) + stop + b"){0,%d})" % MOST


def _begins(rest: Sequence[Token]) -> bytes:
    """How the rest of a line begins: its literal text and the shape of the next field, if that has one."""
    literal, shape = rest[0], b""
    assert isinstance(literal, bytes)
    if len(rest) == 1:
        return re.escape(literal) + rb"\Z"
    if isinstance(rest[1], Field) and rest[1].shape:
        shape = (
            rest[1].shape
            + rest[1].rest
            + (re.escape(rest[2][:1]) if len(rest) > 2 and isinstance(rest[2], bytes) else b"")
        )
    return re.escape(literal) + shape


def _up_to_field(field: Field, follows: Field) -> bytes:
    """The pattern of a field that another follows without anything between."""
    if follows.role == "target":
        return rb'[^/ \t"]*+'
    if not field.role and not follows.role:
        return b""  # two that nobody needs are as good as one
    raise ValueError("two fields of the format have nothing between them, so they cannot be told apart")
