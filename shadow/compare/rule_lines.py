"""The lines of a rule as they are written, and what is wrong with them.

A line that says nothing, or that can match nothing, is refused: whoever wrote it believes that it works.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from shadow import settings
from shadow.compare import html, jsonpath, values, xmltree
from shadow.compare.accept import parse_line
from shadow.compare.fields import IGNORED, WITHOUT_VALUE
from shadow.compare.found import legible
from shadow.compare.meaning import ADDRESSES, MEANINGS
from shadow.compare.silence import EQUIVALENCES
from shadow.grammar import TCHAR
from shadow.settings import SettingError

_TOKEN = re.compile(f"{TCHAR}+")
_COOKIE = re.compile(r"[^\s;=,]+(;[a-z-]+)?")
HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
"""The name of a host, with or without a port."""

_BY_KEY = re.compile(r"(.*?)(?: key=(\S+))?", re.DOTALL)

_WHOLE = ("status", "body", "text")
_ONLY_ACCEPTED = re.compile(r"html|csv|part(;[a-z-]+)?|body:(format|dimensions|metadata|member)")
"""Places that differences have, and no line but `accept` can name: rows, parts, what a picture is."""

_TEXTS = ("html", "xml", "form", "csv")
_KINDS = {
    "ignore": ("header", "cookie", "json", *_TEXTS),
    "unordered": ("json",),
    "tolerance": ("json", "header"),
    "type_only": ("json",),
    "same_host": ("json", "header"),
    "accept": ("header", "cookie", "json", *_TEXTS),
}
"""The kinds of place that a setting may name."""

_WRITTEN = {
    "header": "header:NAME",
    "cookie": "cookie:NAME, cookie:NAME;ATTRIBUTE",
    "json": "json:$.path",
    "html": "html:SELECTOR, html:SELECTOR@ATTRIBUTE",
    "xml": "xml:/path",
    "form": "form:NAME",
    "csv": "csv:COLUMN",
}


_PLACES: dict[str, Callable[[list[str]], object]] = {
    "html": html.compile_places,
    "xml": xmltree.compile_places,
}
"""What reads the places of a kind, and refuses what is none."""


class Line(NamedTuple):
    """One line: the setting it stands in, what it is about, and what else it says."""

    setting: str
    place: str
    says: str = ""
    statuses: str = ""
    """Of an accepted status, between which."""

    @property
    def kind(self) -> str:
        """`json`, `header` …; empty for a part that has no name."""
        kind, colon, _ = self.place.partition(":")
        return kind if colon and self.setting in _KINDS else ""

    @property
    def name(self) -> str:
        """What follows the colon."""
        return self.place.partition(":")[2]

    def __str__(self) -> str:
        """As it is shown, and counted."""
        first, place, says, last = self
        words = (first, says, place, last) if first == "accept" else self
        return " ".join(filter(None, words))


def read(compare: settings.Compare) -> list[Line]:
    """The lines of one section, each right by itself. Raises SettingError."""
    lines = list(_read(compare))
    for line in lines:
        if line.setting in _KINDS:
            _check_place(line)
        elif line.setting == "equivalent" and line.place not in EQUIVALENCES:
            raise _wrong(line, f"is not understood; it can be {', '.join(EQUIVALENCES)}")
        elif line.setting == "hosts":
            check_host(line.place)
    return lines


def _read(compare: settings.Compare) -> Iterator[Line]:
    for place in compare.ignore:
        yield Line("ignore", _canonical(place))
    for text in compare.unordered:
        found = _BY_KEY.fullmatch(text)
        assert found is not None  # it matches every text
        yield Line("unordered", found[1], f"key={found[2]}" if found[2] else "")
    for place, margin in compare.tolerance.items():
        try:
            yield Line("tolerance", _canonical(place), str(values.margin(str(margin))))
        except ValueError as error:
            raise SettingError("tolerance", f"{place!r}: {error}") from error
    for setting in ("type_only", "same_host", "hosts", "cut", "equivalent"):
        for text in getattr(compare, setting):
            yield Line(setting, _canonical(text) if setting in _KINDS else text)
    for accept in compare.accept:
        what = parse_line(accept.difference)
        yield Line("accept", what.path, what.kind, what.statuses)


def check_host(name: str) -> None:
    """Raises SettingError for what is no host's name."""
    if not HOST.fullmatch(name):
        raise SettingError(
            "hosts", f"{name!r} is not understood; it can be a host name, with or without a port"
        )


def check_sum(general: list[Line], own: list[Line]) -> None:
    """Raises SettingError where a line is said twice, or can match nothing beside the others."""
    seen: set[Line] = set()
    for line in (*general, *own):
        said = line if line.setting == "accept" else line._replace(says="")
        if said in seen:
            raise _wrong(line, "is given twice; remove one")
        seen.add(said)
    for line in general:
        _check_covered(line, general)
    for line in own:
        _check_covered(line, (*general, *own))
    hosts = [line for line in (*general, *own) if line.setting == "hosts"]
    if len(hosts) == 1:
        raise _wrong(hosts[0], "can match nothing; name two hosts, or more")


def _canonical(place: str) -> str:
    return place.lower() if place.startswith("header:") else place


def _check_place(line: Line) -> None:
    """Refuses a place that the setting cannot have, and one that never differs."""
    kind, name = line.kind, line.name
    if line.setting in ("ignore", "accept") and line.place in _WHOLE:
        return
    if line.setting == "accept" and _ONLY_ACCEPTED.fullmatch(line.place):
        return
    if not legible(line.place):
        raise _wrong(line, "has characters that nobody can see")
    if (
        kind not in _KINDS[line.setting]
        or not name
        or (kind == "header" and not _TOKEN.fullmatch(name))
        or (kind == "cookie" and not _COOKIE.fullmatch(name))
    ):
        forms = [*_WHOLE] * (line.setting in ("ignore", "accept"))
        forms += [_WRITTEN[one] for one in _KINDS[line.setting]]
        raise _wrong(line, f"is not understood; it can be {' or '.join(forms)}")
    try:
        if kind == "header":
            _check_header(line, name)
        elif kind == "json":
            jsonpath.compile_pattern(name, str(line))
        elif line.setting == "ignore" and kind in _PLACES:
            _PLACES[kind]([name])
    except ValueError as error:
        raise SettingError(line.setting, str(error)) from error


def _check_header(line: Line, name: str) -> None:
    field = name.encode("ascii")
    if field in IGNORED:
        raise ValueError(f"{line.place!r} can match nothing: the field is never compared ({IGNORED[field]})")
    if line.setting not in ("tolerance", "same_host"):
        return
    if field in WITHOUT_VALUE or field == b"set-cookie":
        raise ValueError(f"{line.place!r} can match nothing: of this field values are not compared")
    if name in MEANINGS and not (line.setting == "same_host" and name in ADDRESSES):
        raise ValueError(f"{line.place!r} can match nothing: of this field the meaning is compared")


def _check_covered(line: Line, others: Iterable[Line]) -> None:
    for other in others:
        if other.setting == "ignore" and other != line and _covers(other, line):
            raise _wrong(line, f"can match nothing, because {other.place} is ignored")


def _covers(ignored: Line, line: Line) -> bool:
    """Is nothing left for the line where a place is ignored?"""
    place, inner = ignored.place, line.place
    if place == "body":
        return line.kind in ("json", "body", *_TEXTS) or inner.startswith(("text", "html", "csv", "part"))
    if place == "text":
        return line.kind in _TEXTS or inner in _TEXTS
    if place == inner and line.setting in _KINDS:
        return True
    if line.kind == "cookie":
        return place == "header:set-cookie" or inner.startswith(f"{place};")
    if line.kind == ignored.kind == "json":
        return jsonpath.covers(ignored.name, line.name)
    return False


def _wrong(line: Line, what: str) -> SettingError:
    return SettingError(line.setting, f"{line.place!r} {what}")
