"""Logs of one JSON object a line, whatever its keys are called. Pure.

nginx writes bytes of any charset raw into its JSON, so a line that is no UTF-8 is read as Latin-1, which
keeps every byte; Go programs (Caddy, Traefik) put U+FFFD in place of such bytes, and the target is lost.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from replay.formats import escapes, times
from replay.formats.assemble import ROLES, Field, Meaning, assembler, header_roles, with_headers
from replay.formats.fieldmap import Source, field_map
from replay.formats.parser import MAX_LINE, TOO_LONG, LineParser, Options
from replay.formats.pattern import bare_or_wrapped
from replay.model import BadLine, LogSkip, Parsed

GENERIC: Final = {
    "time": "time time_local time_iso8601 timestamp ts start_time msec @timestamp",
    "request": "request req request_line",
    "method": "method request_method",
    "target": "request_uri path uri url",
    "query": "args query_string",
    "host": "http_host authority vhost host",
    "status": "status response_code",
    "size": "body_bytes_sent size bytes_sent",
    "seconds": "request_time reqtime duration/ms",
    "client": "remote_addr client_ip remote_ip",
    "user": "remote_user user",
    "header:Referer": "http_referer referer",
    "header:X-Forwarded-For": "http_x_forwarded_for x_forwarded_for forwardedfor",
    "header:User-Agent": "http_user_agent user_agent ua",
}
"""What such keys are mostly called: nginx's variables, LTSV's labels, Istio's keys."""

ENVOY: Final = {
    "time": "start_time",
    "method": "method",
    "target": "x_envoy_original_path path",
    "host": "authority",
    "status": "response_code",
    "size": "bytes_sent",
    "seconds": "duration/ms",
    "client": "downstream_remote_address",
    "header:X-Forwarded-For": "x_forwarded_for",
    "header:User-Agent": "user_agent",
}

TRAEFIK: Final = {
    "time": "StartUTC StartLocal",
    "method": "RequestMethod",
    "target": "RequestPath",
    "host": "RequestAddr RequestHost",
    "status": "DownstreamStatus",
    "size": "DownstreamContentSize",
    "seconds": "Duration/ns",
    "client": "ClientHost",
    "user": "ClientUsername",
    "header:Referer": "request_Referer",
    "header:X-Forwarded-For": "request_X-Forwarded-For",
    "header:User-Agent": "request_User-Agent",
}

CADDY: Final = {
    "time": "ts",
    "method": "request.method",
    "target": "request.uri",
    "host": "request.host",
    "status": "status",
    "size": "size",
    "seconds": "duration",
    "client": "request.client_ip request.remote_ip",
    "user": "user_id",
    **{
        f"header:{name}": f"request.headers.{name}"
        for name in (
            "Accept",
            "Accept-Language",
            "Accept-Encoding",
            "Content-Type",
            "Referer",
            "X-Requested-With",
            "X-Forwarded-For",
            "If-None-Match",
            "If-Modified-Since",
            "Range",
            "Origin",
            "User-Agent",
        )
    },
}
"""Cookie and Authorization stand in the log as REDACTED, so they are left out."""

GOOGLE: Final = {
    "time": "timestamp",
    "method": "httpRequest.requestMethod",
    "target": "httpRequest.requestUrl",
    "status": "httpRequest.status",
    "seconds": "httpRequest.latency",
    "client": "httpRequest.remoteIp",
    "header:Referer": "httpRequest.referer",
    "header:User-Agent": "httpRequest.userAgent",
}


class JsonParser(LineParser):
    """Reads one object a line by a map of fields."""

    def __init__(self, name: str, defaults: dict[str, str], at_end: bool, options: Options) -> None:
        """`at_end`: the time is the answer's end."""
        self.name = name
        fields = field_map(defaults, options.fields)
        headers = header_roles(fields)
        wanted = [(role, fields.get(role, ())) for role in (*ROLES, *headers)]
        meaning = Meaning(times.any_in(options.zone), at_end, undo=escapes.nothing, replaces=True)
        assemble = assembler(with_headers(meaning, headers))

        def read(line: bytes) -> Parsed | None:
            if len(line) > MAX_LINE:
                return TOO_LONG
            entry, charset = load(line)
            if not isinstance(entry, dict):
                return None
            skip = _cached(entry)
            if skip:
                return skip
            try:
                values = [_value(entry, role, sources, charset) for role, sources in wanted]
            except (ValueError, OverflowError):
                return BadLine(LogSkip.MALFORMED, "values of unusable types")
            if values[_METHOD] and values[_TARGET]:
                values[_REQUEST] = None
            elif values[_REQUEST] is None and "log" in entry:
                return None  # Docker's: what is asked stands in there
            return assemble(*values)

        self.parse = bare_or_wrapped(read)


_REQUEST, _METHOD, _TARGET = (ROLES.index(role) for role in ("request", "method", "target"))


def load(line: bytes) -> tuple[Any, str]:
    """What a JSON text holds and the charset of its bytes, or None. Never raises."""
    try:
        return msgspec.json.decode(line), "utf-8"
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    except RecursionError:
        return None, ""
    try:
        return msgspec.json.decode(line.decode("latin-1")), "latin-1"
    except (msgspec.MsgspecError, RecursionError):
        return None, ""


def _cached(entry: dict[str, Any]) -> BadLine | None:
    """Google's load balancer answers from its cache; legacy has never seen such a request."""
    http = entry.get("httpRequest")
    if isinstance(http, dict) and http.get("cacheHit") and not http.get("cacheValidatedWithOriginServer"):
        return BadLine(LogSkip.NOT_REPLAYABLE, "a cache hit")
    return None


def _value(entry: dict[str, Any], role: str, sources: tuple[Source, ...], charset: str) -> Field:
    """The value of a role as bytes. Raises `ValueError` for what cannot be one."""
    for source in sources:
        value = _dig(entry, source.label)
        if value is None or value == "":
            continue
        if role == "seconds":
            return b"%.9f" % (_seconds(value) * times.UNITS[source.unit])
        if isinstance(value, str):
            return value.encode(charset)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        return repr(value).encode()
    return None


def _dig(entry: dict[str, Any], path: str) -> Any:
    """What stands at `a.b.c`: a key may itself have dots, and of a list the first counts."""
    value: Any = entry.get(path)
    if value is None and "." in path:
        value = entry
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
    return value[0] if isinstance(value, list) and value else value


def _seconds(value: object) -> float:
    """A number, `"0.012"`, or Google's `"0.012s"`."""
    if isinstance(value, str):
        return times.duration(value.removesuffix("s").encode())
    if isinstance(value, int | float):
        return float(value)
    raise ValueError
