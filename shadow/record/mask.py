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
from itertools import accumulate
from urllib.parse import quote, unquote_plus

from shadow.compare import html_data, jsonpath, jsontext
from shadow.compare.found import encodable
from shadow.compare.jsonpath import Key, Place, Reached
from shadow.grammar import TCHAR
from shadow.model import Called, Comparison, Difference, DifferenceKind, Headers
from shadow.record import mask_json, mask_markup
from shadow.record.secrets import SecretFinder, is_message, is_secret, key_hidden, shapes_hidden

_FORMS = "a header's name, query:NAME, form:NAME or json:$.path"
TOKEN = re.compile(f"{TCHAR}+")
MASKED = re.compile(r"masked:[0-9a-f]{16}")

# What is kept readable of Set-Cookie, beside the name: losing one of these is what a migration breaks.
_ATTRIBUTES = frozenset(
    {"domain", "expires", "httponly", "max-age", "partitioned", "path", "priority", "samesite", "secure"}
)
_ADDRESSES = frozenset({"location", "content-location", "referer", "refresh", "link", "origin"})

_KEY = re.compile(r'\.(?P<name>[^\W\d][\w-]*)|\[(?P<index>\d+)\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]')
_COOKIES = frozenset({"cookie", "cookies", "set-cookie"})  # as members of JSON
_ATTRIBUTE = re.compile(r"[A-Za-z_][\w:.-]*")
_IN_ELEMENTS = ("html:", "xml:")
_NAMED_PLACES = frozenset({"form", "csv", "html", "xml"})
_NUMBER = re.compile(r"\[\d+\]$")
_SELECTED = re.compile(r"""#([\w-]+)|\[[\w-]+[\^~]?=["']?([^\]"']+)""")  # in `input#login[name=token]@value`
_CALLED = re.compile(r"\[(name|key)=([^\]]*)\]", re.IGNORECASE)  # in `xml:/map/entry[key=color]`
_INNER_QUOTE = re.compile(r'(?<!\\)".')  # no string has one
_BRACKETS = re.compile(r"[\[\]]+")
_GRANT = frozenset({"code", "state"})
_SHORTEST_CODE = 8  # characters of one that OAuth servers give; 128 bits are 22
_DELIMITER = re.compile(r"([?&;#])")


class Masked(Comparison, frozen=True):
    """A comparison that may be kept and shown: only a `Mask` makes one."""


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
            (name, self._field(name.decode("latin-1"), value.decode("latin-1")).encode("latin-1"))
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

    def comparison(self, comparison: Comparison) -> Masked:
        """What was found, fit to be kept."""
        renamed = {
            element
            for each in comparison.differences
            if each.path.startswith(_IN_ELEMENTS)
            for element, attribute in [_element(each.path)]
            if attribute in mask_markup.NAMING and self._any_named(each.legacy, each.target)
        }
        differences = tuple(self._difference(each, renamed) for each in comparison.differences)
        notes = tuple(map(self.text, comparison.notes))
        return Masked(comparison.fate, differences, notes, comparison.hits)

    def _field(self, name: str, value: str) -> str:
        name = name.lower()
        if name == "cookie":
            return "; ".join(map(self._pair, value.split(";")))
        if name == "set-cookie":
            pair, *attributes = value.split(";")
            return "; ".join([self._pair(pair), *map(self._attribute, attributes)])
        if name in self._headers or is_secret(name):
            return self.value(value)
        return self.target(value) if name in _ADDRESSES else self.text(value)

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

    def _any_named(self, *names: str | None) -> bool:
        return any(name and self.named(name) for name in names)

    def _difference(self, difference: Difference, renamed: set[str]) -> Difference:
        """One place; `renamed` are elements that have the name of a secret on one side only, in XML with all
        that is in them."""
        kind, path = difference.kind, difference.path
        if path == "status":
            return difference
        secret = False
        if renamed:
            element, attribute = _element(path)
            within = accumulate(element.split("/"), "{}/{}".format) if path.startswith("xml:") else (element,)
            secret = attribute not in mask_markup.NAMING and not renamed.isdisjoint(within)
        if isinstance(difference, Called):
            secret = secret or self._any_named(*difference.names)

        def shown(value: str | None) -> str | None:
            if value is None:
                return None
            if not secret:
                return self._at(path, kind, value)
            return self._said(value) if path.startswith("json:") else self.said(value)

        return Difference(
            kind,
            self._path(encodable(path)),
            shown(difference.legacy),
            shown(difference.target),
        )

    def _path(self, path: str) -> str:
        """A path with data in it, such as keys of an object; `a@href` in a page is no mail address."""
        if path.startswith("json:"):
            return key_hidden(path, self.value)
        if path.startswith("xml:"):
            path = _CALLED.sub(self._called, path)
        element = _element(path)[0]
        return shapes_hidden(element, self.value) + path[len(element) :]

    def _called(self, found: re.Match[str]) -> str:
        """What an element calls itself, in a path."""
        attribute, value = found.groups()
        shown = self.value(value) if self.named(attribute) else key_hidden(value, self.value)
        return f"[{attribute}={shown}]"

    def _at(self, path: str, kind: DifferenceKind, value: str) -> str:
        """The value of a difference, by what stands at its path."""
        place, _, name = path.partition(":")
        if place == "header":
            return self._field(name, value)
        if place == "cookie":
            return self._cookie(name.partition(";")[2], value)
        if place == "json":
            reached = self._reach(name)
            if reached is None:  # by its name, or by a line
                return self._said(value) if self.places.idle else self.value(value.strip('"'))
            return self._json(value, reached, kind, listed=_NUMBER.search(name) is not None)
        if place in _NAMED_PLACES and name:
            return self._in_place(place, name, value)
        if place.startswith("csv"):  # whole rows: which columns they have is not known
            return self.value(value)
        if place.startswith("part") and ";" in place:  # what a field of its head says
            return self._field(place.partition(";")[2], value)
        # Also as text: a line of the configuration may name what stands deeper in the tree than here.
        return self.text(self._json(value, self.places, kind) if value.startswith(("{", "[")) else value)

    def _in_place(self, place: str, name: str, value: str) -> str:
        """A value in a form, a table, a page or XML: its last name tells, in XML every name above it."""
        last = re.split(r" > | ", name)[-1] if place == "html" else name
        selected = [id_ or said for id_, said in _SELECTED.findall(last)]
        names = [*_NUMBER.sub("", last).split(";"), *selected]
        attribute = last.rpartition("@")[2]
        names += re.split("[/@]", names[0]) if place == "xml" else [attribute]
        nameless = place == "csv" and names[0].isdigit()  # a column that is only numbered
        if nameless or any(map(self.named, names)):
            return self.value(value) if nameless else self.said(value)
        if place == "html" and attribute in mask_markup.URLS:
            return self.target(value)
        markup = place in ("html", "xml") and "<" in value
        return self.text(mask_markup.hidden(value, self, place == "xml") if markup else value)

    def _cookie(self, attribute: str, value: str) -> str:
        """One attribute's value, or all attributes of a cookie."""
        if attribute:
            return value if attribute in _ATTRIBUTES else self.value(value)
        parts = re.split("([;,] ?)", value)
        return "".join(part if i % 2 else self._attribute(part) for i, part in enumerate(parts))

    def _said(self, value: str) -> str:
        """What is shown of a value as it is written in JSON that only its name calls a secret."""
        bare = value.strip('"')
        return value if is_message(bare) else self.value(bare)

    def _reach(self, path: str) -> Reached | None:
        """The places that lines name from here on; None where the value as a whole is secret."""
        reached, position = self.places, len("$")
        if reached.ignored:
            return None
        while position < len(path):
            found = _KEY.match(path, position)
            if found is None:
                return None  # cut: what stands below cannot be known
            key: Key = int(found["index"]) if found["index"] else found["name"] or json.loads(found["quoted"])
            if isinstance(key, str):
                key = key.removesuffix(jsontext.BEFORE)
            reached = self.step(reached, key)
            if self.named(str(key)) or reached.ignored:
                return None
            position = found.end()
        return reached

    def _json(self, value: str, reached: Reached, kind: DifferenceKind, *, listed: bool = False) -> str:
        """A value as it is written in JSON, perhaps cut, perhaps `listed`: an element of an array."""
        if value.startswith(("{", "[")):
            masked = None if value.endswith("…") else mask_json.hidden(value, self, reached, listed=listed)
            if masked is None and (
                mask_json.told(value, self, listed=listed) or not (reached.idle or self.by_name)
            ):
                return self.value(value)
            if masked is not None and not (self._headers or self._parameters):
                return encodable(masked)
            return self.text(value if masked is None else masked)  # members may be called like those
        if value.startswith("…") and (kind is not DifferenceKind.CHANGED or _INNER_QUOTE.search(value)):
            return self.value(value)  # the end of a tree: under which names it stood is not known
        return self.text(value)


def _element(path: str) -> tuple[str, str]:
    """The path of an element in a page or in XML, and the attribute of it that a path leads to, if to one."""
    element, _, attribute = path.rpartition("@")
    if path.startswith(_IN_ELEMENTS) and _ATTRIBUTE.fullmatch(attribute):
        return element.removesuffix("/"), attribute.lower()
    return path, ""


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
