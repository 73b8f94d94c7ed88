"""What a client is told in a backend's place. Pure."""

from __future__ import annotations

import http
from typing import Final

_ALLOW: Final = b"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"


def own_answer(status: int, reason: str, close: bool) -> tuple[bytes, bytes]:
    """Head and body of an error; `close` where it is the last on its connection."""
    phrase = http.HTTPStatus(status).phrase
    text = f"{status} {phrase}: {reason}\n".encode()
    head = b"HTTP/1.1 %d %b\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%b%b\r\n" % (
        status,
        phrase.encode(),
        len(text),
        _ALLOW if status == 405 else b"",
        b"Connection: close\r\n" if close else b"",
    )
    return head, text
