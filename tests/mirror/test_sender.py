"""What the target is asked."""

from __future__ import annotations

from shadow.mirror.sender import shadow_head

HEAD = b"POST /a?b HTTP/1.1\r\nHost: shop.example\r\nX-Host: x\r\nX-Expect: y\r\nContent-Length: 3\r\n\r\n"


def test_only_the_mark_is_added() -> None:
    """Everything else is byte for byte what legacy got, in its order."""
    assert shadow_head(HEAD, None) == HEAD[:-2] + b"X-Shadow: 1\r\n\r\n"


def test_host_is_replaced_in_its_place() -> None:
    """Whatever bytes it has, and no other field whose name ends alike."""
    assert shadow_head(HEAD, rb"new\1.example:80") == (
        HEAD.replace(b"Host: shop.example", rb"Host: new\1.example:80", 1)[:-2] + b"X-Shadow: 1\r\n\r\n"
    )
