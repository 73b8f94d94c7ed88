"""For any request: writing it down as a server does, and reading that line, gives the request back; and
no bytes at all make a parser raise or dawdle."""

# ruff: noqa: E501 - lines of logs are as long as they are

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.processor import within

from replay.formats.detect import detect
from replay.formats.parser import LineParser, RecordParser
from replay.formats.registry import PRESETS, parser
from replay.model import BadLine, LoggedRequest

VISIBLE = bytes(byte for byte in range(0x21, 0x100) if byte != 0x7F)
TARGETS = st.lists(st.sampled_from(VISIBLE), max_size=40).map(lambda some: b"/" + bytes(some))
AGENTS = st.lists(st.sampled_from(VISIBLE + b"  "), min_size=2, max_size=30).map(
    lambda some: b"a" + bytes(some) + b"z"
)
LINE_PRESETS = [name for name in PRESETS if isinstance(parser(name), LineParser)]


def nginx(value: bytes) -> bytes:
    return b"".join(b"\\x%02X" % c if c < 32 or c > 126 or c in b'"\\' else bytes((c,)) for c in value)


def apache(value: bytes) -> bytes:
    named = {b'"'[0]: b'\\"', b"\\"[0]: b"\\\\", 9: b"\\t"}
    return b"".join(named.get(c) or (b"\\x%02x" % c if c < 32 or c > 126 else bytes((c,))) for c in value)


def nginx_json(value: bytes) -> bytes:
    return value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def haproxy(value: bytes) -> bytes:
    return b"".join(b"#%02X" % c if c < 32 or c > 126 or c in b'"#{|}' else bytes((c,)) for c in value)


def combined(target: bytes, agent: bytes) -> bytes:
    return b'1.2.3.4 - - [22/Nov/2026:10:00:00 +0900] "GET %b HTTP/1.1" 200 12 "-" "%b"' % (target, agent)


def ltsv(target: bytes, agent: bytes) -> bytes:
    return b"time:2026-11-22T10:00:00+09:00\tmethod:GET\turi:%b\tstatus:200\tua:%b" % (target, agent)


def object_line(target: bytes, agent: bytes) -> bytes:
    return (
        b'{"time_iso8601":"2026-11-22T10:00:00+09:00","request":"GET %b HTTP/1.1","http_user_agent":"%b"}'
        % (
            target,
            agent,
        )
    )


def captured(target: bytes, agent: bytes) -> bytes:
    return (
        b"1.2.3.4:5 [22/Nov/2026:10:00:00.250] web web/a 0/0/0/1/1 200 99 - - ---- 1/1/0/0/0 0/0 "
        b'{%b} "GET %b HTTP/1.1"' % (agent, target)
    )


Write = Callable[[bytes, bytes], bytes]


@pytest.mark.parametrize(
    ("preset", "write", "escape"),
    [
        ("combined", combined, nginx),
        ("combined", combined, apache),
        ("ltsv", ltsv, nginx),
        ("ltsv", ltsv, apache),
        ("haproxy", captured, haproxy),
    ],
)
@given(target=TARGETS, agent=AGENTS)
def test_escapes_are_undone(
    preset: str, write: Write, escape: Callable[[bytes], bytes], target: bytes, agent: bytes
) -> None:
    """What a server escapes comes back byte for byte."""
    parsed = read(preset, write(escape(target), escape(agent)))
    assert isinstance(parsed, LoggedRequest)
    assert parsed.target == target
    assert parsed.headers in (((b"User-Agent", agent),), ())


@given(target=TARGETS, agent=AGENTS)
def test_raw_bytes_in_json_are_kept(target: bytes, agent: bytes) -> None:
    """nginx writes bytes of any charset into its JSON: they come back, or are said to be lost."""
    parsed = read("json", object_line(nginx_json(target), nginx_json(agent)))
    if isinstance(parsed, BadLine):
        assert "\N{REPLACEMENT CHARACTER}".encode() in target
    else:
        assert (parsed.target, parsed.headers) == (target, ((b"User-Agent", agent),))


@given(target=TARGETS)
def test_json_of_go_is_exact_or_lossy(target: bytes) -> None:
    """Text comes back through Go's JSON; what is none is said to be lost."""
    request = {"method": "GET", "uri": target.decode("utf-8", "replace"), "host": "shop.example"}
    parsed = read("caddy", json.dumps({"ts": 1795309200.5, "request": request}).encode())
    if isinstance(parsed, BadLine):
        assert "\ufffd" in target.decode("utf-8", "replace")
    else:
        assert parsed.target == target


QUOTED = st.lists(st.sampled_from([b'"', b" ", b"1", b"-", b'" "', b'" 200 ', b"\\"]), max_size=8).map(
    b"".join
)


def envoy(target: bytes, agent: bytes) -> bytes:
    return (
        b'[2026-11-22T01:00:00.125Z] "GET %b HTTP/1.1" 200 - 0 12 3 1 "-" "%b" "id" "shop.example" "1.2.3.4:80"'
        % (target, agent)
    )


def alb(target: bytes, agent: bytes) -> bytes:
    return (
        b'http 2026-11-22T01:00:00.5Z app/a/1 1.2.3.4:5 10.0.0.1:80 0.1 0.2 0.1 200 200 34 366 "GET http://shop.jp:80%b '
        b'HTTP/1.1" "%b" - - arn "Root=1" "-" "-" 0 2026-11-22T01:00:00.1Z "forward" "-" "-"'
        % (target, agent)
    )


def elb(target: bytes, agent: bytes) -> bytes:
    return (
        b"2026-11-22T01:00:00.1Z web 1.2.3.4:5 10.0.0.1:80 0.1 0.2 0.1 200 200 0 29 "
        b'"GET http://shop.jp:80%b HTTP/1.1" "%b" - -' % (target, agent)
    )


@pytest.mark.parametrize(("preset", "write"), [("envoy", envoy), ("alb", alb), ("elb", elb)])
@given(
    target=QUOTED.map(lambda text: b"/" + text.replace(b" ", b"")),
    agent=QUOTED.map(lambda text: b"a%bz" % text),
)
def test_unescaped_quotes_do_not_end_a_field(preset: str, write: Write, target: bytes, agent: bytes) -> None:
    """Who escapes nothing writes a line that gives what was asked, or nothing, never something else."""
    parsed = read(preset, write(target, agent))
    if isinstance(parsed, LoggedRequest):
        assert parsed.target == target
        assert parsed.headers == ((b"User-Agent", agent),)
    else:
        assert b'"' in target + agent


@pytest.mark.parametrize("preset", PRESETS)
@given(data=st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode()))
def test_no_bytes_make_a_parser_raise(preset: str, data: bytes) -> None:
    """Whatever stands in a log, a line gives a request or says what is wrong."""
    made = parser(preset)
    parsed = list(made.entries(data)) if isinstance(made, RecordParser) else [made.parse(data)]
    assert all(isinstance(one, LoggedRequest | BadLine) for one in parsed)


WHOLE = {
    "combined": combined(b"/x?q=\\x83\\x5C", b"agent"),
    "ltsv": ltsv(b"/x?q=\\x83\\x5C", b"agent"),
    "json": object_line(b"/x?q=\x83\\\\", b"agent"),
    "haproxy": captured(b"/x?q=#83#5C", b"agent"),
}


@pytest.mark.parametrize("preset", WHOLE)
@given(place=st.integers(0, 200), other=st.binary(max_size=4))
@settings(max_examples=300)
def test_a_damaged_line_gives_no_line_break(preset: str, place: int, other: bytes) -> None:
    """Nothing that a hostile log holds can end a request's head early."""
    line = WHOLE[preset]
    parsed = read(preset, line[:place] + other + line[place + len(other) :])
    if isinstance(parsed, LoggedRequest):
        values = [
            parsed.method,
            parsed.target,
            parsed.host or b"",
            *(part for pair in parsed.headers for part in pair),
        ]
        assert not any(stop in value for value in values for stop in (b"\r", b"\n", b"\0"))
        assert b" " not in parsed.target


@given(said=st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.none() | st.integers(), max_size=4))
def test_names_of_fields_give_no_line_break(said: dict[str, object]) -> None:
    """Nor can the keys of an object, of which some are names of headers."""
    asked = {
        "date": "2026-11-22",
        "time": "01:00:00",
        "cs-method": "GET",
        "cs-uri-stem": "/",
        "cs-uri-query": "-",
    }
    said = {name: value for name, value in said.items() if name.lower() not in asked}
    headers = {f"cs({name})": value for name, value in said.items()}
    parsed = read("cloudfront-json", json.dumps({**asked, **headers, **said, **asked}).encode())
    if isinstance(parsed, BadLine):
        assert parsed.detail.startswith("a line break in a value")
    else:
        pieces = [piece for pair in parsed.headers for piece in pair]
        assert not any(stop in piece for piece in pieces for stop in (b"\r", b"\n", b"\0"))


HOSTILE = {
    "quotes": b'"' * 200_000,
    "spaced quotes": b'" "' * 80_000,
    "words": b'a "b c d "' * 30_000,
    "tabs": b"a:b\t" * 60_000,
    "backslashes": b"\\" * 200_000,
    "brackets": b"[{" * 100_000,
    "numbers": b"1 " * 100_000,
    "a line of Envoy's that never ends": b'[2026-11-22T01:00:00Z] "GET /' + b'" 200 ' * 60_000,
    "a line of an ALB's that never ends": b'http 2026-11-22T01:00:00Z a 1.2.3.4:5 b 1 1 1 200 200 1 1 "GET / HTTP/1.1" "'
    + b'" a b c "' * 30_000,
    "a line of a classic load balancer's that never ends": b'2026-11-22T01:00:00Z a 1.2.3.4:5 b 1 1 1 200 200 1 1 "GET / HTTP/1.1" "'
    + b'" a b ' * 30_000,
    "syslog's data that never end": b"<1>1 2026-11-22T01:00:00Z a b c d " + rb"[a\]" * 60_000,
    "a tag of syslog's that never ends": b"<1>Nov 22 10:00:00 a " + b"a[1]" * 60_000,
    "a line of Docker's with quotes": b'{"stream":"stdout","log":"' + rb"\"" * 100_000 + b'"}',
    "combined with a long field": combined(b"/", b"x " * 100_000)[:-1],
    "longer than a line may be": b"x" * (2 << 20),
}


@pytest.mark.parametrize("preset", LINE_PRESETS)
@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_time_is_bounded(preset: str, line: bytes) -> None:
    """Lines made to be read again and again are not: a fraction of a second of CPU for 200 kB."""
    made = parser(preset)
    assert isinstance(made, LineParser)
    within(0.5, lambda: made.parse(line))


@given(lines=st.lists(st.binary(max_size=80), max_size=5))
def test_no_bytes_make_detection_raise(lines: list[bytes]) -> None:
    """Detection ends in a sentence, whatever it is given."""
    assert detect(lines).why.endswith(".")


def read(preset: str, line: bytes) -> LoggedRequest | BadLine:
    made = parser(preset)
    assert isinstance(made, LineParser)
    return made.parse(line)
