"""RFC 9112 6 and 8: where an answer's body ends."""

from support.conformance import BAD_GATEWAY, CHUNKED, CLOSE, OK, Message, cut_off, malformed, tells

START = b"HTTP/1.1 200 OK\r\n"
SIZED = START + b"Content-Length: %d\r\n\r\n"
CHUNKS = START + CHUNKED + b"\r\n"
NO_BODY = START + b"Content-Length: 700\r\nA: b\r\n\r\n"


def chopped(content: bytes, trailers: bytes = b"") -> Message:
    """A chunked answer as the client gets it."""
    return Message(CHUNKS, content, True, trailers)


CASES = [
    # 6.3: a length
    tells("9112 6.3", "a length", SIZED % 5 + b"hello"),
    tells("9112 6.3", "a length of nought", SIZED % 0),
    tells("9112 6.3", "a length with leading noughts", START + b"Content-Length: 005\r\n\r\nhello"),
    tells("9112 6.3", "any byte is body", SIZED % 256 + bytes(range(256))),
    tells("9112 6.3", "a body that looks like an answer", SIZED % len(OK) + OK),
    tells("9112 6.3", "a large body", SIZED % 300_000 + b"x" * 300_000),
    *(
        malformed("9110 8.6", f"no length: {value.decode('latin-1')!r}", START + b"Content-Length:" + value + b"\r\n\r\nhello")
        for value in (
            b" +5", b" -5", b" 0x5", b" 5_0", b" 5, 5", b" 5,5", b" 5,6", b"", b" ", b" five", b" 5a", b" 5.0", b" 5 0", b" 18446744073709551616", b" 9223372036854775808", b" \xb2", b" \xd9\xa5", b' "5"',
        )
    ),
    *(
        malformed("9112 6.3", f"two lengths: {first}, {second}", START + b"Content-Length: %d\r\ncontent-length: %d\r\n\r\nhello" % (first, second))
        for first, second in ((5, 5), (5, 3), (3, 5), (0, 5))
    ),
    # both
    malformed("9112 6.3", "a length and an encoding", START + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n"),
    malformed("9112 6.3", "an encoding and a length", CHUNKS[:-2] + b"Content-Length: 5\r\n\r\n0\r\n\r\n"),
    malformed("9112 6.3", "an unknown encoding and a length", START + b"Transfer-Encoding: x\r\nContent-Length: 5\r\n\r\nhello"),
    *(
        malformed("9112 6.1", f"nothing but one `chunked`: {value.decode('latin-1')!r}", START + b"Transfer-Encoding:" + value + b"\r\n\r\n0\r\n\r\n")
        for value in (b" gzip, chunked", b" chunked, chunked", b" identity", b" gzip", b" xchunked", b" chunked;a", b"", b' "chunked"', b" ,chunked", b" \x0bchunked", b" chunked, identity")
    ),
    malformed("9112 6.1", "two encodings", CHUNKS[:-2] + CHUNKED + b"\r\n0\r\n\r\n"),
    malformed("9112 6.1", "an encoding from HTTP/1.0", b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n0\r\n\r\n"),
    # 7.1: chunks
    tells("9112 7.1", "chunks are chunked anew", CHUNKS + b"5\r\nhello\r\n1\r\n \r\n0\r\n\r\n", chopped(b"hello ")),
    tells("9112 7.1", "none but the last", CHUNKS + b"0\r\n\r\n", chopped(b"")),
    tells("9112 6.1", "`chunked` in any capitals", START + b"transfer-ENCODING:  CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n", chopped(b"a")),
    tells("9112 7.1.1", "extensions are dropped", CHUNKS + b'1;a="b"\r\na\r\n0;c\r\n\r\n', chopped(b"a")),
    tells("9112 7.1.2", "trailers pass", CHUNKS + b"1\r\na\r\n0\r\nX-Sum: 1\r\nx-sum:2\r\n\r\n", chopped(b"a", b"X-Sum: 1\r\nx-sum:2\r\n")),
    *(
        tells("9110 6.5.1", f"never behind a body: {name.decode()}", CHUNKS + b"1\r\na\r\n0\r\n" + name + b": 5\r\nA: b\r\n\r\n", chopped(b"a", b"A: b\r\n"))
        for name in (b"Content-Length", b"Transfer-Encoding", b"Set-Cookie", b"Connection", b"Trailer", b"Upgrade", b"Location", b"Keep-Alive", b"Content-Type", b"Date", b"WWW-Authenticate")
    ),
    tells("9110 7.6.1", "nor what Connection names", START + b"Connection: X-Hop\r\n" + CHUNKED + b"\r\n0\r\nX-Hop: 1\r\nA: b\r\n\r\n", chopped(b"", b"A: b\r\n")),
    *(
        cut_off("9112 7.1", f"no chunk: {body.decode('latin-1')!r}", CHUNKS + b"1\r\na\r\n" + body + b"\r\nevil\r\n0\r\n\r\n", chopped(b"a"))
        for body in (b"0x4", b"+4", b"-4", b" 4", b"4 ", b"4_0", b"", b"g", b"0000000000000004", b"fffffffffffffffff", b"4\rx", b"4\nevil", b"4;\x00", b"hello", b"3\r\nevil", b"5\r\nevil\r\n", b"4,4")
    ),
    *(
        cut_off("9112 7.1.2", f"no trailer: {line.decode('latin-1')!r}", CHUNKS + b"1\r\na\r\n0\r\n" + line + b"\r\n\r\n", chopped(b"a"))
        for line in (b"A", b"A : b", b" A: b", b"A: \x00", b"A: b\n", b"A: b\rc", b": b", b"HTTP/1.1 200 OK")
    ),
    cut_off("9110 6.5", "over 8 KiB of trailers", CHUNKS + b"0\r\n" + b"A: b\r\n" * 2000 + b"\r\n", chopped(b"")),
    cut_off("9112 7.1.1", "over 4 KiB of extensions", CHUNKS + (b"1;" + b"a" * 200 + b"\r\na\r\n") * 30, chopped(b"a" * 30)),
    # 8: too short
    cut_off("9112 8", "a body shorter than its length", SIZED % 9 + b"abc", Message(SIZED % 9, b"abc"), ends="close"),
    cut_off("9112 8", "the same, reset", SIZED % 9 + b"abc", Message(SIZED % 9, b"abc"), ends="reset"),
    cut_off("9112 8", "no byte of its body", SIZED % 9, Message(SIZED % 9), ends="close"),
    cut_off("9112 8", "chunks without the last", CHUNKS + b"3\r\nabc\r\n", chopped(b"abc"), ends="close"),
    cut_off("9112 8", "half a chunk", CHUNKS + b"9\r\nabc", chopped(b"abc"), ends="close"),
    cut_off("9112 8", "the last without its end", CHUNKS + b"3\r\nabc\r\n0\r\n", chopped(b"abc"), ends="close"),
    cut_off("9112 8", "half a trailer", CHUNKS + b"3\r\nabc\r\n0\r\nA: b", chopped(b"abc"), ends="close"),
    # 6.3: until the connection closes
    tells("9112 6.3", "neither: until legacy closes; chunked to the client, who goes on", START + b"\r\nhello", chopped(b"hello"), ends="close", kept=False),
    tells("9112 6.3", "an empty one", START + b"\r\n", chopped(b""), ends="close", kept=False),
    tells("9112 6.3", "whatever Connection says", START + b"Connection: keep-alive\r\n\r\nhello", chopped(b"hello"), ends="close", kept=False),
    tells("9112 6.3", "of HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\nhello", chopped(b"hello"), ends="close", kept=False),
    tells("9112 6.3", "bytes that look like an answer are body", START + b"\r\n" + OK, chopped(OK), ends="close", kept=False),
    # HTTP/1.0 clients
    tells("9112 6.1", "HTTP/1.0 gets no chunks: they are unwrapped, and its connection closed", CHUNKS + b"3\r\nabc\r\n0\r\nA: b\r\n\r\n", Message(START + CLOSE + b"\r\n", b"abc"), version=b"1.0", closes=True),
    tells("9112 6.3", "HTTP/1.0, until legacy closes", START + b"\r\nabc", Message(START + CLOSE + b"\r\n", b"abc"), version=b"1.0", closes=True, kept=False, ends="close"),
    tells("9112 9.3", "HTTP/1.0, a length", SIZED % 3 + b"abc", Message(SIZED[:-2] % 3 + CLOSE + b"\r\n", b"abc"), version=b"1.0", closes=True),
    # 6.3, 1 and 9110 6.4.1: no body
    tells("9110 9.3.2", "HEAD: the length is told, no body follows", NO_BODY, method=b"HEAD"),
    tells("9110 9.3.2", "HEAD without any framing", START + b"A: b\r\n\r\n", method=b"HEAD"),
    tells("9110 9.3.2", "HEAD of a chunked answer", CHUNKS, Message(START + b"\r\n"), method=b"HEAD"),
    tells("9110 9.3.2", "HEAD of a 404", b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n", method=b"HEAD"),
    tells("9110 15.4.5", "304 tells a length and has no body", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 700\r\nETag: x\r\n\r\n"),
    tells("9110 15.4.5", "304 without a length", b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    tells("9110 15.4.5", "304 of a chunked answer", b"HTTP/1.1 304 Not Modified\r\n" + CHUNKED + b"\r\n", Message(b"HTTP/1.1 304 Not Modified\r\n\r\n")),
    tells("9110 15.3.5", "204 has no body", b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n"),
    tells("9110 8.6", "204 with a length loses it", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nA: b\r\n\r\n", Message(b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n")),
    tells("9112 6.1", "204 with an encoding loses it", b"HTTP/1.1 204 No Content\r\n" + CHUNKED + b"\r\n", Message(b"HTTP/1.1 204 No Content\r\n\r\n")),
    tells("9110 9.3.2", "a body behind HEAD reaches nobody", OK, Message(OK[:-2]), method=b"HEAD", kept=False, in_one=True),
    tells("9110 15.3.5", "a body behind 204 reaches nobody", b"HTTP/1.1 204 No Content\r\n\r\nevil", Message(b"HTTP/1.1 204 No Content\r\n\r\n"), kept=False, in_one=True),
    tells("9110 15.4.5", "a body behind 304 reaches nobody", b"HTTP/1.1 304 Not Modified\r\n\r\nevil", Message(b"HTTP/1.1 304 Not Modified\r\n\r\n"), kept=False, in_one=True),
    # 9.2: too much
    tells("9112 9.2", "bytes behind an answer reach nobody", OK + b"evil", Message(OK), kept=False, in_one=True),
    tells("9112 9.2", "a second answer reaches nobody", OK + SIZED % 4 + b"evil", Message(OK), kept=False, in_one=True),
    tells("9112 9.2", "a line end behind an answer", OK + b"\r\n", Message(OK), kept=False, in_one=True),
    tells("9112 9.2", "bytes behind the last chunk", CHUNKS + b"0\r\n\r\nevil", chopped(b""), kept=False, in_one=True),
    tells("9112 9.2", "a second answer behind the last chunk", CHUNKS + b"1\r\na\r\n0\r\n\r\n" + SIZED % 4 + b"evil", chopped(b"a"), kept=False, in_one=True),
    # 1xx and 101
    tells("9110 15.2", "a 103 before the answer", b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK, Message(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n"), Message(OK)),
    tells("9110 15.2", "two of them", b"HTTP/1.1 103 A\r\n\r\nHTTP/1.1 103 B\r\n\r\n" + OK, Message(b"HTTP/1.1 103 A\r\n\r\n"), Message(b"HTTP/1.1 103 B\r\n\r\n"), Message(OK)),
    tells("9110 8.6", "a 1xx loses its length", b"HTTP/1.1 103 Early\r\nContent-Length: 5\r\n\r\n" + OK, Message(b"HTTP/1.1 103 Early\r\n\r\n"), Message(OK)),
    tells("9112 6.1", "and its encoding", b"HTTP/1.1 103 Early\r\n" + CHUNKED + b"\r\n" + OK, Message(b"HTTP/1.1 103 Early\r\n\r\n"), Message(OK)),
    tells("9110 15.2.1", "a 100 that nobody asked for", b"HTTP/1.1 100 Continue\r\n\r\n" + OK, Message(OK)),
    tells("9110 15.2", "HTTP/1.0 gets none", b"HTTP/1.1 103 Early\r\n\r\n" + OK, Message(OK[:-4] + CLOSE + b"\r\n", b"ok"), version=b"1.0", closes=True),
    tells("9110 15.2", "over a hundred of them: legacy is cut off", b"HTTP/1.1 103 Early\r\n\r\n" * 101 + OK, Message(b"HTTP/1.1 103 Early\r\n\r\n" * 100 + BAD_GATEWAY[0].head, BAD_GATEWAY[0].content), kept=False),
    malformed("9110 15.2.2", "a 101 that nobody asked for", b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    malformed("9110 15.2.2", "and with more bytes", b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nevil"),
    malformed("9110 8.6", "a 101 with a length", b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 4\r\n\r\nevil"),
    malformed("9112 6.1", "a 101 with an encoding", b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n" + CHUNKED + b"\r\n"),
    malformed("9110 15.2.2", "a 101 that names no protocol", b"HTTP/1.1 101 Switching\r\n\r\n"),
]  # fmt: skip
