"""What an object store holds, and how it fails.

What segments are called there:

    dt=2026-11-22/hh=05/NAME-000001-0123456789abcdef.jsonl.zst    sealed, behind its digest
    open/NAME-000001.jsonl.zst                                    what a window held a minute ago
    NAME-000001.jsonl.zst                                         put by a replay, or copied from a folder
"""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple

from shadow.record.segment import SEALED

OPEN: Final = "open/"


class StoreError(OSError):
    """A store cannot be used. `filename` is its URL, `strerror` the reason, in one line."""

    def __init__(self, url: str, why: str, number: int = errno.EIO) -> None:
        super().__init__(number, why, url)


class Refused(StoreError):
    """The store has answered, and does not want us: it will not tomorrow either."""


class Gone(StoreError):
    """There is no such object."""


class Stored(NamedTuple):
    """A segment in a store. `hour` is that in which it was sealed, None where its name does not tell. Times
    are Unix seconds; `modified` is by the store's clock."""

    name: str
    stem: str
    size: int
    modified: float
    hour: float | None


def sealed_name(stem: str, data: bytes, sealed_at: float) -> str:
    """Where a sealed segment belongs. By its digest nobody else's has the same name, and it is the same
    however often it is put; `sealed_at` is in Unix seconds."""
    hour = datetime.fromtimestamp(sealed_at, UTC)
    return f"dt={hour:%Y-%m-%d}/hh={hour:%H}/{stem}-{sha256(data).hexdigest()[:16]}{SEALED}"


def open_name(stem: str) -> str:
    """Where the snapshot of an open segment belongs."""
    return f"{OPEN}{stem}{SEALED}"
