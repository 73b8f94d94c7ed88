"""Which logged requests are replayed. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from fnmatch import translate
from typing import NamedTuple
from urllib.parse import quote

from replay.model import BadLine, LoggedRequest, LogSkip

SAFE: frozenset[bytes] = frozenset((b"GET", b"HEAD"))
"""Asked again, they change nothing. OPTIONS is safe too, and asks nothing that a migration could break."""

_STATUS = re.compile(r"([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?")
_UNSAFE = BadLine(LogSkip.METHOD, "not GET or HEAD")


class Filters(NamedTuple):
    """What was asked for; an empty part lets everything through. Patterns are of the whole host or path."""

    hosts: re.Pattern[bytes] | None = None
    paths: re.Pattern[bytes] | None = None
    methods: frozenset[bytes] = SAFE
    statuses: tuple[range, ...] = ()
    since: float = 0.0  # Unix seconds
    until: float = float("inf")

    def identity(self) -> Iterator[str]:
        """What tells these filters from others, the same in every process."""
        for pattern in (self.hosts, self.paths):
            yield pattern.pattern.decode("latin-1") if pattern else ""
        yield repr((sorted(self.methods), self.statuses, self.since, self.until))

    def why_not(self, request: LoggedRequest) -> BadLine | None:
        """Why it is not replayed; None if it is."""
        if request.method not in SAFE:
            return _UNSAFE
        if request.method not in self.methods:
            return _filtered("method")
        if not self.since <= request.at < self.until:
            return _filtered("time")
        if self.hosts and not self.hosts.fullmatch(request.host or b""):
            return _filtered("host")
        if self.paths and not self.paths.fullmatch(request.target.partition(b"?")[0]):
            return _filtered("path")
        if self.statuses and not any(request.status in each for each in self.statuses):
            return _filtered("status")
        return None


def _filtered(by: str) -> BadLine:
    return BadLine(LogSkip.FILTERED, f"by {by}")


def hosts(globs: tuple[str, ...]) -> re.Pattern[bytes] | None:
    """One pattern out of globs such as `*.example.com`. ValueError has one line."""
    for glob in globs:
        if not glob.isascii():
            raise ValueError(f"{glob!r} is compared as clients send it: write {_punycode(glob)!r}")
    return _pattern(globs)


def _punycode(glob: str) -> str:
    with suppress(UnicodeError):
        return glob.encode("idna").decode("ascii")
    return "xn--…"


def paths(globs: tuple[str, ...]) -> re.Pattern[bytes] | None:
    """One pattern out of globs such as `/items/*`; a `*` also takes slashes. ValueError has one line."""
    for glob in globs:
        if not glob.isascii():
            sent = quote(glob, safe=string.punctuation, errors="surrogateescape")
            raise ValueError(f"{glob!r} is compared as clients send it: write {sent!r}, if they send UTF-8")
    return _pattern(globs)


def _pattern(globs: tuple[str, ...]) -> re.Pattern[bytes] | None:
    if not globs:
        return None
    # The globs of `fnmatch` cannot backtrack without end: each `*` is atomic.
    return re.compile("|".join(translate(glob) for glob in globs).encode("ascii"), re.DOTALL)


def methods(names: tuple[str, ...]) -> frozenset[bytes]:
    """The methods to replay; ValueError has one line."""
    wanted = frozenset(name.upper().encode("ascii", "replace") for name in names)
    if unsafe := wanted - SAFE:
        shown = b", ".join(sorted(unsafe)).decode()
        raise ValueError(f"{shown} is never replayed, for legacy would do it a second time; GET and HEAD are")
    return wanted or SAFE


def statuses(texts: tuple[str, ...]) -> tuple[range, ...]:
    """Understands `200`, `2xx` and `200-304`; ValueError has one line."""
    return tuple(_status(text) for text in texts)


def _status(text: str) -> range:
    found = _STATUS.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no status; write 200, 2xx or 200-304")
    if found[1]:
        return range(int(found[1]) * 100, int(found[1]) * 100 + 100)
    return range(int(found[2]), int(found[3] or found[2]) + 1)


def moment(text: str) -> float:
    """Unix seconds of `2026-11-22`, `2026-11-22T10:00` or `2026-11-22T10:00:00+09:00`; UTC where no zone
    is given. ValueError has one line."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time; write 2026-11-22T10:00:00+09:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
