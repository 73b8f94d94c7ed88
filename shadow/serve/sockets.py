"""Unix sockets, and the folder of those by which the processes of one proxy or replay find each other.

The folder goes with them. Where they were killed it stays, so whoever makes the next one takes it away: a
folder is locked as long as any of its processes lives.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from shadow.address import LONGEST_PATH

_PREFIX: Final = "shadow-sockets-"
_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_LONGEST: Final = LONGEST_PATH - len(f"/{_PREFIX}12345678/shadow-99.9999")
"""Bytes of the temporary folder's path."""


def folder() -> Path:
    """A new one, of this process and of those that it forks. Raises OSError, with `filename`."""
    try:
        place = tempfile.gettempdir()
    except FileNotFoundError as error:
        raise OSError(errno.ENOENT, error.strerror, "TMPDIR") from None
    if len(os.fsencode(place)) > _LONGEST:
        raise OSError(errno.ENAMETOOLONG, "the path is too long for sockets; name another folder", "TMPDIR")
    for left in Path(place).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else's, or in use
            _take_away(left)
    made = tempfile.mkdtemp(prefix=_PREFIX)
    with suppress(OSError):  # where folders cannot be locked, as on NFS, nobody takes one away either
        fcntl.flock(os.open(made, _OPEN), fcntl.LOCK_EX)  # never closed: the lock ends with the last process
    return Path(made)


def listen(path: Path, backlog: int = 128, mode: int | None = None) -> socket.socket:
    """A listener. `mode` says who may connect; None leaves it to the umask. Raises OSError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(path))
    if mode is not None:
        path.chmod(mode)  # before it listens
    made.listen(backlog)
    made.setblocking(False)
    return made


def _take_away(left: Path) -> None:
    """Remove the folder of a proxy that is no more. An empty one may be just being made."""
    fd = os.open(left, _OPEN)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        names = os.listdir(fd)
        modes = [os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode for name in names]
        if names and all(map(stat.S_ISSOCK, modes)) and os.fstat(fd).st_uid == os.geteuid():
            for name in names:
                os.unlink(name, dir_fd=fd)
            left.rmdir()
    finally:
        os.close(fd)
