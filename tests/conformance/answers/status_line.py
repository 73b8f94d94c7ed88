"""RFC 9112 4: the status line."""

from support.conformance import Message, malformed, tells

REST = b"\r\nContent-Length: 2\r\n\r\n"

CASES = [
    *(
        tells("9112 4", f"passes as it is: {line.decode('latin-1')!r}", line + REST + b"ok")
        for line in (
            b"HTTP/1.1 200 OK", b"HTTP/1.1 200 ", b"HTTP/1.1 200", b"HTTP/1.1 200 All is  well", b"HTTP/1.1 200 \xe4\xbd\xa0", b"HTTP/1.1 200 \x83V", b"HTTP/1.1 200 a\tb",
            b"HTTP/1.1 201 Created", b"HTTP/1.1 206 Partial Content", b"HTTP/1.1 299 Odd", b"HTTP/1.1 301 Moved", b"HTTP/1.1 400 Bad", b"HTTP/1.1 418 I'm a teapot",
            b"HTTP/1.1 499 Odd", b"HTTP/1.1 500 Internal", b"HTTP/1.1 599 Odd", b"HTTP/1.1 600 None", b"HTTP/1.1 799 None", b"HTTP/1.1 999 None", b"HTTP/1.1 200 200 200",
            b"HTTP/1.1 205 Reset Content", b"HTTP/1.1 407 Proxy", b"HTTP/1.1 426 Upgrade", b"HTTP/1.1 503 Busy",
        )
    ),
    tells("9112 2.3", "the version is the sender's own: HTTP/1.0 is relayed as 1.1", b"HTTP/1.0 200 OK" + REST + b"ok", Message(b"HTTP/1.1 200 OK" + REST, b"ok"), kept=False),
    tells(
        "9112 9.3", "HTTP/1.0 that keeps alive is kept", b"HTTP/1.0 200 OK\r\nConnection: keep-alive" + REST + b"ok", Message(b"HTTP/1.1 200 OK" + REST, b"ok"),
    ),
    tells("9110 15.4", "a redirect is the client's to follow", b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/" + REST + b"ok"),
    *(
        malformed("9112 4", f"no status line: {line.decode('latin-1')!r}", line + REST + b"ok")
        for line in (
            b"HTTP/2 200 OK", b"HTTP/2.0 200 OK", b"HTTP/1.2 200 OK", b"HTTP/0.9 200 OK", b"HTTP/1 200 OK", b"http/1.1 200 OK", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK",
            b" HTTP/1.1 200 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1 000 OK", b"HTTP/1.1 2x0 OK", b"HTTP/1.1 +20 OK", b"HTTP/1.1 -20 OK",
            b"HTTP/1.1 OK", b"HTTP/1.1", b"HTTP/1.1 ", b"200 OK", b"ICY 200 OK", b"RTSP/1.0 200 OK", b"SSH-2.0-OpenSSH_9", b"220 mail ESMTP", b"GET / HTTP/1.1",
            b"HTTP/1.1 200\tOK", b"HTTP/1.1 200OK", b"HTTP/1.1 200 O\x00K", b"HTTP/1.1 200 O\x01K", b"HTTP/1.1 200 O\x7fK", b"HTTP/1.1 200 O\rK", b"HTTP/1.1 200 O\nK",
            b"HTTP/11.1 200 OK", b"HTTP/1.1 \xb200 OK", b"<html>", b"\r\nHTTP/1.1 200 OK", b"\nHTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r", b"\x15\x03\x01\x00\x02\x02\x50",
        )
    ),
    malformed("9112 2.2", "a bare LF behind the status line", b"HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok"),
    malformed("9112 2.2", "only bare LFs", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok\r\n\r\n"),
    malformed("9112 4", "an answer of HTTP/0.9: only a body", b"<html>ok</html>", ends="close"),
    malformed("9112 8", "half a status line", b"HTTP/1.1 2", ends="close"),
    malformed("9112 8", "half a head", b"HTTP/1.1 200 OK\r\nContent-Le", ends="close"),
    malformed("9112 8", "a head without its empty line", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", ends="close"),
]  # fmt: skip
