"""What changes in the answers themselves: cookies, addresses, times, languages, encodings. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from shadow.compare.charset import read
from shadow.compare.found import SHOWN
from shadow.compare.media import media_type
from shadow.compare.signature import parse
from shadow.record.bodies import restored
from shadow.record.evidence import Answered
from shadow.verdict.causes import Trace
from shadow.verdict.diagnosis.case import Case, Traced, short, traced

_ATTRIBUTES = {"secure", "samesite", "domain", "httponly"}
_INSIDE = [
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918
        *("100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),  # RFC 6598, 1122, 3927
        *("fc00::/7", "fe80::/10", "::1/128"),  # RFC 4193, 4291
    )
]
"""Addresses of pods, nodes and proxies, which no client of the Internet has."""

_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w.:])"
)
_MOMENT = re.compile(r"(?:(?P<date>\d{4}[-/]\d\d[-/]\d\d)[T ])?(?<!\d)(?P<time>\d\d:\d\d(?::\d\d)?)(?!\d)")
_INNER = re.compile(
    r"(?i)\b[a-z][a-z0-9+]*://(?:localhost|127\.0\.0\.1|\w[\w-]*|[\w.-]+\.(?:svc|local|internal))(?=[:/?#\"'<]|$)"
)
_NUMBER = re.compile(r"\d[\d.,' \u00a0\u202f]*\d")
_DATE = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})")
_HALF_HOUR = 1800
_LATER = 10.0  # seconds: of two times that are now, the target's is read a little later
_FARTHEST = timedelta(hours=14)


def cookie_attributes(case: Case) -> Traced | None:
    """A cookie without Secure, HttpOnly, SameSite or Domain, or with another SameSite or Domain."""
    causes = []
    for cause in case.causes:
        found = parse(cause.name)
        name, _, attribute = found.path.rpartition(";")
        if name.startswith("cookie:") and attribute in _ATTRIBUTES and found.kind in ("missing", "changed"):
            causes.append(cause)
    return traced(causes)


def client_address(case: Case) -> Traced | None:
    """An address of a private network at the target, where legacy shows another one."""
    return _pairs(case, _other_address)


def _other_address(legacy: str, target: str) -> str:
    ours, theirs = _addresses(legacy), _addresses(target)
    for one, other in zip(ours, theirs, strict=False):
        if one != other and _is_inside(other):
            return f"{one} became {other}"
    return ""


def _is_inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in _INSIDE)


def _addresses(text: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    found = []
    for each in _ADDRESS.findall(text):
        try:
            found.append(ipaddress.ip_address(each))
        except ValueError:
            continue
    return found


def internal_host(case: Case) -> Traced | None:
    """A URL of a host without a domain, localhost, `.svc`, `.local` or `.internal`, where legacy has none."""
    return _pairs(case, _inner_host)


def _inner_host(legacy: str, target: str) -> str:
    found = _INNER.search(target)
    return f"the target says {short(found[0])}" if found and not _INNER.search(legacy) else ""


def time_zone(case: Case) -> Traced | None:
    """Times that differ by whole or half hours, always by the same, but for seconds."""
    causes, notes = [], []
    for cause in case.causes:
        shifts = [_shift(*_values(each)) for each in case.shown([cause])]
        if len(shifts) >= 2 and shifts[0] and set(shifts) == {shifts[0]}:
            causes.append(cause)
            notes.append(f"always {shifts[0] / 3600:+g} h")
    return traced(causes, *list(dict.fromkeys(notes))[:3], *case.example(causes))


def _shift(legacy: str, target: str) -> int:
    """Seconds from legacy's time of day to the target's; 0 where it is no matter of zones."""
    ours, theirs = _MOMENT.search(legacy), _MOMENT.search(target)
    if not ours or not theirs or bool(ours["date"]) != bool(theirs["date"]):
        return 0
    try:
        apart = _moment(theirs) - _moment(ours)
    except ValueError:
        return 0
    seconds = apart.total_seconds()
    shift = round(seconds / _HALF_HOUR) * _HALF_HOUR
    return shift if abs(seconds - shift) <= _LATER and abs(apart) <= _FARTHEST else 0


def _moment(found: re.Match[str]) -> datetime:
    day = (found["date"] or "2000-01-01").replace("/", "-")
    return datetime.fromisoformat(f"{day}T{found['time']}")  # of the wall clock: the zone is what is asked


def locale(case: Case) -> Traced | None:
    """The same number or day, written another way; or another language."""
    languages = [cause for cause in case.causes if parse(cause.name).path == "header:content-language"]
    found = _pairs(case, _other_format)
    if found is None:
        return traced(languages)
    return Traced(found.traces, languages + found.causes)


def _other_format(legacy: str, target: str) -> str:
    for pattern, same in ((_NUMBER, _same_number), (_DATE, _same_day)):
        ours, theirs = pattern.search(legacy), pattern.search(target)
        if ours and theirs and ours[0] != theirs[0] and same(ours, theirs):
            return f"{short(ours[0])} became {short(theirs[0])}"
    return ""


def _same_number(ours: re.Match[str], theirs: re.Match[str]) -> bool:
    """Whether only the separators of thousands and decimals differ."""
    return (
        len(re.findall(r"\d", ours[0])) >= 4
        and re.sub(r"\D", "", ours[0]) == re.sub(r"\D", "", theirs[0])
        and len(re.findall(r"\D", ours[0])) == len(re.findall(r"\D", theirs[0]))
        and not _DATE.search(ours[0])
    )


def _same_day(ours: re.Match[str], theirs: re.Match[str]) -> bool:
    """Whether the same three numbers stand in another order, or between other signs."""
    return sorted(map(int, ours.groups())) == sorted(map(int, theirs.groups()))


def charset(case: Case) -> Traced | None:
    """Text that is read by another charset, or characters that were lost on the way."""
    causes = [
        cause
        for cause in case.causes
        if parse(cause.name).kind == "charset" and any(map(_is_read_otherwise, case.shown([cause])))
    ]
    found = _pairs(case, _garbled)
    if found is None:
        return traced(causes)
    return Traced([*(traced(causes) or Traced([], [])).traces, *found.traces], causes + found.causes)


def _is_read_otherwise(trace: Trace) -> bool:
    """Would the target's body be another text, if it came with legacy's Content-Type?"""
    if trace.difference.path != "header:content-type":
        return True
    ours, theirs = (media_type(said.encode("latin-1", "replace")) for said in _values(trace))
    answer = trace.evidence.target
    body = answer.body if isinstance(answer, Answered) else None
    if body is None or body.text is None:  # not kept
        return bool(ours.charset and theirs.charset)
    plain = restored(body, ())
    return read(plain, ours.charset, ours.name).text != read(plain, theirs.charset, theirs.name).text


def _garbled(legacy: str, target: str) -> str:
    lost = "\ufffd" in target and "\ufffd" not in legacy
    garbled = lost or _is_replaced(legacy, target) or _is_misread(legacy, target)
    return f"{short(legacy)} became {short(target)}" if garbled else ""


_ASKS = "\uff1f\ufe56\u061f\u037e"  # other question marks, which are only written otherwise


def _is_replaced(legacy: str, target: str) -> bool:
    """Does a question mark stand for each character that the target's charset lacks, and else the same?"""
    differing = {(one, other) for one, other in zip(legacy, target, strict=False) if one != other}
    alike = len(legacy) == len(target) and bool(differing)
    return alike and all(other == "?" and not (one.isascii() or one in _ASKS) for one, other in differing)


_CHARSETS = ("utf-8", "cp932", "euc-jp")
_WINDOWS = {byte: bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}
"""What Windows-1252 has in the place of controls of Latin-1; it leaves five of them as they are."""


def _is_misread(legacy: str, target: str) -> bool:
    """Is the target's text legacy's, read by another charset? Both as far as they are shown."""
    (ours, our_end), (theirs, their_end) = _uncut(legacy), _uncut(target)
    for charset in _CHARSETS:
        with suppress(UnicodeEncodeError):
            for reading in _readings(ours.encode(charset)):
                begins = (their_end and reading.startswith(theirs)) or (
                    our_end and theirs.startswith(reading)
                )
                if reading != ours and (reading == theirs or begins):
                    return True
    return False


def _uncut(text: str) -> tuple[str, str]:
    """A value as it is shown, without the signs that there was more; and the one at its end."""
    end = text[-1] if len(text) == SHOWN and text.endswith("…") else ""
    return text.removeprefix("…").removesuffix(end), end


def _readings(body: bytes) -> Iterator[str]:
    for charset in _CHARSETS:
        with suppress(UnicodeDecodeError):
            yield body.decode(charset)
    latin = body.decode("latin-1")
    yield latin
    yield latin.translate(_WINDOWS)


def compression(case: Case) -> Traced | None:
    """A Content-Encoding that only one side has."""
    return traced([each for each in case.causes if parse(each.name).path == "header:content-encoding"])


def _pairs(case: Case, told: Callable[[str, str], str]) -> Traced | None:
    """Causes of which every kept comparison tells the same story of both values."""
    causes, notes = [], []
    for cause in case.causes:
        stories = [told(*_values(each)) for each in case.shown([cause])]
        if stories and all(stories):
            causes.append(cause)
            notes.append(stories[0])
    return traced(causes, *notes[:3], *case.example(causes))


def _values(trace: Trace) -> tuple[str, str]:
    return trace.difference.legacy or "", trace.difference.target or ""
