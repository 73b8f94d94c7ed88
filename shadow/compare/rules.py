"""What the configuration says about comparing, compiled once for each endpoint."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from shadow import settings
from shadow.compare import jsonpath
from shadow.compare.fields import Fields

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2: token
_COOKIE = re.compile(r"[^\s;=,]+(;[a-z-]+)?")
_WHOLE = ("status", "body", "text")
_FORMS = "header:NAME, cookie:NAME, cookie:NAME;ATTRIBUTE, json:$.path, status, body and text"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """How the answers of one endpoint are compared."""

    status: bool
    """Is the status compared?"""
    body: bool
    """Are bodies compared?"""
    text: bool
    """Are bodies compared that are text, and not JSON?"""
    fields: Fields
    """Which header fields are compared."""
    cookies: frozenset[str]
    """Cookies, `sid`, and attributes of cookies, `sid;secure`, that are not compared."""
    root: jsonpath.Reached
    """What is said of places in JSON, seen from the root."""

    @property
    def codings(self) -> bool:
        """Is Content-Encoding compared? If not, equal bytes may still mean different bodies."""
        return self.fields[b"content-encoding"] is not None


def compile_rule(general: settings.Compare, own: settings.Compare) -> Rule:
    """The rule of an endpoint: the general lines and its own. Raises ValueError with one line that
    says what is wrong, and what would be right."""
    lines = [*general.ignore, *own.ignore]
    for line in lines:
        _check(line)
    return Rule(
        status="status" not in lines,
        body="body" not in lines,
        text="text" not in lines,
        fields=Fields(frozenset(name.lower().encode("ascii") for name in _of(lines, "header:"))),
        cookies=frozenset(_of(lines, "cookie:")),
        root=jsonpath.Reached(
            (
                *(jsonpath.compile_pattern(path, "ignore") for path in _of(lines, "json:")),
                *(_unordered(line) for line in [*general.unordered, *own.unordered]),
                *(_tolerance(line, value) for line, value in {**general.tolerance, **own.tolerance}.items()),
            )
        ),
    )


def _of(lines: Iterable[str], kind: str) -> list[str]:
    return [line.removeprefix(kind) for line in lines if line.startswith(kind)]


def _check(line: str) -> None:
    """Refuses a line of `ignore` that says nothing; `json:` lines are read where they are compiled."""
    kind, colon, rest = line.partition(":")
    if (
        (not colon and line in _WHOLE)
        or (kind == "header" and _NAME.fullmatch(rest))
        or (kind == "cookie" and _COOKIE.fullmatch(rest))
        or (colon and kind == "json")
    ):
        return
    raise ValueError(f"ignore: {line!r} is not understood; it can be {_FORMS}")


def _path(setting: str, line: str) -> str:
    if not line.startswith("json:"):
        raise ValueError(f"{setting}: {line!r} is not understood; it can be json:$.path")
    return line.removeprefix("json:")


def _unordered(line: str) -> jsonpath.Place:
    return jsonpath.compile_pattern(_path("unordered", line), "unordered")


def _tolerance(line: str, value: float) -> jsonpath.Place:
    path = _path("tolerance", line)
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"tolerance: {line!r} has {value}; it can be a number from 0 up")
    # By way of text, so that 0.01 means 0.01 and not the binary fraction beside it.
    return jsonpath.compile_pattern(path, Decimal(str(value)))
