"""RFC 9112 6 and RFC 9110 8.6: where a request's body ends. What two readers could see differently is refused."""

from support.conformance import chunked, get, passes, post, refused

END = b"0\r\n\r\n"
TAIL = b"Transfer-Encoding: chunked\r\n"

CASES = [
    # 9112 6.3: both
    *(
        refused("9112 6.3", f"a length and an encoding: {what}", post(*lines) + END)
        for what, lines in {
            "length first": (b"Content-Length: 5", b"Transfer-Encoding: chunked"),
            "encoding first": (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
            "a length of nought": (b"Content-Length: 0", b"Transfer-Encoding: chunked"),
            "a length too long": (b"Content-Length: 500", b"Transfer-Encoding: chunked"),
            "in small letters": (b"content-length: 5", b"transfer-encoding: CHUNKED"),
            "far apart": (b"Content-Length: 5", *[b"A: b"] * 40, b"Transfer-Encoding: chunked"),
            "an encoding that is unknown": (b"Content-Length: 5", b"Transfer-Encoding: gzip"),
            "an encoding that is identity": (b"Content-Length: 5", b"Transfer-Encoding: identity"),
            "an empty encoding": (b"Content-Length: 5", b"Transfer-Encoding:"),
            "a length named by Connection": (b"Connection: Content-Length", b"Content-Length: 5", b"Transfer-Encoding: chunked"),
            "an encoding named by Connection": (b"Connection: Transfer-Encoding", b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        }.items()
    ),
    # 9112 6.1: what the encoding may be
    *(
        refused("9112 6.1", f"nothing but one `chunked`: {value.decode('latin-1')!r}", post(b"Transfer-Encoding:" + value) + END)
        for value in (
            b" gzip, chunked", b" chunked, gzip", b" chunked, chunked", b" chunked,chunked", b" identity", b" identity, chunked",
            b" chunked, identity", b" xchunked", b" chunkedx", b" chunke", b" chunked;q=1", b" chunked ; a=b", b" ,chunked", b" chunked,",
            b" , chunked ,", b' "chunked"', b" 'chunked'", b" (chunked)", b" \x0bchunked", b" chunked\x0b", b" chunked\x00", b" chunked\xa0",
            b" \xa0chunked", b" ch unked", b" chunked chunked", b"", b" ", b" deflate", b" compress", b" trailers", b" chun\tked", b" chunked\t", b" cow",
            b" %63hunked", b" chunked#", b" \x0cchunked", b" 5", b" \xef\xbd\x83hunked",
        )
    ),
    *(
        refused("9112 6.1", f"two lines of it: {first.decode()}, {second.decode()}", post(b"Transfer-Encoding: " + first, b"Transfer-Encoding: " + second) + END)
        for first, second in ((b"chunked", b"chunked"), (b"chunked", b"identity"), (b"identity", b"chunked"), (b"gzip", b"chunked"), (b"", b"chunked"), (b"chunked", b"x"))
    ),
    refused("9112 6.1", "two lines in different capitals", post(b"Transfer-Encoding: chunked", b"transfer-encoding: chunked") + END),
    *(
        passes("9112 6.1", f"`chunked` in any capitals and spaces: {line.decode()!r}", post(line) + b"3\r\nabc\r\n" + END, got=post()[:-2], tail=TAIL, content=b"abc")
        for line in (
            b"Transfer-Encoding: chunked", b"transfer-encoding: chunked", b"TRANSFER-ENCODING: CHUNKED", b"Transfer-Encoding:chunked",
            b"Transfer-Encoding: Chunked", b"Transfer-Encoding:\tchunked", b"Transfer-Encoding:   chunked  ",
        )
    ),
    *(
        refused("9112 6.1", f"no encoding in HTTP/1.0: {what}", b"POST / HTTP/1.0\r\nHost: h\r\n" + lines + b"\r\n" + END)
        for what, lines in {
            "alone": b"Transfer-Encoding: chunked\r\n", "beside a length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "kept alive": b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", "another": b"Transfer-Encoding: gzip\r\n",
        }.items()
    ),
    *(
        refused("9112 6.1", f"a field that some take for it: {line.decode()}", post(line) + END)
        for line in (
            b"Transfer_Encoding: chunked", b"TRANSFER_ENCODING: chunked", b"Transfer.Encoding: chunked", b"transfer~encoding: chunked",
        )
    ),
    *(
        refused("9110 8.6", f"a field that some take for the length: {line.decode()}", post(line) + b"abc")
        for line in (b"Content_Length: 3", b"CONTENT_LENGTH: 3", b"Content.Length: 3", b"content+length: 3")
    ),
    refused("9112 6.3", "a look-alike beside the length", post(b"Content-Length: 3", b"Content_Length: 4") + b"abc"),
    refused("9112 6.3", "a look-alike beside the encoding", post(b"Transfer-Encoding: chunked", b"Content_Length: 4") + END),
    # 9110 8.6: what a length may be
    *(
        refused("9110 8.6", f"no length: {value.decode('latin-1')!r}", post(b"Content-Length:" + value) + b"abcde")
        for value in (
            b" +5", b" -5", b" -0", b" 0x5", b" 5_0", b" 5 0", b" 5,5", b" 5, 5", b" 5,6", b" ,5", b" 5,", b" 5;", b" 5.0", b" 5e0", b"", b" ",
            b" five", b" 5a", b" a5", b' "5"', b" (5)", b" 5\x0b", b" \x0b5", b" \xa05", b" \xd9\xa5", b" \xef\xbc\x95", b" \xb2", b" 18446744073709551616",
            b" 18446744073709551621", b" 9223372036854775808", b" 99999999999999999999999999", b" 4294967296294967296429", b" 0b101", b" 0o5", b" inf", b" NaN", b" ~5", b" 5%",
            b" 5\t5", b" \\5", b" 1" + b"0" * 400,
        )
    ),
    *(
        refused("9112 6.3", f"two lengths: {what}", post(*lines) + b"abcde")
        for what, lines in {
            "equal": (b"Content-Length: 5", b"Content-Length: 5"), "different": (b"Content-Length: 5", b"Content-Length: 3"),
            "different, other order": (b"Content-Length: 3", b"Content-Length: 5"), "one nought": (b"Content-Length: 0", b"Content-Length: 5"),
            "other capitals": (b"Content-Length: 5", b"CONTENT-LENGTH: 5"), "one empty": (b"Content-Length: 5", b"Content-Length:"),
            "with leading nought": (b"Content-Length: 5", b"Content-Length: 05"), "three": (b"Content-Length: 5",) * 3,
            "far apart": (b"Content-Length: 5", *[b"A: b"] * 60, b"Content-Length: 6"),
        }.items()
    ),
    refused("9112 6.3", "two lengths in HTTP/1.0", b"POST / HTTP/1.0\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde"),
    *(
        passes("9110 8.6", f"a length: {value.decode()!r}", post(b"Content-Length:" + value) + b"abcde")
        for value in (b" 5", b"5", b" 05", b" 0000000000005", b"  5", b"\t5", b" 5 ", b" 5\t")
    ),
    passes("9110 8.6", "a length of nought", post(b"Content-Length: 0")),
    passes("9110 8.6", "a length of many noughts", post(b"Content-Length: 000")),
    passes("9110 8.6", "a length of 300,000", post(b"Content-Length: 300000") + bytes(range(256)) * 1171 + b"x" * 224),
    passes("9112 6.3", "bytes of a body are only that", post(b"Content-Length: 24") + b"\r\n\r\nGET / HTTP/1.1\r\n\r\n\x00\xff"),
    passes("9112 6.3", "a chunked body inside a body of a length", post(b"Content-Length: 13") + b"3\r\nabc\r\n" + END),
    passes("9112 6.3", "neither: no body, and the next request begins behind the head", get()),
    passes("9112 6.3", "HTTP/1.0 with a length", b"POST / HTTP/1.0\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", got=post()[:-2] + b"Content-Length: 3\r\n", content=b"abc", closes=True),
    passes("9112 6.3", "HTTP/1.0 without a length has no body", b"POST / HTTP/1.0\r\nHost: h\r\n\r\n", got=post()[:-2], closes=True),
    passes("9110 8.6", "a length may not be named away", post(b"Connection: content-length", b"Content-Length: 3") + b"abc", got=post(b"Content-Length: 3")[:-2]),
    passes("9112 6.1", "an encoding may not be named away", chunked(b"3\r\nabc\r\n" + END, b"Connection: transfer-encoding"), got=post()[:-2], tail=TAIL, content=b"abc"),
    passes("9110 8.4", "a content coding is not a transfer coding", post(b"Content-Encoding: chunked", b"Content-Length: 3") + b"abc"),
]  # fmt: skip
