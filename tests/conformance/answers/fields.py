"""RFC 9110 5, 7.6 and RFC 9112 5: the fields of an answer."""

from support.conformance import Answer, Message, malformed, tells


def ok(*lines: bytes) -> bytes:
    """A 200 with these lines and a body of two bytes."""
    return (
        b"".join(line + b"\r\n" for line in (b"HTTP/1.1 200 OK", *lines, b"Content-Length: 2", b"")) + b"ok"
    )


def cut(
    rule: str,
    lines: tuple[bytes, ...],
    left: tuple[bytes, ...] = (),
    section: str = "9110 7.6.1",
    kept: bool = True,
) -> Answer:
    """Of these lines only those reach the client."""
    head, _, body = ok(*left).partition(b"\r\n\r\n")
    return tells(section, rule, ok(*lines), Message(head + b"\r\n\r\n", body), kept=kept)


CASES = [
    *(
        tells("9110 5", f"passes as it is: {what}", ok(*lines))
        for what, lines in {
            "order and case": (b"b: 1", b"A: 2", b"b: 3"), "cookies stay apart": (b"Set-Cookie: a=1; Path=/", b"Set-Cookie: b=2", b"set-cookie: c"),
            "spaces": (b"A:b", b"B:   c", b"C:\td", b"D: e  "), "empty values": (b"A:", b"B: "), "Latin-1": (b"X: caf\xe9",), "Shift_JIS": (b"X: \x83V\x81[",),
            "UTF-8": ("X: 日本".encode(),), "any byte above": (b"X: \x80\xff",), "ISO-2022-JP": (b"X: \x1b$B$\"\x1b(B.txt",), "control bytes": (b"X: \x01\x08\x0e\x1b\x1f\x7f",), "underscores": (b"X_Y: 1",), "look-alikes": (b"Content_Length: 5", b"Transfer_Encoding: chunked"),
            "Server and Date": (b"Server: x", b"Date: Sun, 06 Nov 1994 08:49:37 GMT"), "two Dates": (b"Date: a", b"Date: b"), "two Servers": (b"Server: a", b"Server: b"),
            "two Content-Types": (b"Content-Type: a/b", b"Content-Type: c/d"), "two Locations": (b"Location: a", b"Location: b"), "two ETags": (b"ETag: a", b"ETag: b"),
            "a coding": (b"Content-Encoding: gzip",), "Via": (b"Via: 1.1 x",), "Trailer": (b"Trailer: X",), "markup": (b"X: <script>",), "a long value": (b"X: " + b"x" * 20_000,),
            "a hundred fields": tuple(b"X-%d: y" % n for n in range(100)), "a thousand": (b"A: b",) * 1000, "our mark": (b"X-Shadow: 1", b"X-Shadow-Via: z"), "WWW-Authenticate": (b"WWW-Authenticate: Basic",),
            "Proxy-Authenticate": (b"Proxy-Authenticate: Basic",), "a CR LF that is escaped": (b"Location: /%0d%0aX:y",), "Alt-Svc": (b'Alt-Svc: h3=":443"',), "Connection in a name": (b"X-Connection: close",),
        }.items()
    ),
    *(
        cut(f"{line.decode()!r} ends here", (b"A: 1", line, b"B: 2"), (b"A: 1", b"B: 2"))
        for line in (
            b"Connection: keep-alive", b"connection: Keep-Alive", b"Connection:", b"Keep-Alive: timeout=5, max=100", b"Proxy-Connection: keep-alive", b"TE: trailers", b"Upgrade: h2c, websocket",
        )
    ),
    cut("legacy's close is its own", (b"Connection: close",), (), kept=False, section="9112 9.6"),
    cut("in any capitals, among others", (b"connection: x, CLOSE", b"X: 1"), (), kept=False, section="9112 9.6"),
    cut("what Connection names", (b"Connection: X-Hop", b"X-Hop: 1", b"x-hop: 2", b"A: b"), (b"A: b",)),
    cut("named on two lines", (b"X-A: 1", b"Connection: x-a", b"Connection: x-b", b"X-B: 1"), ()),
    cut("a length cannot be named away", (b"Connection: Content-Length",), ()),
    cut("Upgrade on a 200 is cut with its option", (b"Connection: Upgrade", b"Upgrade: h2"), ()),
    *(
        malformed("9112 5", f"no field: {line.decode('latin-1')!r}", ok(line))
        for line in (
            b"A", b"A b", b": b", b":", b"A : b", b"A\t: b", b"Content-Length : 2", b"A(: b", b"A\xe9: b", b"A\x00: b", b"A: \x00", b"A: \x0b", b"A: b\rc", b"A: b\r", b"A: b\nC: d",
            b"A: b\n", b"A: b\r\n c", b"A: b\r\n\tc", b"A B: c", b"HTTP/1.1 200 OK", b"A\x7f: b", b"A/B: c", b"A: \x0c", b"A: \x1d",
        )
    ),
    malformed("9112 5.2", "a folded first line", b"HTTP/1.1 200 OK\r\n A: b\r\nContent-Length: 2\r\n\r\nok"),
    malformed("9112 2.2", "the empty line with a bare LF", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok\r\n\r\n"),
    malformed("9110 5.4", "a head of over 256 KiB", b"HTTP/1.1 200 OK\r\nA: " + b"b" * 300_000),
    malformed("9110 5.4", "fields without an end", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50_000),
]  # fmt: skip
