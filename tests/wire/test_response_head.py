"""Response heads: what is malformed, how a body is framed, and what is relayed."""

from __future__ import annotations

import pytest

from shadow.wire.head import CHUNKED, UNTIL_CLOSE
from shadow.wire.response_head import FRAMINGS, HEADS, parse_response


def ok(*lines: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in (b"HTTP/1.1 200 OK", *lines, b""))


MALFORMED = {
    "both lengths": ok(b"Content-Length: 3", b"Transfer-Encoding: chunked"),
    "length twice, equal": ok(b"Content-Length: 3", b"Content-Length: 3"),
    "length as a list": ok(b"Content-Length: 3, 3"),
    "length odd": ok(b"Content-Length: +3"),
    "length empty": ok(b"Content-Length:"),
    "TE gzip, chunked": ok(b"Transfer-Encoding: gzip, chunked"),
    "TE twice": ok(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "TE identity": ok(b"Transfer-Encoding: identity"),
    "TE in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
    "bare LF in the status line": b"HTTP/1.1 200 OK\nA: b\r\n\r\n",
    "bare CR": ok(b"A: b\rC: d"),
    "folded line": ok(b"A: b", b" c"),
    "folded length": ok(b"Content-Length: 3", b"\t4"),
    "first line folded": ok(b" c", b"A: b"),
    "space before colon": ok(b"A : b"),
    "what some readers end a line at": ok(b"A: \x1d"),
    "NUL in a value": ok(b"A: \x00"),
    "control byte in the reason": b"HTTP/1.1 200 O\x01K\r\n\r\n",
    "no colon": ok(b"A"),
    "HTTP/2": b"HTTP/2 200 OK\r\n\r\n",
    "two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status from nought": b"HTTP/1.1 099 OK\r\n\r\n",
    "no status line": b"SSH-2.0-x\r\n\r\n",
    "101 with an encoding": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    "101 to nothing": b"HTTP/1.1 101 Switching\r\n\r\n",
    "101 with a length": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\n",
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_malformed(raw: bytes) -> None:
    """What two parsers could read differently is not relayed."""
    assert parse_response(raw, b"GET") is None


UNCHANGED = {
    "odd names, order, duplicates": ok(
        b"Content-Length: 3", b"Set-Cookie: a", b"set-cookie: b", b"B:c", b"A:"
    ),
    "non-ASCII": ok(b"Content-Length: 3", b"X: caf\xe9 \x83V"),
    "ISO-2022-JP, and other control bytes": ok(
        b"Content-Length: 3", b'X: \x1b$B$"\x1b(B.txt', b"Y: \x01\x7f"
    ),
    "reason with bytes": b"HTTP/1.1 200 \xe4\xbd\xa0\xe5\xa5\xbd\r\nContent-Length: 3\r\n\r\n",
    "no reason": b"HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\n",
    "no reason, no space": b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\n",
    "look-alike": ok(b"Content-Length: 3", b"Content_Length: 4"),
    "unknown status": b"HTTP/1.1 799 Odd\r\nContent-Length: 3\r\n\r\n",
    "trailing space": ok(b"Content-Length: 3 "),
}


@pytest.mark.parametrize("raw", UNCHANGED.values(), ids=UNCHANGED)
def test_passes_unchanged(raw: bytes) -> None:
    """End-to-end fields are relayed byte for byte; the empty line is the relayer's."""
    head = parse_response(raw, b"GET")
    assert head is not None
    assert head.relay == raw[:-2]
    assert head.raw == raw
    assert head.length == 3


def test_hop_by_hop_fields_are_cut() -> None:
    """What is about legacy's connection stays there, with what its `Connection` names."""
    raw = ok(
        b"Connection: close, X-Foo", b"X-Foo: 1", b"Keep-Alive: timeout=5", b"Upgrade: h2c", b"A: b",
        b"transfer-encoding: Chunked", b"Proxy-Connection: close", b"x-foo: 2", b"TE: x",
    )  # fmt: skip
    head = parse_response(raw, b"GET")
    assert head is not None
    assert head.relay == b"HTTP/1.1 200 OK\r\nA: b\r\n"
    assert head.length == CHUNKED
    assert not head.keep_alive


def test_http_1_0_answer_is_relayed_as_ours() -> None:
    """The version in a status line is the sender's own (RFC 9112 2.3)."""
    head = parse_response(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n", b"GET")
    assert head is not None
    assert (head.status, head.length, head.keep_alive) == (200, UNTIL_CLOSE, False)
    assert head.raw == b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n"
    assert head.relay == b"HTTP/1.1 200 OK\r\nA: b\r\n"


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_status_line_is_no_field(version: bytes) -> None:
    """It stays, even where `Connection` names something that is written like it."""
    raw = b"HTTP/%b 200 OK: fine\r\nConnection: HTTP/%b 200 OK\r\nA: b\r\n\r\n" % (version, version)
    head = parse_response(raw, b"GET")
    assert head is not None
    assert head.relay == b"HTTP/1.1 200 OK: fine\r\nA: b\r\n"


@pytest.mark.parametrize(
    ("method", "raw", "length"),
    [
        (b"GET", ok(b"Content-Length: 7"), 7),
        (b"GET", ok(b"Transfer-Encoding: chunked"), CHUNKED),
        (b"GET", ok(), UNTIL_CLOSE),
        (b"HEAD", ok(b"Content-Length: 7"), 0),
        (b"HEAD", ok(b"Transfer-Encoding: chunked"), 0),
        (b"HEAD", ok(), 0),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n", 0),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 0),
        (b"GET", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0),
        (b"OPTIONS", ok(b"Content-Length: 0"), 0),
    ],
)
def test_body_length(method: bytes, raw: bytes, length: int) -> None:
    """RFC 9112 6.3: the request's method counts, and 1xx, 204 and 304 have no body."""
    head = parse_response(raw, method)
    assert head is not None
    assert head.length == length


def test_204_loses_its_length() -> None:
    """RFC 9110 8.6: it has none, and a client might wait for that body."""
    head = parse_response(b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\nA: b\r\n\r\n", b"GET")
    assert head is not None
    assert head.relay == b"HTTP/1.1 204 No Content\r\nA: b\r\n"


def test_interim_answers_lose_their_length() -> None:
    """A length on a 1xx (RFC 9110 8.6 forbids it) is not passed on to confuse a client."""
    head = parse_response(b"HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\nLink: x\r\n\r\n", b"GET")
    assert head is not None
    assert head.relay == b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n"


@pytest.mark.parametrize(
    ("raw", "keep_alive"),
    [
        (ok(b"Content-Length: 0"), True),
        (ok(b"Content-Length: 0", b"Connection: Close"), False),
        (ok(), False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_keep_alive(raw: bytes, keep_alive: bool) -> None:
    """Whether legacy will take another request on this connection."""
    head = parse_response(raw, b"GET")
    assert head is not None
    assert head.keep_alive is keep_alive


def test_what_is_remembered_of_framing_is_bounded() -> None:
    """However a backend frames its answers; and what `Connection` names is found out each time."""
    for number in range(10_000):
        head = parse_response(ok(b"Connection: %d, x" % number, b"X: 1", b"A: b"), b"GET")
        assert head is not None
        assert head.named == {b"%d" % number, b"x"}
        assert head.relay == b"HTTP/1.1 200 OK\r\nA: b\r\n"
    assert len(FRAMINGS) <= 4096
    assert max(sum(map(len, lines)) for lines in FRAMINGS) <= 512
    assert all(isinstance(framing.said, bytes) for framing in FRAMINGS.values())


def test_what_is_remembered_of_heads_is_bounded() -> None:
    """A backend that gives each answer an id fills no memory, nor does one that says much."""
    for number in range(1000):
        raw = ok(b"Content-Length: 3", b"X-Request-Id: %d" % number)
        assert parse_response(raw, b"GET") is not None
    for _ in range(2):
        assert parse_response(ok(b"X : 1"), b"GET") is None
    assert ok(b"X : 1") not in HEADS
    long = ok(b"Content-Length: 3", b"X: " + b"x" * 4000)
    assert parse_response(long, b"GET") is not None
    assert len(HEADS) <= 128
    assert max(map(len, HEADS)) <= 2048


def test_the_same_head_to_another_method() -> None:
    """What was remembered of an answer with a body says nothing of one without."""
    raw = ok(b"Content-Length: 3", b"X: the same")
    for method, length in ((b"GET", 3), (b"HEAD", 0), (b"GET", 3), (b"HEAD", 0)):
        head = parse_response(raw, method)
        assert head is not None
        assert head.length == length
