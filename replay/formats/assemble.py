"""From the raw fields of a line to a `LoggedRequest`, or to what is wrong with them. Pure.

The one place that decides whether a request can be asked again as it was: a target that another
request could hide in, that the log holds decoded or with characters replaced, or that is none, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, TypeAlias

from replay.formats import escapes
from replay.formats.times import ReadTime, duration
from replay.model import BadLine, LoggedRequest, LogSkip, Parsed
from shadow.grammar import TCHAR
from shadow.model import Headers

ROLES: Final = (
    "time", "request", "method", "target", "query", "host", "status", "size", "seconds", "client", "user",
)  # fmt: skip
"""What a field can say. `request` is a whole request line. `target` may be an absolute URL; where it is
without its query, `query` is a field of its own. Beside these a field may be a header."""

HEADER: Final = "header:"
"""What a role begins with that is a header: `header:Referer`."""

Field: TypeAlias = bytes | None
Assemble: TypeAlias = Callable[..., Parsed]
"""Takes a `Field` for each of `ROLES`, then one for each header."""


class Meaning(NamedTuple):
    """How the fields of a format are read."""

    time: ReadTime
    at_end: bool = False  # the time is that of the answer's end
    unit: float = 1.0  # of durations, in seconds
    undo: escapes.Undo = escapes.text  # in the target, the user and the host
    undo_header: escapes.Undo | None = None  # where headers are escaped in another way
    headers: tuple[bytes, ...] = ()  # names of the header fields, User-Agent last
    decoded: bool = False  # the log holds the path with its %-escapes decoded
    replaces: bool = False  # its writer may have put U+FFFD in place of bytes that are no UTF-8
    limit: int = 0  # the log cuts targets off at so many bytes


AGENT: Final = b"User-Agent"
REPLACED: Final = "\N{REPLACEMENT CHARACTER}".encode()
_PLAIN: Final = re.compile(rb"/[!-~]*+\Z").match
_SOUND: Final = re.compile(rb"(?:/[^\x00-\x20\x7f]*+|\*)\Z").match
_ABSOLUTE: Final = re.compile(
    rb"(https?|wss?)://([^/?#\x00-\x20\x7f]++)([^\x00-\x20\x7f]*+)\Z", re.IGNORECASE
).match
_TOKEN: Final = re.compile(TCHAR.encode() + rb"++\Z").match
_DECODED: Final = re.compile(rb"[^A-Za-z0-9/._~!$&'()*,;=:@-]").search
_UNSENDABLE: Final = re.compile(rb"[\x00\r\n]").search
_METHODS: Final = frozenset(b"GET HEAD POST PUT DELETE PATCH OPTIONS".split())
_VERSIONS: Final = (b"HTTP/1.1", b"HTTP/2.0", b"HTTP/1.0", b"HTTP/2", b"HTTP/3.0", b"HTTP/3")
_STATUS: Final = {b"%d" % status: status for status in range(100, 1000)}
_NONE: Final = (b"-", b"", None)
_PROBES: Final = (b"kube-probe/", b"ELB-HealthChecker/", b"GoogleHC/", b"Amazon-Route53-Health-Check-Service")
_DEFAULT_PORTS: Final = {b"http": b":80", b"ws": b":80", b"https": b":443", b"wss": b":443"}
_LATEST: Final = 253402300800.0  # the year 10000: no log is of later
_new: Final = tuple.__new__
"""Makes a `LoggedRequest` of all its fields in half the time of calling it."""


def assembler(meaning: Meaning) -> Assemble:
    """The function that reads the fields of one format, whatever they hold."""
    read_time, at_end, unit, undo, undo_header, names, decoded, replaces, limit = meaning
    undo_header = undo_header or undo

    def assemble(
        time: Field, request: Field, method: Field, target: Field, query: Field, host: Field, status: Field,
        size: Field, seconds: Field, client: Field, user: Field, *values: Field,
    ) -> Parsed:  # fmt: skip
        try:
            if target is None or method is None:
                (method, target), query = _split(request), None
            target = undo(_whole(target, query, decoded, limit))
            if replaces and REPLACED in target:
                return lossy(target)
            if not _PLAIN(target) or method not in _METHODS:
                host, target = _look_closer(method, target, host)
            took = None if not seconds or seconds == b"-" else duration(seconds) * unit
            if took is not None and not 0 <= took < _LATEST:
                took = None  # nobody has waited so long
            at = read_time(time or b"") - (took or 0 if at_end else 0)
            if not 0 <= at < _LATEST:  # also not a number
                return BadLine(LogSkip.MALFORMED, "not a time")
            return LoggedRequest(
                method,
                target,
                at,
                _value(host, undo),
                _headers(names, values, undo_header),
                b"",
                _STATUS.get(status) if status else None,
                int(size) if size and size.isdigit() else None,
                took,
                client if client not in _NONE else None,
                _value(user, undo),
            )
        except Refused as refused:
            return refused.line
        except (ValueError, OverflowError) as error:
            return BadLine(LogSkip.MALFORMED, str(error)[:80])

    return assemble


def quick_assembler(meaning: Meaning) -> Assemble:
    """The same at half the cost, for lines without backslash, CR and NUL. Whatever else is unusual, it leaves
    to the careful one."""
    read_time, at_end, unit, _, _, names, decoded, replaces, limit = meaning
    careful = assembler(meaning)
    late = unit if at_end else 0.0
    if decoded or replaces or limit:
        return careful

    def assemble(
        time: Any, request: Any, method: Any, target: Any, query: Any, host: Any, status: Any,
        size: Any, seconds: Any, client: Any, user: Any, *values: Any,
    ) -> Parsed:  # fmt: skip
        # Any stands for Field: a None in the wrong place raises TypeError, which is what makes it quick
        try:
            way, asked = method, target
            if request is not None:
                way, asked, version = request.split(b" ")
                way = way if version in _VERSIONS else None
            if (
                way in _METHODS
                and _PLAIN(asked)
                and query is None
                and not (values and values[-1].startswith(_PROBES))
            ):
                took = None if seconds is None else float(seconds)
                at = read_time(time) - (took * late if took else 0)
                if 0 <= at < _LATEST:
                    return _new(LoggedRequest, (
                        way,
                        asked,
                        at,
                        host if host not in _NONE else None,
                        tuple([pair for pair in zip(names, values) if pair[1] not in _NONE]),  # noqa: B905 - strict costs 0.2 µs
                        b"",
                        _STATUS.get(status),
                        int(size) if size else None,
                        took * unit if took else took,
                        client if client not in _NONE else None,
                        user if user not in _NONE else None,
                    ))  # fmt: skip
        except (ValueError, TypeError):
            pass  # a field is missing, or not what it mostly is
        return careful(
            time, request, method, target, query, host, status, size, seconds, client, user, *values
        )

    return assemble


def header_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """Those of `roles` that are headers, each once, the user agent last."""
    headers = dict.fromkeys(role for role in roles if role.startswith(HEADER))
    return tuple(sorted(headers, key=lambda role: role.lower() == HEADER + "user-agent"))


def with_headers(meaning: Meaning, headers: Iterable[str]) -> Meaning:
    """`meaning` for a format that has these header roles."""
    return meaning._replace(headers=tuple(role.removeprefix(HEADER).encode("latin-1") for role in headers))


class Refused(Exception):
    """Carries out of a helper why a line gives no request; it never leaves this package."""

    def __init__(self, reason: LogSkip, detail: str) -> None:
        self.line = BadLine(reason, detail)


def _split(request: Field) -> tuple[bytes, bytes]:
    if request is None:
        raise Refused(LogSkip.NOT_REPLAYABLE, "no request in this line")
    words = request.split(b" ")
    if len(words) == 3 and words[2][:5] == b"HTTP/":
        return words[0], words[1]
    if len(words) > 3 and words[-1][:5] == b"HTTP/":
        raise Refused(LogSkip.NOT_REPLAYABLE, f"a space in the target: {shown(request)}")
    raise Refused(LogSkip.NOT_REPLAYABLE, f"not a request line: {shown(request)}")


def _whole(target: bytes, query: Field, decoded: bool, limit: int) -> bytes:
    """The target with its query, if the log still has all of it."""
    if decoded and _DECODED(target):
        # such a byte was written as %XX by the client, or the log would show something else
        raise Refused(LogSkip.LOSSY, f"the log holds the decoded path: {shown(target)}")
    if limit and len(target) >= limit:
        raise Refused(LogSkip.LOSSY, f"the log cuts targets off at {limit} bytes")
    if query in _NONE or b"?" in target:  # nginx's $request_uri has it, its $uri has not
        return target
    return target + (query if query[:1] == b"?" else b"?" + query)


def _look_closer(method: bytes, target: bytes, host: Field) -> tuple[Field, bytes]:
    """A target that is not plainly a path, or a method that is not a usual one."""
    if not _TOKEN(method) or method == b"-":
        raise Refused(LogSkip.NOT_REPLAYABLE, f"not a method: {shown(method)}")
    if _SOUND(target):
        return host, target
    found = _ABSOLUTE(target)
    if found is None:
        raise Refused(LogSkip.NOT_REPLAYABLE, f"not a target: {shown(target)}")
    scheme, authority, rest = found.groups()
    authority = authority.rpartition(b"@")[2].removesuffix(_DEFAULT_PORTS[scheme.lower()])
    rest = rest.partition(b"#")[0]
    # RFC 9112 3.2.2: of an absolute-form target and a Host field the target counts
    return authority, rest if rest[:1] == b"/" else b"/" + rest


def _value(value: Field, undo: escapes.Undo) -> Field:
    if value in _NONE:
        return None
    value = undo(value)
    if _UNSENDABLE(value):
        raise Refused(LogSkip.NOT_REPLAYABLE, f"a line break in a value: {shown(value)}")
    return value


def _headers(names: tuple[bytes, ...], values: tuple[Field, ...], undo: escapes.Undo) -> Headers:
    pairs = [(name, _value(value, undo)) for name, value in zip(names, values, strict=True)]
    headers = tuple((name, value) for name, value in pairs if value)
    if any(name == AGENT and _is_probe(value) for name, value in headers):
        raise Refused(LogSkip.NOT_REPLAYABLE, "a health check")
    return headers


def _is_probe(agent: Field) -> bool:
    return agent is not None and agent.startswith(_PROBES)


def lossy(target: bytes) -> BadLine:
    """Nobody knows which bytes the target had."""
    return BadLine(LogSkip.LOSSY, f"the log replaced characters by U+FFFD: {shown(target)}")


def shown(value: bytes) -> str:
    """A value as an example for people: short, printable."""
    text = value[:60].decode("ascii", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text) + (
        "…" if len(value) > 60 else ""
    )
