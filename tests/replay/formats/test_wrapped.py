"""A line that syslog, Docker or a container's runtime has wrapped says what it says bare."""

# ruff: noqa: E501 - lines of logs are as long as they are

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.formats.detect import Detected, Undetected, detect
from replay.formats.parser import LineParser
from replay.formats.registry import parser
from replay.model import BadLine, LoggedRequest, LogSkip, Parsed

COMBINED = (
    b'1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET /x?q=a:b HTTP/1.1" 200 12 "-" "Mozilla/5.0 (X11; a: b)"'
)
LINES = {
    "combined": COMBINED,
    "ingress-nginx": COMBINED + b" 120 0.250 [default-web-80] [] 10.0.0.1:80 12 0.240 200 abcdef",
    "ltsv": b"time:22/Nov/2026:10:00:00 +0900\thost:1.2.3.4\tmethod:GET\turi:/x\tstatus:200\tua:a: b",
    "json": b'{"time":"2026-11-22T01:00:00Z","request":"GET /x HTTP/1.1","http_user_agent":"a: b"}',
    "haproxy": b'1.2.3.4:5 [22/Nov/2026:10:00:00.250] web web/a 0/0/0/1/1 200 9 - - ---- 1/1/0/0/0 0/0 "GET /x HTTP/1.1"',
    "envoy": b'[2026-11-22T01:00:00.1Z] "GET /x HTTP/1.1" 200 - 0 12 3 1 "-" "a: b" "id" "shop.example" "1.2.3.4:80"',
}
BEFORE = {
    "RFC 3164": b"<190>Nov 22 10:00:00 web1 nginx: ",
    "RFC 3164, of the third": b"<190>Nov  3 10:00:00 web1 nginx: ",
    "RFC 3164, nohostname": b"<190>Nov 22 10:00:00 nginx: ",
    "a file of syslog's": b"Nov 22 10:00:00 web1.example nginx[123]: ",
    "a file of busybox's": b"Nov 22 10:00:00 web1 daemon.info nginx: ",
    "a file of rsyslog's": b"2026-11-22T10:00:00.123456+09:00 web1 nginx: ",
    "journalctl": b"2026-11-22T10:00:00+0900 web1 docker/web-1[12]: ",
    "RFC 5424": b"<190>1 2026-11-22T10:00:00.003Z web1 nginx 123 ID47 - ",
    "RFC 5424 with data": rb'<190>1 2026-11-22T10:00:00.003Z web1 nginx - - [a@1 b="[c\]\""][d] '
    b"\xef\xbb\xbf",
    "containerd": b"2026-11-22T01:00:00.123456789Z stdout F ",
    "containerd, with tags": b"2026-11-22T10:00:00.123456789+09:00 stderr F:x ",
    "docker logs": b"2026-11-22T01:00:00.123456789Z ",
    "rsyslog's %msg%": b" ",
}
DOCKER = "Docker"


def wrapped(how: str, line: bytes) -> bytes:
    if how == DOCKER:
        return json.dumps(
            {"log": line.decode() + "\n", "stream": "stdout", "time": "2026-11-22T01:00:00Z"}
        ).encode()
    return BEFORE[how] + line


def read(form: str, *lines: bytes) -> list[Parsed]:
    made = parser(form)
    assert isinstance(made, LineParser)
    return [made.parse(line) for line in lines]


@pytest.mark.parametrize("how", [*BEFORE, DOCKER])
@pytest.mark.parametrize("form", LINES)
def test_what_is_around_a_line_is_taken_off(form: str, how: str) -> None:
    """By whatever name the format is given, or where its first lines tell it."""
    line = LINES[form]
    (bare,) = read(form, line)
    assert isinstance(bare, LoggedRequest)
    assert read(form, wrapped(how, line), line, wrapped(how, line)) == [bare] * 3
    found = detect([wrapped(how, line)] * 3)
    assert isinstance(found, Detected), found.why
    assert found.name == form


@pytest.mark.parametrize("how", [*BEFORE, DOCKER])
@given(
    said=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"\\'), max_size=40)
)
def test_whatever_the_client_said(how: str, said: str) -> None:
    """Its words are neither taken for what is around, nor cut by it."""
    line = COMBINED.replace(b"Mozilla", said.encode())
    assert read("combined", wrapped(how, line)) == read("combined", line)


def test_a_format_string_is_of_what_is_inside() -> None:
    """The servers know nothing of who keeps their logs."""
    form = '$remote_addr [$time_local] "$request" $status'
    line = b'1.2.3.4 [22/Nov/2026:10:00:00 +0900] "GET /x HTTP/1.1" 200'
    assert read(form, BEFORE["RFC 3164"] + line) == read(form, line)


@pytest.mark.parametrize("how", ["a file of rsyslog's", "containerd"])
def test_a_date_is_no_label(how: str) -> None:
    """Its hour would end one of LTSV's, and with it the first field be lost."""
    line = b"host:1.2.3.4\ttime:22/Nov/2026:10:00:00 +0900\tmethod:GET\turi:/x\tstatus:200"
    (parsed,) = read("ltsv", BEFORE[how] + line)
    assert isinstance(parsed, LoggedRequest)
    assert parsed.client == b"1.2.3.4"


def test_tabs_that_rsyslog_escapes() -> None:
    """It does so unless it is told otherwise."""
    line = LINES["ltsv"]
    escaped = line.replace(b"\t", b"#011")
    assert read("ltsv", BEFORE["a file of rsyslog's"] + escaped, escaped) == read("ltsv", line) * 2


def test_a_part_of_a_line_is_none() -> None:
    """A target may go on in the next part."""
    part = BEFORE["containerd"].replace(b" F ", b" P ") + LINES["ltsv"]
    (parsed,) = read("ltsv", part)
    assert isinstance(parsed, BadLine)
    assert parsed.reason is LogSkip.MALFORMED


def test_bytes_that_docker_replaced_are_lost() -> None:
    """It keeps text alone; what a server has escaped is text."""
    raw = b'1.2.3.4 - - [22/Nov/2026:01:00:00 +0000] "GET /x?\x8c HTTP/1.1" 200 12 "-" "-"'
    log = json.dumps({"log": raw.decode("utf-8", "replace"), "stream": "stdout"}).encode()
    (parsed,) = read("traefik-clf", log)
    assert isinstance(parsed, BadLine)
    assert parsed.reason is LogSkip.LOSSY
    escaped = COMBINED.replace(b"/x", rb"/x\xEF\xBF\xBD")
    assert read("combined", wrapped(DOCKER, escaped)) == read("combined", escaped)


def test_what_others_say_in_between_is_no_json() -> None:
    """Of Docker's log every line is JSON; the format is that of what is inside, though some of it is not."""
    notice = wrapped(DOCKER, b"2026/11/22 01:00:00 [notice] 1#1: start worker processes")
    found = detect([notice] * 40 + [wrapped(DOCKER, COMBINED)] * 60)
    assert isinstance(found, Detected), found.why
    assert found.name == "combined"
    assert isinstance(detect([b"start worker processes"] * 40 + [COMBINED] * 60), Undetected)
    (parsed,) = read("json", notice)
    assert isinstance(parsed, BadLine)
    assert parsed.reason is LogSkip.MALFORMED


def test_names_that_nobody_knows_are_those_inside() -> None:
    """Not those of Docker."""
    found = detect([wrapped(DOCKER, b'{"at":1795309200,"verb":"GET","to":"/x"}')] * 3)
    assert "at, verb, to" in found.why


def test_what_is_wrapped_twice_is_not_unwrapped_again_and_again() -> None:
    """Or a line made for that would end the parser."""
    for how in ("docker logs", "RFC 3164"):
        for form in LINES:
            (parsed,) = read(form, BEFORE[how] * 20_000 + LINES[form])
            assert isinstance(parsed, BadLine)
