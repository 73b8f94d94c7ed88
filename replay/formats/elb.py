"""Logs of AWS's load balancers, application and classic: fields by place. Pure."""

from __future__ import annotations

import re
from typing import Final

from replay.formats import escapes, times
from replay.formats.assemble import AGENT, Meaning, assembler
from replay.formats.parser import MAX_LINE, TOO_LONG, LineParser
from replay.formats.pattern import MOST, unmatched
from replay.model import BadLine, LogSkip, Parsed

_CLIENT: Final = rb"(?P<client>\[[^\] ]*+\]|[^: ]++)(?::\d++)? "
_NUMBER: Final = rb"-?\d++(?:\.\d++)?"
_TOOK: Final = rb"(?P<took>%b %b %b) (?P<status>\d++|-) " % (_NUMBER, _NUMBER, _NUMBER)
_REQUEST: Final = rb'"(?P<request>[^ ]*+ [^ ]*+ [^ "]*+) ?" '  # of a TCP connection "- - - "


def _agent(end: bytes) -> bytes:
    """The pattern of a user agent, whose quotes are not escaped, and of `end` behind it."""
    return rb'"(?P<agent>[^"]*+(?>(?:"(?!%b)[^"]*+){0,%d}))"%b' % (end, MOST, end)


_ALB: Final = re.compile(
    rb"(?P<kind>[a-z0-9]++) [^ ]++ [^ ]++ " + _CLIENT + rb"[^ ]++ " + _TOOK + rb"[^ ]++ [^ ]++ [^ ]++ "
    + _REQUEST + _agent(rb' [^ ]++ [^ ]++ [^ ]++ "')
    + rb'[^"]*+" "[^"]*+" "[^"]*+" [^ ]++ (?P<start>\d{4}-[^ ]++)(?: |\Z)'
)  # fmt: skip
_CLASSIC: Final = re.compile(
    rb"(?P<start>\d{4}-[^ ]++) [^ ]++ " + _CLIENT + rb"[^ ]++ " + _TOOK + rb"[^ ]++ \d++ (?P<size>\d++) "
    + _REQUEST + _agent(rb" [^ ]++ [^ ]++\Z")
)  # fmt: skip
_WEB_SOCKET: Final = BadLine(LogSkip.NOT_REPLAYABLE, "a WebSocket")


class ElbParser(LineParser):
    """Reads lines of one pattern. They tell when the request came."""

    def __init__(self, name: str, pattern: re.Pattern[bytes]) -> None:
        self.name = name
        assemble = assembler(Meaning(times.iso, undo=escapes.nothing, headers=(AGENT,)))

        def parse(line: bytes) -> Parsed:
            if len(line) > MAX_LINE:
                return TOO_LONG
            found = pattern.match(line.rstrip(b"\r\n"))
            if found is None:
                return unmatched(line)
            said = found.groupdict()
            if said.get("kind") in (b"ws", b"wss"):
                return _WEB_SOCKET
            took = said["took"].split(b" ")
            # -1 stands for a part that there was not, because nothing was sent to the target
            whole = None if b"-1" in took else b"%.6f" % sum(map(float, took))
            return assemble(
                said["start"], said["request"], None, None, None, None, said["status"], said.get("size"),
                whole, said["client"], None, said["agent"],
            )  # fmt: skip

        self.parse = parse


def application() -> ElbParser:
    """New fields are appended at the end. The answer's size counts its head too."""
    return ElbParser("alb", _ALB)


def classic() -> ElbParser:
    """The fields are as they are for good, and the answer's size is that of its body."""
    return ElbParser("elb", _CLASSIC)
