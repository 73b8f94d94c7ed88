"""Request heads: what is refused, what passes, and what exactly legacy gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shadow.model import fields
from shadow.wire.head import CHUNKED, RequestHead
from shadow.wire.request_head import Passage, Peer, Refusal, RequestReader, unfinished, without_expectation

STRANGER = Peer(b"192.0.2.7", False, b"http")
FRIEND = Peer(b"10.0.0.9", True, b"http")
PASSAGE = Passage(b"me", b"legacy:8000", 16 * 1024, 64 * 1024, 200)

OURS = (
    b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n"
    b"X-Request-Id: fresh\r\nX-Shadow-Via: me\r\n"
)
"""What a request of a stranger with `Host: h` gets at its end."""


def parse(raw: bytes, peer: Peer = STRANGER, passage: Passage = PASSAGE) -> RequestHead | Refusal:
    head, behind = RequestReader(peer, passage).read(raw, b"fresh")
    assert head is not None
    assert not behind
    return head


def accepted(raw: bytes, peer: Peer = STRANGER) -> RequestHead:
    head = parse(raw, peer)
    assert isinstance(head, RequestHead), head
    return head


def get(*lines: bytes) -> bytes:
    """A GET with a Host and these lines behind it."""
    return b"".join(line + b"\r\n" for line in (b"GET / HTTP/1.1", b"Host: h", *lines, b""))


def post(*lines: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in (b"POST / HTTP/1.1", b"Host: h", *lines, b""))


REFUSED = {
    # RFC 9112 3: the request line
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/0.9 with a version": (b"GET / HTTP/0.9\r\nHost: h\r\n\r\n", 400),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 400),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 400),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\n", 400),
    "lower-case version": (b"GET / http/1.1\r\nHost: h\r\n\r\n", 400),
    "space behind the version": (b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400),
    "two spaces": (b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "tab": (b"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "space before the method": (b" GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "space in the target": (b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "control byte in the target": (b"GET /a\x01 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "DEL in the target": (b"GET /a\x7f HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "no target": (b"GET HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "method with a bracket": (b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "target without a slash": (b"GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "asterisk for GET": (b"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "absolute-form, other scheme": (b"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "absolute-form, one slash": (b"GET http:/h HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "absolute-form, no host": (b"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "absolute-form, user": (b"GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "CONNECT": (b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 405),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
    # RFC 9112 2.2, 5: line ends and fields
    "bare LF behind the request line": (b"GET / HTTP/1.1\nHost: h\r\n\r\n", 400),
    "bare LF behind a field": (b"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400),
    "bare CR behind the request line": (b"GET / HTTP/1.1\rHost: h\r\n\r\n", 400),
    "bare CR in a value": (get(b"X: a\rY: b"), 400),
    "LF before the end": (b"GET / HTTP/1.1\r\nHost: h\r\n\n\r\n\r\n", 400),
    "folded line, space": (get(b"X: a", b" b"), 400),
    "folded line, tab": (get(b"X: a", b"\tb"), 400),
    "folded first field": (b"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400),
    "space before colon": (get(b"X : a"), 400),
    "tab before colon": (get(b"X\t: a"), 400),
    "space before colon of a length": (post(b"Content-Length : 3"), 400),
    "no colon": (get(b"X"), 400),
    "empty name": (get(b": a"), 400),
    "NUL in a value": (get(b"X: a\x00b"), 400),
    "control byte in a value": (get(b"X: a\x0bb"), 400),
    "DEL in a value": (get(b"X: a\x7fb"), 400),
    "non-ASCII name": (get(b"X\xe9: a"), 400),
    "space in a name": (get(b"X Y: a"), 400),
    # RFC 9112 6: framing
    "both lengths": (post(b"Content-Length: 3", b"Transfer-Encoding: chunked"), 400),
    "both lengths, other order": (post(b"Transfer-Encoding: chunked", b"Content-Length: 3"), 400),
    "length twice, equal": (post(b"Content-Length: 3", b"Content-Length: 3"), 400),
    "length twice, different": (post(b"Content-Length: 3", b"content-length: 4"), 400),
    "length as a list": (post(b"Content-Length: 3, 3"), 400),
    "length with a plus": (post(b"Content-Length: +3"), 400),
    "length below nought": (post(b"Content-Length: -0"), 400),
    "length in hex": (post(b"Content-Length: 0x3"), 400),
    "length with underscore": (post(b"Content-Length: 1_0"), 400),
    "length with a space": (post(b"Content-Length: 1 0"), 400),
    "length empty": (post(b"Content-Length: "), 400),
    "length of 2^64": (post(b"Content-Length: 18446744073709551616"), 400),
    "length in other digits": (post(b"Content-Length: \xd9\xa3"), 400),
    "TE gzip, chunked": (post(b"Transfer-Encoding: gzip, chunked"), 400),
    "TE chunked, gzip": (post(b"Transfer-Encoding: chunked, gzip"), 400),
    "TE chunked, chunked": (post(b"Transfer-Encoding: chunked, chunked"), 400),
    "TE twice": (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
    "TE identity": (post(b"Transfer-Encoding: identity"), 400),
    "TE identity, chunked": (post(b"Transfer-Encoding: identity, chunked"), 400),
    "TE xchunked": (post(b"Transfer-Encoding: xchunked"), 400),
    "TE chunked;q=1": (post(b"Transfer-Encoding: chunked;q=1"), 400),
    "TE ,chunked": (post(b"Transfer-Encoding: ,chunked"), 400),
    "TE quoted": (post(b'Transfer-Encoding: "chunked"'), 400),
    "TE with a vertical tab": (post(b"Transfer-Encoding: \x0bchunked"), 400),
    "TE empty": (post(b"Transfer-Encoding:"), 400),
    "TE in HTTP/1.0": (b"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "look-alike TE": (post(b"Transfer_Encoding: chunked"), 400),
    "look-alike TE, dot": (post(b"Transfer.Encoding: chunked"), 400),
    "look-alike length": (post(b"Content_Length: 3"), 400),
    # RFC 9112 3.2: Host
    "no Host": (b"GET / HTTP/1.1\r\nX: y\r\n\r\n", 400),
    "no field at all": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "Host twice": (get(b"Host: h"), 400),
    "Host twice in HTTP/1.0": (b"GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n", 400),
    "Host with a space": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "Host with a comma": (b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
    "Host with a port of letters": (b"GET / HTTP/1.1\r\nHost: h:x\r\n\r\n", 400),
    "Host with two ports": (b"GET / HTTP/1.1\r\nHost: h:1:2\r\n\r\n", 400),
    "Host with a user": (b"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400),
    "Host with a path": (b"GET / HTTP/1.1\r\nHost: h/a\r\n\r\n", 400),
    "Host not ASCII": (b"GET / HTTP/1.1\r\nHost: h\xe9\r\n\r\n", 400),
    # limits
    "request line too long": (b"GET /" + b"a" * 16_384 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
    "malformed and too long": (b"GET " + b"a b" * 8_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
    "too many fields": (get(*[b"X: y"] * 200), 431),
    # our own name in the marker
    "loop": (get(b"X-Shadow-Via: other, me"), 508),
    "loop over two lines": (get(b"X-Shadow-Via: me", b"X-Shadow-Via: other"), 508),
}


@pytest.mark.parametrize(("raw", "status"), REFUSED.values(), ids=REFUSED)
def test_refused(raw: bytes, status: int) -> None:
    """What makes two parsers disagree is refused, and the refusal repeats nothing of it."""
    refusal = parse(raw)
    assert isinstance(refusal, Refusal)
    assert refusal.status == status
    assert refusal.reason.isascii()


UNCHANGED = {
    "odd names, order, duplicates": get(b"B: 1", b"a: 2", b"B: 3", b"!#$%&'*+-.^_`|~: x"),
    "names that differ in case only": get(b"X-D: 1", b"x-d: 2"),
    "no space, many spaces, tab": get(b"A:1", b"B:   2", b"C:\t3", b"D: 4  "),
    "empty value": get(b"A:", b"B: "),
    "non-ASCII values": get(b"X: caf\xe9 \x83\x56\xff", "Y: 日本語".encode()),
    "underscores elsewhere": get(b"X_Y: 1"),
    "doubled User-Agent": get(b"User-Agent: a", b"User-Agent: b"),
    "trailing space of a length": post(b"Content-Length: 3 "),
    "length with leading noughts": post(b"Content-Length: 003"),
    "GET with a body": get(b"Content-Length: 3"),
    "unknown method": b"PURGE /a HTTP/1.1\r\nHost: h\r\n\r\n",
    "method in lower case": b"get / HTTP/1.1\r\nHost: h\r\n\r\n",
    "WebDAV": b"PROPFIND /a HTTP/1.1\r\nHost: h\r\nDepth: 1\r\n\r\n",
    "OPTIONS *": b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    "dots, slashes, escapes": b"GET //a/../%2F/./%2e%0A?? HTTP/1.1\r\nHost: h\r\n\r\n",
    "empty query": b"GET /a? HTTP/1.1\r\nHost: h\r\n\r\n",
    "fragment": b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n",
    "unwise characters": b'GET /[]{}|^"<>\\` HTTP/1.1\r\nHost: h\r\n\r\n',
    "raw Shift_JIS": b"GET /\x83V\x83\x83\x83h\x81[?q=\x82\xa0 HTTP/1.1\r\nHost: h\r\n\r\n",
    "Host first or last": b"GET / HTTP/1.1\r\nA: b\r\nhOsT:h\r\n\r\n",
    "Expect": post(b"Content-Length: 3", b"Expect: 100-continue"),
    "unknown expectation": post(b"Content-Length: 3", b"Expect: magic"),
    "cookies and credentials": get(b"Cookie: a=b", b"Authorization: Basic eDp5"),
    "other forwarding fields": get(b"Forwarded: for=1.2.3.4", b"X-Real-IP: 1.2.3.4", b"Via: 1.1 cdn"),
    "a 16 KB cookie": get(b"Cookie: " + b"a" * 16_384),
    "100 fields": get(*[b"X-%d: y" % number for number in range(100)]),
    "an 8 KB target": b"GET /" + b"a" * 8_191 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
}


@pytest.mark.parametrize("raw", UNCHANGED.values(), ids=UNCHANGED)
def test_passes_unchanged(raw: bytes) -> None:
    """Everything end to end is forwarded byte for byte, with our own fields behind it."""
    assert accepted(raw).forward == raw[:-2] + OURS + b"\r\n"


HOP_BY_HOP = {
    "Connection": (get(b"Connection: keep-alive", b"A: b"), b"A: b\r\n"),
    "Connection twice": (get(b"Connection: close", b"A: b", b"connection: x"), b"A: b\r\n"),
    "Keep-Alive": (get(b"Keep-Alive: timeout=5", b"A: b"), b"A: b\r\n"),
    "Proxy-*": (get(b"Proxy-Connection: keep-alive", b"Proxy-Authorization: x", b"A: b"), b"A: b\r\n"),
    "TE": (get(b"TE: gzip", b"A: b"), b"A: b\r\n"),
    "Upgrade without Connection": (get(b"Upgrade: websocket", b"A: b"), b"A: b\r\n"),
    "named by Connection": (get(b"Connection: close, X-Foo", b"A: b", b"x-foo: 1", b"X-Foo: 2"), b"A: b\r\n"),
    "not named, though alike": (get(b"Connection: X-Foo", b"X-Foo-Bar: 1"), b"X-Foo-Bar: 1\r\n"),
    "Host named by Connection": (get(b"Connection: host", b"A: b"), b"A: b\r\n"),
    "length named by Connection": (
        post(b"Connection: content-length", b"Content-Length: 3"),
        b"Content-Length: 3\r\n",
    ),
    "Expect named by Connection": (
        post(b"Connection: expect", b"Content-Length: 3", b"Expect: 100-continue"),
        b"Content-Length: 3\r\nExpect: 100-continue\r\n",
    ),
    "h2c": (
        get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: x", b"A: b"),
        b"A: b\r\n",
    ),
    "h2c beside another": (get(b"Connection: Upgrade", b"Upgrade: websocket, h2c"), b""),
    "X-Shadow from a client": (get(b"X-Shadow: 1", b"x-shadow-mode: off", b"A: b"), b"A: b\r\n"),
    "look-alikes of ours": (
        get(b"X_Forwarded_For: 1", b"X.Forwarded-Proto: 2", b"X_Shadow: 3", b"X_Shadow_Via: me", b"A: b"),
        b"A: b\r\n",
    ),
    "TE of another word": (get(b"TE: xtrailers"), b""),
    "X-Shadowing is not ours": (get(b"X-Shadowing: 1"), b"X-Shadowing: 1\r\n"),
}


@pytest.mark.parametrize(("raw", "rest"), HOP_BY_HOP.values(), ids=HOP_BY_HOP)
def test_hop_by_hop_fields_are_cut(raw: bytes, rest: bytes) -> None:
    """What is about the client's connection stays there, and what `Connection` names too, within bounds."""
    start = raw[: raw.index(b"Host: h\r\n") + 9]
    assert accepted(raw).forward == start + rest + OURS + b"\r\n"


def test_chunked_is_announced_anew() -> None:
    """The body is unchunked and chunked again, so its framing field is ours."""
    head = accepted(post(b"transfer-encoding:  Chunked", b"A: b", b"Trailer: X"))
    assert head.length == CHUNKED
    assert head.forward == (
        b"POST / HTTP/1.1\r\nHost: h\r\nA: b\r\nTrailer: X\r\n" + OURS + b"Transfer-Encoding: chunked\r\n\r\n"
    )


def test_framing_cannot_be_named_away() -> None:
    """`Connection: transfer-encoding` does not turn a chunked request into one without a body."""
    head = accepted(post(b"Connection: Transfer-Encoding", b"Transfer-Encoding: chunked"))
    assert head.length == CHUNKED
    assert head.forward.endswith(b"Transfer-Encoding: chunked\r\n\r\n")


def test_te_trailers_is_announced_anew() -> None:
    """Who reads trailers says so hop by hop."""
    head = accepted(get(b"TE: deflate, trailers", b"Connection: TE"))
    assert head.forward == b"GET / HTTP/1.1\r\nHost: h\r\n" + OURS + b"Connection: TE\r\nTE: trailers\r\n\r\n"


def test_upgrade_is_announced_anew() -> None:
    """Legacy is asked for the same protocols, over its own connection."""
    head = accepted(get(b"Connection: keep-alive, Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: k"))
    assert head.upgrade
    assert head.forward == (
        b"GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: k\r\n"
        + OURS
        + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    )


def test_no_upgrade_from_http_1_0() -> None:
    """RFC 9110 7.8: an Upgrade from HTTP/1.0 is ignored."""
    raw = b"GET / HTTP/1.0\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    head = accepted(raw)
    assert not head.upgrade
    assert b"Upgrade" not in head.forward


def test_upgrade_with_a_body_keeps_the_body() -> None:
    """llhttp takes a POST with Upgrade for complete before its body; the length here is the body's."""
    raw = post(b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 3")
    assert accepted(raw).length == 3


ABSOLUTE = {
    b"http://other:81/a?b": (b"/a?b", b"other:81"),
    b"HTTP://other": (b"/", b"other"),
    b"https://other?q": (b"/?q", b"other"),
    b"http://[::1]:8080//x/..": (b"//x/..", b"[::1]:8080"),
}


@pytest.mark.parametrize(("target", "expected"), ABSOLUTE.items())
def test_absolute_form_becomes_origin_form(target: bytes, expected: tuple[bytes, bytes]) -> None:
    """The authority of the target wins over Host (RFC 9112 3.2.2), and never says whom we ask."""
    head = accepted(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n")
    origin, host = expected
    assert head.target == origin
    assert head.forward.startswith(b"GET " + origin + b" HTTP/1.1\r\nA: b\r\nHost: " + host + b"\r\n")
    assert b"X-Forwarded-Host: " + host + b"\r\n" in head.forward


def test_absolute_form_of_options() -> None:
    """OPTIONS of a whole server is `*` in origin-form (RFC 9112 3.2.4)."""
    assert accepted(b"OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n").target == b"*"


def test_http_1_0_without_host() -> None:
    """It gets legacy's authority as Host, and is asked as HTTP/1.1."""
    head = accepted(b"GET /a HTTP/1.0\r\nA: b\r\n\r\n")
    assert head.minor == 0
    assert head.forward.startswith(b"GET /a HTTP/1.1\r\nA: b\r\nHost: legacy:8000\r\nX-Forwarded-For: ")


def test_http_1_0_with_host() -> None:
    """Its Host stays."""
    head = accepted(b"GET /a HTTP/1.0\r\nHost: h\r\n\r\n")
    assert head.forward == b"GET /a HTTP/1.1\r\nHost: h\r\n" + OURS + b"\r\n"


@pytest.mark.parametrize(
    ("version", "connection", "keep_alive"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.1", b"Connection: x, CLOSE\r\n", False),
        (b"1.1", b"Connection: keep-alive, close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: Keep-Alive\r\n", True),
        (b"1.0", b"Connection: keep-alive, close\r\n", False),
    ],
)
def test_keep_alive(version: bytes, connection: bytes, keep_alive: bool) -> None:
    """Whether the client wants to ask again on this connection (RFC 9112 9.3)."""
    head = accepted(b"GET / HTTP/" + version + b"\r\nHost: h\r\n" + connection + b"\r\n")
    assert head.keep_alive is keep_alive


FORWARDED = (
    b"X-Forwarded-For: 198.51.100.1",
    b"X-Forwarded-Proto: https",
    b"x-forwarded-host: www.example",
    b"X-Request-Id: theirs",
)


def test_forwarding_fields_of_strangers_are_replaced() -> None:
    """Whoever is not trusted cannot say where a request came from; its request id stays."""
    head = accepted(get(*FORWARDED, b"A: b"))
    assert head.id == b"theirs"
    assert head.forward == (
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: theirs\r\nA: b\r\nX-Forwarded-For: 192.0.2.7\r\n"
        b"X-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\nX-Shadow-Via: me\r\n\r\n"
    )


def test_forwarding_fields_of_friends_are_appended_to() -> None:
    """A trusted network's stay where they stand; its own address is appended."""
    head = accepted(get(*FORWARDED, b"A: b"), FRIEND)
    assert head.forward == (
        b"GET / HTTP/1.1\r\nHost: h\r\n"
        b"X-Forwarded-For: 198.51.100.1, 10.0.0.9\r\nX-Forwarded-Proto: https\r\n"
        b"x-forwarded-host: www.example\r\nX-Request-Id: theirs\r\nA: b\r\nX-Shadow-Via: me\r\n\r\n"
    )


_HEADS = [
    *(raw for raw, _ in REFUSED.values()),
    *UNCHANGED.values(),
    *(raw for raw, _ in HOP_BY_HOP.values()),
    *(b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % target for target in (b"/a", b"*", *ABSOLUTE)),
    *(b"GET / HTTP/1.0\r\nHost: h%b\r\n\r\n" % line for line in (b"", b"\r\nConnection: keep-alive")),
    get(*FORWARDED),
    get(b"X-Request-Id: theirs"),
    get(b"X-Request-Id:"),
]


@given(st.lists(st.sampled_from(_HEADS), max_size=8), st.sampled_from([STRANGER, FRIEND]))
def test_what_was_said_before_changes_nothing(heads: list[bytes], peer: Peer) -> None:
    """Every head of a connection is read as if it were the first."""
    reader = RequestReader(peer, PASSAGE)
    for number, head in enumerate(head for head in heads for _ in range(2)):
        fresh = b"%d" % number
        assert reader.read(head, fresh) == RequestReader(peer, PASSAGE).read(head, fresh)


@pytest.mark.parametrize("head", _HEADS)
def test_who_was_read_before_passes_no_check(head: bytes) -> None:
    """Fields that were read before are no reason to look less closely at the line above them."""
    for before in (get(), b"GET / HTTP/1.0\r\nHost: h\r\n\r\n"):
        reader = RequestReader(STRANGER, PASSAGE)
        reader.read(before, b"first")
        assert reader.read(head, b"fresh") == RequestReader(STRANGER, PASSAGE).read(head, b"fresh")


@pytest.mark.parametrize(("line", "block"), [(40, 1024), (1024, 60)])
def test_fields_read_before_do_not_raise_limits(line: int, block: int) -> None:
    """A longer target than before may be too long, by itself and with its fields."""
    reader = RequestReader(STRANGER, replace(PASSAGE, max_line=line, max_block=block))
    for length in range(80):
        target = b"GET /%b HTTP/1.1" % (b"a" * length)
        head, _ = reader.read(target + get()[14:], b"fresh")
        fits = len(target) <= line and len(target) + len(get()) - 14 <= block
        assert isinstance(head, RequestHead) is fits


@pytest.mark.parametrize("behind", [b"G", b"\r\n", get(), get()[14:]])
def test_what_comes_behind_a_head_is_not_read(behind: bytes) -> None:
    """The first head ends where it ends, whatever was read before."""
    reader = RequestReader(STRANGER, PASSAGE)
    whole, _ = reader.read(get(), b"fresh")
    assert reader.read(get() + behind, b"fresh") == (whole, behind)
    assert reader.read(get(), b"fresh") == (whole, b"")


@pytest.mark.parametrize("data", [b"GET", b"GET /", get()[:-1], b"HTTP/1.1\r\n\r", b""])
def test_half_a_head_is_none(data: bytes) -> None:
    """It may still be read whole; nothing of it is lost."""
    reader = RequestReader(STRANGER, PASSAGE)
    reader.read(get(), b"fresh")
    assert reader.read(data, b"fresh") == (None, b"")


def test_what_is_remembered_of_a_client_is_bounded() -> None:
    """Ten thousand idle clients are not worth their last cookies."""
    reader = RequestReader(STRANGER, PASSAGE)
    for length, known in (1_900, True), (2_100, False), (100, True), (10_000, False):
        reader.read(get(b"Cookie: " + b"a" * length), b"fresh")
        assert (reader._known is not None) is known


@pytest.mark.parametrize(
    "field", [b"Expect: 100-continue", b"eXPECT:100-Continue\t", b"expect: \t100-continue"]
)
def test_who_does_not_wait_does_not_ask(field: bytes) -> None:
    """Wherever it stands and however it is written; any other expectation stays."""
    others = b"X-Expect: 100-continue", b"Expect: magic", b"Expect: 100-continues"
    assert without_expectation(post(field, *others, field)) == post(*others)


@pytest.mark.parametrize("connection", [b"X-Forwarded-For", b"close, x-forwarded-for, X-Foo"])
def test_forwarding_fields_cannot_be_named_away(connection: bytes) -> None:
    """`Connection: X-Forwarded-For` hides nobody, wherever fields are cut around it."""
    raw = get(
        b"X-Foo: 1", FORWARDED[0], b"Connection: " + connection, b"X-Forwarded-For: 2", b"Keep-Alive: 1"
    )
    forward = accepted(raw, FRIEND).forward
    sent = [value for name, value in fields(forward) if name == b"X-Forwarded-For"]
    assert sent == [b"198.51.100.1", b"2, 10.0.0.9"]


def test_marker_is_appended_to() -> None:
    """Other proxies' marks stay in front of ours."""
    head = accepted(get(b"X-Shadow-Via: one", b"A: b", b"x-shadow-via: two"))
    assert head.forward.endswith(b"X-Shadow-Via: one, two, me\r\n\r\n")
    assert head.forward.count(b"via") == 0


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", None),
        (b"G", None),
        (b"GET / HTTP/1.1\r", None),
        (b"GET / HTTP/1.1\r\n", None),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX", None),
        (b"GET /\r\n", 400),
        (b"GET / HTTP/1.1\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\n", 400),
        (b"GET /" + b"a" * 100, None),
        (b"GET /" + b"a" * 200, 414),
        (b"GET /" + b"a" * 200 + b" HTTP/1.1\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 500, 431),
    ],
)
def test_unfinished(data: bytes, status: int | None) -> None:
    """What can be refused before the empty line is, whether it came at once or byte by byte."""
    passage = replace(PASSAGE, max_line=128, max_block=256)
    refusal = unfinished(data, 0, passage)
    assert (refusal and refusal.status) == status
    steps = [unfinished(data[:end], end - 1, passage) for end in range(1, len(data) + 1)]
    assert next((step.status for step in steps if step), None) == status


def test_longest_request_line() -> None:
    """The limit is on the line without its CRLF, finished or not."""
    line = b"GET /" + b"a" * (16 * 1024 - 14) + b" HTTP/1.1"
    assert len(line) == PASSAGE.max_line
    assert isinstance(parse(line + b"\r\nHost: h\r\n\r\n"), RequestHead)
    assert unfinished(line + b"\r", 0, PASSAGE) is None
    assert parse(b"GET /a" + line[5:] + b"\r\nHost: h\r\n\r\n") == Refusal(414, "request line too long")
