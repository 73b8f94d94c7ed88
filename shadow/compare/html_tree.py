"""A page as the tree that a browser builds of it, kept as the text in which that tree is written.

The parser writes a tree in one way only: names in lower case, values in quotes, every `<` that is no
tag escaped, no end tag left out. So it can be cut at each `<`, and what is equal on two sides is equal
text, which C finds without opening anything. What a browser does not show is taken away only where two
sides differ: by `text`, `attributes` and `plain`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from html import unescape
from itertools import accumulate

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from shadow.compare import html_noise
from shadow.compare.beside import COLONS, introduced
from shadow.compare.html_noise import Attributes

RAW = ("script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext")
"""Elements whose text is not HTML."""

FIELDS = frozenset(("button", "input", "output", "select", "textarea"))

LESS = "\x00"
"""Stands for a `<` that begins no tag, in a script or in a name: the parser lets none through."""

_RAW_OR_COMMENT = re.compile(rf"<(?:!--.*?-->|\?[^>]*+>|({'|'.join(RAW)})[ >].*?</\1>)", re.DOTALL)
_NO_TAG = re.compile(rf"<(?:(?P<hidden>!--|\?)|(?P<raw>{'|'.join(RAW)})[ >]|[^<>]*+<)")
_SCRIPT = re.compile(r"(?P<open><!)(?=--)|(?P<close>-->)|<(?P<end>/?)script[ \t\n\f\r/>]", re.IGNORECASE)
_ATTRIBUTE = re.compile(r' ([^ ]+?)="([^"]*)"')  # as the parser writes them: names may hold almost anything
_TAG = re.compile("<[^>]*>")
_SPACE = " \t\n\f\r"
_SPACES = re.compile(f"[{_SPACE}]+")

_KEPT = frozenset(("textarea", "listing", *RAW))  # their text is kept as it is; so is all within <pre>
# What stands in a line of text, so that white space beside it is seen (HTML, 15.3), ...
_INLINE = frozenset(
    "a abbr acronym audio b bdi bdo big button canvas cite code data del dfn em embed font i img input ins "
    "kbd label map mark math meter nobr object output picture progress q ruby s samp select small span "
    "strike strong sub sup svg textarea time tt u var video wbr".split()
)
# ... and what of it has a line of its own within, or shows something without text.
_BOXES = frozenset(
    "audio button canvas embed img input math meter object picture progress select svg textarea video".split()
)
_FARTHEST = 8  # inline tags between two texts; beyond, white space counts

# Elements without an end tag, and how they begin: this is asked of every tag.
_EMPTY_NAMES = (
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
).split()
_EMPTY = tuple(name + end for name in _EMPTY_NAMES for end in "> ")
_EMPTY_STARTS = frozenset(name[:2] for name in _EMPTY_NAMES)
_EMPTY_ENDS = re.compile(f"</(?:{'|'.join(_EMPTY_NAMES)})>")  # which they have in SVG all the same

_LISTS = ("class", "rel")  # words in any order
_BOOLEAN = {
    name: frozenset(tags.split())
    for name, tags in {
        "allowfullscreen": "iframe",
        "async": "script",
        "autoplay": "audio video",
        "checked": "input",
        "controls": "audio video",
        "default": "track",
        "defer": "script",
        "disabled": "button fieldset input link optgroup option select textarea",
        "formnovalidate": "button input",
        "ismap": "img",
        "loop": "audio video",
        "multiple": "input select",
        "muted": "audio video",
        "nohref": "area",
        "nomodule": "script",
        "noshade": "hr",
        "novalidate": "form",
        "nowrap": "td th",
        "open": "details dialog",
        "playsinline": "video",
        "readonly": "input textarea",
        "required": "input select textarea",
        "reversed": "ol",
        "selected": "option",
    }.items()
}
"""Attributes whose value says nothing, and the elements on which they are such: others may read it."""
_BOOLEAN_ANYWHERE = frozenset(("autofocus", "inert", "itemscope"))


def parse(page: str) -> LexborHTMLParser:
    """The tree of a page. Without events: they only copy a chosen <option>, in quadratic time."""
    return LexborHTMLParser(page, options=int(LexborDocumentOptions.WO_EVENTS))


def write(parser: LexborHTMLParser) -> str:
    """A tree as the text that a `Page` is cut of: without comments, and no `<` in it but that of a tag."""
    page = parser.html or ""
    written, is_plain = _without_comments(page)
    if not is_plain:
        written = _tags_only(page)
    if "<svg" in written or "<math" in written:
        written = _EMPTY_ENDS.sub("", written)
    return written


def _without_comments(page: str) -> tuple[str, bool]:
    """A page without comments and with each `<` in a script escaped; and whether each other one begins a tag.
    It does not in `<p <b=1>` and `<div<span>`, where for browsers the second is a part of a name, and where a
    script that writes a script has two end tags."""
    closing = 0  # `>` that end no tag

    def escaped(found: re.Match[str]) -> str:
        nonlocal closing
        if not found[1]:
            return ""
        raw = found[0]
        start, end = raw.index(">"), raw.rindex("<")
        closing += raw.count(">", start + 1, end)
        return raw[:start] + raw[start:end].replace("<", LESS) + raw[end:]

    written = _RAW_OR_COMMENT.sub(escaped, page)
    is_plain = written.count("<") + closing == written.count(">")
    return written, is_plain and written.count("<script") == written.count("</script>")


def _tags_only(page: str) -> str:
    """Without comments and processing instructions, and with each `<` escaped that begins no tag."""
    pieces: list[str] = []
    done = 0
    while found := _NO_TAG.search(page, done):
        start = found.start()
        pieces.append(page[done:start])
        if found["hidden"]:
            done = _after(page, "-->" if found["hidden"] == "!--" else ">", start)
        else:
            done = _raw_end(page, start, found["raw"]) if found["raw"] else _after(page, ">", start)
            pieces.append("<" + page[start + 1 : done].replace("<", LESS))
    return "".join([*pieces, page[done:]])


def _after(page: str, end: str, start: int) -> int:
    """Where something ends; with the page, if it does not."""
    found = page.find(end, start)
    return len(page) if found < 0 else found + len(end)


def _raw_end(page: str, start: int, name: str) -> int:
    """Where the end tag of an element begins whose text is not HTML."""
    end = _after(page, f"</{name}>", start) - len(f"</{name}>")
    if name == "plaintext":  # which takes in all the rest
        return max(end, page.rfind(f"</{name}>"))
    return _script_end(page, start) if name == "script" and page.find("<!--", start, end) >= 0 else end


def _script_end(page: str, start: int) -> int:
    """The same of a script: behind `<!--` one within it has an end tag of its own (HTML, 13.2.5.20)."""
    hidden = within = False
    for found in _SCRIPT.finditer(page, start + 1):
        if found["open"]:
            hidden = True
        elif found["close"]:
            hidden = within = False
        elif found["end"] and not within:
            return found.start()
        else:
            within = hidden and not found["end"]
    return max(start + 1, page.rfind("</script>"))  # the page was cut within it


class Page:
    """A tree in pieces: each a tag without its `<`, and the text that follows it. An element is named by
    the number of its start tag, a text by the inverse, `~number`, of the tag that it follows."""

    def __init__(self, written: str) -> None:
        self._written = written[written.find("<html") + 1 :]
        self._pieces = self._written.split("<")
        self._starts = list(accumulate(map(len, self._pieces), initial=0))
        self._ends = _ends(self._pieces)
        self.is_whole = self._ends[0] == len(self._pieces) - 1
        """Is all of it within the first element? Not where a script is nested in a drawing: which end tag is
        whose, the text does not tell."""
        self._pre = self._outermost(("pre>", "pre ")) if "<pre" in written else []
        self._tags: dict[str, str] = {}
        self._attributes: dict[int, Attributes] = {}
        self._blank: set[str] = set()
        self._siblings: dict[tuple[int, str], list[int]] = {}

    def written(self, item: int) -> str:
        """An item as the parser writes it, but for its end tag: equal text is an equal item."""
        if item < 0:
            return self._after(~item)
        end = self._ends[item]
        if end == item:
            return self._tag(item) + ">"
        return self._written[self._starts[item] + item : self._starts[end] + end - 1]

    def shown(self, item: int) -> str:
        """An item as a difference shows it."""
        if item < 0:
            return self.text(item)
        return "<" + _SPACES.sub(" ", self.written(item)[:1000]).replace(LESS, "<")

    def name(self, item: int) -> str:
        """The name of an element; of a text nothing."""
        return "" if item < 0 else _name(self._pieces[item])

    def attributes(self, item: int) -> Attributes:
        """The attributes of an element as they are compared; remembered, for paths that begin alike."""
        if item not in self._attributes:
            self._attributes[item] = self._read(self._tag(item))
        return self._attributes[item]

    def _read(self, tag: str) -> Attributes:
        if "=" not in tag:
            return {}
        found = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
        for name in _LISTS:
            if name in found:
                found[name] = " ".join(sorted(set(found[name].split())))
        element = _name(tag)
        for name in found:
            if name in _BOOLEAN_ANYWHERE or element in _BOOLEAN.get(name, ()):
                found[name] = ""
        return found

    def children(self, item: int) -> list[int]:
        """Elements and texts within an element, without texts that are not seen."""
        found = [~item] if self.text(~item) else []
        child, last = item + 1, self._ends[item]
        while child < last:
            end = self._ends[child]
            found.append(child)
            if self.text(~end):
                found.append(~end)
            child = end + 1
        return found

    def text(self, item: int) -> str:
        """A text without white space that is not seen; empty if nothing is left."""
        before = ~item
        piece = self._pieces[before]
        if piece in self._blank:
            return ""
        text = piece.partition(">")[2]
        if not text:
            return ""
        if self._keeps(before):
            # HTML, 13.2.5.2: what stands in a script or style has no character references.
            said = text if piece[0] != "/" and _name(piece) in RAW else unescape(text)
            return said.replace(LESS, "<")
        plain = _SPACES.sub(" ", text)
        if plain == " " and not _in_line(_name(piece).removeprefix("/")):
            self._blank.add(piece)  # the same piece stands after most rows of a table
            return ""
        if plain[0] == " " and self._starts_line(before):
            plain = plain[1:]
        if plain and plain[-1] == " " and self._ends_line(before):
            plain = plain[:-1]
        return unescape(plain)

    def before(self, item: int) -> str:
        """The text that stands before an item, if one does near it and no field between, and the colon
        between them if that stands apart."""
        number = ~item if item < 0 else item
        colon = COLONS[0] if item < 0 and introduced(self.text(item).strip(_SPACE)) else ""
        for earlier in range(number - 1, max(number - _FARTHEST, 0), -1):
            text = self._after(earlier).strip(_SPACE)
            if text and text not in COLONS:
                return unescape(text) + colon
            colon = text or colon
            if self.name(earlier) in FIELDS:
                break
        return colon

    def words(self, item: int) -> str:
        """The beginning of the text in an element, without its tags."""
        return unescape(_TAG.sub("", self.written(item)[:1000].partition(">")[2])).strip(_SPACE)

    def plain(self, item: int) -> str:
        """A key that is the same for items which differ in nothing but what is not seen, or is noise."""
        if item < 0:
            return self.text(item)
        return "<".join(self.parts(item))

    def parts(self, item: int, most: int | None = None) -> list[str]:
        """The plain text of each tag of an item, with the text that follows it."""
        if item < 0:
            return [self.text(item)]
        last = self._ends[item]
        inside = [self._plain_piece(i) for i in range(item, last if most is None else min(last, item + most))]
        return inside or [self._plain_tag(item)]

    def place(self, parent: int, child: int) -> tuple[int, int]:
        """Which of its type an element is among its parent's children, from 1; and of how many."""
        name = self.name(child)
        siblings = self._siblings.get((parent, name))
        if siblings is None:
            siblings = self._siblings[parent, name] = self._of_type(parent, (f"{name}>", f"{name} "))
        return bisect_right(siblings, child), len(siblings)

    def _outermost(self, starts: tuple[str, str]) -> list[int]:
        """Elements of one name that do not stand within each other."""
        found: list[int] = []
        for number, piece in enumerate(self._pieces):
            if piece.startswith(starts) and not (found and number < self._ends[found[-1]]):
                found.append(number)
        return found

    def _of_type(self, parent: int, starts: tuple[str, str]) -> list[int]:
        found: list[int] = []
        item, last = parent + 1, self._ends[parent]
        while item < last:
            if self._pieces[item].startswith(starts):
                found.append(item)
            item = self._ends[item] + 1
        return found

    def _tag(self, number: int) -> str:
        return self._pieces[number].partition(">")[0]

    def _after(self, number: int) -> str:
        return self._pieces[number].partition(">")[2]

    def _plain_piece(self, number: int) -> str:
        return f"{self._plain_tag(number)}>{self.text(~number)}"

    def _plain_tag(self, number: int) -> str:
        """A tag as it is compared; remembered, because most are written many times."""
        tag = self._tag(number)
        if "=" not in tag:
            return tag
        if tag not in self._tags:
            name, attributes = _name(tag), self.attributes(number)
            values = (f'{key}="{html_noise.masked(name, key, attributes)[1]}"' for key in sorted(attributes))
            self._tags[tag] = f"{name} {' '.join(values)}"
        return self._tags[tag]

    def _keeps(self, before: int) -> bool:
        """Is white space seen in the text after this tag?"""
        piece = self._pieces[before]
        if piece[0] != "/" and _name(piece) in _KEPT:
            return True
        last = bisect_right(self._pre, before) - 1
        return last >= 0 and before < self._ends[self._pre[last]]

    def _starts_line(self, before: int) -> bool:
        """Does a space come to nothing at the start of the text after this tag? It does at the start of a
        line, and after another space (CSS Text 3, 4.1.1)."""
        for number in range(before, max(before - _FARTHEST, 0), -1):
            piece = self._pieces[number]
            name = _name(piece).removeprefix("/")
            if not _in_line(name):
                return True
            if name in _BOXES:
                return piece[0] != "/" and name in ("button", "object")
            text = self._after(number - 1)
            if text:
                return text[-1] in _SPACE
        return False

    def _ends_line(self, before: int) -> bool:
        """Does a space come to nothing at the end of the text after this tag?"""
        for number in range(before + 1, min(before + _FARTHEST, len(self._pieces))):
            piece = self._pieces[number]
            name = _name(piece).removeprefix("/")
            if not _in_line(name):
                return True
            if name in _BOXES:
                return piece[0] == "/"
            if self._after(number).strip(_SPACE):
                return False
        return False


def _in_line(name: str) -> bool:
    """Does an element stand in a line of text? A custom element does, unless a style says otherwise."""
    return name in _INLINE or "-" in name


def _name(piece: str) -> str:
    """The name of a tag, with the slash of an end tag."""
    return piece.partition(">")[0].partition(" ")[0]


def _ends(pieces: list[str]) -> list[int]:
    """For each tag the number of its end tag; its own if it has none."""
    ends = list(range(len(pieces)))
    opened: list[int] = []
    for number, piece in enumerate(pieces):
        if piece[0] == "/":
            if opened:
                ends[opened.pop()] = number
        elif piece[:2] not in _EMPTY_STARTS or not piece.startswith(_EMPTY):
            opened.append(number)
    return ends
