"""How far a replay has come, kept so that every line is in the report once, whenever the replayer dies.

There is no file of its own for that. What a stretch of the log has brought is written as one sealed
segment, which ends with how far that was: the next run reads the last one. A segment is put whole and only
where none is yet, so it is there with all that belongs together, or not at all; and of two replayers of
the same shard the second finds out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import zstandard

from shadow.record.folder import unusable
from shadow.record.replayed import LogRecord
from shadow.record.segment import LARGEST_SEGMENT, SEALED, Record, compressed, encode
from shadow.record.store import Store
from shadow.record.stored import Refused, StoreError

_PATIENCE: Final = 600.0  # seconds that a store may be out of reach
_AGAIN: Final = 1.0


class CheckpointError(Exception):
    """The record cannot be written, or belongs to another run. One line."""


class Checkpoint:
    """The segments of one run, in a folder or a bucket. Blocks."""

    def __init__(self, place: str, run: str) -> None:
        self.run = run
        self._place = place
        self._next = 1
        try:
            self._store = Store(place if "://" in place else _as_store(place), make=True)
        except OSError as error:
            raise CheckpointError(f"record.to: cannot use {unusable(place, error)}") from None

    def load(self) -> list[LogRecord]:
        """What earlier runs have recorded, in order. Raises CheckpointError."""
        try:
            names = sorted(self._names())
            self._next = 1 + max(map(_sequence, names), default=0)
            return [self._read(name) for name in names]
        except OSError as error:
            raise CheckpointError(f"record.to: cannot read {self._place}: {error.strerror}") from None
        except (zstandard.ZstdError, msgspec.MsgspecError) as error:
            raise CheckpointError(f"record.to: cannot read {self._place}: {error}") from None

    def _names(self) -> list[str]:
        return [each.name for each in self._store.at_root() if each.name.startswith(f"{self.run}-")]

    def _read(self, name: str) -> LogRecord:
        data = self._store.get(name)
        lines = zstandard.ZstdDecompressor().decompress(data, max_output_size=LARGEST_SEGMENT)
        return msgspec.json.decode(lines.rstrip(b"\n").rpartition(b"\n")[2], type=LogRecord)

    def write(self, records: Sequence[Record], log: LogRecord) -> None:
        """Put a stretch of the replay, as one. Raises CheckpointError."""
        name = f"{self.run}-{self._next:06}{SEALED}"
        data = compressed(encode([*records, log]))
        try:
            ours = self._put(name, data)
        except OSError as error:
            raise CheckpointError(f"record.to: cannot write to {self._place}: {error.strerror}") from None
        if not ours:
            raise CheckpointError(
                f"{self._place}/{name} is there already: another replayer is at the same logs"
            )
        self._next += 1

    def _put(self, name: str, data: bytes) -> bool:
        """Whether it is there now. A store that is out of reach is waited for: the replay would be over."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                # One that is there and is the same is ours: the answer was lost, and it was put again.
                return self._store.create(name, data) or self._store.get(name) == data
            except Refused:
                raise
            except StoreError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_AGAIN)


def _as_store(folder: str) -> str:
    """A folder as the URL of a store."""
    return Path(folder).resolve().as_uri()


def _sequence(name: str) -> int:
    return int(name.removesuffix(SEALED).rpartition("-")[2])
