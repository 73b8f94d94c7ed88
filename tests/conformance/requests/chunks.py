"""RFC 9112 7.1: chunked bodies. They are read here and chunked anew, so that legacy sees no odd one."""

from support.conformance import broken, chunked, passes, post

END = b"0\r\n\r\n"
TAIL = b"Transfer-Encoding: chunked\r\n"


def reads(section, rule, body, content, trailers=b""):  # type: ignore[no-untyped-def]
    """The body reaches legacy as this content."""
    return passes(
        section, rule, chunked(body), got=post()[:-2], tail=TAIL, content=content, trailers=trailers
    )


CASES = [
    reads("9112 7.1", "one chunk", b"5\r\nhello\r\n" + END, b"hello"),
    reads("9112 7.1", "several chunks are one body", b"5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n" + END, b"hello world"),
    reads("9112 7.1", "no chunk but the last", END, b""),
    reads("9112 7.1", "the last with many noughts", b"3\r\nabc\r\n0000\r\n\r\n", b"abc"),
    reads("9112 7.1", "hexadecimal digits in capitals", b"A\r\n0123456789\r\n" + END, b"0123456789"),
    reads("9112 7.1", "and in small letters", b"a\r\n0123456789\r\n" + END, b"0123456789"),
    reads("9112 7.1", "leading noughts", b"0000a\r\n0123456789\r\n" + END, b"0123456789"),
    reads("9112 7.1", "fifteen digits", b"000000000000003\r\nabc\r\n" + END, b"abc"),
    reads("9112 7.1", "line ends are data inside a chunk", b"8\r\n\r\n0\r\n\r\nx\r\n" + END, b"\r\n0\r\n\r\nx"),
    reads("9112 7.1", "any byte is data", b"100\r\n" + bytes(range(256)) + b"\r\n" + END, bytes(range(256))),
    reads("9112 7.1", "a request inside a chunk is data", b"12\r\nGET / HTTP/1.1\r\n\r\n\r\n" + END, b"GET / HTTP/1.1\r\n\r\n"),
    reads("9112 7.1", "a hundred chunks of a byte", b"1\r\nx\r\n" * 100 + END, b"x" * 100),
    # 7.1.1: extensions are read, bounded, and not passed on
    *(
        reads("9112 7.1.1", f"an extension is dropped: {extension.decode('latin-1')!r}", b"3" + extension + b"\r\nabc\r\n" + END, b"abc")
        for extension in (
            b";a", b";a=b", b';a="b c"', b";a=b;c=d", b"; a = b", b";", b";;;", b";a=", b";=b", b';a="b;c"', b";a=b\tc", b";caf\xe9", b";a=0x5",
        )
    ),
    reads("9112 7.1.1", "an extension of the last chunk", b"3\r\nabc\r\n0;end=1\r\n\r\n", b"abc"),
    broken("9112 7.1.1", "extensions of over 4 KiB together", (b"1;" + b"a" * 200 + b"\r\nx\r\n") * 21 + END),
    broken("9112 7.1.1", "one of over 256 bytes", b"1;" + b"a" * 300 + b"\r\nx\r\n" + END),
    broken("9112 7.1.1", "one without an end", b"1;" + b"a" * 6000),
    *(
        broken("9112 7.1.1", f"no control byte in one: {byte:#04x}", b"3;a%cb\r\nabc\r\n" % byte + END)
        for byte in (0, 1, 8, 10, 11, 12, 13, 27, 127)
    ),
    broken("9112 7.1.1", "an extension behind a space", b"3 ;a\r\nabc\r\n" + END),
    # what is no size
    *(
        broken("9112 7.1", f"no size: {size.decode('latin-1')!r}", size + b"\r\nabc\r\n" + END)
        for size in (
            b"0x3", b"0X3", b"x3", b"+3", b"-3", b" 3", b"3 ", b"\t3", b"3\t", b"3_0", b"3,3", b"3.0", b"3h", b"g", b"", b"3x", b"3\x0b", b"\x0b3", b"3\x00",
            b'"3"', b"(3)", b"\xb3", b"\xef\xbc\x93", b"3 3", b"#3", b"three", b"0000000000000003", b"00000000000000003", b"FFFFFFFFFFFFFFFF",
            b"10000000000000003", b"fffffffffffffffffffff", b"-1", b"-0", b"3\\", b"3'", b"3/2",
        )
    ),
    broken("9112 7.1", "a size that is not there", b"\r\nabc\r\n" + END),
    broken("9112 7.1", "nothing but line ends", b"\r\n\r\n"),
    # line ends
    broken("9112 7.1", "a bare LF behind a size", b"3\nabc\r\n" + END),
    broken("9112 7.1", "a bare CR behind a size", b"3\rabc\r\n" + END),
    broken("9112 7.1", "CR CR LF behind a size", b"3\r\r\nabc\r\n" + END),
    broken("9112 7.1", "LF CR behind a size", b"3\n\rabc\r\n" + END),
    broken("9112 7.1", "a bare LF behind the data", b"3\r\nabc\n" + END),
    broken("9112 7.1", "a bare CR behind the data", b"3\r\nabc\r" + END),
    broken("9112 7.1", "CR and another byte behind the data", b"3\r\nabc\rX" + END),
    broken("9112 7.1", "CR CR LF behind the data", b"3\r\nabc\r\r\n" + END),
    broken("9112 7.1", "no line end behind the data", b"3\r\nabc" + END),
    broken("9112 7.1", "two line ends behind the data", b"3\r\nabc\r\n\r\n" + END),
    broken("9112 7.1", "more data than its size", b"3\r\nabcde\r\n" + END),
    broken("9112 7.1", "a byte more than its size", b"3\r\nabcd\r\n" + END),
    broken("9112 7.1", "less data than its size", b"5\r\nabc\r\n0\r\nx\r\n\r\n"),
    broken("9112 7.1", "a bare LF behind the last size", b"3\r\nabc\r\n0\n\r\n"),
    broken("9112 7.1", "a bare LF for the end", b"3\r\nabc\r\n0\r\n\n"),
    broken("9112 7.1", "a bare CR for the end", b"3\r\nabc\r\n0\r\n\rX"),
    broken("9112 7.1", "bare LFs throughout", b"3\nabc\n0\n\n"),
    broken("9112 7.1", "a request right behind the last size", b"3\r\nabc\r\n0\r\nGET / HTTP/1.1\r\n\r\n"),
    broken("9112 7.1", "text where a size should be", b"hello\r\n" + END),
    broken("9112 7.1", "JSON where a size should be", b'{"a": 1}\r\n' + END),
    broken("9112 7.1", "good chunks and a bad one", b"3\r\nabc\r\n3\r\nabc\r\n0x3\r\nabc\r\n" + END),
]  # fmt: skip
