"""An example shows both sides where they differ, and can be repeated from a shell."""

from __future__ import annotations

import json
import subprocess
from functools import partial

import pytest
import yaml
from support.processor import within
from support.traces import Recording, answer

from shadow.compare.signature import parse
from shadow.record.bodies import Kept
from shadow.record.evidence import Asked
from shadow.report.build import build
from shadow.report.curl import curl
from shadow.report.side_by_side import ROWS, WIDE, beside
from shadow.report.snippets import snippet

HOSTILE = [
    "'; touch x; '",
    "$(id)",
    "`id`",
    '"',
    "\\",
    "a\nb",
    "\x1b[31m",
    "é日本",
    "!x",
    "-o /etc/x",
    "@/etc/passwd",
]


def rows(legacy: str, target: str) -> list[tuple[str, str | None, str | None]]:
    shown = beside(Kept(len(legacy), legacy), Kept(len(target), target))
    return [(row.mark, row.legacy, row.target) for row in shown]


def test_json_is_shown_line_by_line() -> None:
    """However it was written; equal lines far from a difference are left out."""
    ours = json.dumps({"a": list(range(20)), "price": 1, "name": "x"})
    theirs = json.dumps({"a": list(range(20)), "price": "1", "name": "x", "new": 2})
    shown = rows(ours, theirs)
    assert shown[0] == ("…", None, None)
    assert ("!", '  "price": 1,', '  "price": "1",') in shown
    assert ("+", None, '  "new": 2') in shown
    assert len(shown) < 12


def test_long_lines_are_shown_where_they_differ() -> None:
    """And no row is wider than a screen."""
    (row,) = rows("x" * 5000 + "a" + "y" * 300, "x" * 5000 + "b" + "y" * 300)
    assert row[0] == "!"
    assert "a" in (row[1] or "")
    assert "b" in (row[2] or "")
    assert len(row[1] or "") <= WIDE + 1


@pytest.mark.parametrize(
    ("legacy", "target"),
    [("a", "a"), ("", ""), ("[1,2]", "[1, 2]")],
    ids=["same", "empty", "blanks"],
)
def test_equal_bodies_have_no_rows(legacy: str, target: str) -> None:
    """Nor has one that was not kept."""
    assert rows(legacy, target) == []
    assert beside(Kept(9, None), Kept(1, "x")) == beside(None, None) == []


def test_hostile_bodies_take_no_time() -> None:
    """Thousands of lines, depth without end, one line of a hundred kilobytes."""
    for evil in ("\n" * 32_000, "[" * 32_000, "a\n" * 16_000, "<p>" * 10_000, "x" * 100_000, "\ud800"):
        for other in (evil[::-1] + "z", evil + "z", "z" + evil, "y\n" * 9000):
            assert len(within(0.25, partial(rows, evil, other))) <= ROWS + 1


def words(command: str) -> list[str]:
    """What bash makes of a command."""
    script = f"LEGACY=http://old; curl() {{ printf '%s\\0' \"$@\"; }}; {command}"
    out = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    return out.decode("utf-8", "surrogateescape").split("\0")[:-1]


@pytest.mark.parametrize("evil", HOSTILE)
def test_a_command_is_one_command(evil: str) -> None:
    """Every value arrives as it was, as one word, and nothing else is done."""
    asked = Asked("GET", f"/a?q={evil}", (("X-Name", evil), ("Host", "h")), Kept(len(evil), evil))
    command = curl(asked).legacy
    assert command.isprintable()
    assert words(command) == [
        *("-i", "--globoff", "--path-as-is", "-H", f"X-Name: {evil}", "-H", "Host: h"),
        *("-H", "User-Agent:", "-H", "Accept:", "-H", "Content-Type:", "--data-raw", evil),
        f"http://old/a?q={evil}",
    ]


def test_each_side_has_its_command() -> None:
    """By a variable, as a report does not know where they are; and secrets stay masked, with a note."""
    made = curl(Asked("POST", "/a", (("Cookie", "sid=masked:0123456789abcdef"),), Kept(9_000_000, None)))
    assert made.legacy.endswith('"$LEGACY"/a')
    assert made.target == made.legacy.replace("$LEGACY", "$TARGET")
    assert "-X POST" in made.legacy
    assert "masked" in made.note
    assert "a body of 9,000,000 bytes" in made.note


def test_a_command_sends_what_the_client_sent() -> None:
    """By Host, User-Agent and Accept-Encoding answers are chosen; what the client did not send, curl does not
    either; and a field without a value is one."""
    fields = (("Host", "b2b.example.com"), ("User-Agent", "iPhone"), ("Accept-Encoding", "br"), ("X-A", ""))
    sent = words(curl(Asked("GET", "/a", (*fields, ("Content-Length", "0"), ("Via", "x")))).legacy)

    assert sent[3:-1] == [
        *("--compressed", "-H", "Host: b2b.example.com", "-H", "User-Agent: iPhone"),
        *("-H", "Accept-Encoding: br", "-H", "X-A;", "-H", "Accept:"),
    ]


def test_nobody_is_asked_for_a_secret_that_the_command_has_not() -> None:
    """What a proxy added is left out, and so is the note about it."""
    asked = Asked("GET", "/a", (("X-Forwarded-For", "masked:0123456789abcdef"), ("Accept", "*/*")))

    assert curl(asked).note == ""


def test_lines_to_paste_are_lines_of_the_configuration() -> None:
    """For each endpoint that shows it, or for all if all do; none where no line would be understood."""
    made = snippet(parse("changed json:$.items[*].price"), ["GET /items/{id}"], 2)
    assert yaml.safe_load(made.ignore) == {
        "endpoints": [{"match": "GET /items/{id}", "compare": {"ignore": ["json:$.items[*].price"]}}]
    }
    (accept,) = yaml.safe_load(made.accept)["endpoints"][0]["compare"]["accept"]
    assert accept["difference"] == "changed json:$.items[*].price"
    several = yaml.safe_load(snippet(parse("missing header:x"), ["GET /a", "GET /b"], 2).ignore)
    assert several == {"compare": {"ignore": ["header:x"]}}
    status = snippet(parse("changed status 301→302"), ["GET /a"], 2)
    assert status.ignore == ""
    assert "changed status 301→302" in status.accept
    japanese = snippet(parse("changed json:$.名前"), ["GET /商品"], 2).ignore
    assert '"json:$.名前"' in japanese, "somebody has to find it again"
    hidden = snippet(parse('changed json:$["\xa0"]'), ["GET /a"], 2).ignore
    assert hidden.replace("\n", "").isprintable()
    assert yaml.safe_load(hidden)["endpoints"][0]["compare"]["ignore"] == ['json:$["\xa0"]']
    assert snippet(parse("changed what: [nobody\nunderstands"), ["GET /"], 2).ignore == ""


def test_an_example_has_what_matters() -> None:
    """The header fields that differ and those that say what a body is; the rest is in the records."""
    fields = {"content_type": "application/json", "x_tenant": "one", "x_other": "1"}
    legacy = answer(200, '{"a":1}', **fields)
    target = answer(200, '{"a":2}', **{**fields, "x_tenant": "two"})
    report = build(Recording().pair(legacy, target, path="/a?b=1").records())
    shown = report.causes[0].example
    assert shown is not None
    assert shown.request == "GET /a?b=1"
    assert shown.legacy.headers == [("content-type", "application/json"), ("x-tenant", "one")]
    assert shown.target.headers == [("content-type", "application/json"), ("x-tenant", "two")]
    assert [row.mark for row in shown.lines] == ["=", "!", "="]
