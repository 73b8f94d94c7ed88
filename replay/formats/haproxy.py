"""HAProxy's httplog, with or without a syslog prefix. Pure.

HAProxy cuts a line off at 1024 bytes if it is not told otherwise; what is left has no version at its end.
"""

from __future__ import annotations

import re
from typing import Final

from replay.formats import escapes, times
from replay.formats.assemble import HEADER, ROLES, Meaning, assembler, header_roles, shown, with_headers
from replay.formats.parser import MAX_LINE, TOO_LONG, LineParser, Options
from replay.formats.pattern import unmatched
from replay.model import BadLine, LogSkip, Parsed

_LINE: Final = re.compile(
    rb"([^ \[]+):\d++ "  # the client
    rb"\[([^\]]++)\] "  # when the request began
    rb"[^ ]++ [^ ]++ -?\d++/-?\d++/-?\d++/-?\d++/\+?(-?\d++) "  # frontend, backend/server, times in ms
    rb"(-?\d++) \+?\d++ [^ ]++ [^ ]++ [^ ]++ \d++/\d++/\d++/\d++/\+?\d++ \d++/\d++ "
    rb"(?:\{([^}]*+)\} )?(?:\{[^}]*+\} )?"  # captured headers of the request and of the answer
    rb'"(.*)\Z',
    re.DOTALL,
)
_LONGEST_PREFIX: Final = 512
"""Bytes that are searched for the end of a syslog prefix, so that a line is not searched again and again."""


class HaproxyParser(LineParser):
    """The times have no zone: `zone` says it. Headers are known only if captured: `captures` names them."""

    def __init__(self, options: Options) -> None:
        self.name = "haproxy"
        roles = ["host" if name.lower() == "host" else HEADER + name for name in options.captures]
        headers = header_roles(roles)
        clock = times.in_zone(times.clf, options.zone)
        meaning = Meaning(clock, unit=times.UNITS["ms"], undo=escapes.hashed)
        assemble = assembler(with_headers(meaning, headers))

        def parse(line: bytes) -> Parsed:
            if len(line) > MAX_LINE:
                return TOO_LONG
            found = _LINE.match(_without_prefix(line.rstrip(b"\r\n")))
            if found is None:
                return unmatched(line)
            client, time, took, status, captured, request = found.groups()
            if request[:8] == b"<BADREQ>":
                return BadLine(LogSkip.NOT_REPLAYABLE, "HAProxy refused the request: <BADREQ>")
            if request[-1:] != b'"' or b" HTTP/" not in request:
                return BadLine(LogSkip.MALFORMED, f"the line was cut off: {shown(request)}")
            values = dict.fromkeys((*ROLES, *headers))
            values.update(zip(roles, (captured or b"").split(b"|"), strict=False))
            values.update(
                time=time, request=request[:-1], client=client, status=status, seconds=_counted(took)
            )
            return assemble(*values.values())

        self.parse = parse


def _without_prefix(line: bytes) -> bytes:
    """The line from the client's address on: syslog may put `Nov 22 10:00:00 host haproxy[7]: ` before."""
    end = line.find(b"]: ", 0, _LONGEST_PREFIX)
    start = line.find(b"[")
    return line[end + 3 :] if 0 <= start < end and b"haproxy" in line[:start] else line


def _counted(milliseconds: bytes) -> bytes | None:
    """-1 stands for a time that was not reached."""
    return None if milliseconds[:1] == b"-" else milliseconds
