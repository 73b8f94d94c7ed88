"""What the kernel holds of what was written to a peer."""

from __future__ import annotations

import asyncio
import fcntl
import sys
import termios


def unacknowledged(transport: asyncio.BaseTransport) -> int:
    """Bytes that the peer has not acknowledged; 0 where nobody knows. While there are any, TLS may hold more,
    in a buffer whose size it does not tell."""
    connection = transport.get_extra_info("socket")
    try:
        told = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)) if connection else bytes(4)
    except OSError:  # it has just been closed
        return 0
    return int.from_bytes(told, sys.byteorder)
