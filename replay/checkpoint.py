"""How far a replay has come, kept so that every line is in the report once, whenever the replayer dies.

There is no file of its own for that. What a stretch of the log has brought is written as one sealed
segment, which ends with how far that was: the next run reads the last one. A segment is put whole and only
where none is yet, so it is there with all that belongs together, or not at all; and of two replayers of
the same shard the second finds out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import obstore
import zstandard
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, ObjectStore, from_url

from shadow.record.replayed import LogRecord
from shadow.record.segment import Record, encode

_SUFFIX: Final = ".jsonl.zst"
_LARGEST: Final = 1 << 30  # bytes decompressed, as in every segment


class CheckpointError(Exception):
    """The record cannot be written, or belongs to another run. One line."""


class Checkpoint:
    """The segments of one run, in a folder or a bucket. Blocks."""

    def __init__(self, place: str, run: str) -> None:
        self.run = run
        self._place = place
        self._next = 1
        try:
            self._store, self._prefix = _store(place)
        except Exception as error:
            raise CheckpointError(f"record.to: cannot use {place}: {_line(error)}") from None

    def load(self) -> list[LogRecord]:
        """What earlier runs have recorded, in order. Raises CheckpointError."""
        try:
            names = sorted(self._names())
            self._next = 1 + max(map(_sequence, names), default=0)
            return [self._read(name) for name in names]
        except Exception as error:
            raise CheckpointError(f"record.to: cannot read {self._place}: {_line(error)}") from None

    def _names(self) -> list[str]:
        listed = obstore.list(self._store, self._prefix or None)
        paths = [meta["path"] for page in listed for meta in page]
        names = [path.removeprefix(f"{self._prefix}/") if self._prefix else path for path in paths]
        return [name for name in names if name.startswith(f"{self.run}-") and name.endswith(_SUFFIX)]

    def _read(self, name: str) -> LogRecord:
        data = bytes(obstore.get(self._store, self._path(name)).bytes())
        lines = zstandard.ZstdDecompressor().decompress(data, max_output_size=_LARGEST)
        return msgspec.json.decode(lines.rstrip(b"\n").rpartition(b"\n")[2], type=LogRecord)

    def write(self, records: Sequence[Record], log: LogRecord) -> None:
        """Put a stretch of the replay, as one. Raises CheckpointError."""
        name = f"{self.run}-{self._next:06}{_SUFFIX}"
        data = zstandard.ZstdCompressor(write_checksum=True).compress(encode([*records, log]))
        try:
            obstore.put(self._store, self._path(name), data, mode="create")
        except AlreadyExistsError:
            raise CheckpointError(
                f"{self._place}/{name} is there already: another replayer is at the same logs"
            ) from None
        except Exception as error:
            raise CheckpointError(f"record.to: cannot write to {self._place}: {_line(error)}") from None
        self._next += 1

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name


def _store(place: str) -> tuple[ObjectStore, str]:
    """A store, and the prefix of what is ours in it."""
    scheme, found, rest = place.partition("://")
    if not found:
        os.umask(0o077)  # what clients asked is nobody else's business on this machine
        Path(place).mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(Path(place).resolve()), ""
    bucket, _, prefix = rest.partition("/")
    return from_url(f"{scheme}://{bucket}"), prefix.strip("/")


def _sequence(name: str) -> int:
    return int(name.removesuffix(_SUFFIX).rpartition("-")[2])


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
