"""Times and durations of logs, as Unix seconds and seconds. Pure.

Functions from a field to a time raise `ValueError` for what is no time. Neighbouring lines share their
second, so what is parsed is remembered; the memory is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, TypeAlias

ReadTime: TypeAlias = Callable[[bytes], float]

UNITS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}

_SECONDS_REMEMBERED: Final = 1024  # workers and merged files write a few seconds in turns
_MONTHS: Final = b"- Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_CLF: Final = re.compile(
    rb"\[?(\d\d)/([A-Z]\w\w)/(\d{4}):(\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?: ([+-])(\d\d)(\d\d))?\]?"
)
_ABSOLUTE: Final = re.compile(rb"(?:Z|[+-]\d\d:?\d\d)\]?\Z|\A[^-/]*\Z")
"""What names a zone, and what is a number."""

_ISO: Final = re.compile(rb"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\d*(Z|[+-]\d\d:?\d\d)?")


@lru_cache(_SECONDS_REMEMBERED)
def clf(value: bytes) -> float:
    """`22/Nov/2026:10:00:00 +0900`, in brackets or not; a time without zone is UTC."""
    found = _CLF.fullmatch(value)
    if found is None or found[2] not in _MONTHS:
        raise ValueError("not a time")
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    moment = datetime(
        year, _MONTHS.index(found[2]), day, hour, minute, min(second, 59), tzinfo=UTC
    ).timestamp()
    if found[8]:
        moment -= (int(found[9]) * 3600 + int(found[10]) * 60) * (-1 if found[8] == b"-" else 1)
    return moment + float(found[7] or 0)


@lru_cache(_SECONDS_REMEMBERED)
def _second(date: bytes, clock: bytes, zone: bytes | None) -> float:
    text = b"%bT%b%b" % (date, clock, zone or b"Z")
    return datetime.fromisoformat(text.decode("ascii")).timestamp()


def iso(value: bytes) -> float:
    """`2026-11-22T10:00:00.123Z`; a time without zone is UTC."""
    found = _ISO.fullmatch(value)
    if found is None:
        raise ValueError("not a time")
    date, clock, fraction, zone = found.groups()
    whole = _second(date, clock, zone)
    return whole + float(b"0." + fraction) if fraction else whole


def unix(unit: str = "s") -> ReadTime:
    """Seconds, or other `UNITS`, since 1970."""
    scale = UNITS[unit]
    return float if scale == 1 else lambda value: float(value) * scale


@lru_cache(_SECONDS_REMEMBERED)
def any_time(value: bytes) -> float:
    """Whichever of the usual forms it is, for logs whose format names a label and no form."""
    if value[2:3] == b"/" or value[:1] == b"[":
        return clf(value)
    if value[4:5] == b"-":
        return iso(value)
    if value[4:5] == b"/":  # as PHP's programmers write it
        return iso(value.replace(b"/", b"-", 2))
    number = float(value)
    return number / _scale_of(number)


def _scale_of(number: float) -> float:
    """Seconds have ten digits until the year 2286, and each finer unit has three more."""
    return 1.0 if number < 1e11 else 1e3 if number < 1e14 else 1e6 if number < 1e17 else 1e9


def in_zone(read: ReadTime, zone: str) -> ReadTime:
    """For times written in a zone that they do not name."""
    offset = zone_of(zone).utcoffset(None)
    assert offset is not None
    ahead = offset.total_seconds()
    return read if ahead == 0 else lambda value: read(value) - ahead


def any_in(zone: str) -> ReadTime:
    """`any_time`, where a date that names no zone is of this one."""
    read = in_zone(any_time, zone)
    if read is any_time:
        return read
    return lambda value: any_time(value) if _ABSOLUTE.search(value) else read(value)


def zone_of(zone: str) -> tzinfo:
    """`+0900`, `-03:30` or `UTC`."""
    if zone in ("UTC", "Z"):
        return UTC
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", zone)
    if found is None:
        raise ValueError(f"a zone is written like +0900: {zone!r}")
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-ahead if found[1] == "-" else ahead)


_EXPANDED: Final = {
    "%T": "%H:%M:%S", "%F": "%Y-%m-%d", "%R": "%H:%M", "%D": "%m/%d/%y", "%e": "%d", "%h": "%b",
}  # fmt: skip
_DIRECTIVES: Final = set("YmdbBaAHIMSpyjfzZ%")


def strftime(form: str, zone: str) -> ReadTime:
    """A time in a form of strftime's. `%s` stands alone or before a fraction. Raises `ValueError` for a
    form that cannot be read back."""
    if re.fullmatch(r"%s(\.%f)?", form):
        return float
    for short, long in _EXPANDED.items():
        form = form.replace(short, long)
    unknown = set(re.findall(r"%(.)", form)) - _DIRECTIVES
    if unknown or not {"%Y", "%y"} & set(re.findall(r"%.", form)) or "%d" not in form:
        raise ValueError(f"a time like {form!r} cannot be read back")
    default = zone_of(zone)

    @lru_cache(_SECONDS_REMEMBERED)
    def read(value: bytes) -> float:
        moment = datetime.strptime(value.decode("latin-1"), form)  # noqa: DTZ007 - the next line says which zone
        return (moment if moment.tzinfo else moment.replace(tzinfo=default)).timestamp()

    return read


def shape(form: str) -> bytes:
    """The pattern of a time in a form of strftime's: so many words."""
    word = rb'[^ \]"\t]++'
    return b" ".join([word] * (form.count(" ") + 1))


def duration(value: bytes) -> float:
    """A number, or the sum of nginx's list of tries (`0.010, 0.020`) and internal redirects (`0.1 : 0.2`)."""
    try:
        return float(value)
    except ValueError:
        parts = value.replace(b" : ", b", ").split(b", ")
        return sum(float(part) for part in parts if part != b"-")
