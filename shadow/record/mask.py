"""Secrets become keyed hashes before anything is kept.

Pure. A masked value reads `masked:` and 16 digits. Equal values stay equal under one key, so that what
differs is still seen to differ; without the key nobody can try out what a hash stands for. `secrets` knows
what looks like a secret, and the configuration names more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from urllib.parse import quote, unquote_plus

from shadow.compare import html_data, jsonpath
from shadow.compare.found import encodable
from shadow.compare.jsonpath import Key, Place, Reached
from shadow.grammar import TCHAR
from shadow.model import Headers
from shadow.record.secrets import SecretFinder, is_message, is_secret

_FORMS = "a header's name, query:NAME, form:NAME or json:$.path"
TOKEN = re.compile(f"{TCHAR}+")
MASKED = re.compile(r"masked:[0-9a-f]{16}")

# What is kept readable of Set-Cookie, beside the name: losing one of these is what a migration breaks.
_ATTRIBUTES = frozenset(
    {"domain", "expires", "httponly", "max-age", "partitioned", "path", "priority", "samesite", "secure"}
)
_ADDRESSES = frozenset({"location", "content-location", "referer", "refresh", "link", "origin"})

_COOKIES = frozenset({"cookie", "cookies", "set-cookie"})  # as members of JSON
_BRACKETS = re.compile(r"[\[\]]+")
_GRANT = frozenset({"code", "state"})
_SHORTEST_CODE = 8  # characters of one that OAuth servers give; 128 bits are 22
_DELIMITER = re.compile(r"([?&;#])")


class Mask:
    """Hides what the configuration's `lines` name, and what looks like a secret anyway.

    `key` keeps the hashes from being guessed: as long as it is the same, equal values stay equal.
    Raises ValueError with one line that says what is wrong.
    """

    def __init__(self, lines: Iterable[str], key: bytes) -> None:
        if not key:
            raise ValueError("mask: the key is empty")
        self._key = blake2b(key).digest()
        self._headers: set[str] = set()
        self._parameters: set[str] = set()
        self._fields: set[str] = set()
        places = [place for line in lines if (place := self._add(line)) is not None]
        self.places = Reached(tuple(places))
        """What the lines say of the root of a JSON tree."""
        self.names_fields = bool(self._headers or self._parameters)
        """Whether lines name headers or parameters: members of a tree may be called like those."""
        keys = [list(_keys(place)) for place in places]
        self.by_name = all(isinstance(steps[-1], str) for steps in keys if steps)
        """Whether what the lines name in a tree can be found by its name, in a tree that was cut."""
        members = {name for steps in keys for name in [key for key in steps if isinstance(key, str)][-1:]}
        names = sorted(self._headers | self._parameters | self._fields | members)
        self._finder = SecretFinder(names)
        deep = (f"$..[{json.dumps(name)}]" for name in names)
        self._in_scripts = Reached(tuple(jsonpath.compile_pattern(each, each) for each in deep))

    def _add(self, line: str) -> Place | None:
        """Read one line; the place that it names, if it is one in a tree."""
        kind, colon, rest = line.partition(":")
        if kind == "json" and colon:
            return jsonpath.compile_pattern(rest, line)
        if kind == "query" and rest:
            self._parameters.update(_spellings(rest))
        elif kind == "form" and rest:
            self._fields.update(_spellings(rest))
        elif TOKEN.fullmatch(line) or (kind == "header" and TOKEN.fullmatch(rest)):
            self._headers.add((rest or line).lower())
        else:
            raise ValueError(f"mask: {line!r} is not understood; it can be {_FORMS}")
        return None

    def step(self, reached: Reached, key: Key) -> Reached:
        """What the lines say of the value under a key. JSON lines are read as an array of documents, so what
        they say of one holds for each member of an array at the root. In a script names alone count."""
        if reached.idle and (reached is not self.places or self._in_scripts.idle):
            return reached
        after = reached.step(key)
        if reached is not self.places:
            return after
        if isinstance(key, int):
            return reached.beside(after)
        return after.beside(self._in_scripts) if html_data.is_name(key) else after

    def value(self, secret: str) -> str:
        """What is shown in the place of a secret. One masked already stays, and an empty one: that it is
        empty is no secret, and often the finding."""
        if not secret or MASKED.fullmatch(secret):
            return secret
        digest = blake2b(secret.encode("utf-8", "backslashreplace"), key=self._key, digest_size=8)
        return f"masked:{digest.hexdigest()}"

    def said(self, secret: str) -> str:
        """What is shown of what only its name calls a secret: messages about it can be read."""
        return secret if is_message(secret) else self.value(secret)

    def digest(self, content: bytes) -> str:
        """What stands for content that is not kept: the same for equal bytes."""
        return blake2b(content, key=self._key, digest_size=16).hexdigest()

    def named(self, name: str) -> bool:
        """Whether a field, member, element, attribute or column of this name holds a secret."""
        if is_secret(name) or name.lower() in _COOKIES:
            return True
        return bool(self._fields) and not self._fields.isdisjoint(_steps(name))

    def text(self, text: str) -> str:
        """Running text, perhaps cut, with each secret that can be recognised in it masked."""
        return self._finder.hidden(encodable(text), self.said)

    def odd(self, text: str) -> bool:
        """Whether anything in a text would be masked."""
        return self._finder.odd(text)

    def whole(self, text: str) -> str:
        """Running text of which nothing was cut, masked likewise."""
        return self._finder.whole(encodable(text), self.said)

    def headers(self, headers: Headers) -> Headers:
        """Header fields as they stood on the wire, with the secrets in their values masked."""
        return tuple(
            (name, self.field(name.decode("latin-1"), value.decode("latin-1")).encode("latin-1"))
            for name, value in headers
        )

    def target(self, target: str) -> str:
        """A request target or URL: parameters by their names, the rest as text, seen unquoted."""
        pieces = self._pieces(target)
        granted = _is_grant(pieces[::2])
        return "".join(piece if i % 2 else self._piece(piece, granted) for i, piece in enumerate(pieces))

    def form(self, body: str) -> str:
        """A form as it is sent, `a=1&b=2`: values by the names of their fields, the rest as text."""
        pairs = body.split("&")
        granted = _is_grant(pairs)
        return "&".join(
            f"{pair.partition('=')[0]}={self.value(_unquoted(pair.partition('=')[2]))}"
            if "=" in pair and self.named(_unquoted(pair.partition("=")[0]))
            else self._piece(pair, granted)
            for pair in pairs
        )

    def field(self, name: str, value: str) -> str:
        """The value of a header field."""
        name = name.lower()
        if name == "cookie":
            return "; ".join(map(self._pair, value.split(";")))
        if name == "set-cookie":
            pair, *attributes = value.split(";")
            return "; ".join([self._pair(pair), *map(self._attribute, attributes)])
        if name in self._headers or is_secret(name):
            return self.value(value)
        return self.target(value) if name in _ADDRESSES else self.text(value)

    def cookie(self, attribute: str, value: str) -> str:
        """One attribute's value, or all attributes of a cookie."""
        if attribute:
            return value if attribute in _ATTRIBUTES else self.value(value)
        parts = re.split("([;,] ?)", value)
        return "".join(part if i % 2 else self._attribute(part) for i, part in enumerate(parts))

    def _pair(self, pair: str) -> str:
        """A cookie; without `=` it is a value without a name (RFC 6265, 5.2)."""
        name, equals, value = pair.strip().partition("=")
        return f"{name}={self.value(value)}" if equals else self.value(name)

    def _attribute(self, attribute: str) -> str:
        name, _, value = attribute.strip().partition("=")
        if name.lower() in _ATTRIBUTES or not value:
            return attribute.strip()
        return f"{name}={self.value(value)}"

    def _pieces(self, target: str) -> list[str]:
        """The pieces of a URL, and in turn the delimiters between them. A secret that was not escaped may
        hold any delimiter but `&`, so it ends only there, or where another parameter follows."""
        first, *rest = _DELIMITER.split(target)
        pieces = [[first]]
        asked = secret = False
        for delimiter, piece in zip(rest[::2], rest[1::2], strict=True):
            if secret and (delimiter == "?" or (delimiter != "&" and "=" not in piece)):
                pieces[-1] += delimiter, piece
            else:
                pieces += [delimiter], [piece]
                asked = asked or delimiter == "?"
                secret = asked and self._is_parameter(piece)
        return list(map("".join, pieces))

    def _is_parameter(self, piece: str) -> bool:
        """Whether a piece of a URL is a parameter whose value is a secret."""
        name, equals, _ = piece.partition("=")
        name = _unquoted(name)
        return bool(equals) and (is_secret(name) or not self._parameters.isdisjoint(_steps(name)))

    def _piece(self, piece: str, granted: bool) -> str:
        """A piece of a URL, perhaps one that tells what an OAuth server has granted."""
        name, _, value = piece.partition("=")
        if self._is_parameter(piece) or (granted and name in _GRANT):
            return f"{name}={self.value(_unquoted(value))}"
        plain = _unquoted(piece)
        masked = self.text(plain)
        if plain == piece:  # nothing in it is escaped
            return masked
        if masked == plain:
            return piece
        # Where a value was cut, the sign for it is none of a URL's.
        return "…".join(quote(part, "/:=@,+", "latin-1", "replace") for part in masked.split("…"))


def _spellings(name: str) -> set[str]:
    """A name, and as it is read by Latin-1 where a browser has escaped the bytes of its page's charset."""
    read = {name}
    for charset in ("utf-8", "cp932", "euc-jp"):
        with suppress(UnicodeEncodeError):
            read.add(name.encode(charset).decode("latin-1"))
    return {each.lower() for each in read}


def _steps(name: str) -> list[str]:
    """The name of a field, and those in it, of `user[mail]`."""
    name = name.lower()
    return [name, *_BRACKETS.split(name)] if "[" in name else [name]


def _is_grant(pieces: Iterable[str]) -> bool:
    """Is `code` what an OAuth server has granted (RFC 6749, 4.1.2), and not a postcode beside a `state`?"""
    said = dict(piece.partition("=")[::2] for piece in pieces)
    code = said.get("code", "")
    return ("state" in said or "grant_type" in said) and len(code) >= _SHORTEST_CODE and not code.isdigit()


def _unquoted(part: str) -> str:
    """Without percent-encoding, up to three layers of it. By Latin-1, so that no byte is lost."""
    for _ in range(3):
        plain = unquote_plus(part, encoding="latin-1")
        if plain == part:
            break
        part = plain
    return part


def _keys(place: Place) -> Iterator[Key | None]:
    """The keys of a line, from the root on; None for any."""
    while place.then is not None:
        yield place.key
        place = place.then
