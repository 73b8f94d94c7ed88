"""An access log in LTSV, off unless configured, that `shadow replay` reads back.

Made of what went to legacy, with the labels of ltsv.org and nginx's `\\xHH` escapes, so that a target
comes out of it byte for byte. Cookies and credentials are not in it; paths, queries and the Referer are, with
whatever token stands in them: a masked one could not be replayed.
"""

from __future__ import annotations

import os
import queue
import re
import threading
import time
from typing import Final

from shadow.model import fields

_EVERY: Final = 0.5  # seconds between two writes
_MOST: Final = 50_000  # lines that wait; a disk that stands still costs lines, not requests
FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
"""How its file is opened."""
_ESCAPED: Final = re.compile(rb"[\x00-\x1f\x22\x5c\x7f-\xff]")
_FROM_HEAD: Final = (
    (b"vhost", b"host"),
    (b"referer", b"referer"),
    (b"ua", b"user-agent"),
    (b"reqid", b"x-request-id"),
)


def escaped(value: bytes) -> bytes:
    """As nginx does by default: a byte that could end a field or a line, or is no ASCII, as `\\xHH`."""
    return _ESCAPED.sub(lambda found: b"\\x%02X" % ord(found[0]), value)


def line(head: bytes, started: float, status: int, size: int, seconds: float) -> bytes:
    """One request. `head` is the one that legacy got, `started` in Unix seconds."""
    method, target, protocol = head[: head.index(b"\r\n")].split(b" ")
    known = {name.lower(): value for name, value in fields(head)}
    client = known[b"x-forwarded-for"].rpartition(b",")[2].strip()  # we have appended it ourselves
    moment = time.strftime("%d/%b/%Y:%H:%M:%S", time.gmtime(started))
    values = [
        (b"time", f"[{moment}.{int(started * 1000) % 1000:03} +0000]".encode()),
        (b"host", client),
        (b"method", method),
        (b"uri", escaped(target)),
        (b"protocol", protocol),
        (b"status", b"%d" % status),
        (b"size", b"%d" % size),
        (b"reqtime", b"%.6f" % seconds),
        *((label, escaped(known.get(name, b"-"))) for label, name in _FROM_HEAD),
    ]
    return b"\t".join(b"%b:%b" % value for value in values) + b"\n"


class AccessLog:
    """Appends lines from a thread of its own, to a file that may be rotated by renaming it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()
        self.lost = 0

    def write(self, text: bytes) -> None:
        """Have a line written soon; never waits."""
        if self._lines.qsize() < _MOST:
            self._lines.put(text)
        else:
            self.lost += 1

    def close(self) -> None:
        """Write the rest."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(_EVERY):
            self._drain()
        self._drain()

    def _drain(self) -> None:
        count = self._lines.qsize()
        if not count:
            return
        data = b"".join(self._lines.get() for _ in range(count))
        try:
            # Opened anew each time: whoever rotates the file finds no writer in the old one.
            fd = os.open(self._path, FLAGS, 0o600)
            try:
                written = os.write(fd, data)
            finally:
                os.close(fd)
        except OSError:
            written = 0
        self.lost += data[written:].count(b"\n")
