"""Which format a log is, and what is said about it."""

# ruff: noqa: E501 - lines of logs are as long as they are

from __future__ import annotations

import pytest

from replay.formats.detect import Detected, Undetected, detect, misfit
from replay.formats.parser import LineParser
from replay.formats.registry import parser
from replay.formats.w3c import CLOUDFRONT_FIELDS
from replay.model import LoggedRequest

COMBINED = b'1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12 "-" "Mozilla/5.0 (X11)"'
_OBJECT = b'{"date":"2026-11-22","time":"01:00:00","cs-method":"GET","cs-uri-stem":"/x","cs-uri-query":"-"%b}'
LINES = {
    "common": b'1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12',
    "combined": COMBINED,
    "main": COMBINED + b' "203.0.113.9"',
    "combined-time": COMBINED + b" 0.005",
    "vcombined": b"shop.example:80 " + COMBINED,
    "vcommon": b"shop.example:80 2001:db8::1" + COMBINED[7:].partition(b' "-"')[0],
    "host-combined": b"shop.example " + COMBINED,
    "host-common": b"shop.example:8080 2001:db8::1" + COMBINED[7:].partition(b' "-"')[0] + b"\n"
    b'cafe.de 1.2.3.4 - jo [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200 12',
    "nginx-proxy": b"shop.example " + COMBINED + b' "10.0.0.1:80"',
    "lighttpd": COMBINED.replace(b" - - ", b" shop.example:8080 jo ") + b"\n" + COMBINED,
    "combinedio": COMBINED + b" 100 200",
    "alb": b"http 2026-11-22T01:00:00.5Z app/a/1 1.2.3.4:5 10.0.0.1:80 0.1 0.2 0.1 200 200 34 366 "
    b'"GET http://shop.jp:80/x HTTP/1.1" "a" - - arn "Root=1" "-" "-" 0 2026-11-22T01:00:00.1Z "forward" "-" "-"',
    "elb": b"2026-11-22T01:00:00.5Z web 1.2.3.4:5 10.0.0.1:80 0.1 0.2 0.1 200 200 0 29 "
    b'"GET http://shop.jp:80/x HTTP/1.1" "a" - -',
    "ltsv": b"time:2026-11-22T01:00:00Z\tmethod:GET\turi:/x",
    "json": b'{"time_iso8601":"2026-11-22T01:00:00Z","request":"GET / HTTP/1.1"}',
    "cloudfront-json": _OBJECT % b"",
    "iis": b"#Software: x\n#Fields: date time cs-method cs-uri-stem cs-uri-query\n2026-11-22 01:00:00 GET /x -",
    "har": b'{\n  "log": {\n    "version": "1.2",',
    "gor": b"1 aa11 1795309200000000000\nGET / HTTP/1.1\r",
}


@pytest.mark.parametrize("name", LINES)
def test_a_format_is_found(name: str) -> None:
    """By its lines, or by how the file begins; and a sentence says so."""
    found = detect(LINES[name].split(b"\n"))
    assert isinstance(found, Detected), found.why
    assert found.name == found.parser.name == name
    assert found.why.startswith(f"{name}: ")


def test_some_lines_may_be_torn() -> None:
    """Four of five are enough, and the sentence has the count."""
    found = detect([COMBINED] * 9 + [COMBINED[:40]])
    assert isinstance(found, Detected)
    assert "9 of the first 10 lines" in found.why


def test_the_nearest_is_named() -> None:
    """Half of the lines are not enough to go on without being told."""
    found = detect([COMBINED, b"?"] * 10)
    assert isinstance(found, Undetected)
    assert "nearest is combined" in found.why
    assert "10 of the first 20 lines" in found.why
    assert (
        "(not a line of this format: ?); say with --format which it is, of those that --formats lists, "
        "or give the server's format string, such as " in found.why
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (COMBINED + b" 1532", "begin as combined and go on: 1532. If that is a time, no line tells its unit"),
        (COMBINED.partition(b' "-"')[0] + b" 0", "say --format '%h %l %u %t \"%r\" %>s %b %D' of micro"),
        (COMBINED + b' rt=0.005 urt="0.004"', 'begin as combined and go on: rt=0.005 urt="0.004".'),
        (COMBINED + b' "0.005"', "'$remote_addr - $remote_user [$time_local] "),
        (COMBINED + b" 1795309200.123", "begin as combined"),
        (b"shop.example " + COMBINED + b" 1532", "begin as host-combined and go on: 1532. If that is a time"),
        (COMBINED.replace(b" - ", b" shop.example ", 1) + b' "x"', """'%h %V %u %t "%r" %>s %b """),
    ],
)
def test_what_goes_on_behind_a_preset_is_told(line: bytes, told: str) -> None:
    """With a format string to go on from. A number may be of any unit, or no time at all."""
    found = detect([line] * 10)
    assert isinstance(found, Undetected)
    assert told in found.why


@pytest.mark.parametrize(
    ("line", "told", "kind"),
    [
        (b"date:2026/11/22 10:00:00\tverb:GET\turl:/x", "date, verb, url is the time", "ltsv"),
        (b'{"at":1795309200,"verb":"GET","to":"/x"}', "of at, verb, to is the time", "json"),
    ],
)
def test_names_that_nobody_knows_are_told(line: bytes, told: str, kind: str) -> None:
    """With what to say of them."""
    found = detect([line] * 10)
    assert isinstance(found, Undetected)
    assert told in found.why
    assert f"--format {kind} --field time=" in found.why


def test_times_that_nobody_waits_for_are_told() -> None:
    """Of a label that mostly has seconds, and here what Apache's %D gives."""
    line = b"time:[22/Nov/2026:10:00:00 +0900]\treq:GET /x HTTP/1.1\tapptime:%d"
    found = detect([line % 80_000] * 6 + [line % 3] * 5)
    assert isinstance(found, Detected)
    assert "Half of them took 80,000 s or more" in found.why
    found = detect([line % 80_000] * 5 + [line % 3] * 6)
    assert isinstance(found, Detected)
    assert found.why.endswith("a request.")


_HIT = "2026-11-22 01:00:00 NRT57 500 1.2.3.4 GET d1.cloudfront.net /x 200 - - - - Hit id shop.jp https 300 0.012"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("cloudfront", [_HIT.replace(" ", "\t").encode()]),
        ("cloudfront-json", [_OBJECT % b',"x-edge-result-type":"Hit"']),
        ("cloudfront", [b"#Version: 1.0", b"#Fields: " + CLOUDFRONT_FIELDS.encode()]),
        ("iis", LINES["iis"].split(b"\n")[:2]),
        ("combined", [COMBINED.replace(b"Mozilla", b"ELB-HealthChecker")]),
        ("combined", [COMBINED.replace(b"GET /x HTTP/1.1", b"-")]),
        (
            "elb",
            [b'2026-11-22T01:00:00.5Z web 1.2.3.4:5 10.0.0.1:80 0.1 0.2 0.1 - - 82 305 "- - - " "-" - -'],
        ),
    ],
)
def test_a_log_without_a_request_is_known_too(name: str, lines: list[bytes]) -> None:
    """One of thousands, of an hour in which nothing was to be replayed, would end the whole replay."""
    found = detect(lines)
    assert isinstance(found, Detected), found.why
    assert found.name == name


def test_what_is_no_address_is_not_sent_as_the_clients() -> None:
    """Whoever logs a time where others log X-Forwarded-For has another format; some clients lie."""
    lies = [COMBINED + b' "%b"' % said for said in (b"unknown", b"-", b"::1, 10.0.0.1", b"1.2.3.4:80")]
    found = detect(lies * 2 + [COMBINED + b' "a.lie"'])
    assert isinstance(found, Detected)
    assert found.name == "main"


@pytest.mark.parametrize(
    "line",
    [
        COMBINED.replace(b" - ", b" 203.0.113.9 ", 1),  # X-Forwarded-For in the place of %l
        COMBINED.replace(b" - ", b" ::1 ", 1),
        COMBINED.replace(b" - ", b" 10.0.0.1, 203.0.113.9 ", 1),
        b"203.0.113.9 " + COMBINED,  # and before all of it
        b"shop.example - " + COMBINED,  # whose user would be all of `1.2.3.4 - -`
        COMBINED.replace(b" - ", b" - shop.example - ", 1),
    ],
)
def test_what_is_no_host_or_no_user_is_not_sent_as_one(line: bytes) -> None:
    """One field more or another, in the place where a format that is known has its own. What is nearest, or
    the first line, is told, and how a format string is written."""
    found = detect([line] * 10)
    assert isinstance(found, Undetected)
    assert line[:40].decode() in found.why
    assert "$host $remote_addr" in found.why


def test_some_clients_ask_an_address() -> None:
    """That is no other format."""
    named = COMBINED.replace(b" - ", b" shop.example ", 1)
    found = detect([named] * 9 + [COMBINED.replace(b" - ", b" 192.0.2.1:80 ", 1)])
    assert isinstance(found, Detected), found.why
    assert found.name == "lighttpd"


def test_what_stands_behind_the_agent_is_not_taken_for_a_part_of_it() -> None:
    """A format that escapes nothing would send all of it as the client's."""
    found = detect([COMBINED + b' rt=0.005 urt="0.004"'] * 10)
    assert isinstance(found, Undetected)
    assert "--format" in found.why


@pytest.mark.parametrize("lines", [[], [b"", b"\n"], [b"hello"], [b'{"a":1}'], [b"\x00\xff"]])
def test_no_log_is_no_format(lines: list[bytes]) -> None:
    """What holds no request is not guessed at."""
    found = detect(lines)
    assert isinstance(found, Undetected)
    assert "--format" in found.why


def test_the_parser_is_fresh() -> None:
    """The first lines have not been given to it: a reader begins anew."""
    lines = LINES["iis"].split(b"\n")
    found = detect(lines)
    assert isinstance(found, Detected)
    assert isinstance(found.parser, LineParser)
    assert not found.parser.header
    assert isinstance([found.parser.parse(line) for line in lines][-1], LoggedRequest)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ('%h %l %u %t "%r" %>s', """+0900] "GET /x HTTP/1.1" 200', and not at ' 12 "-" "Moz"""),
        ('%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D', "and not at 'Mozilla/5.0 (X11)\"'; w"),
        ('%h %{X-Forwarded-For}i %u %t %D "%r"', """+0900] ', and not at '"GET /x HTTP/1.1" 200"""),
        ('%h %t "%r"', "fits up to '1.2.3.4 ', and not at '- - [22/Nov"),
        ("ltsv", "is of this format; without --format they tell which it is"),
        ('%{Host}i|%t "%r"', "is of this format; without --format they tell which it is"),
    ],
)
def test_where_a_format_string_does_not_fit_is_told(form: str, told: str) -> None:
    """Whoever has written one by hand looks for that."""
    why = misfit(parser(form), [b"", COMBINED + b"\n"] * 5)
    assert why is not None
    assert why.startswith("none of the first 5 lines is of this format; ")
    assert told in why


def test_where_it_does_not_fit_is_inside_of_what_others_wrote() -> None:
    """Docker's object is none of the server's."""
    line = b'{"log":"1.2.3.4 - - no time\\n","stream":"stdout","time":"2026-11-22T01:00:00Z"}'
    why = misfit(parser("combined"), [line])
    assert why is not None
    assert "fits up to '1.2.3.4 - ', and not at '- no time'" in why


@pytest.mark.parametrize("form", ["combined", "lighttpd", "iis", "har"])
def test_a_format_that_some_lines_have_is_not_doubted(form: str) -> None:
    """Others may write as well, and a host be an address."""
    lines = [COMBINED.replace(b" - ", b" 192.0.2.1 ", 1), COMBINED, b"#Fields: date time", b"notice"]
    assert misfit(parser(form), lines) is None
