"""XML as a tree: how a document is read, and which places in it a rule names.

Expat does the work. Namespaces stand for their prefixes, also in a value that is a name with one; comments,
processing instructions, the spelling of characters and blanks between elements are gone. A document that
declares anything of its own is refused: entities can stand for gigabytes or for a file, and no answer needs
them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable
from hashlib import blake2b
from typing import NamedTuple, TypeAlias
from xml.parsers import expat

MOST_MARKS = 60_000
"""Tags and attributes of one document that is read, some 1.5 MB of usual XML. Each costs 3 µs."""

_MOST_NAMED = 50_000_000
"""Characters of all names of one document, each with its namespace before it, some 0.3 s. The largest usual
documents have a tenth."""

_REMEMBERED = 10_000  # sets of places; usual rules make ten
_BETWEEN = " "  # between a namespace and a name; Expat refuses a namespace that holds it
_BLANKS = " \t\r\n"
_ENTITY = re.compile(r"&(?!#|(?:amp|lt|gt|quot|apos);)")
_PIECE = 64 * 1024  # bytes of text handed over at a time
_SPACE = f"http://www.w3.org/XML/1998/namespace{_BETWEEN}space"

_DECLARED = re.compile(r"""xmlns(?::[^\s=<>"':]*+)?\s*+=\s*+("[^"<]*|'[^'<]*)""")
_NAME = re.compile(r"([^\W\d][\w.-]*):([^\W\d][\w.-]*)")
_STEP = re.compile(r"(//?)(@?)(\*|[^\W\d][\w.-]*)")


class _Pattern(NamedTuple):
    """A line of a rule, and its steps: whether elements may be passed over first, and a name."""

    line: str
    steps: tuple[tuple[bool, str], ...]


_Reached: TypeAlias = tuple[tuple[_Pattern, int], ...]
"""Patterns, each with the number of steps taken."""


class Places:
    """What a rule says of places, seen from one element. Where a name leads is worked out once."""

    __slots__ = ("_after", "_known", "_named", "_reached", "idle", "ignored")

    def __init__(self, reached: _Reached, known: dict[_Reached, Places] | None = None) -> None:
        self.idle = not reached
        """Does no rule speak of anything from here on?"""
        self.ignored = next((pattern.line for pattern, taken in reached if taken == len(pattern.steps)), None)
        """The line by which the element itself is ignored."""
        self._reached = tuple((pattern, taken) for pattern, taken in reached if taken < len(pattern.steps))
        self._named = frozenset(pattern.steps[taken][1] for pattern, taken in self._reached)
        self._after: dict[str, Places] = {}
        self._known = {} if known is None else known

    def step(self, name: str) -> Places:
        """The places seen from a child of that name."""
        named = name if name in self._named else ""  # all names that no pattern holds lead to one place
        after = self._after.get(named)
        if after is None:
            after = self._following(named)
            if len(self._known) < _REMEMBERED:
                self._after[named] = after
        return after

    def _following(self, name: str) -> Places:
        found: dict[tuple[_Pattern, int], None] = {}
        for pattern, taken in self._reached:
            deep, expected = pattern.steps[taken]
            if expected in (name, "*"):
                found[pattern, taken + 1] = None
            if deep:
                found[pattern, taken] = None
        reached = tuple(found)
        if reached in self._known:
            return self._known[reached]
        places = Places(reached, self._known)
        if len(self._known) < _REMEMBERED:
            self._known[reached] = places
        return places

    def attribute(self, name: str) -> str | None:
        """The line by which an attribute is ignored."""
        ends = (f"@{name}", "@*")
        return next(
            (pattern.line for pattern, taken in self._reached if pattern.steps[taken][1] in ends), None
        )


def compile_places(lines: Iterable[str]) -> Places:
    """The places that `lines` name, seen from the document: `/feed/updated`, `//item/@id`, `/a/*/b`. Names
    are without prefix, and stand for that name in every namespace. Raises ValueError."""
    return Places(tuple((_compiled(line), 0) for line in lines))


def _compiled(line: str) -> _Pattern:
    steps: list[tuple[bool, str]] = []
    position = 0
    for step in _STEP.finditer(line):
        if step.start() != position or (steps and steps[-1][1].startswith("@")):
            break
        steps.append((step[1] == "//", step[2] + step[3]))
        position = step.end()
    if position != len(line) or not steps or (len(steps) == 1 and line.startswith("/@")):
        raise ValueError(
            f"the path {line!r} cannot be read from {line[position:]!r} on; "
            "steps are /name, //name, /*, //* and at the end /@name or /@*, names without a prefix"
        )
    return _Pattern(f"xml:{line}", tuple(steps))


class Text(NamedTuple):
    """A run of text among elements."""

    text: str

    @property
    def key(self) -> str:
        """The same for equal texts, and never that of an element."""
        return "text " + self.text

    @property
    def name(self) -> str:
        """Texts are paired with texts."""
        return ""

    def parts(self) -> frozenset[Hashable]:
        """Texts have nothing in common but that they are texts."""
        return frozenset()


class Element:
    """An element without what is ignored. `full` is its name with the namespace before it."""

    __slots__ = ("attributes", "children", "full", "key", "name", "nested")

    def __init__(self, full: str, attributes: dict[str, str]) -> None:
        self.full = full
        self.name = local(full)
        """The name without its namespace."""
        self.attributes = attributes
        self.children: list[Node] = []
        self.nested = False
        """Are there elements in it, be they ignored?"""
        self.key = ""
        """The same for equal elements, with all that is in them."""

    @property
    def namespace(self) -> str:
        """Empty for none."""
        return self.full.rpartition(_BETWEEN)[0]

    def parts(self) -> frozenset[Hashable]:
        """What another element may have too."""
        return frozenset((*self.attributes.items(), *(child.key for child in self.children)))

    def close(self, preserved: bool) -> None:
        """Called when all children are there: drops blanks between elements, and fixes the key."""
        if self.nested and not preserved:
            texts = [child.text for child in self.children if isinstance(child, Text)]
            if not "".join(texts).strip(_BLANKS):
                self.children = [child for child in self.children if isinstance(child, Element)]
        # No name and no text in XML holds U+0000 or U+0001.
        said = [f"{name}\1{value}" for name, value in sorted(self.attributes.items())]
        said += [self.full, *[child.key for child in self.children]]
        self.key = blake2b("\0".join(said).encode(), digest_size=16).hexdigest()


Node: TypeAlias = Element | Text


class Document(NamedTuple):
    """A whole document: its root as the only child of an element without a name, and what was ignored in
    it, by the line of the rule."""

    top: Element
    ignored: dict[str, list[str]]


def local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition(_BETWEEN)[2]


def too_costly(*bodies: str) -> str:
    """Why documents are not compared as trees; empty if they are."""
    for body in bodies:
        # No document has more tags and attributes than this; a tag that is an element counts as two.
        marks = body.count("<") + body.count("/>") + body.count("=")
        if marks > MOST_MARKS:
            return f"more than {MOST_MARKS} tags and attributes"
        longest = max(map(len, _DECLARED.findall(body)), default=0)
        if marks * longest > _MOST_NAMED:
            return f"names of more than {_MOST_NAMED} characters with their namespaces"
    return ""


def read(body: str, places: Places) -> Document | None:
    """The tree of a document; None for one that is not well-formed, or refused."""
    builder = _Builder(body, places)
    parser = expat.ParserCreate(namespace_separator=_BETWEEN)
    parser.buffer_text = True
    parser.buffer_size = _PIECE
    parser.ordered_attributes = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text.append
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.StartNamespaceDeclHandler = builder.declare
    parser.EndNamespaceDeclHandler = builder.forget
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, UnicodeEncodeError, _RefusedError):
        return None
    return Document(builder.open[0].element, builder.ignored)


class _RefusedError(Exception):
    """A document that declares entities, or uses some that stand elsewhere."""


class _Open(NamedTuple):
    """An element that has not ended yet. `ignored` is the line by which it is."""

    element: Element
    places: Places
    preserved: bool
    ignored: str | None


class _Builder:
    """Listens to Expat. `open` is the way from the top to where it reads."""

    def __init__(self, body: str, places: Places) -> None:
        self.open = [_Open(Element("", {}), places, False, None)]
        self.ignored: dict[str, list[str]] = defaultdict(list)
        self.text: list[str] = []
        self._body = body
        self._namespaces: dict[str | None, list[str]] = defaultdict(list)  # of a prefix, the innermost last

    def declare(self, prefix: str | None, namespace: str | None) -> None:
        self._flush()  # the text before the element that declares it
        self._namespaces[prefix].append(namespace or "")

    def forget(self, prefix: str | None) -> None:
        self._namespaces[prefix].pop()

    def doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        if internal or (system and _ENTITY.search(self._body)):
            raise _RefusedError

    def start(self, name: str, pairs: list[str]) -> None:
        self._flush()
        above = self.open[-1]
        places = above.places.step(local(name))
        attributes = dict(zip(pairs[::2], map(self._meant, pairs[1::2]), strict=True))
        if not places.idle:
            for attribute in list(attributes):
                if line := places.attribute(local(attribute)):
                    self.ignored[line].append(f"{attribute}={attributes.pop(attribute)}")
        preserved = attributes[_SPACE] == "preserve" if _SPACE in attributes else above.preserved
        self.open.append(_Open(Element(name, attributes), places, preserved, places.ignored))

    def end(self, name: str) -> None:
        self._flush()
        element, _, preserved, ignored = self.open.pop()
        element.close(preserved)
        parent = self.open[-1].element
        parent.nested = True
        if ignored:
            self.ignored[ignored].append(element.key)
        else:
            parent.children.append(element)

    def _flush(self) -> None:
        """What was read since the last tag is one text."""
        if self.text:
            self.open[-1].element.children.append(Text(self._meant("".join(self.text))))
            self.text.clear()

    def _meant(self, value: str) -> str:
        """A value that is a name with a prefix, as what it stands for: `xsi:type="xs:string"` has one, and so
        has the code of a SOAP fault."""
        found = _NAME.fullmatch(value) if ":" in value else None
        if found and (namespaces := self._namespaces.get(found[1])):
            return f"{{{namespaces[-1]}}}{found[2]}"
        return value
