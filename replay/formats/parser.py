"""What every parser of a log offers, and what can be said to it. Pure.

A log is cut into records by its reader as `framing` says. Most formats have lines (`LineParser`, one
request or one bad line each); a HAR file is one document with many requests, a .gor file has records of
which two make one request with its answer (`RecordParser`).
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final, NamedTuple, TypeAlias

from replay.model import BadLine, LogSkip, Parsed

MAX_LINE: Final = 1 << 20
"""Bytes. No front server takes a request head of more than some tens of KiB; a reader need not keep more
of a line than this and one byte."""

MAX_DOCUMENT: Final = 1 << 30
"""Bytes of a HAR file, which is held in memory as a whole."""

TOO_LONG: Final = BadLine(LogSkip.MALFORMED, f"longer than {MAX_LINE} bytes")
EMPTY: Final = BadLine(LogSkip.NOT_REPLAYABLE, "an empty line")


class Framing(enum.StrEnum):
    """How a log is cut into records."""

    LINES = "lines"  # at every LF
    GOR = "gor"  # at every `gor.SEPARATOR`
    DOCUMENT = "document"  # not at all: a file is one record


class Options(NamedTuple):
    """What a user may say about a log beyond the name of its format. The defaults suit its usual writer."""

    fields: Mapping[str, str] = {}
    """LTSV and JSON: which label (in JSON: path, `request.uri`) holds a role, with the unit of a duration
    after a slash: `{"target": "path", "seconds": "apptime/us"}`. Roles are `assemble.ROLES` and
    `header:NAME`. Units are s, ms, us, ns."""
    zone: str = "+0000"  # of times written without one
    captures: tuple[str, ...] = ()  # names of the request headers that HAProxy captures, in order


class LineParser(ABC):
    """Reads a log in which every line is a request. Formats that announce their fields in mid-file have
    state: use one parser for a file, and give it its lines in order."""

    framing: ClassVar[Framing] = Framing.LINES
    name: str
    header: bytes = b""
    """The line that announced the fields now in force: to go on in mid-file, a parser is given it first."""
    parse: Callable[[bytes], Parsed]
    """Takes a line with or without its line end. Never raises; time and memory are linear in the line."""


class RecordParser(ABC):
    """Reads a log whose records are not lines. Has state: one parser for a file."""

    framing: ClassVar[Framing]
    name: str

    @abstractmethod
    def entries(self, record: bytes) -> Iterator[Parsed]:
        """What can be told after this record: nothing, one or many requests. Never raises."""

    def finish(self) -> Iterator[Parsed]:
        """After the last record: requests whose answer has not come."""
        return iter(())


Parser: TypeAlias = LineParser | RecordParser
