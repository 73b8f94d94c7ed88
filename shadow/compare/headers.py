"""Header fields and cookies.

Names are compared without regard to case; the order of different fields does not count, that of
values within one field does where `meaning` does not know better. Values are shown as Latin-1, byte for
byte. A cookie is compared by its name, its attributes, and whether it has a value: that is a secret, and new
in every session.
"""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import TypeAlias
from urllib.parse import urljoin

from shadow.compare import cookies
from shadow.compare.fields import FIELDS, PRESENCE, WITHOUT_VALUE
from shadow.compare.found import Found, Silences, added, changed, missing, shown
from shadow.compare.meaning import ADDRESSES, MEANINGS, means, members
from shadow.compare.media import media_type
from shadow.compare.rules import Rule
from shadow.compare.values import is_long_past, moment, same_but_host, url
from shadow.model import Difference, DifferenceKind, Headers, Request, field_lines

_SET_COOKIE = b"set-cookie"
_ETAG = b"etag"
_EXPIRES = b"expires"

Block: TypeAlias = tuple[dict[bytes, bytes], list[cookies.Line]]
"""What is compared of a header block, fields and cookies: equal blocks are equal answers."""


def value(headers: Headers, name: bytes) -> bytes:
    """All values of the field `name`, given in lower case, in one (RFC 9110, 5.2)."""
    return b", ".join([said for field, said in headers if field.lower() == name])


def codings(headers: Headers) -> str:
    """The content codings, in lower case and in the order in which they were applied (RFC 9110, 8.4)."""
    return value(headers, b"content-encoding").decode("latin-1").lower()


def same(legacy: bytes, target: bytes) -> bool:
    """Whether plainly nothing that is compared differs between two heads, in microseconds. A no says only
    that `compare` has to look."""
    ours, theirs = field_lines(legacy), field_lines(target)
    if len(ours) == len(theirs):
        for line, other in zip(ours, theirs, strict=True):
            if line != other and _part(line) != _part(other):
                break
        else:
            return True
    parts = [*filter(None, map(_part, ours))], [*filter(None, map(_part, theirs))]
    return sorted(parts[0], key=_name) == sorted(parts[1], key=_name)


def compare(
    legacy: Headers, target: Headers, rule: Rule, silence: Silences, request: Request | None = None
) -> Found:
    """Differences of fields, by name, then of cookies, by name. Where the `request` is known, a URL and a
    reference that a client resolves to it are the same."""
    (ours, our_cookies), (theirs, their_cookies) = _block(legacy), _block(target)
    found = _Comparison(rule, silence, request)
    if ours != theirs:
        for name in sorted(ours.keys() | theirs.keys()):
            one, other = ours.get(name), theirs.get(name)
            if one == other or (name == _EXPIRES and one and other and _is_over(legacy) and _is_over(target)):
                continue
            said = value(legacy, name).decode("latin-1"), value(target, name).decode("latin-1")
            found.field(name.decode("latin-1"), one, other, said)
    if our_cookies != their_cookies:
        dates = partial(value, legacy, b"date"), partial(value, target, b"date")
        for difference in cookies.compare(our_cookies, their_cookies, dates):
            found.cookie(difference)
    return Found(found.differences, [], tuple(found.hits))


def _block(headers: Headers) -> Block:
    fields: dict[bytes, bytes] = {}
    lines: list[cookies.Line] = []
    names = FIELDS
    for wire_name, said in headers:
        name = names[wire_name]
        if name is None:
            continue
        if name == _SET_COOKIE:
            lines.append(cookies.without_value(said))
        elif name not in fields or name in WITHOUT_VALUE:
            fields[name] = _compared(name, said)
        else:
            # RFC 9110, 5.3: several lines of one name mean the same as one line with commas.
            fields[name] += b", " + said
    return fields, lines


def _compared(name: bytes, said: bytes) -> bytes:
    """What is compared of one line of a field."""
    if name == _ETAG:
        # RFC 9110, 8.8.1: by a weak one no part of an answer can be asked for, and nothing be updated.
        return b"weak" if said.startswith(b"W/") else b"strong"
    if name == _EXPIRES:
        # RFC 9111, 5.3: what is no date, such as 0, has expired; a day of the last century means the same.
        at = moment(said.decode("latin-1"))
        return b"past" if at is None or is_long_past(at) else b"a time"
    return b"" if name in PRESENCE else said


def _is_over(headers: Headers) -> bool:
    """Has an answer expired when it was given? Some say so by a day long past, some by its Date."""
    ends, now = (moment(value(headers, name).decode("latin-1")) for name in (_EXPIRES, b"date"))
    return ends is None or is_long_past(ends) or (now is not None and ends.microseconds <= now.microseconds)


def _part(line: bytes) -> tuple[bytes, ...] | None:
    """What is compared of a field's line by itself, its name first; None for nothing."""
    wire_name, _, said = line.partition(b":")
    name = FIELDS[wire_name]
    if name is None:
        return None
    said = said.strip(b" \t")
    return (name, *cookies.without_value(said)) if name == _SET_COOKIE else (name, _compared(name, said))


_name = itemgetter(0)


class _Comparison:
    """What is found, and what the rule says of it."""

    def __init__(self, rule: Rule, silence: Silences, request: Request | None) -> None:
        self.differences: list[Difference] = []
        self.hits: dict[str, None] = {}
        self._rule = rule
        self._silence = silence
        self._request = request

    def field(self, name: str, legacy: bytes | None, target: bytes | None, said: tuple[str, str]) -> None:
        """A field that is not the same; `said` is its whole value on both sides."""
        ignored = self._rule.ignored.get(f"header:{name}")
        if ignored and (legacy is None or target is None or name not in MEANINGS):
            self.hits[ignored] = None
            return
        path = "header:" + shown(name)
        if legacy is None:
            self.differences.append(added(path, said[1]))
        elif target is None:
            self.differences.append(missing(path, said[0]))
        else:
            meant = self._meant(name, legacy.decode("latin-1"), target.decode("latin-1"))
            if meant[0] != meant[1]:
                line = ignored or self._allowed(name, *meant)
                self._say(changed(path, *said, _kind(name, *meant)), line)

    def cookie(self, difference: Difference) -> None:
        """A cookie, or an attribute of one, that is not the same."""
        ignored = self._rule.ignored
        line = ignored.get("header:set-cookie") or ignored.get(difference.path)
        line = line or ignored.get(difference.path.partition(";")[0])
        if not line and difference.legacy and difference.target:
            line = self._silence(difference.legacy, difference.target)
        self._say(difference, line)

    def _say(self, difference: Difference, line: str | None) -> None:
        if line:
            self.hits[line] = None
        else:
            self.differences.append(difference)

    def _meant(self, name: str, legacy: str, target: str) -> tuple[str, str]:
        ours, theirs = means(name, legacy), means(name, target)
        if name in ADDRESSES and ours != theirs and self._request is not None:
            resolved = _resolved(ours, self._request), _resolved(theirs, self._request)
            # Where neither is whole, or both are, rules speak of what was said.
            mixed = bool(url(ours).authority) != bool(url(theirs).authority)
            return resolved if mixed or resolved[0] == resolved[1] else (ours, theirs)
        return ours, theirs

    def _allowed(self, name: str, legacy: str, target: str) -> str | None:
        """The line by which two values count as equal."""
        rule = self._rule
        for margin, line in rule.margins.get(name, ()):
            if margin.texts(legacy, target):
                return line
        if name in rule.same_host and same_but_host(legacy, target):
            return rule.same_host[name]
        return self._silence(legacy, target)


def _kind(name: str, legacy: str, target: str) -> DifferenceKind:
    if name == "content-type":
        ours, theirs = (media_type(said.encode("latin-1")) for said in (legacy, target))
        charsets = ours.parameters.pop("charset", ""), theirs.parameters.pop("charset", "")
        only_charset = ours == theirs and charsets[0] != charsets[1]
        return DifferenceKind.CHARSET if only_charset else DifferenceKind.CHANGED
    reordered = sorted(members(legacy)) == sorted(members(target))
    return DifferenceKind.ORDER if reordered else DifferenceKind.CHANGED


def _resolved(reference: str, request: Request) -> str:
    """A reference as the client resolves it (RFC 3986, 5.2), as far as its own scheme and host are known."""
    scheme, host = (value(request.headers, name).decode("latin-1") for name in (_PROTO, b"host"))
    place = url(reference)
    if not (scheme and host) and (place.scheme or place.authority):
        return reference
    base = f"{scheme or 'http'}://{host or _NOWHERE}{request.target.decode('latin-1')}"
    try:
        return str(url(urljoin(base, reference)))
    except ValueError:  # what it has in the place of a host is none
        return reference


_NOWHERE = "nowhere.invalid"
_PROTO = b"x-forwarded-proto"  # the proxy itself says how the client came
