"""How much memory this container has, by its cgroup of version 2 or 1."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

_CGROUP: Final = Path("/sys/fs/cgroup")
_MEMORY: Final = (
    ("memory.max", "memory.stat", ("anon", "shmem")),
    ("memory/memory.limit_in_bytes", "memory/memory.stat", ("total_rss", "total_shmem")),
)
"""The limit, the statistics, and what they call that which processes hold, or volumes in memory."""

_MOST: Final = 1 << 40
"""What a container of no limit is taken to have."""


def memory(cgroup: Path = _CGROUP) -> int:
    """Bytes that all its processes may take."""
    for limit, _, _ in _MEMORY:
        with suppress(OSError, ValueError):  # not there, or `max`
            return min(_MOST, int((cgroup / limit).read_text("ascii")))
    return _MOST


def free_memory(cgroup: Path = _CGROUP) -> int:
    """Bytes that nobody has taken yet. What the kernel keeps of files gives way, so it is free, unless the
    memory is their only place: that of a tmpfs, such as an emptyDir of the medium Memory."""
    for _, statistics, held in _MEMORY:
        with suppress(OSError, ValueError):
            lines = (cgroup / statistics).read_text("ascii").splitlines()
            used = sum(int(count) for name, count in map(str.split, lines) if name in held)
            return max(0, memory(cgroup) - used)
    return memory(cgroup)
