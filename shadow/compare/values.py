"""Two values that are unequal, and within what a rule allows.

A margin is absolute (`0.01`), relative (`1%`) or a duration (`2s`) between two moments.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import lru_cache
from typing import NamedTuple

_MARGIN = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(%|ms|s|m|h|d)?")
_SECONDS = {
    unit: Decimal(seconds)
    for unit, seconds in (("ms", "0.001"), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400))
}
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?")

# Enough digits for any price or coordinate; nothing overflows, and nothing is raised.
_ARITHMETIC = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


class Margin(NamedTuple):
    """How far two values may be apart: numbers by an `amount`, or by a share of the larger one; moments
    by seconds."""

    amount: Decimal
    unit: str  # "", "%" or "s"

    def numbers(self, legacy: Decimal, target: Decimal) -> bool:
        """Are two numbers within the margin?"""
        apart = _ARITHMETIC.subtract(legacy, target).copy_abs()
        if self.unit == "%":
            larger = max(legacy.copy_abs(), target.copy_abs())
            return _ARITHMETIC.multiply(apart, Decimal(100)) <= _ARITHMETIC.multiply(larger, self.amount)
        if self.unit == "s":
            units = _clock(legacy)
            return units > 0 and units == _clock(target) and apart <= self.amount * units
        return apart <= self.amount

    def texts(self, legacy: str, target: str) -> bool:
        """Are two texts moments within the margin, written in the same way? Of an absolute or relative
        margin: are they numbers?"""
        if self.unit != "s" or _NUMBER.fullmatch(legacy):
            numbers = _NUMBER.fullmatch(legacy) and _NUMBER.fullmatch(target)
            return bool(numbers) and self.numbers(Decimal(legacy), Decimal(target))
        ours, theirs = moment(legacy), moment(target)
        return (
            ours is not None
            and theirs is not None
            and ours.form == theirs.form
            and abs(ours.microseconds - theirs.microseconds) <= self.amount * 1_000_000
        )

    def __str__(self) -> str:
        return f"{self.amount:f}{self.unit}"


def margin(text: str) -> Margin:
    """Reads `0.01`, `1%` or `2s`. Raises ValueError."""
    found = _MARGIN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not understood; it can be a number such as 0.01, 1% or 2s")
    amount, unit = Decimal(found[1]), found[2] or ""
    if unit in _SECONDS:
        amount, unit = amount * _SECONDS[unit], "s"
    whole = amount == amount.to_integral_value()
    return Margin(amount.to_integral_value() if whole else amount.normalize(), unit)


def _clock(number: Decimal) -> int:
    """Units a second of a Unix time, in seconds or milliseconds; 0 for what is no time since 1973."""
    if Decimal(10**8) <= number < Decimal(10**11):
        return 1
    return 1000 if Decimal(10**11) <= number < Decimal(10**14) else 0


# ---- moments ---------------------------------------------------------------------------------


class Moment(NamedTuple):
    form: str  # zoned, local (no zone is told) or HTTP: those of one form can be compared
    microseconds: int


_LONGEST_MOMENT = 40  # characters
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"\d{4}-?\d\d-?\d\d(?:[T ]\d\d.*)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HTTP = re.compile(
    r"[A-Za-z]{3,9}, ?(\d{1,2})[ -]([A-Za-z]{3})[ -](\d{4}|\d\d) (\d\d):(\d\d):(\d\d) (?:GMT|UTC)"
)
_ASCTIME = re.compile(r"[A-Za-z]{3} ([A-Za-z]{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})")


@lru_cache(1000)
def moment(text: str) -> Moment | None:
    """ISO 8601 with any zone or none, or a date of RFC 9110, 5.6.7, in each of its three forms."""
    if len(text) > _LONGEST_MOMENT:
        return None
    try:
        if _ISO.fullmatch(text):
            at = datetime.fromisoformat(text)
            form = "local" if at.tzinfo is None else "zoned"
            return Moment(form, (at.replace(tzinfo=at.tzinfo or UTC) - _EPOCH) // timedelta(microseconds=1))
        if found := _HTTP.fullmatch(text):
            day, month, year, *clock = found.groups()
        elif found := _ASCTIME.fullmatch(text):
            month, day, *clock, year = found.groups()
        else:
            return None
        # Two digits of a year: RFC 6265, 5.1.1.
        years = int(year) + (0 if len(year) == 4 else 1900 if int(year) >= 70 else 2000)
        hours, minutes, seconds = map(int, clock)
        months = _MONTHS.index(month.lower()) + 1
        at = datetime(years, months, int(day), hours, minutes, seconds, tzinfo=UTC)
        return Moment("HTTP", (at - _EPOCH) // timedelta(microseconds=1))
    except (ValueError, OverflowError):
        return None


_LONG_PAST = 1_577_836_800 * 1_000_000  # microseconds: 2020


def is_long_past(at: Moment) -> bool:
    """Does no clock of a server still show it? With such a day it is written that something is over."""
    return at.microseconds < _LONG_PAST


# ---- URLs ------------------------------------------------------------------------------------

_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(//[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_ESCAPE = re.compile(r"%[0-9a-f]{2}", re.I)
_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}


class Url(NamedTuple):
    """A URL reference (RFC 3986, 4.1) in its usual form (6.2.2.1 and 6.2.3). Empty where a part lacks."""

    scheme: str
    authority: str  # with the slashes before it
    rest: str

    def __str__(self) -> str:
        return (self.scheme and f"{self.scheme}:") + self.authority + self.rest


def url(text: str) -> Url:
    """Reads any text; scheme and host without case, the default port left out, escapes in capitals."""
    found = _URL.fullmatch(text.strip())
    assert found is not None  # it matches every text
    scheme, authority, path, query, fragment = found.groups(default="")
    scheme = scheme.lower()
    user, at, host = authority.removeprefix("//").rpartition("@")
    host = host.lower()
    name, _, port = host.rpartition(":")
    if port in ("", _PORTS.get(scheme)) and name and (":" not in name or name.endswith("]")):
        host = name
    if authority:
        authority, path = f"//{user}{at}{host}", path or "/"
    rest = _ESCAPE.sub(lambda escape: escape[0].upper(), path + query + fragment)
    return Url(scheme, authority, rest)


def same_but_host(legacy: str, target: str) -> bool:
    """Do two URLs differ in scheme, host and port at most?"""
    ours, theirs = url(legacy), url(target)
    if not ours.authority and not theirs.authority:
        return False
    if (ours.scheme and not ours.authority) or (theirs.scheme and not theirs.authority):
        return False  # mailto: and the like
    return ours.rest == theirs.rest
