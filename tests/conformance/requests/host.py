"""RFC 9112 3.2 and RFC 9110 7.2: Host."""

from support.conformance import get, passes, refused

LINE = b"GET / HTTP/1.1\r\n"


def asked(*hosts: bytes, line: bytes = LINE) -> bytes:
    """A GET with these as its Hosts."""
    return line + b"".join(b"Host: %b\r\n" % host for host in hosts) + b"\r\n"


CASES = [
    *(
        passes("9112 3.2", f"a host: {host.decode()}", asked(host), host=host)
        for host in (
            b"h", b"www.example.com", b"WWW.Example.COM", b"h:80", b"h:", b"h.", b"127.0.0.1", b"127.0.0.1:8080", b"[::1]",
            b"[::1]:80", b"[fe80::1%25eth0]", b"a-b_c.example", b"xn--wgv71a.example", b"h%41", b"a!b$c&d'e(f)g*h+i;j=k~l",
            b"0x7f.1", b"h:99999",
        )
    ),
    passes("9112 3.2", "an empty Host, as of a target without authority", asked(b""), host=b""),
    passes("9112 3.2", "spaces around a Host are not of it", LINE + b"Host:   h  \r\n\r\n"),
    refused("9112 3.2", "no Host", LINE + b"\r\n"),
    refused("9112 3.2", "no Host among others", LINE + b"A: b\r\n\r\n"),
    refused("9112 3.2", "Host twice, equal", asked(b"h", b"h")),
    refused("9112 3.2", "Host twice, different", asked(b"h", b"evil")),
    refused("9112 3.2", "Host twice, one empty", asked(b"h", b"")),
    refused("9112 3.2", "Host twice, in other capitals", get(b"hOST: h")),
    refused("9112 3.2", "Host thrice", asked(b"h", b"h", b"h")),
    refused("9112 3.2", "two Hosts far apart", get(*[b"A: b"] * 50, b"Host: evil")),
    *(
        refused("9112 3.2", f"no host: {host.decode('latin-1')}", asked(host))
        for host in (
            b"a b", b"a\tb", b"a,b", b"h, evil", b"u@h", b"u:p@h", b"h/a", b"/h", b"h?a", b"h#a", b"http://h", b"h\\evil", b"h\xe9",
            b'"h"', b"<h>", b"h:80_", b"h:x", b"h:80:80", b"h:-1", b"::1", b"[::1", b"::1]", b"[::1]x", b"[]", b"h[", b"h|i", b"h^i", b"h`i", b"{h}", "日本".encode(), b"h\xff",
        )
    ),
    passes(
        "9112 3.2", "HTTP/1.0 without Host is asked under legacy's own name", b"GET / HTTP/1.0\r\nA: b\r\n\r\n",
        got=b"GET / HTTP/1.1\r\nA: b\r\nHost: LEGACY\r\n", host=b"LEGACY", closes=True,
    ),
    passes("9112 3.2", "HTTP/1.0 with Host", asked(b"h", line=b"GET / HTTP/1.0\r\n"), got=asked(b"h")[:-2], closes=True),
    refused("9112 3.2", "HTTP/1.0 with two Hosts", asked(b"h", b"h", line=b"GET / HTTP/1.0\r\n")),
    refused("9112 3.2", "HTTP/1.0 with a malformed Host", asked(b"a b", line=b"GET / HTTP/1.0\r\n")),
]  # fmt: skip
