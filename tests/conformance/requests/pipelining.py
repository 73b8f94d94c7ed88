"""RFC 9112 9.3: requests behind each other on a connection. One that is refused ends it, and all behind it."""

from support.conformance import OK, Case, Message, chunked, get, ours, post

CLOSING = OK[:-4] + b"Connection: close\r\n\r\nok"


def message(sent: bytes, tail: bytes = b"", content: bytes = b"") -> Message:
    """What legacy gets of a request with nothing to cut."""
    return Message(sent.partition(b"\r\n\r\n")[0] + b"\r\n" + ours() + tail + b"\r\n", content, bool(tail))


def row(rule: str, sent: bytes, *wanted: Message, closes: bool = False, section: str = "9112 9.3.2") -> Case:
    """These reach legacy one after another; each is answered in its turn."""
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % n for n in range(len(wanted))]
    told = [Message(answer) for answer in answers]
    if closes:
        told[-1] = Message(answers[-1][:-3] + b"Connection: close\r\n\r\n" + answers[-1][-1:])
    return Case(section, rule, sent, wanted, tuple(answers), tuple(told), closes=closes)


BODY = post(b"Content-Length: 3")
CHUNKS = chunked(b"3\r\nabc\r\n0\r\n\r\n")
TAIL = b"Transfer-Encoding: chunked\r\n"
PLAIN, LONG, CHOPPED = message(get()), message(BODY, content=b"abc"), message(post(), TAIL, b"abc")

CASES = [
    row("two", get() * 2, PLAIN, PLAIN),
    row("five, with different targets", b"".join(get(target=b"/%d" % n) for n in range(5)), *(message(get(target=b"/%d" % n)) for n in range(5))),
    row("bodies of a length between them", BODY + b"abc" + get() + BODY + b"abc", LONG, PLAIN, LONG),
    row("a chunked body between them", CHUNKS + get(), CHOPPED, PLAIN, section="9112 7.1"),
    row("chunked behind chunked", CHUNKS * 3, CHOPPED, CHOPPED, CHOPPED, section="9112 7.1"),
    row("a body that looks like a request", post(b"Content-Length: 35") + get(target=b"/smuggled")[:35] + get(), message(post(b"Content-Length: 35"), content=get(target=b"/smuggled")[:35]), PLAIN, section="9112 6.3"),
    row("an empty line between them", get() + b"\r\n" + get(), PLAIN, PLAIN, section="9112 2.2"),
    row("an empty line behind a body", BODY + b"abc\r\n" + get(), LONG, PLAIN, section="9112 2.2"),
    row("a length of nought, and one behind it", post(b"Content-Length: 0") + get(), message(post(b"Content-Length: 0")), PLAIN, section="9112 6.3"),
    row("GET with a body, and one behind it", get(b"Content-Length: 3") + b"abc" + get(), message(get(b"Content-Length: 3"), content=b"abc"), PLAIN, section="9110 9.3.1"),
    row("DELETE with a body, and one behind it", b"DELETE / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" + get(), message(b"DELETE / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n", content=b"abc"), PLAIN, section="9110 9.3.5"),
    row("nothing behind one that closes", get() + get(b"Connection: close") + get(target=b"/smuggled"), PLAIN, PLAIN, closes=True, section="9112 9.6"),
    row("nothing behind HTTP/1.0", b"GET / HTTP/1.0\r\nHost: h\r\n\r\n" + get(target=b"/smuggled"), PLAIN, closes=True, section="9112 9.3"),
    row("ten", get() * 10, *[PLAIN] * 10),
]  # fmt: skip
