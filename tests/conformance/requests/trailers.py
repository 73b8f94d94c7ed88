"""RFC 9110 6.5 and RFC 9112 7.1.2: trailers. They stay trailers, and what frames or identifies is dropped."""

from support.conformance import Case, broken, chunked, passes, post

TAIL = b"Transfer-Encoding: chunked\r\n"


def reads(rule: str, section: str, sent: bytes, got: bytes, *lines: bytes) -> Case:
    """These trailers reach legacy as those."""
    wire = chunked(b"3\r\nabc\r\n0\r\n" + sent + b"\r\n", *lines)
    return passes(section, rule, wire, got=post(*lines)[:-2], tail=TAIL, content=b"abc", trailers=got)


CASES = [
    *(
        reads(f"passes: {sent.decode('latin-1')!r}", "9110 6.5", sent, sent)
        for sent in (
            b"X-Sum: 1\r\n", b"A: 1\r\nB: 2\r\n", b"A: 1\r\nA: 2\r\n", b"a:b\r\n", b"A:\r\n", b"A: \r\n", b"Server-Timing: a;dur=1\r\n", b"X: caf\xe9 \x83V\r\n",
            b"A: b \t c \r\n", b"!#$%&'*+-.^_`|~: x\r\n", b"Digest: sha-256=x\r\n", b"grpc-status: 0\r\n", b"X-Hosts: a\r\n",
        )
    ),
    reads("Trailer announces them", "9110 6.6.2", b"X-Sum: 1\r\n", b"X-Sum: 1\r\n", b"Trailer: X-Sum"),
    reads("sixty-four of them", "9110 6.5", b"A: b\r\n" * 64, b"A: b\r\n" * 64),
    *(
        reads(f"never behind a body: {name.decode()}", "9110 6.5.1", b"A: 1\r\n" + name + b": 5\r\nB: 2\r\n", b"A: 1\r\nB: 2\r\n")
        for name in (
            b"Content-Length", b"content-length", b"Transfer-Encoding", b"Host", b"Authorization", b"Proxy-Authorization", b"Cookie", b"Set-Cookie", b"Trailer",
            b"TE", b"Connection", b"Keep-Alive", b"Proxy-Connection", b"Upgrade", b"Expect", b"Max-Forwards", b"Content-Type", b"Content-Encoding",
            b"Content-Range", b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Forwarded-Host", b"X-Request-Id", b"X-Shadow", b"X-Shadow-Via", b"Content_Length",
            b"Transfer_Encoding", b"HOST", b"X_Forwarded_For", b"Cache-Control", b"Range", b"If-Match",
        )
    ),
    reads("all of them dropped", "9110 6.5.1", b"Host: evil\r\nContent-Length: 5\r\n", b""),
    *(
        broken("9112 7.1.2", f"no trailer: {line.decode('latin-1')!r}", b"3\r\nabc\r\n0\r\n" + line + b"\r\n")
        for line in (
            b"A\r\n", b"A b\r\n", b": b\r\n", b":\r\n", b"A : b\r\n", b"A\t: b\r\n", b" A: b\r\n", b"\tA: b\r\n", b"A: b\r\n c\r\n", b"A: b\r\n\tc\r\n", b"A: b\n",
            b"A: b\rc\r\n", b"A: b\r\r\n", b"A: \x00\r\n", b"A: \x01\r\n", b"A: \x7f\r\n", b"A\x00: b\r\n", b"A\xe9: b\r\n", b"A(: b\r\n", b"A/B: c\r\n",
            b"GET / HTTP/1.1\r\n", b"A: b\nHost: evil\r\n", b"Content-Length : 5\r\n", b"\xef\xbb\xbfA: b\r\n",
        )
    ),
    broken("9110 6.5", "over 8 KiB of them", b"0\r\n" + b"A: b\r\n" * 2000 + b"\r\n"),
    broken("9110 6.5", "one of over 8 KiB", b"0\r\nA: " + b"b" * 9000 + b"\r\n\r\n"),
    broken("9110 6.5", "over 8 KiB of dropped ones", b"0\r\n" + b"Host: evil\r\n" * 1000 + b"\r\n"),
    broken("9110 6.5", "one without an end", b"0\r\nA: " + b"b" * 9000),
    passes(
        "9110 6.5.1", "what Connection names is no trailer either", chunked(b"0\r\nX-Hop: 1\r\nA: 1\r\n\r\n", b"Connection: X-Hop"), got=post()[:-2],
        tail=TAIL, content=b"", trailers=b"A: 1\r\n",
    ),
]  # fmt: skip
