"""Which endpoint a request belongs to: `GET /items/{id}`.

First the templates of the configuration, then inference by the shape of each path segment. The
shape alone decides, so every process gives a request the same name. A name is printable ASCII and
short, and one process makes a bounded number of them: they become metric labels and report rows.
Pure; `lookup` runs for every request on the live path, so its answers are kept.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from shadow import settings
from shadow.memo import Memo

METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT")

COUNTED = 2000  # names in one set of counters: each worker that is started anew makes others
NAMES = 500  # inferred names of one process; what comes later is `GET other`
LONG_PATH = 256  # bytes; a longer path is looked up anew each time, so that the kept ones stay small
DEPTH = 12  # segments that a name shows; the rest is `**`
LONG_NAME = 160  # characters of an inferred name, and of a template
LONG_SEGMENT = 48  # a longer one is a title or a token, not a word of the API
LONG_TOKEN = 512  # a longer one is not looked at
EXAMINED = 64  # segments whose escapes are undone; what hides deeper is not worth the CPU


class Named(Struct, frozen=True):
    """A request's endpoint, and the position in `settings.endpoints` of the line that it matched first."""

    name: str
    index: int | None


class Template(NamedTuple):
    """One `match` of the configuration, understood. `method` is None for any."""

    method: bytes | None
    path: str  # as a name shows it
    pattern: bytes  # of the canonical path; without groups of its own


class Endpoints:
    """Names requests. One for each process: it remembers what it has named."""

    def __init__(self, lines: Sequence[settings.Endpoint], *, limit: int = NAMES) -> None:
        templates = [template(line.match) for line in lines]
        methods = {*METHODS, *(t.method for t in templates if t.method)}
        self._kept = {method: self._remembering(_Matcher(templates, method)) for method in methods}
        self._other = self._remembering(_Matcher(templates, b"OTHER"))
        self._names: set[str] = set()
        self._limit = limit

    def lookup(self, method: bytes, target: bytes) -> Named:
        """The endpoint of a request line's method and target, the query ignored."""
        path = target.partition(b"?")[0]
        try:
            return self._kept[method][path]
        except KeyError:
            return self._other[path]

    def _remembering(self, matcher: _Matcher) -> Memo[bytes, Named]:
        return Memo(partial(self._find, matcher), LONG_PATH)

    def _find(self, matcher: _Matcher, path: bytes) -> Named:
        canonical = _canonical(path)
        return matcher.match(canonical) or Named(self._bounded(matcher.method, infer(canonical)), None)

    def _bounded(self, method: str, path: str) -> str:
        name = f"{method} {path}"
        if name in self._names:
            return name
        if len(self._names) >= self._limit:
            return other(name)
        self._names.add(name)
        return name


def other(name: str) -> str:
    """The name of all endpoints of this one's method for which there is no room."""
    return f"{name.partition(' ')[0]} other"


def bounded(known: Collection[str], name: str) -> str:
    """The name under which an endpoint is counted beside the known ones: its own while there is room."""
    return name if name in known or len(known) < COUNTED else other(name)


class _Matcher:
    """The templates that one method can match, as one pattern: the first that fits is the answer."""

    def __init__(self, templates: Sequence[Template], method: bytes) -> None:
        self.method = method.decode("ascii")
        lines = [(i, t) for i, t in enumerate(templates) if t.method in (None, method)]
        self._named = [Named(f"{self.method} {t.path}", i) for i, t in lines]
        # The empty group at the end tells which alternative it was, and lets `re` share their beginnings.
        self._fullmatch = re.compile(b"|".join(t.pattern + b"()" for _, t in lines), re.DOTALL).fullmatch

    def match(self, canonical: bytes) -> Named | None:
        if not self._named:
            return None
        found = self._fullmatch(canonical)
        return self._named[found.lastindex - 1] if found and found.lastindex else None


# ---- templates -------------------------------------------------------------------------------

_METHOD = re.compile(r"[A-Z][A-Z-]{0,31}")
_PLACEHOLDER = re.compile(r"\{[A-Za-z0-9_.-]+\}")


def template(match: str) -> Template:
    """Understands `GET /items/{id}`: `{x}` and `*` are one segment, `**` the rest, method `*` any.

    `{x}` may be a part of a segment (`/items/{id}.json`). A final slash does not matter. Raises
    ValueError with one line.
    """
    method, _, path = match.partition(" ")
    if not path.startswith("/") or any(c.isspace() or not c.isprintable() for c in path):
        raise ValueError("expected a method and a path, such as GET /items/{id} or * /admin/**")
    if method != "*" and not _METHOD.fullmatch(method):
        raise ValueError("the method must be * or in capitals, such as GET")
    if "?" in path or "#" in path:
        raise ValueError("an endpoint has no query or fragment; end the path before ? or #")
    name = "".join(c if c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in path)
    if len(name) > LONG_NAME:
        raise ValueError(f"longer than {LONG_NAME} characters; shorten it with **")
    *segments, last = path.rstrip("/").split("/")[1:] or [""]
    pattern = b"".join(b"/" + _segment(segment) for segment in segments)
    if last == "**":
        pattern += b"(?:/.*)?"
    elif last:
        pattern += b"/" + _segment(last) + b"/?"
    else:
        pattern = b"/"
    return Template(None if method == "*" else method.encode(), name, pattern)


def is_template(name: str) -> bool:
    """Can a line of the configuration name this endpoint?"""
    try:
        template(name)
    except ValueError:
        return False
    return True


def unreached(matches: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Positions of templates that nothing gets to, each with that of an earlier one that matches it all."""
    templates = [template(match) for match in matches]
    patterns = [re.compile(each.pattern, re.DOTALL).fullmatch for each in templates]
    for i, match in enumerate(matches):
        methods, samples = (None, templates[i].method), _samples(match.partition(" ")[2])
        for j in range(i):
            if templates[j].method in methods and all(map(patterns[j], samples)):
                yield i, j
                break


def _samples(path: str) -> list[bytes]:
    """Paths that stand for all that a template matches: a pattern that matches these matches all, since no
    word of a template is NUL."""
    begin, rest, _ = _PLACEHOLDER.sub("\0", path.rstrip("/")).replace("/*", "/\0").partition("/\0*")
    ends = ("", "/\0", "/\0/\0") if rest else ("",)
    return [_unescaped(f"{begin}{end}".encode()) or b"/" for end in ends]


def _segment(text: str) -> bytes:
    if text == "*":
        return b"[^/]+"
    if "**" in text:
        raise ValueError("** stands for the rest of a path, so it must be the last segment")
    literals = _PLACEHOLDER.split(text)
    if len(literals) > 2 or any(c in "{}*" for literal in literals for c in literal):
        raise ValueError(f"{text!r} is no segment; write a word, {{x}}, one {{x}} within a word, or *")
    if text in ("", ".", ".."):
        raise ValueError("empty, . and .. segments never match: paths are compared without them")
    return b"[^/]+".join(re.escape(_unescaped(literal.encode())) for literal in literals)


# ---- paths -----------------------------------------------------------------------------------


def _canonical(path: bytes) -> bytes:
    """The path as most servers understand it, so that `/x/..//%61dmin;a=b` cannot pass by `/admin`.

    Escapes are undone, parameters after `;` dropped (`;jsessionid=` of Java servers), empty and
    dot segments resolved.
    """
    plain = not (b"%" in path or b";" in path or b"//" in path or b"/." in path)
    if plain or not path.startswith(b"/"):
        return path
    *examined, last = path[1:].split(b"/", EXAMINED)
    rest = b""
    if len(examined) == EXAMINED:
        rest, last = b"/" + last, b""
    segments: list[bytes] = []
    for raw in (*examined, last):
        segment = _unescaped(raw.partition(b";")[0])
        if segment == b"..":
            del segments[-1:]
        elif segment not in (b"", b"."):
            segments.append(segment)
    directory = segment in (b"", b".", b"..") and segments and not rest
    return b"/" + b"/".join(segments) + (b"/" if directory else rest)


def _unescaped(segment: bytes) -> bytes:
    if b"%" not in segment:
        return segment
    # An escaped slash stays within its segment.
    return unquote_to_bytes(segment.replace(b"%2F", b"%252F").replace(b"%2f", b"%252F"))


# ---- inference -------------------------------------------------------------------------------

# Alternatives in order: the first that fits the whole segment names it.
_SHAPE = re.compile(
    rb"""
      (?P<id> [0-9]+ )
    | (?P<uuid> \{? [0-9a-fA-F]{8} (?: -[0-9a-fA-F]{4} ){3} -[0-9a-fA-F]{12} \}? )
    | (?P<date> [0-9]{4} - [0-9]{2} (?: - [0-9]{2} )? (?: [T\ ] [0-9:.]+ (?: Z | [+-][0-9:]+ )? )?
              | [0-9]{8} T [0-9]{4,6} Z? )
    | (?P<number> [-+]? [0-9] [-+0-9.,:_]* )
    | (?P<hash> (?= [^0-9]* [0-9] ) (?: [0-9a-f]{8,} | [0-9A-F]{8,} ) )
    | (?P<ulid> [0-7] [0-9A-HJKMNP-TV-Z]{25} )
    | (?P<email> [^@\ ]+ @ [^@\ ]+ \. [A-Za-z]{2,} )
    | (?P<token> (?= [^0-9]* [0-9] ) (?= [^a-z]* [a-z] ) (?= [^A-Z]* [A-Z] ) [A-Za-z0-9_+-]{16,} ={0,2}
               | eyJ [A-Za-z0-9_-]+ (?: \. [A-Za-z0-9_-]+ ){1,2} )
    """,
    re.VERBOSE,
)
# The same for a part of a segment between punctuation: app.3f9a8b7c.js, order-998877, INV20240001.
# Few digits make no identifier: v1, oauth2, utf8, sha256 are words.
_PART = re.compile(
    rb"""
    (?<![A-Za-z0-9])
    (?: (?P<id> [0-9]+ )
      | (?P<hash> (?= [a-f]* [0-9] ) [0-9a-f]{8,} | (?= [A-F]* [0-9] ) [0-9A-F]{8,} )
      | (?P<token> (?= (?: [A-Za-z]* [0-9] ){4} ) [A-Za-z0-9]+
                 | (?= (?: [A-Za-z]* [0-9] ){2} ) [A-Za-z0-9]{10,} ) )
    (?![A-Za-z0-9])
    """,
    re.VERBOSE,
)
_PLAIN = re.compile(rb"[A-Za-z0-9._~@:+,=!$()-]{0,%d}" % LONG_SEGMENT)

# What stands behind one of these words in a path opens something: `/reset/a8f3k2`, `/invite/XK39QZ`.
TELLING = (
    r"(?:[\w.~-]*"
    r"(?:passw|token(?:\b|[^\Wi]|i[^\Wsz])|secret|session"  # a tokenizer is no token
    r"|invit|activat|verif|confirm|unsubscri|redeem|recover|magic[_-]?link)"
    r"|(?:[\w.~-]*[_.-])?(?:reset|otp|join|shared?|unlock|(?:web)?hook)s?(?:\b|_))"
)
"""How a segment begins that has one. How it goes on is not asked: that would be quadratic."""
_TELLING = re.compile(rf"(?i)/{TELLING}")
# Dates and versions; then the parts of others between punctuation: words in small letters and in camel case,
# which may end in capitals or in a few digits (`userID`, `LinkedIn`, `banner1`), years, short ones (`k8s`).
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?|[vV][0-9.]+")
_PUNCTUATION = re.compile(r"[._~-]+")
_READABLE = re.compile(
    r"[A-Z]?[a-z]{2,}(?:[A-Z][a-z]{2,})*"
    r"(?:(?<=[a-z]{3})(?:[A-Z][a-z]|[A-Z]{1,4})|(?<=[A-Za-z][a-z]{3})[0-9]{1,4})?"
    r"|[0-9]{4}|[a-z0-9]{0,3}"
)
# Digits are readable beside a word alone: `k8s-networking-101` is, `k8s-9f2-101` is not.
_TOLD = re.compile(r"[A-Za-z][a-z]{3}|^[^0-9]*$")
_SHORT_WORD = 5  # characters; `step2` is no token


def infer(path: bytes) -> str:
    """A path as a template, by the shape of its segments: `/items/42` → `/items/{id}`."""
    if not path.startswith(b"/"):
        return "*" if path == b"*" else "other"
    segments = path.split(b"/", DEPTH + 1)[1:]
    words = [_word(segment) if len(segment) <= LONG_TOKEN else "{text}" for segment in segments[:DEPTH]]
    if len(segments) > DEPTH:
        words.append("**")
    name = _closed("/" + "/".join(words))
    if len(name) > LONG_NAME:
        name = name[: name.rindex("/", 0, LONG_NAME - 2)] + "/**"
    return name


@lru_cache(maxsize=4096)
def _closed(name: str) -> str:
    """A name without what opens something."""
    told = _TELLING.search(name)
    if told is None:
        return name
    words = name.split("/")
    behind = name.count("/", 0, told.end()) + 1
    itself, given, _ = words[behind - 1].partition("=")
    words[behind - 1] = f"{itself}={{token}}" if given else itself
    words[behind:] = [
        "{token}" if is_token(_PLACEHOLDER.sub("", word).strip("._~-")) else word for word in words[behind:]
    ]
    return "/".join(words)


def is_token(segment: str) -> bool:
    """Is a segment behind a `TELLING` word no word itself? Small letters alone are taken for one."""
    if len(segment) <= _SHORT_WORD or _DATED.fullmatch(segment):
        return False
    readable = all(_READABLE.fullmatch(part) for part in _PUNCTUATION.split(segment))
    return not (readable and _TOLD.search(segment))


@lru_cache(maxsize=4096)
def _word(segment: bytes) -> str:
    shape = _SHAPE.fullmatch(segment)
    if shape:
        return f"{{{shape.lastgroup}}}"
    if not _PLAIN.fullmatch(segment):
        return "{text}"
    return _PART.sub(lambda part: b"{%s}" % str(part.lastgroup).encode(), segment).decode("ascii")
