"""Cookies that two answers set: by name and attributes; of their value no more than whether there is one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from shadow.compare.found import added, changed, missing, shown
from shadow.compare.values import is_long_past, moment
from shadow.model import Difference

Dates: TypeAlias = tuple[Callable[[], bytes], Callable[[], bytes]]
"""The Date of each answer, asked for only where a cookie expires at a time of the clock."""

_CLOCKS = ("expires", "max-age")
_DRIFT = 60  # seconds by which a lifetime may differ, or a twentieth of it: clocks, and time under way
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


Attributes: TypeAlias = dict[str, str]
"""The attributes of one cookie by name, in lower case."""


Line: TypeAlias = tuple[bytes, bytes, bytes]
"""What is compared of a Set-Cookie: the name, whether there is a value, and the attributes."""


class _Cookie(NamedTuple):
    has_value: bytes
    attributes: Attributes


_VALUE, _NO_VALUE = b"a value", b"no value"


def without_value(line: bytes) -> Line:
    """Reads a Set-Cookie (RFC 6265, 5.2). A pair without `=` is a value without a name."""
    pair, _, attributes = line.partition(b";")
    name, equals, value = pair.partition(b"=")
    if not equals:
        name, value = b"", pair
    return name.strip(), (_VALUE if value.strip(b' \t"') else _NO_VALUE), attributes


def compare(legacy: list[Line], target: list[Line], dates: Dates) -> Iterator[Difference]:
    """Differences by name: `cookie:sid`, and `cookie:sid;secure` where both set it."""
    ours, theirs = _by_name(legacy), _by_name(target)
    for name in sorted(ours.keys() | theirs.keys()):
        path = f"cookie:{name}"
        if name not in theirs:
            yield missing(path, _shown_cookies(ours[name]))
        elif name not in ours:
            yield added(path, _shown_cookies(theirs[name]))
        elif len(ours[name]) != len(theirs[name]):
            yield changed(path, f"set {len(ours[name])} times", f"set {len(theirs[name])} times")
        else:
            pairs = zip(ours[name], theirs[name], strict=True)
            # A cookie that is set several times may differ in the same way each time: said once.
            yield from dict.fromkeys(found for pair in pairs for found in _differences(name, *pair, dates))


def _by_name(cookies: Iterable[Line]) -> dict[str, list[_Cookie]]:
    found: dict[str, list[_Cookie]] = defaultdict(list)
    for name, has_value, attributes in cookies:
        found[shown(name.decode("latin-1"))].append(_Cookie(has_value, _read(attributes.decode("latin-1"))))
    return found


def _read(text: str) -> Attributes:
    attributes: Attributes = {}
    for part in text.split(";"):
        attribute, _, said = part.partition("=")
        attribute = attribute.strip().lower()
        if attribute:
            attributes[attribute] = _attribute(attribute, said.strip())
    return attributes


def _attribute(attribute: str, text: str) -> str:
    if attribute == "domain":
        return text.lower().removeprefix(".")  # RFC 6265, 5.2.3
    return text.lower() if attribute == "samesite" else text


def _differences(name: str, legacy: _Cookie, target: _Cookie, dates: Dates) -> Iterator[Difference]:
    if legacy == target:
        return
    ours, theirs = legacy.attributes, target.attributes
    lives = _life(ours, dates[0]), _life(theirs, dates[1])
    if legacy.has_value != target.has_value and 0 not in lives:  # of one that is deleted, it says nothing
        yield changed(f"cookie:{name}", legacy.has_value.decode(), target.has_value.decode())
    live_alike = _alike(*lives)
    for attribute in sorted(ours.keys() | theirs.keys()):
        path = f"cookie:{name};{shown(attribute)}"
        one, other = ours.get(attribute), theirs.get(attribute)
        if one == other or (live_alike and attribute in _CLOCKS):
            continue
        if one is None:
            yield added(path, _shown(attribute, other or ""))
        elif other is None:
            yield missing(path, _shown(attribute, one))
        elif attribute in _CLOCKS:
            clocks = _lifetime(attribute, one, dates[0]), _lifetime(attribute, other, dates[1])
            if not _alike(*clocks):
                yield changed(path, _rounded(clocks[0]), _rounded(clocks[1]))
        else:
            yield changed(path, one, other)


def _life(attributes: Attributes, date: Callable[[], bytes]) -> int | None:
    """Seconds that browsers keep it: of two clocks Max-Age counts, if it is understood (RFC 6265, 5.3)."""
    for attribute in ("max-age", "expires"):
        if attribute in attributes:
            seconds = _lifetime(attribute, attributes[attribute], date)
            if seconds != _SESSION:
                return seconds
    return _SESSION


def _lifetime(attribute: str, text: str, date: Callable[[], bytes]) -> int | None:
    """Seconds that the cookie lives, 0 if it is deleted, `_SESSION` where browsers ignore what is said, None
    where nobody can tell. RFC 6265, 5.2.1 and 5.2.2: an Expires counts from the Date of the answer."""
    if attribute == "max-age":
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            return _SESSION if text else 0
        return 0 if text.startswith("-") else int(digits[:15])
    ends, now = moment(text), moment(date().decode("latin-1"))
    if ends is None:
        return _SESSION
    if now is None:  # deletion is written as a day long past
        return 0 if is_long_past(ends) else None
    return max(0, (ends.microseconds - now.microseconds) // 1_000_000)


_SESSION = -1  # so long as the browser runs


def _alike(legacy: int | None, target: int | None) -> bool:
    if legacy == target:
        return True
    if legacy is None or target is None:
        return 0 not in (legacy, target)
    if {0, _SESSION} & {legacy, target}:
        return False
    return abs(legacy - target) <= max(_DRIFT, max(legacy, target) // 20)


def _rounded(seconds: int | None) -> str:
    """A lifetime in its largest unit, so that it is the same from answer to answer."""
    if seconds is None:
        return "…"
    if seconds == _SESSION:
        return "not understood"
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds >= size), ("", 1))
    return f"{round(seconds / size)}{unit}"


def _shown(attribute: str, text: str) -> str:
    return "…" if attribute == "expires" else text


def _shown_cookies(cookies: list[_Cookie]) -> str:
    """What is shown of a cookie that one side lacks: everything but its value."""
    return ", ".join(
        "; ".join(
            f"{name}={_shown(name, text)}" if text else name for name, text in cookie.attributes.items()
        )
        for cookie in cookies
    )
