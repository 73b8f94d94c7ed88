"""Which format is this? Tries every preset over the first lines of a log. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median_high
from typing import Final, NamedTuple

from replay.formats.assemble import shown
from replay.formats.gor import SEPARATOR
from replay.formats.jsonlines import JsonParser, load
from replay.formats.parser import LineParser, Options, Parser
from replay.formats.pattern import RegexParser
from replay.formats.registry import (
    APACHE_COMBINED,
    APACHE_COMMON,
    COMBINED,
    COMMON,
    DEFAULTS,
    LIGHTTPD,
    PRESETS,
    parser,
)
from replay.formats.wrapped import unwrapped
from replay.model import BadLine, LoggedRequest, LogSkip

LINES: Final = 100
"""So many lines are enough to tell: give `detect` that many, or all of a shorter log."""

_ENOUGH: Final = 0.8  # of the lines; some may be torn
_SHARED: Final = 0.5  # where others write as well: a container first tells how it starts
_GOR: Final = re.compile(rb"[123] [0-9A-Za-z]{1,64} \d{1,20}(?=[ \r\n]|\Z)")
_HAR: Final = re.compile(rb'\s*\{\s*"log"\s*:\s*\{')
_SHOWN: Final = 40  # bytes of a line before the place where it does not fit
_LONG: Final = 60.0  # seconds; proxies do not wait so long, and half of all requests never take it
_EDGE: Final = b"x-edge-"  # fields of CloudFront's
_MAIN: Final = "main"
_WITH_HOST: Final = frozenset(("nginx-proxy", "host-combined", "host-common", "lighttpd"))
_HOST_NAME: Final = re.compile(rb"[0-9._-]*+[A-Za-z][A-Za-z0-9._-]*+(?::\d{1,5})?")
_OF_ADDRESSES: Final = b"0123456789ABCDEFabcdef.:[], "


class Detected(NamedTuple):
    """A preset that fits."""

    name: str
    parser: Parser  # fresh: none of the lines was given to it
    why: str  # a sentence


class Undetected(NamedTuple):
    """None fits."""

    why: str  # a sentence that names the nearest preset and says what to do


class _Score(NamedTuple):
    fit: int
    replayable: int
    first_misfit: str
    took: float  # seconds, what is said of half of them

    @property
    def rank(self) -> tuple[int, bool]:
        """More requests are not better: who undoes no escapes takes an escaped line break for a target."""
        return self.fit, self.replayable > 0


def detect(first_lines: Sequence[bytes], options: Options = DEFAULTS) -> Detected | Undetected:
    """The preset that most of `first_lines` fit; of several equal ones that which says most."""
    lines = [line for line in first_lines[:LINES] if line.strip()]
    if not lines:
        return Undetected("The log is empty: say with --format what it will be.")
    whole = _by_beginning(b"\n".join(line.rstrip(b"\r\n") for line in lines))
    if whole:
        name, why = whole
        return Detected(name, parser(name, options), why)
    scores = {name: _score(made, lines) for name, made in _line_parsers(options)}
    name = max(scores, key=lambda name: scores[name].rank)
    best = scores[name]
    # A line of JSON may be of anybody. One of another format is known as such, though it be a cache hit.
    is_known = best.replayable or not isinstance(parser(name, options), JsonParser)
    is_shared = all(unwrapped(line) is not None for line in lines)
    if best.fit < len(lines) * (_SHARED if is_shared else _ENOUGH) or not is_known:
        unnamed = None if best.replayable else _unnamed(lines[0])
        return unnamed or _more_than(lines) or _undetected(name, best, lines)
    also = [other for other, score in scores.items() if other != name and score.rank == best.rank]
    why = f"{name}: {best.fit} of the first {len(lines)} lines fit, {best.replayable} of them hold a request"
    why += f"; {' and '.join(also)} would fit as well, and say no more." if also else "."
    if best.took > _LONG:
        why += (
            f" Half of them took {best.took:,.0f} s or more: if the unit is another, --field tells it of a "
        )
        why += "label, as seconds=apptime/us, and the format string of any other."
    return Detected(name, parser(name, options), why)


def misfit(given: Parser, first_lines: Sequence[bytes]) -> str | None:
    """Where the first of these lines leaves the format, if all do."""
    lines = [line.rstrip(b"\r\n") for line in first_lines[:LINES] if line.strip()]
    if not lines or not isinstance(given, LineParser):
        return None
    score = _score(given, lines)
    if score.fit or score.replayable:
        return None
    where = ""
    line, end = lines[0], 0
    if isinstance(given, RegexParser):
        fitting = {one: given.fitting(one) for one in (line, unwrapped(line) or line)}
        line, end = min(fitting.items(), key=lambda found: len(found[0]) - found[1])
    if end:
        fits, rest = shown(line[max(0, end - _SHOWN) : end]), shown(line[end:])
        where = f"the first fits up to '{fits}', and not " + (f"at '{rest}'; " if rest else "further; ")
    return (
        f"none of the first {len(lines)} lines is of this format; {where}"
        "without --format they tell which it is, and --formats lists the names"
    )


def _by_beginning(text: bytes) -> tuple[str, str] | None:
    """Formats that are no lines, by how they begin."""
    if _HAR.match(text.removeprefix(b"\xef\xbb\xbf")):
        return "har", "har: it begins with the object `log` of an HTTP archive."
    if _GOR.match(text):
        marks = (
            "and has its separators" if SEPARATOR.strip() in text else "though its separator is not yet seen"
        )
        return "gor", f"gor: it begins with the head of a GoReplay record, {marks}."
    return None


def _line_parsers(options: Options) -> list[tuple[str, LineParser]]:
    made = [(name, preset.make(options)) for name, preset in PRESETS.items()]
    return [(name, one) for name, one in made if isinstance(one, LineParser)]


def _score(one: LineParser, lines: Sequence[bytes]) -> _Score:
    """A line fits if it is one of the format, even where its request cannot be asked again."""
    fit = replayable = directives = 0
    first_misfit = ""
    took = [0.0]
    for line in lines:
        parsed = one.parse(line)
        if line.startswith(b"#"):
            directives += 1
        elif not isinstance(parsed, BadLine):
            replayable += 1
            took.append(parsed.seconds or 0.0)
            if _is_of(one.name, parsed):
                fit += 1
            else:
                first_misfit = first_misfit or f"something else is in a field: {shown(line)}"
        elif parsed.reason is not LogSkip.MALFORMED:
            fit += 1
        else:
            first_misfit = first_misfit or f"{parsed.detail}: {shown(line)}"
    of_this = fit or (one.header and (_EDGE in one.header) == (one.name == "cloudfront"))
    return _Score(fit + (directives if of_this else 0), replayable, first_misfit, median_high(took))


def _is_of(name: str, request: LoggedRequest) -> bool:
    """Whether the fields of a line hold what they do in this format: another one may look the same."""
    if request.user and b" -" in request.user:  # a field that is empty: there are more than were told apart
        return False
    if name in _WITH_HOST:  # an address there is the client's mostly, and would be sent as the host
        return request.host is None or bool(_HOST_NAME.fullmatch(request.host))
    return name != _MAIN or _is_main(request)


def _is_main(request: LoggedRequest) -> bool:
    """Whether what is quoted behind the agent are addresses: a time, say, is of another format, and would be
    sent as the client's address."""
    said = next((value for name, value in request.headers if name == b"X-Forwarded-For"), b"unknown")
    dots = said.count(b".") + said.count(b":")
    return said == b"unknown" or (dots > 1 and not said.translate(None, _OF_ADDRESSES))


_BEGINNINGS: Final = (
    ("combined", COMBINED, APACHE_COMBINED),
    ("common", COMMON, APACHE_COMMON),
    ("lighttpd", COMBINED.replace(" - ", " $host "), LIGHTTPD),
    ("host-combined", "$host " + COMBINED, "%v " + APACHE_COMBINED),
)


def _more_than(lines: Sequence[bytes]) -> Undetected | None:
    """What to say of lines that begin as those of a preset, and go on."""
    for name, nginx, apache in _BEGINNINGS:
        reader = parser(f"{nginx} $http_rest")
        assert isinstance(reader, LineParser)
        parsed = [
            one for one in map(reader.parse, lines) if isinstance(one, LoggedRequest) and _is_of(name, one)
        ]
        rests = [value for one in parsed for header, value in one.headers if header == b"Rest"]
        if len(rests) >= len(lines) * _ENOUGH:
            seen = (
                f"{len(rests)} of the first {len(lines)} lines begin as {name} and go on: {shown(rests[0])}"
            )
            if all(map(bytes.isdigit, rests)):
                todo = (
                    f"If that is a time, no line tells its unit: say --format '{apache} %D' of microseconds, "
                    "with %{ms}T instead of milliseconds, with %T of seconds."
                )
            else:
                todo = f"Say with --format what is written: '{nginx} …' by nginx, '{apache} …' by Apache."
            return Undetected(f"No known format fits. {seen}. {todo}")
    return None


def _unnamed(line: bytes) -> Undetected | None:
    """What to say of lines whose fields have names, but none that is known."""
    line = unwrapped(line) or line
    found, _ = load(line)
    fields = [field.partition(b":") for field in line.rstrip(b"\r\n").split(b"\t")]
    if isinstance(found, dict):
        kind, names = "json", list(found)
    elif len(fields) > 1 and all(colon for _, colon, _ in fields):
        kind, names = "ltsv", [name.decode("latin-1") for name, _, _ in fields]
    else:
        return None
    told = shown(", ".join(names).encode())
    return Undetected(
        f"No known format tells what of {told} is the time and what the request: say --format {kind} "
        "--field time=… --field request=…, or method=… and target=… instead of a request line."
    )


def _undetected(name: str, best: _Score, lines: Sequence[bytes]) -> Undetected:
    todo = (
        "say with --format which it is, of those that --formats lists, or give the server's format string, "
        """such as '$host $remote_addr [$time_local] "$request" $status' of nginx or """
        """'%v %h %t "%r" %>s' of Apache and lighttpd."""
    )
    if not best.fit:
        return Undetected(
            f"No known format fits any of the first {len(lines)} lines (the first: {shown(lines[0])}): {todo}"
        )
    nearest = f"nearest is {name}, with {best.fit} of the first {len(lines)} lines ({best.first_misfit})"
    return Undetected(f"No known format fits: {nearest}; {todo}")
