"""RFC 9110 7.6: fields that are about the client's own connection end here, and those that are ours are ours."""

from support.conformance import Case, get, ours, passes, post, refused


def cut(
    rule: str, section: str, lines: tuple[bytes, ...], left: tuple[bytes, ...] = (), **more: object
) -> Case:
    """Of these lines only those reach legacy."""
    return passes(section, rule, get(*lines), got=get(*left)[:-2], **more)  # type: ignore[arg-type]


def bare(rule: str, section: str, lines: tuple[bytes, ...], rest: bytes) -> Case:
    """What legacy gets behind Host, all of it."""
    return passes(section, rule, get(*lines), got=get()[:-2] + rest + b"\r\n")


ID = b"X-Request-Id: fresh\r\n"
VIA = b"X-Shadow-Via: marker\r\n"

CASES = [
    *(
        cut(f"{line.decode()!r} ends here", "9110 7.6.1", (b"A: 1", line, b"B: 2"), (b"A: 1", b"B: 2"))
        for line in (
            b"Connection: keep-alive", b"Connection:", b"connection: Keep-Alive", b"CONNECTION: x", b"Keep-Alive: timeout=5", b"Keep-Alive: 300",
            b"Proxy-Connection: keep-alive", b"Proxy-Connection: close", b"Proxy-Authorization: Basic eA==", b"Proxy-Authenticate: Basic", b"TE: gzip",
            b"TE:", b"TE: nottrailers", b"Upgrade: websocket", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__", b"X-Shadow: 1", b"X-Shadow: 0",
            b"x-shadow-mode: off", b"X-SHADOW-TARGET: http://evil", b"X-Shadow-Id: 5", b"X-Forwarded-For: 1.2.3.4", b"X-Forwarded-Proto: https",
            b"x-forwarded-host: evil", b"X_Forwarded_For: 1.2.3.4", b"X_FORWARDED_PROTO: https", b"X_Forwarded_Host: evil", b"X_Shadow: 1", b"X-Forwarded_For: 1",
        )
    ),
    cut("those that Connection names", "9110 7.6.1", (b"Connection: X-Hop", b"X-Hop: 1", b"A: b"), (b"A: b",)),
    cut("named before or behind", "9110 7.6.1", (b"X-Hop: 1", b"Connection: x-hop", b"X-HOP: 2", b"A: b"), (b"A: b",)),
    cut("several names", "9110 7.6.1", (b"Connection: keep-alive, X-A, X-B", b"X-A: 1", b"X-B: 2", b"X-C: 3"), (b"X-C: 3",)),
    cut("names on two lines", "9110 7.6.1", (b"Connection: X-A", b"Connection: X-B", b"X-A: 1", b"X-B: 2"), ()),
    cut("names amid empty members", "9110 5.6.1", (b"Connection: ,, X-A ,,", b"X-A: 1"), ()),
    cut("names without spaces, with tabs", "9110 5.6.1", (b"Connection: X-A,\tX-B\t,X-C", b"X-A: 1", b"X-B: 1", b"X-C: 1"), ()),
    cut("a longer name is another", "9110 7.6.1", (b"Connection: X-A", b"X-AB: 1", b"X: 2"), (b"X-AB: 1", b"X: 2")),
    cut("a name that is not there", "9110 7.6.1", (b"Connection: X-None", b"A: b"), (b"A: b",)),
    cut("credentials may be named", "9110 7.6.1", (b"Connection: Authorization", b"Authorization: x", b"A: b"), (b"A: b",)),
    cut("Cookie may be named", "9110 7.6.1", (b"Connection: cookie", b"Cookie: a=b"), ()),
    cut("a quoted name names nothing", "9110 7.6.1", (b'Connection: "X-A"', b"X-A: 1"), (b"X-A: 1",)),
    cut("thousands of names", "9110 7.6.1", (b"Connection: " + b",".join(b"X-%d" % n for n in range(2000)), b"X-7: 1", b"A: b"), (b"A: b",)),
    cut("Host cannot be named away", "9110 7.6.1", (b"Connection: Host",), ()),
    cut("nor Host among others", "9110 7.6.1", (b"Connection: close-not, host, X-A", b"X-A: 1"), ()),
    cut("nor the client's address", "9110 7.6.1", (b"Connection: X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host",), ()),
    cut("nor the mark against loops", "9110 7.6.1", (b"Connection: X-Shadow-Via",), ()),
    cut("nor the request's name", "9110 7.6.1", (b"Connection: X-Request-Id",), ()),
    passes("9110 7.6.1", "nor an expectation", post(b"Connection: Expect", b"Expect: x", b"Content-Length: 3") + b"abc", got=post(b"Expect: x", b"Content-Length: 3")[:-2]),
    cut("two Connections in different capitals", "9110 7.6.1", (b"connection: x-a", b"CONNECTION: x-b", b"X-A: 1", b"X-B: 1"), ()),
    cut("Trailer passes", "9110 6.6.2", (b"Trailer: X-Sum",), (b"Trailer: X-Sum",)),
    cut("Via passes, and is not ours", "9110 7.6.3", (b"Via: 1.0 fred, 1.1 p.example",), (b"Via: 1.0 fred, 1.1 p.example",)),
    cut("X-Shadowing is not our field", "9110 5.1", (b"X-Shadowing: 1", b"X-Forwarded: 1", b"X-Forwarded-Port: 80"), (b"X-Shadowing: 1", b"X-Forwarded: 1", b"X-Forwarded-Port: 80")),
    cut("TE: trailers is asked for again", "9110 10.1.4", (b"TE: trailers",), (), tail=b"Connection: TE\r\nTE: trailers\r\n"),
    cut("among others", "9110 10.1.4", (b"TE: deflate, Trailers ,gzip", b"Connection: TE"), (), tail=b"Connection: TE\r\nTE: trailers\r\n"),
    cut("trailers in another word are none", "9110 10.1.4", (b"TE: xtrailers, trailersx",), ()),
    # our own fields
    bare("the client's name of the request is kept", "9110 5.1", (b"X-Request-Id: theirs",), b"X-Request-Id: theirs\r\n" + ours().replace(ID, b"")),
    bare("in any capitals", "9110 5.1", (b"x-REQUEST-id:  a b ",), b"x-REQUEST-id:  a b \r\n" + ours().replace(ID, b"")),
    bare("an empty one is filled", "9110 5.5", (b"X-Request-Id:",), b"X-Request-Id:\r\n" + ours().replace(ID, b"")),
    bare("another proxy's mark stays before ours", "9110 7.6.3", (b"X-Shadow-Via: one",), ours().replace(VIA, b"X-Shadow-Via: one, marker\r\n")),
    bare("marks of two lines become one", "9110 5.3", (b"X-Shadow-Via: one", b"x-shadow-via: two"), ours().replace(VIA, b"X-Shadow-Via: one, two, marker\r\n")),
    refused("9110 7.6.3", "our own mark: a loop", get(b"X-Shadow-Via: marker"), 508),
    refused("9110 7.6.3", "our own mark among others", get(b"X-Shadow-Via: one, marker, two"), 508),
    refused("9110 7.6.3", "our own mark on a second line", get(b"X-Shadow-Via: one", b"x-shadow-VIA: marker"), 508),
    refused("9110 7.6.3", "our own mark, named by Connection", get(b"Connection: X-Shadow-Via", b"X-Shadow-Via: marker"), 508),
    # how long the connection lives
    passes("9112 9.6", "a client that says close is closed", get(b"Connection: close"), got=get()[:-2], closes=True),
    passes("9112 9.6", "in any capitals", get(b"connection: CLOSE"), got=get()[:-2], closes=True),
    passes("9112 9.6", "among others", get(b"Connection: X-A, close", b"X-A: 1"), got=get()[:-2], closes=True),
    passes("9112 9.6", "on another line", get(b"Connection: keep-alive", b"Connection: close"), got=get()[:-2], closes=True),
    passes("9112 9.6", "closeness is not close", get(b"Connection: closed, x-close"), got=get()[:-2]),
    passes("9112 9.3", "Proxy-Connection: close is not for us", get(b"Proxy-Connection: close"), got=get()[:-2]),
]  # fmt: skip
