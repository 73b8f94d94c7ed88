"""Lines of rules that could silence a difference, the narrowest first. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, DecimalException
from typing import NamedTuple

import msgspec

from shadow.compare import values
from shadow.model import Difference, DifferenceKind
from shadow.settings import Compare, Margin

_SPANS = ("2s", "10s", "1m", "5m", "1h", "1d")
_AMOUNTS = ("0.01", "0.1", "1", "5", "10", "1%", "5%")
_FRACTIONS = ("0.01", "0.1")
_SHARE = values.margin("5%")  # an amount that is more of a value is offered for none, but for fractions
_HALF_HOUR = 1_800_000_000  # microseconds
_FARTHEST_ZONE = 28  # half hours
_LATER = 10_000_000  # microseconds: a clock is read when the target is asked, after legacy
_DIGITS = re.compile(r"\d+")
_INDEX = re.compile(r"\[\d+\](?=/|$)|\[\d+\]$")
_TEXTUAL = ("html", "xml", "form", "csv", "header", "cookie")


class Line(NamedTuple):
    """A line of a rule: the setting, the place, and how far for a tolerance."""

    setting: str
    place: str
    says: str = ""

    def added(self, to: Compare) -> Compare:
        """The section with this line too."""
        if self.setting == "tolerance":
            return msgspec.structs.replace(to, tolerance=to.tolerance | {self.place: Margin(self.says)})
        return msgspec.structs.replace(to, **{self.setting: (*getattr(to, self.setting), self.place)})


def hidden_form(line: Line, shown: Iterable[Difference]) -> str:
    """What a line hides beside what it is for: other values of a type, a time zone, a count, another spelling
    of values that are near each other, or another scheme or domain of a link."""
    sides = [(_unquoted(each.legacy or ""), _unquoted(each.target or "")) for each in shown]
    if line.setting == "same_host":
        return _hidden_by_same_host([(values.url(ours), values.url(theirs)) for ours, theirs in sides])
    if line.setting == "type_only":
        return "hides every other value of that type"
    if line.setting == "tolerance" and _is_zone(sides):
        return "hides that the target's clock stands in another time zone"
    if line.says in _AMOUNTS and any(_are_whole(*each) for each in sides):
        return "hides that whole numbers differ, as counts and prices are"
    if line.setting != "tolerance" or any(_are_numbers(*each) for each in sides):
        return ""
    # Of one writer some moments have a fraction, some have not: what counts is that no form is on both sides.
    ours, theirs = ({_DIGITS.sub("0", text) for text in side} for side in zip(*sides, strict=True))
    return "hides that the target writes it in another way" if ours.isdisjoint(theirs) else ""


def _hidden_by_same_host(sides: list[tuple[values.Url, values.Url]]) -> str:
    hidden = []
    if any(ours.scheme != theirs.scheme for ours, theirs in sides):
        hidden.append("that the scheme changes")
    if any(not _are_neighbours(_host(ours), _host(theirs)) for ours, theirs in sides):
        hidden.append("to which host links lead")
    return f"hides {', and '.join(hidden)}" if hidden else ""


def _host(link: values.Url) -> str:
    return re.sub(r":\d*$", "", link.authority.rpartition("@")[2].removeprefix("//"))


def _are_neighbours(one: str, other: str) -> bool:
    """Are two hosts of one domain, such as old.example.com and new.example.com?"""
    shorter, longer = sorted((one, other), key=len)
    return one == other or longer.endswith(f".{shorter}") or _domain(one) == _domain(other) != ""


def _domain(host: str) -> str:
    return "" if host.replace(".", "").isdigit() else host.partition(".")[2]


def _is_zone(sides: list[tuple[str, str]]) -> bool:
    """Whether all moments are apart by the same half hours, as zones are: by fourteen hours at most."""
    moments = [tuple(map(values.moment, each)) for each in sides]
    apart = [theirs.microseconds - ours.microseconds for ours, theirs in moments if ours and theirs]
    zones = {round(each / _HALF_HOUR) for each in apart}
    if len(apart) != len(moments) or len(zones) != 1:
        return False
    zone = zones.pop()
    near = all(abs(each - zone * _HALF_HOUR) <= _LATER for each in apart)
    return near and 0 < abs(zone) <= _FARTHEST_ZONE


def candidates(kind: str, path: str, shown: Iterable[Difference]) -> Iterator[Line]:
    """Lines for a cause and the differences that showed it. A status is never silenced."""
    pairs = [(each.legacy, each.target) for each in shown]
    place, _, name = path.partition(":")
    if place == "json":
        yield from _for_json(kind, path, pairs)
    elif place == "header" and kind == DifferenceKind.CHANGED:
        yield from _for_values(path, pairs)
        yield Line("ignore", path)
    elif place in _TEXTUAL and name:
        yield Line("ignore", _INDEX.sub("", path) if place in ("xml", "csv") else path)
    elif path in ("text", "body") and kind not in (DifferenceKind.CHARSET, DifferenceKind.UNDECODABLE):
        yield Line("ignore", path)


def _for_json(kind: str, path: str, pairs: list[tuple[str | None, str | None]]) -> Iterator[Line]:
    if kind == DifferenceKind.ORDER:
        yield Line("unordered", path)
    elif kind == DifferenceKind.CHANGED:
        yield from _for_values(path, pairs)
        array, index, _ = path.rpartition("[*]")
        if index:
            yield Line("unordered", array)
            yield Line("unordered", f"{array} key=id")
        yield Line("type_only", path)
    yield Line("ignore", path)


def _for_values(path: str, pairs: list[tuple[str | None, str | None]]) -> Iterator[Line]:
    """By what all the values are: moments, numbers or URLs."""
    plain = [(_unquoted(ours or ""), _unquoted(theirs or "")) for ours, theirs in pairs]
    for margins, are in ((_SPANS, _are_moments), (_AMOUNTS, _are_numbers)):
        if all(are(*each) for each in plain):
            for text in margins:
                margin = values.margin(text)
                narrow = text not in _AMOUNTS or text in _FRACTIONS
                if all(_within(margin, *each) and (narrow or _within(_SHARE, *each)) for each in plain):
                    yield Line("tolerance", path, text)
                    break
    if all(values.same_but_host(*each) for each in plain):
        yield Line("same_host", path)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _are_moments(legacy: str, target: str) -> bool:
    return all(values.moment(each) is not None or _unix(each) for each in (legacy, target))


def _unix(text: str) -> bool:
    """Is it a time since 2001, in seconds or milliseconds?"""
    return re.fullmatch(r"\d{10}(?:\d{3})?(?:\.\d{1,9})?", text) is not None


def _are_numbers(legacy: str, target: str) -> bool:
    return _number(legacy) is not None and _number(target) is not None


def _are_whole(legacy: str, target: str) -> bool:
    return all(re.fullmatch(r"-?\d+", each) for each in (legacy, target))


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text) if len(text) < 40 else None
    except DecimalException:
        return None
    return number if number is not None and number.is_finite() else None


def _within(margin: values.Margin, legacy: str, target: str) -> bool:
    ours, theirs = _number(legacy), _number(target)
    if ours is not None and theirs is not None:
        return margin.numbers(ours, theirs)
    return margin.texts(legacy, target)
