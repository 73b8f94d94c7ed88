"""How like two values are to a third, where all three vary. Pure.

Of a place that legacy varies, a comparison shows legacy's value beside the target's, and a control the same
one beside legacy's second. What the first two have in common is what does not vary: the host of a signed
link, a price in a script beside the id of a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from zlib import crc32

from shadow.model import Difference

VALUES = 52
"""Bits in which values are counted: what a JSON number surely holds."""

_TOKEN = re.compile(r"\w+(?:[.:,-]\w+)*")
_JOINT = re.compile(r"[.:,-]")


def shared(places: Iterable[Difference]) -> frozenset[str]:
    """What both sides' values have in common: their words, and that there is any."""
    found = ((each.path, _words(each.legacy or "") & _words(each.target or "")) for each in places)
    return frozenset(f"{path} {word}" for path, words in found for word in words)


def bit(value: str | None) -> int:
    """One of `VALUES` bits, by the value: of many values that are or'ed, many are set, of one a single one
    (linear counting; Whang and others, 1990)."""
    return 1 << crc32((value or "").encode("utf-8", "backslashreplace")) % VALUES


def _words(value: str) -> frozenset[str]:
    """Those that say something: numbers, times and dates as a whole, and what is of letters alone. Letters
    with digits between them are an id, a hash or the name of a server or build."""
    words = set[str]()
    for token in _TOKEN.findall(value):
        parts = _JOINT.split(token)
        if all(map(str.isdecimal, parts)):
            words.add(token)
        else:
            words.update(filter(str.isalpha, parts))
        words.add("")
    return frozenset(words)
