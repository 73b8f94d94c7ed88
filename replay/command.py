"""From flags to a plan. Whatever is wrong with them is told at once, a line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from replay import filters, pace, request, shard
from replay.choice import Formats
from replay.formats import times
from replay.formats.fieldmap import field_map
from replay.formats.parser import Options
from replay.pace import Pace
from replay.plan import Plan
from shadow.config.load import Loaded, config_hash
from shadow.model import Headers
from shadow.record.mask import TOKEN

T = TypeVar("T")


class _Flags:
    """Reads flags, and notes what is wrong with them."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self.problems: list[str] = []

    def read(self, name: str, reading: Callable[[Any], T], default: T) -> T:
        """The value of one flag; `default` where it is not given, or wrong."""
        value = self._given.get(name)
        if value is None or value == ():
            return default
        try:
            return reading(value)
        except ValueError as error:
            flag = "field" if name == "fields" else name
            self.problems.append(f"--{flag}: {error}")
            return default


def plan(loaded: Loaded, logs: tuple[str, ...], given: Mapping[str, Any], environ: Mapping[str, str]) -> Plan:
    """The plan of a replay. `given` has the flags by their names. Raises ValueError with a line for each
    problem."""
    flags = _Flags(given)
    if given["speed"] and given["rate"]:
        flags.problems.append("--speed and --rate: give one of them")
    options = Options(
        fields=flags.read("fields", _fields, {}),
        zone=flags.read("zone", _zone, "+0000"),
        captures=flags.read("captures", _captures, ()),
    )
    made = Plan(
        config=loaded.config,
        config_hash=config_hash(loaded.config),
        logs=logs,
        format=flags.read("format", lambda name: _format(name, options), "auto"),
        options=options,
        pace=_pace(flags),
        filters=_filters(flags),
        shard=_shard(flags, environ),
        headers=_headers(flags),
        amplify=given["amplify"],
        against_log=given["against_log"],
        follow=given["follow"],
        resume=given["resume"],
    )
    if flags.problems:
        raise ValueError("\n".join(flags.problems))
    return made


def _format(name: str, options: Options) -> str:
    Formats(name, options)
    return name


def _fields(pairs: Iterable[str]) -> dict[str, str]:
    found = dict(pair.partition("=")[::2] for pair in pairs)
    if not all(found.values()):
        raise ValueError("write ROLE=LABEL, such as target=path or seconds=apptime/us")
    field_map({}, found)
    return found


def _zone(text: str) -> str:
    times.zone_of(text)
    return text


def _captures(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    wrong = next((name for name in names if not TOKEN.fullmatch(name)), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is no name of a header; write them in order, such as host,user-agent")
    return names


def _pace(flags: _Flags) -> Pace:
    recorded: Pace = pace.Recorded(1.0)
    return flags.read("rate", pace.rate, None) or flags.read("speed", pace.speed, recorded)


def _filters(flags: _Flags) -> filters.Filters:
    made = filters.Filters(
        flags.read("host", filters.hosts, None),
        flags.read("path", filters.paths, None),
        flags.read("method", filters.methods, filters.SAFE),
        flags.read("status", filters.statuses, ()),
        flags.read("since", filters.moment, 0.0),
        flags.read("until", filters.moment, float("inf")),
    )
    if made.since >= made.until:
        flags.problems.append("--since and --until: there is no time between them")
    return made


def _shard(flags: _Flags, environ: Mapping[str, str]) -> shard.Shard:
    given = flags.read("shard", shard.shard, None)
    if given is not None:
        return given
    try:
        return shard.from_environment(environ)
    except ValueError as error:
        flags.problems.append(str(error))
        return shard.Shard()


def _cookies(texts: Iterable[str]) -> tuple[bytes, bytes]:
    return request.header(f"Cookie: {'; '.join(map(request.cookie, texts))}")


def _headers(flags: _Flags) -> Headers:
    none: Headers = ()
    headers = flags.read("header", lambda texts: tuple(map(request.header, texts)), none)
    cookies = flags.read("cookie", _cookies, None)
    return (*headers, cookies) if cookies else headers
