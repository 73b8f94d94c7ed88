"""RFC 9110 5 and RFC 9112 5: field lines. All that is sound passes byte for byte."""

from support.conformance import get, passes, post, refused

LINE = b"GET / HTTP/1.1\r\n"
DELIMITERS = b'(),/;<=>?@[\\]{}"'

CASES = [
    *(
        passes("9110 5", f"passes as it is: {what}", get(*lines))
        for what, lines in {
            "order": (b"B: 1", b"A: 2", b"C: 3"), "the same name twice": (b"A: 1", b"A: 2"),
            "the same name apart": (b"A: 1", b"B: 2", b"A: 3"), "names that differ in case": (b"X-D: 1", b"x-d: 2"),
            "capitals of any kind": (b"aCCept: X", b"USER-AGENT: y"), "every sign of a token": (b"!#$%&'*+-.^_`|~09aZ: x",),
            "a name of one letter": (b"a: b",), "a number for a name": (b"1: 2",), "a long name": (b"n" * 300 + b": x",),
            "no space before the value": (b"A:b",), "many spaces before it": (b"A:     b",), "a tab before it": (b"A:\tb",),
            "spaces behind it": (b"A: b   ",), "a tab behind it": (b"A: b\t",), "an empty value": (b"A:",),
            "a value of a space": (b"A: ",), "spaces and tabs within": (b"A: b \t c",), "a colon in the value": (b"A: b:c:d",),
            "colons first": (b"A:::",), "quotes": (b'A: "b\\"c"',), "an open quote": (b'A: "b',), "commas": (b"A: ,,b,,",),
            "a comment": (b"User-Agent: x (y; (z))",), "Latin-1": (b"X: caf\xe9",), "Shift_JIS": (b"X: \x83V\x81[",),
            "UTF-8": ("X: 日本語".encode(),), "bytes of no charset": (b"X: \x80\x81\xfe\xff",), "an underscore": (b"X_Y: 1",),
            "two User-Agents": (b"User-Agent: a", b"User-Agent: b"), "two Cookies": (b"Cookie: a=b", b"Cookie: c=d"),
            "two Content-Types": (b"Content-Type: a/b", b"Content-Type: c/d"), "two ETags": (b"If-Match: a", b"If-Match: b"),
            "credentials": (b"Authorization: Basic eDp5", b"Cookie: sid=1"), "a range": (b"Range: bytes=0-1, 5-",),
            "conditions": (b'If-None-Match: "x", W/"y"', b"If-Modified-Since: nonsense"), "a Via": (b"Via: 1.1 cdn",),
            "Forwarded": (b"Forwarded: for=1.2.3.4;host=h",), "X-Real-IP": (b"X-Real-IP: 1.2.3.4",), "Date": (b"Date: x",),
            "markup": (b"Referer: <script>alert(1)</script>",), "a percent sign": (b"A: %s%n%00",), "dollars": (b"A: ${jndi:ldap://x}",),
            "a field that looks like a request": (b"GET: / HTTP/1.1",), "a Cache-Control": (b"Cache-Control: no-store",),
            "Content-Encoding without a body": (b"Content-Encoding: gzip",), "Set-Cookie": (b"Set-Cookie: a=b",),
            "Content-Length in another's value": (b"X: Content-Length: 5",), "a name that ends alike": (b"X-Content-Length: 5",),
            "a name that begins alike": (b"Content-Lengths: 5", b"Hosts: a", b"TEA: b", b"Upgrades: c", b"Connections: d"),
            "what a name holds": (b"X-Transfer-Encoding: chunked", b"X-Host: a", b"Not-Connection: b"),
        }.items()
    ),
    passes("9110 5.3", "fields before Host stay before it", LINE + b"A: b\r\nhOsT:h\r\nC: d\r\n\r\n"),
    # 9112 5.1: the name
    refused("9112 5.1", "space between name and colon", get(b"A : b")),
    refused("9112 5.1", "tab between name and colon", get(b"A\t: b")),
    refused("9112 5.1", "space before the colon of a length", post(b"Content-Length : 3") + b"abc"),
    refused("9112 5.1", "tab before the colon of a length", post(b"Content-Length\t: 3") + b"abc"),
    refused("9112 5.1", "space before the colon of an encoding", post(b"Transfer-Encoding : chunked") + b"0\r\n\r\n"),
    refused("9112 5.1", "space before the colon of Host", LINE + b"Host : h\r\n\r\n"),
    refused("9112 5.1", "vertical tab before the colon", get(b"A\x0b: b")),
    refused("9112 5", "no colon", get(b"A")),
    refused("9112 5", "no colon, a space", get(b"A b")),
    refused("9112 5", "no colon, in the first line", LINE + b"Host\r\n\r\n"),
    refused("9112 5", "an empty name", get(b": a")),
    refused("9112 5", "nothing but a colon", get(b":")),
    refused("9112 5", "a second request line among the fields", get(b"GET /a HTTP/1.1")),
    refused("9112 5", "a space within a name", get(b"A B: c")),
    *(
        refused("9110 5.1", f"no sign of a name: {byte:#04x}", get(b"A%cB: c" % byte))
        for byte in (*DELIMITERS, 0, 1, 8, 11, 12, 27, 31, 127, 0x80, 0xA0, 0xE9, 0xFF)
    ),
    *(
        refused("9110 5.1", f"nor at a name's beginning: {byte:#04x}", get(b"%cA: c" % byte))
        for byte in (0, 0x0B, 0x0C, 0x7F, 0x80, 0xFE)
    ),
    refused("9110 5.1", "a byte order mark before the first name", LINE + b"\xef\xbb\xbfHost: h\r\n\r\n"),
    refused("9110 5.1", "a name in UTF-8", get("名: a".encode())),
    # 9110 5.5: the value
    *(
        refused("9110 5.5", f"no control byte in a value: {byte:#04x}", get(b"A: b%cc" % byte))
        for byte in (*range(9), *range(11, 13), *range(14, 32), 127)
    ),
    refused("9110 5.5", "a NUL at a value's beginning", get(b"A: \x00b")),
    refused("9110 5.5", "a NUL at its end", get(b"A: b\x00")),
    refused("9110 5.5", "a NUL in Host", LINE + b"Host: h\x00\r\n\r\n"),
    refused("9110 5.5", "a control byte around a length", post(b"Content-Length: \x0b3") + b"abc"),
    # 9112 5.2: folded lines
    refused("9112 5.2", "a line folded with a space", get(b"A: b", b" c")),
    refused("9112 5.2", "a line folded with a tab", get(b"A: b", b"\tc")),
    refused("9112 5.2", "a folded line of spaces", get(b"A: b", b"   ")),
    refused("9112 5.2", "a folded field inside", get(b"A: b", b" Host: evil")),
    refused("9112 5.2", "a folded first line", LINE + b" Host: h\r\n\r\n"),
    refused("9112 2.2", "space between the request line and the first field", LINE + b" A: b\r\nHost: h\r\n\r\n"),
    refused("9112 2.2", "tab between the request line and the first field", LINE + b"\tA: b\r\nHost: h\r\n\r\n"),
    refused("9112 5.2", "a folded length", post(b"Content-Length:", b" 3") + b"abc"),
    refused("9112 5.2", "a folded encoding", post(b"Transfer-Encoding:", b" chunked") + b"0\r\n\r\n"),
    refused("9112 5.2", "a folded encoding, tab", post(b"Transfer-Encoding: x", b"\tchunked") + b"0\r\n\r\n"),
    refused("9112 5.2", "a folded Host", LINE + b"Host:\r\n h\r\n\r\n"),
    refused("9112 5.2", "a folded last line", LINE + b"Host: h\r\nA: b\r\n \r\n\r\n"),
    # 9112 2.2: line ends
    refused("9112 2.2", "a bare LF behind a field", LINE + b"Host: h\nA: b\r\n\r\n"),
    refused("9112 2.2", "a bare LF in a value", get(b"A: b\nc: d")),
    refused("9112 2.2", "a bare CR in a value", get(b"A: b\rc: d")),
    refused("9112 2.2", "a bare CR before the end of a value", get(b"A: b\r")),
    refused("9112 2.2", "a bare CR in a name", get(b"A\rB: c")),
    refused("9112 2.2", "a bare LF in a name", get(b"A\nB: c")),
    refused("9112 2.2", "a bare LF before the empty line", LINE + b"Host: h\r\n\n\r\n\r\n"),
    refused("9112 2.2", "the empty line with a bare LF", LINE + b"Host: h\r\n\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
    refused("9112 2.2", "the empty line with a bare CR", LINE + b"Host: h\r\n\rGET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
    refused("9112 2.2", "LF LF ends no head", LINE + b"Host: h\n\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
    refused("9112 2.2", "CR CR ends no head", LINE + b"Host: h\r\rGET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
    refused("9112 2.2", "an encoding behind a bare CR", get(b"A: b\rTransfer-Encoding: chunked") + b"0\r\n\r\n"),
    refused("9112 2.2", "an encoding behind a bare LF", get(b"A: b\nTransfer-Encoding: chunked") + b"0\r\n\r\n"),
]  # fmt: skip
