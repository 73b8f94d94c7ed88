"""Lines that a report offers: the configuration takes them, and they do what they say."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

from compare.test_pairs import NOON, ROWS, response

from shadow.compare.found import legible
from shadow.compare.judge import judge
from shadow.compare.rules import compile_rule
from shadow.compare.signature import parse, signature
from shadow.config.load import load
from shadow.model import Comparison, Exchange, Request, Response
from shadow.report.snippets import snippet
from shadow.settings import Compare, Config

NO_LINE = {
    *("added part", "changed part", "order part", "changed part;range"),
    *("changed part;disposition", "changed part;content-language", "missing part;content-location"),
    *("added csv", "missing csv", "order csv", "changed csv"),
    *("changed body:format", "changed body:dimensions", "changed body:metadata", "changed body:member"),
    "added html:html > body > a@\xa0href",
}
"""What only `accept` can name, beside a status, which nobody should ignore, and names that are not whole
or that nobody can read."""

LONG = "long" * 30


def judged(legacy: Response, target: Response, general: Compare, own: Compare) -> Comparison:
    """The comparison of two answers to one request."""
    request = Request(b"GET", b"/", ((b"Host", b"shop.example"), (b"X-Forwarded-Proto", b"https")))
    rule = compile_rule(general, own)
    return judge(Exchange("1", "GET /", NOON, request, legacy), target, rule)


def shown(legacy: Response, target: Response, general: Compare, own: Compare) -> set[str]:
    """The signatures of what differs."""
    return {signature(each) for each in judged(legacy, target, general, own).differences}


def loaded(offered: list[str], path: Path) -> Config:
    """A configuration of all these lines, each at an endpoint of its own."""
    lines = "".join(text.removeprefix("endpoints:\n") + "\n" for text in offered)
    path.write_text(
        f"legacy: http://a\ntarget: http://b\nendpoints:\n{lines}".replace("YYYY-MM-DD", "2026-12-31"),
        encoding="utf-8",
    )
    return load(str(path), {}, {}).config


def archive(text: str) -> dict[str, Any]:
    """A ZIP of one member."""
    written = BytesIO()
    with ZipFile(written, "w") as file:
        file.writestr(ZipInfo("a"), text)
    return {"type": "application/zip", "hex": written.getvalue().hex()}


def html(body: str) -> dict[str, Any]:
    return {"type": "text/html", "body": f"<!doctype html><html><body>{body}</body></html>"}


MORE = {
    "a long name": ({"body": f'{{"{LONG}":1}}'}, {"body": f'{{"{LONG}":2}}'}),
    "a name in Japanese": ({"body": '{"住所　1":1}'}, {"body": '{"住所　1":2}'}),
    "a name that hides": ({"body": '{"a\\u202e":1}'}, {"body": '{"a\\u202e":2}'}),
    "a name of two lines": ({"body": '{"a\\nb":1}'}, {"body": '{"a\\nb":2}'}),
    "a heading in French": (
        {"type": "text/csv", "body": "id,Prix\xa0HT\n1,2\n"},
        {"type": "text/csv", "body": "id,Prix\xa0HT\n1,3\n"},
    ),
    "a heading with a number": (
        {"type": "text/csv", "body": "id,a[3]\n1,2\n"},
        {"type": "text/csv", "body": "id,a[3]\n1,3\n"},
    ),
    "a long field": (
        {"type": "application/x-www-form-urlencoded", "body": f"{LONG * 3}=1"},
        {"type": "application/x-www-form-urlencoded", "body": f"{LONG * 3}=2"},
    ),
    "a long attribute": (
        html(f'<p><input name="{LONG}" value="1"></p>'),
        html(f'<p><input name="{LONG}" value="2"></p>'),
    ),
    "long classes": (
        html(f'<p class="{"abcdefghijk " * 3}{"lmnopqrstuv"}{"w" * 40} z">1</p>'),
        html(f'<p class="{"abcdefghijk " * 3}{"lmnopqrstuv"}{"w" * 40} z">2</p>'),
    ),
    "an archive": (archive("one"), archive("two")),
    "a status": ({"status": 301}, {"status": 302}),
}
"""Beside those of the table of pairs."""


def test_what_is_offered_is_taken_and_silences_what_it_says(tmp_path: Path) -> None:
    """Of every pair in the table of pairs, and of names that are hard to write; and nothing else has none."""
    pairs = [(row.values[0].legacy, row.values[0].target, row.values[0].rule) for row in ROWS]
    both = {"type": "application/json"}
    pairs += [(response(ours, both), response(theirs, both), Compare()) for ours, theirs in MORE.values()]
    offered: list[str] = []
    meant: list[tuple[Response, Response, Compare, str]] = []
    without: set[str] = set()
    for legacy, target, general in pairs:
        for name in sorted(shown(legacy, target, general, Compare())):
            for kind in ("ignore", "accept"):
                text = getattr(snippet(parse(name), [f"GET /{len(offered)}"], 2), kind)
                if not text:
                    without.add(name if kind == "ignore" else f"accept: {name}")
                elif not general.accept:
                    offered.append(text)
                    meant.append((legacy, target, general, name))
    config = loaded(offered, tmp_path / "offered.yaml")
    for endpoint, (legacy, target, general, name) in zip(config.endpoints, meant, strict=True):
        assert name not in shown(legacy, target, general, endpoint.compare), endpoint.compare
    assert len(offered) > 500
    told = {name for name in without if legible(name) and "…" not in name and not parse(name).statuses}
    assert told == NO_LINE


def test_an_endpoint_that_no_line_can_name_has_general_ones() -> None:
    """What is counted under `GET other` has no template."""
    made = snippet(parse("changed header:x"), ["GET other"], 3)
    assert made.ignore == (
        '# holds for all endpoints, also where it was not seen: 2\ncompare: {ignore: ["header:x"]}'
    )


def test_lines_are_for_the_endpoints_that_show_it(tmp_path: Path) -> None:
    """A general one would hide on others what nobody has accepted: it is for what all show, or so many that
    nobody would read an entry each."""
    cause = parse("changed status 200→500")
    two, many = ["GET /a", "GET /b"], [f"GET /{i}" for i in range(21)]
    made = snippet(cause, two, 3).accept

    assert [each.match for each in loaded([made], tmp_path / "two.yaml").endpoints] == two
    assert snippet(cause, two, 2).accept.startswith("compare: ")
    assert snippet(cause, many, 30).accept.startswith(
        "# holds for all endpoints, also where it was not seen: 9\n"
    )
