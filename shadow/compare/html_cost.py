"""What it would cost to build the tree of a page, estimated before it is built.

Parsing HTML as browsers do is linear for pages and quadratic for traps: thousands of levels, of
attributes on one tag, or of `<b>` that are opened again in every paragraph. The parser knows no
limit and cannot be stopped, so a page is weighed first, by what stands in its text, never below its cost.
"""

from __future__ import annotations

import re
from itertools import chain

from shadow.compare import html_rows

LARGEST = 2_000_000
"""Characters of a page that is compared as a tree; the largest one in a thousand of the web has less."""

MOST_TAGS = 100_000
"""Tags of a page that is compared as a tree: a table of 10,000 rows has fewer."""

_MOST_STEPS = 100_000_000  # up the open elements, a nanosecond or two each
_MOST_COPIES = 150_000  # of formatting elements, 400 bytes each
_MOST_SQUARED = 100_000_000  # attributes of one tag are compared with each other, 3 ns each
_FEW_NESTED = 14_000  # tags make no more steps, however they nest,
_FEW_OPENED = 600  # open no more than 40 MB,
_SHORT = 60_000  # and so many characters hold no more attributes than take 0.3 s
_LONG = 8_192  # characters of a tag with fewer attributes than would count

# These are opened again after each block that they stand open across (HTML, 13.2.4.3), and ...
_FORMATTING = "a b big code em font i nobr s small strike strong tt u".split()
# ... an end tag does not reach them beyond one of these.
_MARKERS = frozenset("applet button marquee math object select svg table template".split())
# By their first letters: this is asked of every tag.
_REOPENED = re.compile(
    r"<(/?(?:a(?:pplet)?|b(?:ig|utton)?|code|em|font|i|ma(?:rquee|th)|nobr|object|"
    r"s(?:elect|mall|trike|trong|vg)?|t(?:able|emplate|t)|u))[\s/>]"
)
_NAMES = frozenset(_FORMATTING)
_NEVER_TWICE = ("a", "nobr")  # a start tag ends the one before

_FOREIGN = frozenset(("svg", "math"))
_NESTED = re.compile(r"<(/?[a-z][^\s/>]*)")
# Empty elements, those that the next of their kind ends, which nest only with others between, and
# formatting elements, which are counted by themselves.
_FLAT = _NAMES.union(
    "area base br col embed hr img input link meta source track wbr "
    "p li dd dt tr td th tbody thead tfoot caption colgroup option optgroup rb rp rt rtc".split()
)

_IN_QUOTES = re.compile(r"""(=\s*(?:"[^">]*|'[^'>]*))>""")
_START = re.compile(r"<[a-zA-Z]")
_BETWEEN = re.compile(r"[\s/]+|=")


def too_costly(*pages: str) -> str:
    """Why pages are not compared as trees; empty if they are."""
    for page in pages:
        if len(page) > LARGEST:
            return f"more than {LARGEST} characters"
        if page.count("<") > MOST_TAGS:
            return f"more than {MOST_TAGS} tags"
    small = [page.lower() for page in pages]
    if not _balanced_rows(small) and any(map(_reopens, small)):
        return "too many formatting elements left open"
    if any(len(page) > _SHORT and _attributes(page) > _MOST_SQUARED for page in pages):
        return "too many attributes of one tag"
    if any(page.count("<") > _FEW_NESTED and _steps(page) > _MOST_STEPS for page in small):
        return "too deeply nested"
    return ""


def _reopens(page: str) -> bool:
    return page.count("<") > _FEW_OPENED and not _balanced(page) and _copies(page) > _MOST_COPIES


def _balanced_rows(pages: list[str]) -> bool:
    """Is every formatting element closed within its row? A row that is there twice is looked at once."""
    _, rows = html_rows.split(*pages)
    return _balanced("<table>".join(set(chain.from_iterable(rows))))


def _balanced(page: str) -> bool:
    """Is every formatting element closed, at most three levels of them within each other? As most
    are; and it is decided in C."""
    tags = " ".join(_REOPENED.findall(page)) + " "
    for _ in range(3):
        for name in _FORMATTING:
            tags = tags.replace(f"{name} /{name} ", "")
    return _NAMES.isdisjoint(tags.split())


def _copies(page: str) -> int:
    """At most so many formatting elements are opened again: at each tag all that are still open."""
    pieces = _REOPENED.split(page)
    total = 0
    opened: list[str] = []
    for tag, after in zip(pieces[1::2], pieces[2::2], strict=True):
        name = tag.removeprefix("/")
        if name in _MARKERS:
            if tag == name:
                opened.append(tag)
            elif opened and opened[-1] == name:
                opened.pop()
        else:
            if tag != name or name in _NEVER_TWICE:
                _close(opened, name)
            if tag == name:
                opened.append(tag)
        if opened:
            total += len(opened) * (1 + after.count("<"))
            if total > _MOST_COPIES:
                break
    return total


def _close(opened: list[str], name: str) -> None:
    """Takes the last `name` away, unless a marker is found first."""
    for i in range(len(opened) - 1, -1, -1):
        if opened[i] == name:
            del opened[i]
            return
        if opened[i] in _MARKERS:
            return


def _steps(page: str) -> int:
    """For each tag the number of elements that may be open: an end tag that is not that of the
    innermost element is taken to end nothing."""
    total = foreign = 0
    opened: list[str] = []
    for tag in _NESTED.findall(page):
        if tag[0] == "/":
            if opened and opened[-1] == tag[1:]:
                foreign -= opened.pop() in _FOREIGN
        elif foreign or tag not in _FLAT:
            foreign += tag in _FOREIGN
            opened.append(tag)
        total += len(opened)
        if total > _MOST_STEPS:
            break
    return total


def _attributes(page: str) -> int:
    """The squares of how many attributes one tag may have, summed over long tags."""
    total = 0
    for run in _IN_QUOTES.sub(r"\1", page).split(">"):
        if len(run) > _LONG and (start := _START.search(run)):
            total += len(_BETWEEN.findall(run, start.start())) ** 2
    return total
