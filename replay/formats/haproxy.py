"""HAProxy's httplog. Pure.

HAProxy cuts a line off at 1024 bytes if it is not told otherwise; what is left has no version at its end.
"""

from __future__ import annotations

import re
from typing import Final

from replay.formats import escapes, times
from replay.formats.assemble import HEADER, ROLES, Meaning, assembler, header_roles, shown, with_headers
from replay.formats.parser import MAX_LINE, TOO_LONG, LineParser, Options
from replay.formats.pattern import bare_or_wrapped
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


class HaproxyParser(LineParser):
    """The times have no zone: `zone` says it. Headers are known only if captured: `captures` names them."""

    def __init__(self, options: Options) -> None:
        self.name = "haproxy"
        roles = ["host" if name.lower() == "host" else HEADER + name for name in options.captures]
        headers = header_roles(roles)
        clock = times.in_zone(times.clf, options.zone)
        meaning = Meaning(clock, unit=times.UNITS["ms"], undo=escapes.hashed)
        assemble = assembler(with_headers(meaning, headers))

        def read(line: bytes) -> Parsed | None:
            if len(line) > MAX_LINE:
                return TOO_LONG
            found = _LINE.match(line)
            if found is None:
                return None
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

        self.parse = bare_or_wrapped(read)


def _counted(milliseconds: bytes) -> bytes | None:
    """-1 stands for a time that was not reached."""
    return None if milliseconds[:1] == b"-" else milliseconds
