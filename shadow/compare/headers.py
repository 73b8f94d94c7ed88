"""Status, header fields and cookies.

Names are compared without regard to case; the order of different fields does not count, that of
values within one field does. Values are shown as Latin-1, byte for byte. A cookie is compared by
its name and attributes: its value is a secret, and new in every session.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple, TypeAlias

from shadow.compare.fields import PRESENCE
from shadow.compare.found import added, changed, missing, shown
from shadow.compare.media import media_type
from shadow.compare.rules import Rule
from shadow.model import Difference, DifferenceKind, Headers, Response

_SET_COOKIE = b"set-cookie"
_SPECIAL = PRESENCE | {_SET_COOKIE}
"""Fields that are not compared by their value."""

_COOKIE_CLOCKS = ("expires", "max-age")
"""Attributes that say how long: they count from now, or are set by the hour, so only presence counts."""


class Cookie(NamedTuple):
    """What is compared of one Set-Cookie: attributes in lower case, by name, and not the value."""

    name: str
    attributes: dict[str, str]


Block: TypeAlias = tuple[dict[bytes, bytes], list[Cookie]]
"""What is compared of a header block, fields and cookies: equal blocks are equal answers."""


def value(headers: Headers, name: bytes) -> bytes:
    """All values of the field `name`, given in lower case, in one (RFC 9110, 5.2)."""
    return b", ".join([said for field, said in headers if field.lower() == name])


def alike(legacy: Headers, target: Headers, rule: Rule) -> bool:
    """Is nothing different that the rule compares?"""
    return (
        legacy == target or _block(legacy, rule) == _block(target, rule) or not compare(legacy, target, rule)
    )


def status(legacy: Response, target: Response, rule: Rule) -> list[Difference]:
    """The difference in status, if any."""
    if legacy.status == target.status or not rule.status:
        return []
    return [changed("status", str(legacy.status), str(target.status))]


def compare(legacy: Headers, target: Headers, rule: Rule) -> list[Difference]:
    """Differences of fields, by name, then of cookies, by name."""
    (ours, our_cookies), (theirs, their_cookies) = _block(legacy, rule), _block(target, rule)
    differences: list[Difference] = []
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            path = "header:" + shown(name.decode("latin-1"))
            one, other = value(legacy, name).decode("latin-1"), value(target, name).decode("latin-1")
            if name not in theirs:
                differences.append(missing(path, one))
            elif name not in ours:
                differences.append(added(path, other))
            else:
                differences += _field(path, one, other)
    return differences + _cookies(our_cookies, their_cookies, rule)


def _block(headers: Headers, rule: Rule) -> Block:
    fields: dict[bytes, bytes] = {}
    cookies: list[Cookie] = []
    names = rule.fields
    for wire_name, said in headers:
        name = names[wire_name]
        if name is None:
            continue
        if name not in _SPECIAL and name not in fields:
            fields[name] = said
        elif name == _SET_COOKIE:
            cookies.append(_set_cookie(said))
        elif name in PRESENCE:
            fields[name] = b""
        else:
            # RFC 9110, 5.3: several lines of one name mean the same as one line with commas.
            fields[name] += b", " + said
    return fields, cookies


def _field(path: str, legacy: str, target: str) -> list[Difference]:
    if path == "header:content-type":
        return _content_type(path, legacy, target)
    reordered = sorted(_members(legacy)) == sorted(_members(target))
    return [changed(path, legacy, target, DifferenceKind.ORDER if reordered else DifferenceKind.CHANGED)]


def _members(text: str) -> list[str]:
    return [member.strip() for member in text.split(",")]


def _content_type(path: str, legacy: str, target: str) -> list[Difference]:
    """RFC 9110, 8.3.1: case and blanks do not count. A boundary is chosen anew for each body."""
    ours, theirs = media_type(legacy.encode("latin-1")), media_type(target.encode("latin-1"))
    for parameters in (ours.parameters, theirs.parameters):
        parameters.pop("boundary", None)
    if ours == theirs:
        return []
    charsets = ours.parameters.pop("charset", ""), theirs.parameters.pop("charset", "")
    only_charset = ours == theirs and charsets[0] != charsets[1]
    return [changed(path, legacy, target, DifferenceKind.CHARSET if only_charset else DifferenceKind.CHANGED)]


def _set_cookie(said: bytes) -> Cookie:
    """Reads a Set-Cookie (RFC 6265, 5.2)."""
    pair, *rest = said.decode("latin-1").split(";")
    name, equals, _ = pair.partition("=")
    attributes: dict[str, str] = {}
    for part in rest:
        attribute, _, text = part.partition("=")
        attribute = attribute.strip().lower()
        if attribute:
            attributes[attribute] = _attribute(attribute, text.strip())
    # A pair without `=` is a value without a name.
    return Cookie(shown(name.strip()) if equals else "", attributes)


def _attribute(attribute: str, text: str) -> str:
    if attribute in _COOKIE_CLOCKS:
        # A Max-Age of nothing deletes the cookie (RFC 6265, 5.2.2); that is no drift of time.
        deletes = attribute == "max-age" and (text.startswith("-") or not text.strip("0"))
        return "0" if deletes else "…"
    if attribute == "domain":
        return text.lower().removeprefix(".")  # RFC 6265, 5.2.3
    return text.lower() if attribute == "samesite" else text


def _cookies(legacy: list[Cookie], target: list[Cookie], rule: Rule) -> list[Difference]:
    ours, theirs = _by_name(legacy), _by_name(target)
    differences: list[Difference] = []
    for name in sorted(ours.keys() | theirs.keys()):
        if name in rule.cookies:
            continue
        path = f"cookie:{name}"
        if name not in theirs:
            differences.append(missing(path, _shown_attributes(ours[name])))
        elif name not in ours:
            differences.append(added(path, _shown_attributes(theirs[name])))
        elif len(ours[name]) != len(theirs[name]):
            differences.append(
                changed(path, f"set {len(ours[name])} times", f"set {len(theirs[name])} times")
            )
        else:
            pairs = zip(ours[name], theirs[name], strict=True)
            # A cookie that is set several times may differ in the same way each time: said once.
            differences += dict.fromkeys(found for pair in pairs for found in _cookie(*pair, rule))
    return differences


def _by_name(cookies: list[Cookie]) -> dict[str, list[Cookie]]:
    found: dict[str, list[Cookie]] = defaultdict(list)
    for cookie in cookies:
        found[cookie.name].append(cookie)
    return found


def _cookie(legacy: Cookie, target: Cookie, rule: Rule) -> list[Difference]:
    """Differences in attributes: `cookie:sid;secure`."""
    differences = []
    ours, theirs = legacy.attributes, target.attributes
    for attribute in sorted(ours.keys() | theirs.keys()):
        place = f"{legacy.name};{shown(attribute)}"
        if ours.get(attribute) == theirs.get(attribute) or place in rule.cookies:
            continue
        path = f"cookie:{place}"
        if attribute not in theirs:
            differences.append(missing(path, ours[attribute]))
        elif attribute not in ours:
            differences.append(added(path, theirs[attribute]))
        else:
            differences.append(changed(path, ours[attribute], theirs[attribute]))
    return differences


def _shown_attributes(cookies: list[Cookie]) -> str:
    """What is shown of a cookie that one side lacks: everything but its value."""
    return ", ".join(
        "; ".join(f"{name}={text}" if text else name for name, text in cookie.attributes.items())
        for cookie in cookies
    )
