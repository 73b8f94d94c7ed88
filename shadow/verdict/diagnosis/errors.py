"""What an error of the target says of the container that it runs in. Pure."""

from __future__ import annotations

import re

import re2  # linear in time, whatever a hostile answer holds

from shadow.verdict.diagnosis.case import Case, Traced, as_in, short

# A key that is not found is a setting's where it is written like one: 'okinawa' and 'JPY' are values of the
# request, and what is nil or undefined is a bug of the code.
_ENVIRONMENT = re2.compile(
    r"(?i:KeyError|key not found|undefined (?:array key|index|offset))(?:[^\w\n]|&#?\w{1,5};){1,6}"
    r"[A-Z][A-Z0-9]*_[A-Z0-9_]+\b"
    r"|(?i:\bENV(?:\[|\.fetch)|process\.env\b|environment variable"
    r"|not configured|(?:is|was) not set\b|must be set"
    r"|missing .{0,30}(?:secret|config|key\b|setting|credential)|secret .{0,40}not found)"
)
_EXTENSION = re2.compile(
    r"(?i)call to undefined function|class .{1,80} not found|cannot load such file|uninitialized constant"
    r"|LoadError|ModuleNotFoundError|no module named|undefined symbol|cannot open shared object"
    r"|could not find driver|cannot find module|unable to load dynamic library|fontconfig error"
    r"|font .{0,60}not (?:found|available)|no such font"
)
_READ_ONLY = re2.compile(
    r"(?i)EROFS|read-only file ?system|EACCES|permission denied|errno 30|errno 13|failed to open stream"
)

_BEFORE = 30  # characters shown before the words that tell; of one long word, twice as many


def missing_environment(case: Case) -> Traced | None:
    """An error that names a missing value."""
    return _said(case, _ENVIRONMENT, but=_EXTENSION)


def missing_extension(case: Case) -> Traced | None:
    """An error that names a missing function, class, library or font."""
    return _said(case, _EXTENSION)


def read_only(case: Case) -> Traced | None:
    """An error of writing a file."""
    return _said(case, _READ_ONLY)


def _said(case: Case, words: re.Pattern[str], but: re.Pattern[str] | None = None) -> Traced | None:
    """Errors of the target's own whose body has these words, and legacy's has not."""
    causes, notes = [], []
    for cause, _, target in case.statuses():
        if target[:1] != "5":
            continue
        said = [
            (trace, found)
            for trace in case.shown([cause])
            if (found := words.search(trace.body)) and not (but and but.search(trace.body))
        ]
        if said:
            trace, found = said[0]
            causes.append(cause)
            notes += [f"the target says: {_line(trace.body, found.start(), found.end())}", as_in(trace)]
    return Traced(notes[:6], causes) if causes else None


def _line(text: str, start: int, end: int) -> str:
    """The line around some words, from a whole word on."""
    line = text.rfind("\n", 0, start) + 1
    word = text.rfind(" ", line, max(line, start - _BEFORE)) + 1 or line
    begin = max(word, start - 2 * _BEFORE)
    stop = text.find("\n", end)
    said = " ".join(text[begin : stop if stop >= 0 else end + 100].split())
    return short(f"…{said}" if begin > line else said)
