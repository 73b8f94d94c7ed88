"""The report as a page: one file, nothing from outside, nothing in it that a hostile answer could mean."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from support.reports import cause, hostile, large, ordinary

from replay.model import LogSkip
from shadow.model import DifferenceKind, Drop, Skip
from shadow.report import html
from shadow.report.build import build
from shadow.report.svg import bars, day, interval, lines, parts
from shadow.report.visible import visible
from shadow.report.words import said
from shadow.verdict.diagnosis.table import RULES
from shadow.verdict.noise import State
from shadow.verdict.verdict import Reason, Verdict

PAGE = Path(html.__file__).parent / "page"
WORDS = {name: json.loads((PAGE / f"{name}.json").read_text(encoding="utf-8")) for name in html.LANGUAGES}

HOSTILE = (
    "</script><script>x()</script><img src=x onerror=x()>\"'`&amp; \u202egnp.exe\u200b\x00\x1b[31m\r\n\ud800"
)


class Tags(HTMLParser):
    """Every element of a page with its attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.code: dict[str, list[str]] = {"script": [], "style": []}
        self._in = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in = tag if tag in self.code else ""

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self.code[self._in].append(data)


# ---- one file --------------------------------------------------------------------------------


@pytest.mark.parametrize("live", [False, True])
def test_only_what_is_hashed_runs(live: bool) -> None:
    """The policy allows one script and one style, by their hashes, and nothing else."""
    tags = Tags(html.render(ordinary(), live=live))
    policy = next(
        attrs["content"] for _, attrs in tags.found if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))

    assert allowed.pop("default-src") == "'none'"
    for directive, code in (("script-src", tags.code["script"]), ("style-src", tags.code["style"])):
        assert len(code) == 1
        digest = b64encode(sha256(code[0].encode()).digest()).decode()
        assert allowed.pop(directive) == f"'sha256-{digest}'"
    assert allowed.pop("img-src") == "data:"
    assert (allowed.pop("connect-src", None) == "'self'") is live
    assert set(allowed.values()) == {"'none'"}


def test_nothing_is_asked_of_anyone() -> None:
    """Links lead into the page itself; no style attribute and no handler, which the policy would forbid."""
    for tag, attrs in Tags(html.render(ordinary())).found:
        assert not {"src", "srcset", "style", "action", "formaction", "ping"} & attrs.keys(), tag
        assert not any(name.startswith("on") for name in attrs)
        assert (attrs.get("href") or "#").startswith("#") or attrs["href"] == "data:,"


@pytest.mark.parametrize("language", html.LANGUAGES)
def test_both_languages_in_one_file(language: str) -> None:
    """The page begins in the one that was asked for, and holds both."""
    page = html.render(ordinary(), language)

    assert f'<html lang="{language}">' in page
    assert '<span lang="en">Not measured</span><span lang="ja">未計測</span>' in page


def test_places_keep_their_names() -> None:
    """A link to a cause or an endpoint holds in a report of other things too, and leads somewhere."""
    ids = {attrs.get("id") for _, attrs in Tags(html.render(ordinary())).found}
    alone = cause("changed", "status", "200", "403", 1)
    later = html.render(build([]))

    assert f"cause-{alone.id}" in ids
    assert "endpoint-a0b0ed2e2a" not in later
    for _, attrs in Tags(html.render(ordinary())).found:
        if (attrs.get("href") or "").startswith("#cause-"):
            assert (attrs["href"] or "")[1:] in ids or attrs["href"] == "#cause-ffffffffff"


def test_an_empty_report() -> None:
    """Where nothing was recorded there is a page, which says so."""
    page = html.render(build([]))

    assert "Nothing was compared yet." in page
    assert "No differences." in page
    assert "Nothing was received yet." in page
    for told in ("0 kinds of difference", "Every endpoint was compared.", 'data-column="0"', "data-filter="):
        assert told not in page.partition("<script>")[0]


def test_a_report_of_most() -> None:
    """300 endpoints with 66 differences each and 200 causes with examples: under 5 MB."""
    assert len(html.render(large()).encode()) < 5_000_000


# ---- hostile values --------------------------------------------------------------------------


def test_no_value_becomes_markup() -> None:
    """Whatever the values are, the page has the same elements, and attributes of the same names."""

    def shape(text: str) -> list[tuple[str, list[str]]]:
        # A path may be broken after its slashes, of which the plain text has none.
        found = Tags(html.render(hostile(text))).found
        return [(tag, sorted(attrs)) for tag, attrs in found if tag != "wbr"]

    # A mark around what differs is an element too, so the plain text has as much of it.
    assert shape(HOSTILE) == shape("x" * 39 + "y" * (len(HOSTILE) - 39))


def test_nothing_hides() -> None:
    """Marks of direction, invisible and control characters are shown as escapes, in attributes too."""
    page = html.render(hostile(HOSTILE))

    assert all(char.isprintable() or char in "\n\xa0" for char in page)
    assert r"\u202egnp.exe\u200b\x00\x1b[31m\r" in page
    page.encode()


def test_what_differs_is_marked() -> None:
    """Both sides of a line that differs, around the part in which they do."""
    page = html.render(ordinary())

    assert "<td>  &#34;price&#34;: <mark>1980</mark>,</td>" in page
    assert "<td>  &#34;price&#34;: <mark>&#34;1980&#34;</mark>,</td>" in page


def test_visible_text_stays() -> None:
    """Letters of any script stay as they are."""
    assert visible("日本語 é → ok") == "日本語 é → ok"
    assert visible("東京都　港区\n") == r"東京都　港区\n"
    assert visible("a\u00adb\ufeff") == r"a\xadb\ufeff"


# ---- words -----------------------------------------------------------------------------------


def test_languages_have_the_same_words() -> None:
    """Every text is there in each language, with the same values in it."""

    def values(text: Any) -> set[str]:
        every = text if isinstance(text, list) else [text]
        return {name for each in every for _, name, _, _ in Formatter().parse(each) if name}

    english, japanese = WORDS["en"], WORDS["ja"]
    assert english.keys() == japanese.keys()
    for key in english.keys() - {"phrases", "diagnoses", "why"}:
        assert values(english[key]) == values(japanese[key]), key


def test_every_word_is_used() -> None:
    """No text is left over that nothing shows."""
    source = (PAGE / "page.html").read_text(encoding="utf-8") + Path(html.__file__).read_text(
        encoding="utf-8"
    )
    for key in WORDS["en"]:
        made = re.match(r"(is|kind|sentence|key)_", key)
        assert f'"{key}"' in source or (made and f'"{made[0]}' in source), key


def test_every_word_of_the_report_has_its_translation() -> None:
    """Verdicts, kinds, reasons of all sorts, states of masks and diagnoses; of each reason in English too."""
    japanese = WORDS["ja"]
    reasons = [
        *(f"skipped: {each}" for each in Skip),
        *(f"dropped: {each}" for each in Drop),
        *(f"line: {each}" for each in LogSkip),
        *Reason,
        "unanswered",
    ]
    assert [each for each in reasons if said(each) == each] == []
    phrases = [*reasons, *State]
    assert {f"is_{each.replace(' ', '-')}" for each in Verdict} <= japanese.keys()
    assert {f"kind_{each}" for each in DifferenceKind} <= japanese.keys()
    assert set(phrases) <= japanese["phrases"].keys()
    assert {rule.name for rule in RULES} == japanese["diagnoses"].keys()


# ---- pictures --------------------------------------------------------------------------------


def test_a_line_breaks_where_nothing_was_answered() -> None:
    """Two hours, a gap, one hour: a stroke and a dot."""
    times = [hour * 3600.0 for hour in (0, 1, 2, 9)]
    drawn = lines(times, [("target", [0.1, 0.2, None, 0.1])])

    assert drawn.count('class="target line"') == 1
    assert drawn.count("<circle") == 1


@pytest.mark.parametrize("times", [[], [3600.0], [0.0, 3600.0 * 24 * 400], [0.0, 1e11]])
def test_pictures_of_any_time(times: list[float]) -> None:
    """Nothing recorded, one hour, a year, all of time: no error, and a picture of bounded size."""
    values = [0.1] * len(times)
    for drawn in (lines(times, [("legacy", values)]), bars(times, values)):
        assert len(drawn) < 2_500
        assert "nan" not in drawn


def test_pictures_at_their_ends() -> None:
    """Intervals from nought to all, parts of nothing, no hour at all."""
    assert 'd="M0.0 8H84"' in interval(0.0, 1.0, 0.0, 0.001)
    assert "<rect" not in parts([("ready", 0)])
    assert day([]).count('class="track"') == 24
