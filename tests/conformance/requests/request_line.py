"""RFC 9112 2.2, 2.3 and 3: the request line."""

from support.conformance import get, passes, refused

FIELDS = b"Host: h\r\n\r\n"

CASES = [
    # the line's parts: method SP request-target SP HTTP-version CRLF
    passes("9112 3", "method, target and version, one space between them", get()),
    refused("9112 3", "two spaces before the target", b"GET  / HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "two spaces before the version", b"GET /  HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "a tab is no space", b"GET\t/ HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "a tab before the version", b"GET /\tHTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "a vertical tab is no space", b"GET\x0b/ HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "a form feed is no space", b"GET\x0c/ HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "a no-break space is no space", b"GET\xa0/ HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "space before the method", b" GET / HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "tab before the method", b"\tGET / HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "space behind the version", b"GET / HTTP/1.1 \r\n" + FIELDS),
    refused("9112 3", "tab behind the version", b"GET / HTTP/1.1\t\r\n" + FIELDS),
    refused("9112 3", "a fourth word", b"GET / HTTP/1.1 x\r\n" + FIELDS),
    refused("9112 3", "a space in the target is not repaired", b"GET /a b HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "a version in the target does not end it", b"GET /a HTTP/1.1 HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "no target", b"GET HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "no target, both spaces", b"GET  HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "no method", b"/ HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "no method, its space", b" / HTTP/1.1\r\n" + FIELDS),
    refused("9112 3", "a status line", b"HTTP/1.1 200 OK\r\n" + FIELDS),
    refused("9112 3", "a field before the line", b"Host: h\r\nGET / HTTP/1.1\r\n\r\n"),
    refused("9112 3", "only the method", b"GET\r\n" + FIELDS),
    # 2.2: where a line ends
    refused("9112 2.2", "a bare LF ends no line", b"GET / HTTP/1.1\n" + FIELDS),
    refused("9112 2.2", "a bare LF ends no line, with another field behind it", b"GET / HTTP/1.1\nA: b\r\n" + FIELDS),
    refused("9112 2.2", "a bare CR ends no line", b"GET / HTTP/1.1\r" + FIELDS),
    refused("9112 2.2", "LF CR ends no line", b"GET / HTTP/1.1\n\r" + FIELDS),
    refused("9112 2.2", "CR CR LF ends no line", b"GET / HTTP/1.1\r\r\n" + FIELDS),
    refused("9112 2.2", "only bare LFs", b"GET / HTTP/1.1\nHost: h\n\n"),
    refused("9112 2.2", "only bare CRs", b"GET / HTTP/1.1\rHost: h\r\r\r\n\r\n"),
    refused("9112 2.2", "a bare CR in the target", b"GET /a\rb HTTP/1.1\r\n" + FIELDS),
    refused("9112 2.2", "a bare CR in the method", b"G\rET / HTTP/1.1\r\n" + FIELDS),
    refused("9112 2.2", "a bare LF in the target", b"GET /a\nb HTTP/1.1\r\n" + FIELDS),
    refused("9112 2.2", "a line of Unicode's own", b"GET / HTTP/1.1\xe2\x80\xa8" + FIELDS),
    passes("9112 2.2", "an empty line before the request is ignored", b"\r\n" + get(), got=get()[:-2], content=b""),
    passes("9112 2.2", "several are, too", b"\r\n" * 5 + get(), got=get()[:-2], content=b""),
    refused("9112 2.2", "an empty line of a bare LF is not", b"\n" + get()),
    refused("9112 2.2", "an empty line of a bare CR is not", b"\r" + get()),
    refused("9112 2.2", "nor one with a space", b" \r\n" + get()),
    # 2.3: versions
    passes("9112 2.3", "HTTP/1.0 is answered, and closed", b"GET / HTTP/1.0\r\n" + FIELDS, got=get()[:-2], closes=True),
    refused("9112 2.3", "HTTP/0.9 has no version", b"GET /\r\n"),
    refused("9112 2.3", "HTTP/0.9 with fields", b"GET /\r\n" + FIELDS),
    *(
        refused("9112 2.3", f"{version.decode('latin-1')} is not spoken", b"GET / " + version + b"\r\n" + FIELDS)
        for version in (
            b"HTTP/0.9", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/2.0", b"HTTP/2", b"HTTP/3.0", b"HTTP/0.0", b"HTTP/1.10",
            b"HTTP/1.01", b"HTTP/01.1", b"HTTP/11.1", b"HTTP/1", b"HTTP/1.", b"HTTP/.1", b"HTTP/1.1.1", b"HTTP/+1.1",
            b"HTTP/-1.1", b"HTTP/1,1", b"HTTP 1.1", b"HTTP/ 1.1", b"HTTP/1 .1", b"HTTP/x.y", b"HTTP1.1", b"HTTPS/1.1",
            b"HTTP/1.\xb9", b"1.1", b"/1.1", b"ICY/1.1", b"RTSP/1.0", b"SIP/2.0", b"HTTP//1.1", b"HTTP\\1.1",
        )
    ),
    *(
        refused("9112 2.3", f"the version's name is in capitals: {name.decode()}", b"GET / " + name + b"/1.1\r\n" + FIELDS)
        for name in (b"http", b"Http", b"HTTp")
    ),
    refused("9113 3.4", "the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    refused("9110 4.2.2", "TLS where plain HTTP is spoken", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    refused("9112 3", "another protocol's greeting", b"EHLO mail.example\r\n\r\n"),
    refused("9112 3", "bytes of no protocol", bytes(range(128, 256)) + b"\r\n\r\n"),
    # 3.2.1: the target passes as it is
    *(
        passes("9112 3.2.1", f"the target passes as it is: {what}", get(target=target))
        for what, target in {
            "dots": b"/a/../b/./c", "only dots": b"/..", "dots past the root": b"/../../etc/passwd",
            "escaped dots": b"/%2e%2E/", "escaped slash": b"/a%2Fb%2fc", "two slashes": b"//evil.example/a",
            "many slashes": b"///a//b", "escaped line feed": b"/a%0Ab", "escaped CR LF and a field": b"/%0d%0aX:y",
            "escaped NUL": b"/%00", "escape of nothing": b"/%", "escape that is none": b"/%zz", "escape cut": b"/%4",
            "twice escaped": b"/%252e%252e", "empty query": b"/a?", "two question marks": b"/a??b?c",
            "query of signs": b"/?a=b&c=d;e+f", "fragment": b"/a#b", "at": b"/@evil.example", "colon": b"/:80",
            "user before an at": b"/u:p@evil.example/", "backslash": b"/\\evil\\a", "brackets": b"/[]{}", "quotes": b"/\"'`",
            "angles": b"/<script>", "pipe and caret": b"/a|b^c", "semicolon": b"/a;jsessionid=1", "star": b"/*",
            "comma and dollar": b"/a,b$c!~", "a URL inside": b"/http://evil.example/", "UTF-8": "/日本".encode(),
            "Shift_JIS": b"/\x83V\x83\x83\x81[?q=\x82\xa0", "Latin-1": b"/caf\xe9", "byte 0xFF": b"/\xff", "byte 0x80": b"/\x80",
            "overlong UTF-8": b"/\xc0\xae\xc0\xae", "percent u": b"/%u002f", "only a query": b"/?", "a version": b"/HTTP/1.1",
        }.items()
    ),
    *(
        refused("9112 3.2", f"no control byte in a target: {byte:#04x}", b"GET /a%cb HTTP/1.1\r\n" % byte + FIELDS)
        for byte in (0, 1, 8, 9, 11, 12, 14, 27, 31, 127)
    ),
    *(
        refused("9112 3.2", f"no form of a target: {target.decode('latin-1')}", b"GET %b HTTP/1.1\r\n" % target + FIELDS)
        for target in (
            b"a", b"h", b"h/a", b"?a", b"#a", b"\\a", b"%2F", b".", b"..", b"@h", b":80", b"h:80", b"127.0.0.1", b"*a", b"**",
            b"\xe6\x97\xa5",
        )
    ),
    # 3.2.2: absolute-form; whom we ask is never the client's choice
    *(
        passes(
            "9112 3.2.2", f"{target.decode()}: asked of legacy, under the authority of the target",
            b"GET %b HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n" % target,
            got=b"GET %b HTTP/1.1\r\nA: b\r\nHost: %b\r\n" % (origin, host), host=host,
        )
        for target, origin, host in (
            (b"http://other/a?b", b"/a?b", b"other"), (b"http://other", b"/", b"other"), (b"http://other/", b"/", b"other"),
            (b"http://other:81/a", b"/a", b"other:81"), (b"HTTP://other/a", b"/a", b"other"), (b"hTTp://o/", b"/", b"o"),
            (b"https://other/a", b"/a", b"other"), (b"http://other?q", b"/?q", b"other"), (b"http://h/a", b"/a", b"h"),
            (b"http://[::1]:8080/a", b"/a", b"[::1]:8080"), (b"http://169.254.169.254/latest", b"/latest", b"169.254.169.254"),
            (b"http://127.0.0.1:1//x/..", b"//x/..", b"127.0.0.1:1"), (b"http://other/%2e%2E?", b"/%2e%2E?", b"other"),
            (b"http://OTHER/a", b"/a", b"OTHER"), (b"http://other#f", b"/#f", b"other"), (b"http://other.:80/", b"/", b"other.:80"),
        )
    ),
    passes(
        "9112 3.2.2", "absolute-form wins over a Host that names another",
        b"GET http://right/ HTTP/1.1\r\nHost: wrong\r\n\r\n", got=b"GET / HTTP/1.1\r\nHost: right\r\n", host=b"right",
    ),
    passes(
        "9112 3.2.2", "absolute-form from HTTP/1.0 without Host", b"GET http://right/a HTTP/1.0\r\n\r\n",
        got=b"GET /a HTTP/1.1\r\nHost: right\r\n", host=b"right", closes=True,
    ),
    *(
        refused("9112 3.2.2", f"not this absolute-form: {target.decode('latin-1')}", b"GET %b HTTP/1.1\r\n" % target + FIELDS)
        for target in (
            b"http:/h/a", b"http:h", b"http:///a", b"http://:/a", b"http://:80/a", b"http://h:x/", b"http://", b"http://?a", b"http://u@h/", b"http://u:p@h/", b"http://@h/",
            b"http://h@evil/", b"ftp://h/", b"file:///etc/passwd", b"gopher://h/", b"ws://h/", b"javascript:alert(1)",
            b"http://a,b/", b"http://h\\@evil/", b"http://h\xe9/", b"httpx://h/", b"://h/", b"http//h", b"unix:/run/x",
        )
    ),
    refused("9112 3.2.2", "absolute-form of HTTP/1.1 without Host", b"GET http://h/ HTTP/1.1\r\n\r\n"),
    refused("9112 3.2.2", "absolute-form beside two Hosts", b"GET http://h/ HTTP/1.1\r\nHost: h\r\n" + FIELDS),
    refused("9112 3.2.2", "absolute-form beside a malformed Host", b"GET http://h/ HTTP/1.1\r\nHost: a b\r\n\r\n"),
    # 3.2.4: asterisk-form
    passes("9112 3.2.4", "OPTIONS *", b"OPTIONS * HTTP/1.1\r\n" + FIELDS),
    passes(
        "9112 3.2.4", "OPTIONS of an absolute-form without path is OPTIONS *", b"OPTIONS http://h HTTP/1.1\r\n" + FIELDS,
        got=b"OPTIONS * HTTP/1.1\r\nHost: h\r\n",
    ),
    passes(
        "9112 3.2.4", "OPTIONS of an absolute-form with a path is of that path", b"OPTIONS http://h/ HTTP/1.1\r\n" + FIELDS,
        got=b"OPTIONS / HTTP/1.1\r\nHost: h\r\n",
    ),
    *(
        refused("9112 3.2.4", f"the asterisk is for OPTIONS only, not {method.decode()}", method + b" * HTTP/1.1\r\n" + FIELDS)
        for method in (b"GET", b"POST", b"HEAD", b"DELETE", b"PROPFIND", b"options")
    ),
]  # fmt: skip
