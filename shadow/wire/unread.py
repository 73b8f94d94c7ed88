"""What a peer had said when its connection ended, and what the loop has not read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator

_PIECE = 256 * 1024  # bytes


def unread(transport: asyncio.BaseTransport) -> bytes:
    """All of it, for a protocol whose connection has just been lost. Only what is in memory already can be
    there: the kernel's buffer where writing has failed before reading, and below TLS what the end has
    overtaken while reading was paused."""
    tls = transport.get_extra_info("ssl_object")
    if tls is not None:
        return b"".join(_pieces(tls.read))
    fd = transport.get_extra_info("socket").fileno()
    return b"".join(_pieces(lambda size: os.read(fd, size)))


def _pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    try:
        while piece := read(_PIECE):
            yield piece
    except OSError:
        return  # that was all
