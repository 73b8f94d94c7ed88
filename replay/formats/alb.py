"""AWS application load balancers' logs: fields by place, new ones are appended at the end. Pure."""

from __future__ import annotations

import re
from typing import Final

from replay.formats import escapes, times
from replay.formats.assemble import AGENT, Meaning, assembler
from replay.formats.parser import MAX_LINE, TOO_LONG, LineParser
from replay.formats.pattern import MOST, unmatched
from replay.model import BadLine, LogSkip, Parsed

_ADDRESS: Final = rb"(\[[^\] ]*+\]|[^: ]++)(?::\d++)?"
# Its quotes are not escaped.
_AGENT: Final = rb'([^"]*+(?>(?:"(?! [^ ]++ [^ ]++ [^ ]++ ")[^"]*+){0,%d}))' % MOST
_TOOK: Final = rb"(-?\d++(?:\.\d++)?) "
_LINE: Final = re.compile(
    rb"([a-z0-9]++) [^ ]++ [^ ]++ " + _ADDRESS + rb" [^ ]++ " + _TOOK * 3 + rb"(\d++|-) [^ ]++ [^ ]++ [^ ]++ "
    rb'"([^ ]*+) ([^ ]*+) ([^ "]*+)" "'
    + _AGENT
    + rb'" [^ ]++ [^ ]++ [^ ]++ "[^"]*+" "[^"]*+" "[^"]*+" [^ ]++ '
    rb"(\d{4}-[^ ]++)(?: |\Z)"
)
_WEB_SOCKET: Final = BadLine(LogSkip.NOT_REPLAYABLE, "a WebSocket")


class AlbParser(LineParser):
    """A line has when the request came (request_creation_time), and when the answer had been sent."""

    def __init__(self) -> None:
        self.name = "alb"
        assemble = assembler(Meaning(times.iso, undo=escapes.nothing, headers=(AGENT,)))

        def parse(line: bytes) -> Parsed:
            if len(line) > MAX_LINE:
                return TOO_LONG
            found = _LINE.match(line.rstrip(b"\r\n"))
            if found is None:
                return unmatched(line)
            kind, client, *took, status, method, url, version, agent, start = found.groups()
            if kind in (b"ws", b"wss"):
                return _WEB_SOCKET
            request = b" ".join((method, url, version))
            # -1 stands for a part that there was not, because nothing was sent to the target
            whole = None if b"-1" in took else b"%.6f" % sum(float(part) for part in took)
            return assemble(start, request, None, None, None, None, status, None, whole, client, None, agent)

        self.parse = parse
