"""RFC 9110 9: methods. What is no token is no method; which tokens are methods is legacy's to say."""

from support.conformance import Message, get, passes, post, refused

LINE = b" / HTTP/1.1\r\nHost: h\r\n\r\n"
HEAD_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n"

CASES = [
    *(
        passes("9110 9.1", f"{method.decode()} is legacy's to answer", method + LINE)
        for method in (
            b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"PROPFIND", b"REPORT", b"MKCOL", b"LOCK", b"SEARCH",
            b"PURGE", b"QUERY", b"M-SEARCH", b"BREW", b"get", b"Get", b"x", b"GETX", b"connect", b"Trace", b"!#$%&'*+-.^_`|~",
            b"0", b"A" * 200, b"_SESSION", b"HTTP",
        )
    ),
    *(
        refused("9110 9.1", f"no token, so no method: {method.decode('latin-1')}", method + LINE)
        for method in (
            b"G(T", b"G)T", b"G<T", b"G>T", b"G@T", b"G,T", b"G;T", b"G:T", b"G\\T", b'G"T', b"G/T", b"G[T", b"G]T", b"G?T",
            b"G=T", b"G{T", b"G}T", b"G\x00T", b"G\x01T", b"G\x7fT", b"G\xe9T", b"\xef\xbb\xbfGET",
        )
    ),
    passes(
        "9110 9.3.2", "HEAD is answered without a body", b"HEAD" + LINE, answer=HEAD_ANSWER, client=(Message(HEAD_ANSWER),)
    ),
    refused("9110 9.3.6", "CONNECT would make a tunnel to anywhere", b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 405),
    refused("9110 9.3.6", "CONNECT in origin-form", b"CONNECT" + LINE, 405),
    refused("9110 9.3.6", "CONNECT in HTTP/1.0", b"CONNECT h:443 HTTP/1.0\r\n\r\n", 405),
    refused(
        "9110 9.3.6", "CONNECT with a body", b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 405
    ),
    refused("9110 9.3.8", "TRACE would echo what it carries", b"TRACE / HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\n\r\n", 405),
    refused(
        "9110 9.3.8", "TRACE with credentials", b"TRACE / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic eA==\r\n\r\n", 405
    ),
    refused("9110 9.3.8", "TRACE in absolute-form", b"TRACE http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 405),
    refused("9110 9.3.8", "TRACE * ", b"TRACE * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n", 405),
    passes("9110 9.3.7", "Max-Forwards is legacy's to count", b"OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n"),
    *(
        passes(
            "9110 9.3", f"{method.decode()} may have a body, and keeps its framing",
            method + b" / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde",
        )
        for method in (b"GET", b"DELETE", b"OPTIONS", b"PUT", b"PATCH", b"PROPFIND", b"UNKNOWN")
    ),
    passes(
        "9110 9.3.2", "HEAD with a body", b"HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde",
        answer=HEAD_ANSWER, client=(Message(HEAD_ANSWER),),
    ),
    passes("9110 9.3.1", "a request inside a GET's body is its body", get(b"Content-Length: 36") + b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\nx"),
    passes("9110 9.3.3", "POST without a body and without a length", post()),
    passes("9110 9.3.3", "POST of length nought", post(b"Content-Length: 0")),
    passes(
        "9110 9.3.1", "a chunked GET", get(b"Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n", got=get()[:-2],
        tail=b"Transfer-Encoding: chunked\r\n", content=b"abc",
    ),
    passes(
        "9110 9.3.5", "a chunked DELETE", b"DELETE / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        got=b"DELETE / HTTP/1.1\r\nHost: h\r\n", tail=b"Transfer-Encoding: chunked\r\n", content=b"abc",
    ),
    passes("9110 9.2.2", "a method in a field changes nothing", post(b"X-HTTP-Method-Override: DELETE")),
]  # fmt: skip
