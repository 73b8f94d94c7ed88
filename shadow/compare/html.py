"""Bodies that are HTML: two trees as browsers build them, opened side by side only where they differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from shadow.compare import beside, html_data, html_doctype, html_noise, html_rows, html_tree
from shadow.compare.align import WEIGHED, Pair, aligned, nearest, paired, place, surplus
from shadow.compare.found import NOTHING, SOUGHT, Found, Silences, added, changed, cut, encodable, missing
from shadow.compare.html_beside import Labels
from shadow.compare.html_cost import too_costly
from shadow.compare.html_path import Paths, Place
from shadow.compare.html_tree import Page
from shadow.compare.jsonpath import Reached
from shadow.model import Difference, DifferenceKind

DEEPEST = 256
"""Levels that are opened, half of what browsers build; below, elements are compared as written."""

_PARTS = 200  # tags of an element that are looked at to find which other it resembles most
_MATCHES = 1000  # elements a selector finds whose content is looked at, to say if it silenced something

_MOST_NUMBERED = 100_000_000
"""Squares of how many children elements have, summed: a selector that numbers them counts from the first for
each, 3 ns a step. It is passed by 10,000 in one list."""

_ALWAYS = ("html", "head", "body")  # a page has them even if nothing is in them
_DOCTYPE = "html:doctype"  # no selector finds it: there is no such element
_ATTRIBUTE = re.compile(r"(.+)@([A-Za-z_:][\w:.-]*)", re.DOTALL)
_NOWHERE = Reached(())


class Ignored(NamedTuple):
    """Elements that are not compared, or one attribute of them."""

    line: str
    selector: str
    attribute: str


Places: TypeAlias = tuple[Ignored, ...]


def compile_places(lines: Iterable[str]) -> Places:
    """Selectors, `div#ads` or `input[name=nonce]@value`. Raises ValueError for one that is none."""
    return tuple(_place(line) for line in lines)


def _place(line: str) -> Ignored:
    found = _ATTRIBUTE.fullmatch(line)
    selector, attribute = (found[1], found[2].lower()) if found else (line, "")
    try:
        if not selector.strip():
            raise SelectolaxError
        LexborHTMLParser("").css(selector)
    except (SelectolaxError, ValueError, UnicodeError):
        raise ValueError(
            f"html:{line} is not understood; it can be html:SELECTOR or html:SELECTOR@ATTRIBUTE, "
            "such as html:div#ads or html:input[name=nonce]@value"
        ) from None
    return Ignored(f"html:{line}", selector, attribute)


def compare(legacy: str, target: str, places: Places, silence: Silences, root: Reached = _NOWHERE) -> Found:
    """Differences of two pages, in the order of the page: `html:PATH` for a text or an element,
    `html:PATH@NAME` for an attribute, `json:$["script#ID"]` for JSON in a script, of which `root` speaks."""
    if legacy == target:
        return NOTHING
    if reason := too_costly(legacy, target):
        return Found([changed("html", legacy, target)], [f"{reason}: pages compared as a whole"])
    ours, theirs = (html_tree.parse(encodable(page)) for page in (legacy, target))
    left = _left_out(places, ours, theirs)
    notes = [f"{one.line} was not looked for: too many elements stand side by side" for one in left]
    taken = [one.line for one in places if one not in left and _take(ours, one) != _take(theirs, one)]
    modes = html_doctype.mode(legacy), html_doctype.mode(target)
    doctype = [changed(_DOCTYPE, *modes)] if modes[0] != modes[1] else []
    if doctype and any(one.line == _DOCTYPE for one in places):
        doctype, taken = [], [*taken, _DOCTYPE]
    written = html_tree.write(ours), html_tree.write(theirs)
    try:
        walk = _walked(*html_rows.shortened(*written), silence, root)
    except html_rows.Shortened:
        walk = _walked(*written, silence, root)
    if walk is None:
        whole = [changed("html", legacy, target)]
        return Found(whole, ["tags that cannot be told apart: pages compared as a whole"], tuple(taken))
    found = cut(doctype + walk.differences, notes + walk.notes)
    return Found(found.differences, found.notes, tuple(dict.fromkeys(taken + walk.hits)))


def _walked(legacy: str, target: str, silence: Silences, root: Reached) -> _Walk | None:
    """What differs; None where it cannot be told which tag ends which."""
    ours, theirs = Page(legacy), Page(target)
    if not (ours.is_whole and theirs.is_whole):
        return None
    walk = _Walk(ours, theirs, silence, root)
    walk.down()
    return walk


def _take(parser: LexborHTMLParser, place: Ignored) -> list[str | None]:
    """Takes what is not compared out of a tree, and gives it."""
    found = _selected(parser, place.selector)
    if place.attribute:
        return [_take_attribute(node, place.attribute) for node in found]
    taken = [node.html for node in found[:_MATCHES]]
    for node in _outermost(found):
        if node.tag in _ALWAYS:
            node.inner_html = ""
        else:
            node.decompose()
    return taken


def _selected(parser: LexborHTMLParser, selector: str) -> list[LexborNode]:
    """What a selector finds in a page, and in what templates hold: each by itself, as for a browser."""
    found = parser.css(selector)
    waiting = [parser.root] if parser.root is not None else []
    while waiting:
        within = waiting.pop().template_fragments()
        for fragment in within:
            found += fragment.css(selector)
        waiting += within
    return found


def _left_out(places: Places, *pages: LexborHTMLParser) -> Places:
    """The selectors that number elements, where these are too many."""
    numbering = tuple(one for one in places if ":nth-" in one.selector.lower())
    for page in pages if numbering else ():
        children = Counter(node.parent.mem_id for node in _selected(page, "*") if node.parent is not None)
        if sum(many**2 for many in children.values()) > _MOST_NUMBERED:
            return numbering
    return ()


def _outermost(found: list[LexborNode]) -> list[LexborNode]:
    """Each element once, without those within others: taking one away frees what is in it."""
    chosen = {node.mem_id: node for node in found}
    known = dict.fromkeys(chosen, True)  # is an element one of them, or within one?
    outermost: list[LexborNode] = []
    for node in chosen.values():
        passed: list[int] = []
        above = node.parent
        while above is not None and above.mem_id not in known:
            passed.append(above.mem_id)
            above = above.parent
        within = above is not None and known[above.mem_id]
        known.update(dict.fromkeys(passed, within))
        if not within:
            outermost.append(node)
    return outermost


def _take_attribute(node: LexborNode, name: str) -> str | None:
    attributes = node.attrs
    if name not in attributes:
        return None
    value = attributes[name]
    del attributes[name]
    return value or ""


class _Walk:
    """Goes down two trees at once, over a list of places still to be seen and without recursion."""

    def __init__(self, legacy: Page, target: Page, silence: Silences, root: Reached) -> None:
        self.differences: list[Difference] = []
        self.hits: list[str] = []
        self.notes: list[str] = []
        self._legacy = legacy
        self._target = target
        self._paths = Paths(legacy, target)
        self._labels = Labels(legacy, target)
        self._named: tuple[Place, str] | None = None  # the last place whose path was asked for
        self._silence = silence
        self._root = root

    def down(self) -> None:
        """Sees all places, in the order of the page, until too much differs."""
        waiting = [Place(None, 0, 0)]
        while waiting and len(self.differences) <= SOUGHT:
            here = waiting.pop()
            before = len(self.differences)
            if here.legacy is None or here.target is None:
                self._alone(here)
            elif here.legacy < 0:
                self._text(here, here.legacy, here.target)
            elif here.depth > DEEPEST:
                self._as_written(here)
            else:
                self._attributes(here, here.legacy, here.target)
                before = len(self.differences)
                waiting += reversed(self._within(here, here.legacy, here.target))
            if len(self.differences) > before:
                beside.call(self.differences, before, *self._labels.of(here))

    def _path(self, here: Place, name: str = "") -> str:
        if self._named is None or self._named[0] is not here:  # an element may have thousands of attributes
            self._named = here, self._paths.of(here)
        return f"html:{self._named[1]}{'@' if name else ''}{name}".replace(html_tree.LESS, "<")

    def _alone(self, here: Place) -> None:
        """An element or a text that one side only has."""
        if here.legacy is not None:
            shown = html_rows.whole(self._legacy.shown(here.legacy))
            self.differences.append(missing(self._path(here), shown))
        elif here.target is not None:
            shown = html_rows.whole(self._target.shown(here.target))
            self.differences.append(added(self._path(here), shown))

    def _text(self, here: Place, legacy: int, target: int) -> None:
        """A text on both sides, perhaps JSON in a script."""
        ours, theirs = self._legacy.text(legacy), self._target.text(target)
        called = self._data(self._legacy, legacy)
        if called and called == self._data(self._target, target):
            found = html_data.compare(called, ours, theirs, self._root, self._silence)
            if found is not None:
                self.differences += found.differences
                self.notes += found.notes
                self.hits += found.hits
                return
        self._value(here, "", ours, theirs)

    @staticmethod
    def _data(page: Page, text: int) -> str:
        """What a text is called if it is JSON in a script."""
        return html_data.name(page.attributes(~text)) if page.name(~text) == "script" else ""

    def _value(self, here: Place, name: str, legacy: str, target: str) -> None:
        """A text, or the value of an attribute, on both sides."""
        if legacy == target:
            return
        if line := self._silence(html_rows.whole(legacy), html_rows.whole(target)):
            self.hits.append(line)
        else:
            self.differences.append(changed(self._path(here, name), legacy, target))

    def _as_written(self, here: Place) -> None:
        ours, theirs = self._legacy.shown(here.legacy or 0), self._target.shown(here.target or 0)
        self.differences.append(changed(self._path(here), html_rows.whole(ours), html_rows.whole(theirs)))
        self.notes = [f"HTML below {DEEPEST} levels is compared as it is written"]

    def _attributes(self, here: Place, legacy: int, target: int) -> None:
        ours, theirs = self._legacy.attributes(legacy), self._target.attributes(target)
        if ours == theirs:
            return
        tag = self._legacy.name(legacy)
        for name in sorted(ours.keys() | theirs.keys()):
            if len(self.differences) > SOUGHT:
                return
            before = len(self.differences)
            if name not in theirs:
                self.differences.append(missing(self._path(here, name), ours[name]))
            elif name not in ours:
                self.differences.append(added(self._path(here, name), theirs[name]))
            elif ours[name] != theirs[name]:
                if noise := html_noise.alike(tag, name, ours, theirs):
                    self.hits.append(noise)
                else:
                    self._value(here, name, ours[name], theirs[name])
            if name in beside.ATTRIBUTES and len(self.differences) > before:
                beside.call(self.differences, before, *self._labels.of(here))

    def _within(self, here: Place, legacy: int, target: int) -> list[Place]:
        """The children of two elements that may differ, paired."""
        ours, theirs = self._legacy.children(legacy), self._target.children(target)
        pairs = self._unequal(ours, theirs) if len(ours) == len(theirs) else None
        if pairs is None or len(pairs) > 1 or self._strangers(pairs):
            pairs = self._moved(here, ours, theirs)
        return [Place(here, i, j, here.depth + 1) for i, j in pairs]

    def _unequal(self, ours: list[int], theirs: list[int]) -> list[Pair]:
        """Children at the same place that are not written the same."""
        written, other = self._legacy.written, self._target.written
        return [(i, j) for i, j in zip(ours, theirs, strict=False) if written(i) != other(j)]

    def _strangers(self, pairs: list[Pair]) -> bool:
        """Do elements of two kinds, or an element and a text, stand side by side?"""
        return any(self._kind(self._legacy, i) != self._kind(self._target, j) for i, j in pairs)

    @staticmethod
    def _kind(page: Page, item: int | None) -> str:
        return "" if item is None else page.name(item)

    def _moved(self, here: Place, ours: list[int], theirs: list[int]) -> list[Pair]:
        """Children paired by what they are, where they do not all stand at the same place."""
        left, right, read = self._keys(ours, theirs)
        if len(left) == len(right) and left != right and sorted(left) == sorted(right):
            before, after = self._plain(self._legacy, ours), self._plain(self._target, theirs)
            if before != after:
                words = html_rows.whole(" ".join(before)), html_rows.whole(" ".join(after))
                self.differences.append(changed(self._path(here), *words, DifferenceKind.ORDER))
            return []
        pairs: list[Pair] = []
        i = j = 0
        for equal_left, equal_right in [*_kept(aligned(left, right), ours, theirs), (len(ours), len(theirs))]:
            if equal_left > i or equal_right > j:
                pairs += self._gap(ours[i:equal_left], theirs[j:equal_right])
            if equal_left in read:  # there may be noise in it, to be named
                pairs.append((ours[equal_left], theirs[equal_right]))
            i, j = equal_left + 1, equal_right + 1
        return pairs

    def _keys(self, ours: list[int], theirs: list[int]) -> tuple[list[str], list[str], frozenset[int]]:
        """Texts by which children belong together: as they are written, where the other side has the
        same. Only what is left over is read; and which of ours were."""
        left, right = [self._legacy.written(i) for i in ours], [self._target.written(j) for j in theirs]
        over = surplus(left, right)
        for i in over[0]:
            left[i] = self._legacy.plain(ours[i])
        for j in over[1]:
            right[j] = self._target.plain(theirs[j])
        return _told_apart(ours, left), _told_apart(theirs, right), frozenset(over[0])

    @staticmethod
    def _plain(page: Page, items: list[int]) -> list[str]:
        return [page.plain(item) for item in items]

    def _gap(self, ours: list[int], theirs: list[int]) -> list[Pair]:
        """What stands between two children that both sides have, the most similar ones paired."""
        kinds = [
            [page.name(i) for i in items] for page, items in ((self._legacy, ours), (self._target, theirs))
        ]
        if kinds[0] == kinds[1]:
            return self._unequal(ours, theirs)
        if max(len(ours), len(theirs)) <= WEIGHED:
            found = nearest(
                [_parts(self._legacy, i) for i in ours], [_parts(self._target, j) for j in theirs]
            )
        else:
            found = paired(range(len(ours)), range(len(theirs)))
        pairs: list[Pair] = []
        for i, j in found:
            if i is not None and j is not None and kinds[0][i] != kinds[1][j]:
                pairs += [(i, None), (None, j)]
            else:
                pairs.append((i, j))
        items = [
            (
                place(pair),
                None if pair[0] is None else ours[pair[0]],
                None if pair[1] is None else theirs[pair[1]],
            )
            for pair in pairs
        ]
        return [(i, j) for _, i, j in sorted(items, key=self._standing)]

    def _standing(self, one: tuple[int, int | None, int | None]) -> tuple[int, str]:
        """In which order to list what stands at one place: the same when the sides are swapped."""
        number, i, j = one
        return number, min(
            page.written(item) for page, item in ((self._legacy, i), (self._target, j)) if item is not None
        )


def _told_apart(items: list[int], keys: list[str]) -> list[str]:
    """Keys of which no text's is an element's: `p>a` is how an element is written, and may be a text."""
    return [key if item >= 0 else f"\0{key}" for item, key in zip(items, keys, strict=True)]


def _kept(moved: list[Pair], ours: list[int], theirs: list[int]) -> Iterator[tuple[int, int]]:
    """The indexes of what is equal on both sides, given those of what is not."""
    left = _without({i for i, _ in moved}, ours)
    return zip(left, _without({j for _, j in moved}, theirs), strict=True)


def _without(gone: set[int | None], items: list[int]) -> list[int]:
    return [i for i in range(len(items)) if i not in gone]


def _parts(page: Page, item: int) -> frozenset[bytes]:
    """What an item has that another may have too; first of all its kind."""
    return frozenset(html_rows.whole(part).encode() for part in (page.name(item), *page.parts(item, _PARTS)))
