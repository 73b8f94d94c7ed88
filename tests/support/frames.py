"""Captured exchanges, for tests of what becomes of them."""

from __future__ import annotations

from shadow.frame import Frame
from shadow.model import Digest


def frame(
    name: str = "/items/1",
    *,
    request_body: bytes = b"",
    response_body: bytes | Digest = b"{}",
    head: bytes = b"GET /items/1?a=b HTTP/1.1\r\nHost: shop.example\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n",
) -> Frame:
    """A GET that legacy has answered with 200."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=1\r\n\r\n"
    return Frame(
        name.encode(),
        f"GET {name}",
        None,
        1e9,
        b"GET",
        head,
        request_body,
        False,
        200,
        answer,
        0.1,
        0.2,
        response_body=response_body,
    )
