"""What the kernel holds of what was written to a peer."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from contextlib import suppress
from typing import Final

_AT_ONCE: Final = struct.pack("ii", 1, 0)  # struct linger: on, for no second


def unacknowledged(transport: asyncio.BaseTransport) -> int:
    """Bytes that the peer has not acknowledged; 0 where nobody knows. While there are any, TLS may hold more,
    in a buffer whose size it does not tell."""
    connection = transport.get_extra_info("socket")
    try:
        told = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)) if connection else bytes(4)
    except OSError:  # it has just been closed
        return 0
    return int.from_bytes(told, sys.byteorder)


def give_up(transport: asyncio.BaseTransport) -> None:
    """Have the connection reset when it is closed: the peer shall not take it for an end in peace."""
    connection = transport.get_extra_info("socket")
    if connection is None:  # below TLS it has gone already
        return
    with suppress(OSError):  # it has just been closed
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
