"""RFC 9110 7.8: upgrades. Where legacy answers with HTTP, what follows is HTTP."""

from support.conformance import Case, get, passes, post, refused

ASK = b"Connection: upgrade\r\nUpgrade: websocket\r\n"


def plain(rule: str, lines: tuple[bytes, ...], left: tuple[bytes, ...] = ()) -> Case:
    """No upgrade is asked of legacy: it is a request like any other, and mirrored."""
    return passes("9110 7.8", rule, get(*lines), got=get(*left)[:-2])


def offered(rule: str, lines: tuple[bytes, ...], tail: bytes = ASK, left: tuple[bytes, ...] = ()) -> Case:
    """It is asked of legacy, which answers 200, and the next request on the connection is a request."""
    return passes("9110 7.8", rule, get(*lines), got=get(*left)[:-2], tail=tail, mirrored=False)


CASES = [
    offered("asked of legacy over its own connection", (b"Connection: Upgrade", b"Upgrade: websocket")),
    offered("in any capitals", (b"connection: UPGRADE", b"UPGRADE: websocket")),
    offered("among other options", (b"Connection: keep-alive, Upgrade", b"Upgrade: websocket")),
    offered("the protocol as it stands", (b"Connection: Upgrade", b"Upgrade: WebSocket/13 , x"), b"Connection: upgrade\r\nUpgrade: WebSocket/13 , x\r\n"),
    offered("offers on two lines", (b"Connection: Upgrade", b"Upgrade: a", b"Upgrade: b"), b"Connection: upgrade\r\nUpgrade: a, b\r\n"),
    offered("the handshake's own fields pass", (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: k"), left=(b"Sec-WebSocket-Key: k",)),
    plain("Upgrade without Connection", (b"Upgrade: websocket",)),
    plain("Connection without Upgrade", (b"Connection: Upgrade",)),
    plain("Connection says another word", (b"Connection: upgraded", b"Upgrade: websocket")),
    plain("HTTP/2 is not offered", (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: x")),
    plain("nor under another name of it", (b"Connection: Upgrade", b"Upgrade: H2C")),
    plain("nor h2", (b"Connection: Upgrade", b"Upgrade: h2")),
    plain("nor beside another", (b"Connection: Upgrade", b"Upgrade: websocket, h2c")),
    plain("nor on a second line", (b"Connection: Upgrade", b"Upgrade: websocket", b"Upgrade: h2c")),
    passes("9110 7.8", "not from HTTP/1.0", b"GET / HTTP/1.0\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", got=get()[:-2], closes=True),
    passes("9110 7.8", "with a body, which is the request's", post(b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 3") + b"abc", got=post(b"Content-Length: 3")[:-2], tail=ASK, mirrored=False),
    passes("9110 7.8", "a body for h2c is a body", post(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 3") + b"abc", got=post(b"Content-Length: 3")[:-2]),
    refused("9112 6.3", "its framing is judged like any other's", post(b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 3", b"Transfer-Encoding: chunked") + b"0\r\n\r\n"),
    refused("9112 3.2", "and its Host", b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
]  # fmt: skip
