"""RFC 9110 15.5: what is too large, and what is large and passes."""

from support.conformance import get, passes, post, refused


def line(length: int) -> bytes:
    """A target that makes a request line of so many bytes."""
    return b"/" + b"a" * (length - len(b"GET / HTTP/1.1"))


CASES = [
    passes("9112 3", "a request line of 8,000 bytes", get(target=line(8000))),
    passes("9112 3", "a request line of 16 KiB", get(target=line(16 * 1024))),
    refused("9110 15.5.15", "a byte more", get(target=line(16 * 1024 + 1)), 414),
    refused("9110 15.5.15", "64 KiB", get(target=line(64 * 1024)), 414),
    refused("9110 15.5.15", "a megabyte", get(target=line(1 << 20)), 414),
    refused("9110 15.5.15", "a line without an end", b"GET /" + b"a" * 20_000, 414),
    refused("9110 15.5.15", "a method without an end", b"A" * 20_000, 414),
    refused("9110 15.5.15", "a line of spaces", b" " * 20_000, 414),
    refused("9110 15.5.15", "a long line that is malformed, too", get(target=b"/a b" * 6000), 414),
    passes("9110 5.4", "a cookie of 16 KB", get(b"Cookie: " + b"a" * 16_384)),
    passes("9110 5.4", "100 fields", get(*[b"X-%d: y" % number for number in range(99)])),
    passes("9110 5.4", "200 fields", get(*[b"A: b"] * 199)),
    passes("9110 5.4", "an 8 KB target, a 16 KB cookie and 100 fields", get(b"Cookie: " + b"a" * 16_384, *[b"A: b"] * 98, target=line(8192))),
    passes("9110 5.4", "60 KiB of fields", get(*[b"A: " + b"b" * 1017] * 60)),
    passes("9110 5.4", "a name of 4 KB", get(b"n" * 4096 + b": v")),
    refused("6585 5", "201 fields", get(*[b"A: b"] * 200), 431),
    refused("6585 5", "10,000 fields", get(*[b"A: b"] * 10_000), 431),
    refused("6585 5", "a block of over 64 KiB", get(b"Cookie: " + b"a" * 65_536), 431),
    refused("6585 5", "many fields of over 64 KiB", get(*[b"A: " + b"b" * 1017] * 65), 431),
    refused("6585 5", "a megabyte", get(b"Cookie: " + b"a" * (1 << 20)), 431),
    refused("6585 5", "a field without an end", b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"b" * 70_000, 431),
    refused("6585 5", "a name without an end", b"GET / HTTP/1.1\r\nHost: h\r\n" + b"b" * 70_000, 431),
    refused("6585 5", "fields without an end", b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 12_000, 431),
    passes("9110 8.6", "a body of 300 KB", post(b"Content-Length: 300000") + b"x" * 300_000),
]  # fmt: skip
