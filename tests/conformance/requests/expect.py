"""RFC 9110 10.1.1 and 15.2: Expect, and the 100 that answers it. Both are between the client and legacy."""

from support.conformance import OK, Message, get, passes, post

GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
LENGTH = b"Content-Length: 3"
EXPECT = b"Expect: 100-continue"

CASES = [
    passes("9110 10.1.1", "it reaches legacy, whose 100 reaches the client", post(LENGTH, EXPECT) + b"abc", answer=GO_ON + OK, client=(Message(GO_ON), Message(OK))),
    passes("9110 10.1.1", "in any capitals", post(LENGTH, b"eXPECT: 100-CONTINUE") + b"abc", answer=GO_ON + OK, client=(Message(GO_ON), Message(OK))),
    passes("9110 10.1.1", "legacy may answer without a 100", post(LENGTH, EXPECT) + b"abc"),
    passes("9110 10.1.1", "a 100 with fields", post(LENGTH, EXPECT) + b"abc", answer=b"HTTP/1.1 100 Go\r\nA: b\r\n\r\n" + OK, client=(Message(b"HTTP/1.1 100 Go\r\nA: b\r\n\r\n"), Message(OK))),
    passes("9110 15.2.1", "a 100 that nobody asked for ends here", post(LENGTH) + b"abc", answer=GO_ON + OK, client=(Message(OK),)),
    passes("9110 15.2.1", "several of them", get(), answer=GO_ON * 3 + OK, client=(Message(OK),)),
    passes("9110 10.1.1", "another expectation is legacy's to fail", post(LENGTH, b"Expect: magic") + b"abc"),
    passes("9110 10.1.1", "an empty one", post(LENGTH, b"Expect:") + b"abc"),
    passes("9110 10.1.1", "one without a body", get(EXPECT), answer=GO_ON + OK, client=(Message(GO_ON), Message(OK))),
    passes("9110 10.1.1", "a chunked body", post(b"Transfer-Encoding: chunked", EXPECT) + b"3\r\nabc\r\n0\r\n\r\n", got=post(EXPECT)[:-2], tail=b"Transfer-Encoding: chunked\r\n", content=b"abc"),
    passes(
        "9110 10.1.1", "HTTP/1.0 cannot ask for it, and gets no 1xx", b"POST / HTTP/1.0\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
        got=post(LENGTH)[:-2], content=b"abc", answer=GO_ON + OK, client=(Message(OK[:-4] + b"Connection: close\r\n\r\n", b"ok"),), closes=True,
    ),
    passes("9110 15.2", "any other 1xx passes", get(), answer=b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, client=(Message(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), Message(OK))),
    passes("9110 15.2", "a 1xx that nobody knows, too", get(), answer=b"HTTP/1.1 199 Odd\r\n\r\n" + OK, client=(Message(b"HTTP/1.1 199 Odd\r\n\r\n"), Message(OK))),
]  # fmt: skip
