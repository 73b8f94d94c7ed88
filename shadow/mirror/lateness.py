"""How late this process learns of an answer that has come.

A shadow worker runs at the lowest priority, so that clients come first. On a busy machine it reads an answer
long after that has arrived: by the time of reading, the target would look slow, and be called regressed. But
the kernel knows when the last data came (tcp_info, tcpi_last_data_recv), to a few milliseconds.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

TICK: Final = 0.004  # seconds; the kernel counts in ticks, and may be so much off

_LAST_DATA: Final = struct.Struct("=52xI")  # milliseconds, behind eight bytes and eleven numbers


def lateness(transport: asyncio.BaseTransport) -> float:
    """Seconds since the last data came; 0 where nobody knows."""
    connection = transport.get_extra_info("socket")
    if connection is None:
        return 0.0
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA.size)
    except (OSError, AttributeError):  # it is closed, or another system
        return 0.0
    return float(_LAST_DATA.unpack(told)[0]) / 1000 if len(told) == _LAST_DATA.size else 0.0
