"""What looks like a secret: names that secrets have, and shapes that they have in text.

Pure. Errs on the side of hiding: a hidden word that was none costs a look at the service itself, a secret
once shown cannot be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeAlias

import re2  # linear in time, whatever a hostile answer holds

Hide: TypeAlias = Callable[[str], str]
"""Gives what is shown in the place of a secret."""

# Parts of names that hardly stand in any other word.
_PARTS = (
    r"passw|passphrase|passcode|pwd|secret|token|session|sessid|credential|authorization|oauth|jwt|csrf|xsrf"
    r"|signature|cvv|(?:api|access|private|encryption)[_.-]?key|(?:credit|debit)[_.-]?card"
    r"|card[_.-]?(?:no|num)"
)
# Names that stand in many other words, and count only as a word of their own.
_WORDS = r"pass|pin|cvc|cvn|otp|ssn|sid|sig|auth|card|pan|iban"

_NAME = re.compile(rf"(?i){_PARTS}|(?:^|[^a-z0-9])(?:{_WORDS})(?:[^a-z0-9]|$)")

# `:` in JSON, `=` in forms, `=>` in dumps, `>` in XML; in HTML the value has an attribute of its own. Quotes
# are escaped where JSON stands within JSON.
_BETWEEN = r"""(?:\\*["'])?(?:\]|%5[dD])?\s*(?:=>|[:=>]|%3[adAD]|\s(?:value|content)\s*=)\s*"""

_QUOTED = "|".join(
    (
        r'"(?:[^"\\]|\\.)*"?',
        r"'(?:[^'\\]|\\.)*'?",
        r'\\"(?:[^"\\]|\\\\(?:\\"|[^"]))*(?:\\")?',  # a string within a string
        r"\\+[\"'](?s:.*)",  # deeper ones, and lists and objects, whose end no pattern finds: all the rest
        r"[\[{](?s:.*)",
    )
)
_VALUE = rf"(?:{_QUOTED}|(?:(?:bearer|basic|digest|negotiate|token)\s+)?[^\s\"'&;,<>]+)"

_SHAPES = re2.compile(
    r"""(?P<user>://[^/\s@?#]+@)"""  # of a URL, with or without password
    r"""|(?i:bearer|basic)\s+(?P<bearer>[A-Za-z0-9+/=._~-]{8,})"""
    r"""|(?P<jwt>eyJ[\w-]+\.[\w.-]*)"""
    r"""|(?P<key>\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{20,}|sk_(?:live|test)_\w+|xox[a-z]-[\w-]+|AIza[\w-]{30,}))"""
    r"""|(?P<email>[^\s"'<>()\[\],;:=&?@/\\]+(?:@|%40)[^\s"'<>()\[\],;:=&?@/\\]+)"""
    r"""|\b(?P<card>\d(?:[ -]?\d){12,18})\b"""
)
_LONG = re2.compile(r"[A-Za-z0-9_+=-]{32,}")

# Where a value was cut, `…`, what stands there may be the rest of a secret, or of the name of the next value.
# Of a tree all may be secret: the names above it are gone.
_WORD = r"[!#-%(-+\--:=?-~]*"  # printable ASCII but for blanks, quotes and & ; , < >
_HEAD = re2.compile(
    rf"""(?i)^…(?P<word>[^"<>]*"(?:{_BETWEEN}{_VALUE}|[\s,}}\]>;)]|$)"""  # to the end of a string
    rf"""|{_WORD}(?:[ -]\d+)*(?:{_BETWEEN}{_VALUE}|{_QUOTED})?)"""
)
_TAIL = re2.compile(rf"(?P<word>(?:\d+[ -])*{_WORD})…$")
_TREE = re2.compile(r'"\s*:')
_LEAD = 40  # characters of context before a difference: a shorter word is the same on both sides

_UUID = re2.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a field, parameter or member of this name is taken for a secret."""
    return _NAME.search(name) is not None


class Text:
    """Finds secrets in running text; `names` are further ones, in any case of letters."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        own = "".join(f"|{re2.escape(name)}" for name in names)
        name = rf"(?:(?:{_PARTS})[\w.-]*|(?:^|[^a-z0-9])(?:{_WORDS}{own}))"
        self._named: Any = re2.compile(
            # Of cookies everything to the end of the line.
            r"(?i)(?P<field>\b(?:set-)?cookie[\"']?\s*:\s*)(?P<line>[^\r\n]+)"
            rf"|(?P<name>{name}{_BETWEEN})(?P<value>{_VALUE})"
        )

    def hidden(self, text: str, hide: Hide) -> str:
        """The text with each secret replaced. It must be encodable as UTF-8."""

        def named(found: Any) -> str:
            before, value = found["name"] or found["field"], str(found["value"] or found["line"])
            secret = value.strip("\\\"'")  # equal to the same without quotes
            return str(before) + (value.replace(secret, hide(secret)) if secret else value)

        text = shapes_hidden(str(self._named.sub(named, text)), hide)
        text = str(_LONG.sub(lambda found: hide(found[0]) if _is_random(found[0]) else found[0], text))
        if text.startswith("…") and _TREE.search(text):
            return hide(text)
        if text.startswith("…"):
            text = str(_HEAD.sub(lambda found: "…" + _fragment_hidden(found["word"], hide), text))
        if text.endswith("…"):
            text = str(_TAIL.sub(lambda found: _fragment_hidden(found["word"], hide) + "…", text))
        return text


def shapes_hidden(text: str, hide: Hide) -> str:
    """The text with what is a secret by its shape alone replaced."""

    def shaped(found: Any) -> str:
        whole = str(found[0])
        shape = str(found.lastgroup)
        secret = str(found[shape])
        if shape == "card" and not _is_card(secret):
            return whole
        if shape == "user":
            return f"://{hide(secret[3:-1])}@"
        return whole.removesuffix(secret) + hide(secret)

    return str(_SHAPES.sub(shaped, text))


def _fragment_hidden(word: str, hide: Hide) -> str:
    return hide(word) if len(word) > _LEAD else ""


def _is_card(digits: str) -> bool:
    """The check digit of payment cards (Luhn): of other long numbers one in ten passes."""
    total = 0
    for place, digit in enumerate(int(each) for each in reversed(digits) if each.isdigit()):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _is_random(word: str) -> bool:
    """Long words without digits are names; UUIDs are usually ids that a reader wants to see."""
    return any(char.isdigit() for char in word) and _UUID.fullmatch(word) is None
