"""What a trusted proxy before us says of the client is believed and appended to."""

from support.conformance import get, ours, passes

SETTINGS = {"forwarding": {"trust": ["127.0.0.0/8"]}}
FOR, PROTO, HOST = ours().splitlines(True)[:3]


def told(rule: str, lines: tuple[bytes, ...], got: bytes):  # type: ignore[no-untyped-def]
    """What legacy gets behind Host."""
    return passes("7239 7.4", rule, get(*lines), got=get()[:-2] + got + b"\r\n")


REST = b"".join(ours().splitlines(True)[3:])

CASES = [
    told("nothing said: all ours", (), ours()),
    told("the address is appended", (b"X-Forwarded-For: 1.2.3.4",), b"X-Forwarded-For: 1.2.3.4, 127.0.0.1\r\n" + PROTO + HOST + REST),
    told("to the last line", (b"X-Forwarded-For: 1", b"X-Forwarded-For: 2"), b"X-Forwarded-For: 1\r\nX-Forwarded-For: 2, 127.0.0.1\r\n" + PROTO + HOST + REST),
    told("scheme and host stay", (b"X-Forwarded-Proto: https", b"X-Forwarded-Host: www"), b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: www\r\n" + FOR + REST),
    told("in any capitals", (b"x-forwarded-proto: https",), b"x-forwarded-proto: https\r\n" + FOR + HOST + REST),
    told("not named away", (b"Connection: X-Forwarded-For", b"X-Forwarded-For: 1"), b"X-Forwarded-For: 1, 127.0.0.1\r\n" + PROTO + HOST + REST),
    told("look-alikes are nobody's", (b"X_Forwarded_For: 1",), ours()),
    told("our own fields are not theirs to say", (b"X-Shadow: 1",), ours()),
]  # fmt: skip
