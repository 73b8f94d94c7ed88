"""Hostile pages: never an exception, and never much work. Time is not measured but what would take it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.processor import within

from shadow.compare import html_tree
from shadow.compare.found import LISTED
from shadow.compare.html import DEEPEST, compare
from shadow.compare.html_cost import _FORMATTING, _MARKERS, _REOPENED, LARGEST, MOST_TAGS, too_costly

ROOT = Path(__file__).parents[2]
MANY = 100_000
DISTINCT = "".join(f"<b a={i}>" for i in range(300))


def unsilenced(legacy: str, target: str) -> None:
    """No rule makes anything equal."""


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        pytest.param("a" * 10_000_000, f"more than {LARGEST} characters", id="10 MB of text"),
        pytest.param("<p>x" * 400_000, f"more than {MOST_TAGS} tags", id="400,000 tags"),
        pytest.param("<div>" * MANY, "too deeply nested", id="100,000 levels"),
        pytest.param("<table><tr><td>" * 33_000, "too deeply nested", id="tables in tables"),
        pytest.param(
            "<div><object></div></object>" * 24_000, "too deeply nested", id="levels that look closed"
        ),
        pytest.param("<svg>" + "<li>" * 90_000, "too deeply nested", id="levels in SVG"),
        pytest.param("<span>" * 20_000 + "</y>" * 70_000, "too deeply nested", id="end tags of nothing"),
        pytest.param("<p>" + DISTINCT + "<p>x" * 900, "too many formatting", id="opened in each paragraph"),
        pytest.param(
            "<p>" + DISTINCT.replace(">", "><object></b></object>") + "<p>x" * 900,
            "too many formatting",
            id="formatting that looks closed",
        ),
        pytest.param(
            "<p " + " ".join(f"a{i}" for i in range(MANY)) + ">",
            "too many attributes",
            id="100,000 attributes",
        ),
        pytest.param(
            "<p " + " ".join(f'a{i}=">"' for i in range(MANY)) + ">",
            "too many attributes",
            id="tags in quotes",
        ),
        pytest.param(
            "<p/" + "/".join(f"a{i}" for i in range(MANY)) + ">", "too many attributes", id="by slashes"
        ),
    ],
)
def test_traps_are_known_before_they_are_parsed(
    page: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would take the parser minutes or gigabytes is never given to it: such pages are compared as a
    whole, with one difference and a note."""
    monkeypatch.delattr(html_tree, "parse")
    other = page.replace("x", "y") + "z"
    found = compare(page, other, (), unsilenced)

    assert too_costly(page).startswith(reason)
    assert [one.path for one in found.differences] == ["html"]
    assert found.notes == [f"{too_costly(page)}: pages compared as a whole"]
    assert compare(page, page, (), unsilenced).notes == []


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            "<table>" + "<tr><td>1<td><a href=/x><b>2</b></a>" * 10_000, id="a table of 10,000 rows"
        ),
        pytest.param("<p><b>a<i>b</b>c</i>" * 10_000, id="tags that cross each other"),
        pytest.param("<p><a name=x>a" * 20_000, id="anchors never closed"),
        pytest.param("<ul>" + "<li><div>a</div>" * 20_000, id="a long list"),
        pytest.param(
            "<img src='data:image/png;base64," + "aB/" * 3_000 + "'>" * 20, id="pictures in the page"
        ),
        pytest.param("<script>" + '{"a": "b c d"}, ' * 20_000 + "</script>", id="data in a script"),
        pytest.param("<div>" * 30 + "<p>a" * 20_000 + "</div>" * 30, id="a deep layout"),
    ],
)
def test_pages_are_not_traps(page: str) -> None:
    """Large pages, and careless ones, are compared as trees."""
    assert too_costly(page) == ""


def test_every_name_that_is_reopened_is_weighed() -> None:
    """Formatting elements and markers, with their end tags, and no others."""
    names = [*_FORMATTING, *sorted(_MARKERS)]
    page = "".join(f"<{name}><{name} x></{name}><{name}y>" for name in names)
    assert _REOPENED.findall(page) == [each for name in names for each in (name, name, f"/{name}")]


HOSTILE = {
    "siblings": "<i>x</i>" * 49_000,
    "white space": " " * 1_900_000 + "x",
    "inline": "<b> </b>" * 45_000 + "x",
    "pre": "<pre>" + "<b>x</b>\n" * 40_000,
    "pres": "<pre>x</pre>" * 45_000,
    "script": "<script>" + "<" * 90_000 + "x",
    "levels": "<i></i><div>" * 4_000 + "x",
    "attributes": "<p " + " ".join(f"{i:x}" for i in range(5_000)) + ">x",
    "comments": "<!--" * 20_000 + "-->" * 20_000 + "x",
    "doctypes": "<!doctype " * 9_000 + ">x",
    "characters": "&amp;" * 300_000 + "x",
    "no page": "\x00<\x01 x\ufeff</>" * 1000,
}
"""Pages that are parsed, and ask for much afterwards."""


MEASURED = r"""
import re, sys
from pathlib import Path
from shadow.compare.html import compare

def kilobytes(name):
    return int(re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])

page = sys.stdin.buffer.read().decode()
other = page.replace("x", "y")
before = kilobytes("VmRSS")
found = compare(page, other, (), lambda *_: None)
print(len(found.differences), kilobytes("VmHWM") - before)
"""
"""How many differences a page has, and by how many KiB the process grew, the parser's tree with it. Nothing
that was freed before can be used again there; and to trace each allocation takes eight times as long."""


@pytest.mark.parametrize("page", list(HOSTILE.values()), ids=list(HOSTILE))
def test_hostile_pages(page: str) -> None:
    """Everything in them differs: a bounded number of differences, in 200 MB."""
    program = [sys.executable, "-c", MEASURED]
    done = subprocess.run(program, input=page.encode(), stdout=subprocess.PIPE, cwd=ROOT, check=True)
    differences, most = map(int, done.stdout.split())

    assert 1 <= differences <= LISTED
    assert most < 200 * 1024


def test_below_many_levels_elements_are_compared_as_written() -> None:
    """Deeper than any page goes, a difference is one, and a note says so."""
    page = "<i></i><div>" * (DEEPEST + 10)
    found = compare(page + "a", page + "b", (), unsilenced)

    assert len(found.differences) == 1
    assert found.notes == [f"HTML below {DEEPEST} levels is compared as it is written"]


@pytest.mark.parametrize(
    ("legacy", "target"),
    [
        pytest.param(
            *(f"<script src='{'-' * 60_000}.{end}'></script>" for end in ("js", "jss")), id="dashes"
        ),
        pytest.param(
            *(f"<script src='{'-a1A' * 9_000}.{end}'></script>" for end in ("js", "jss")), id="names"
        ),
        pytest.param(
            *(f"<p {' '.join(f'a{i}={value}' for i in range(8_000))}>" for value in (1, 2)), id="attributes"
        ),
    ],
)
def test_what_stands_in_one_tag_costs_little(legacy: str, target: str) -> None:
    """However long a link is, and however many attributes differ."""
    assert within(1.0, lambda: compare(legacy, target, (), unsilenced)).differences
