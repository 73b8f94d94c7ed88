"""Where logs are: files, standard input, objects in a bucket; plain or compressed. Blocks, so it runs in a
thread of its own.

A log is read in chunks, so memory is bounded whatever it holds.
"""

from __future__ import annotations

import bz2
import glob
import gzip
import io
import lzma
import os
import re
import zlib
from collections.abc import Iterable
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import IO, Final, cast

import obstore
import zstandard
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

CHUNK: Final = 32 * 1024
"""Bytes of a log that are read at once. The thread holds the interpreter for less than a millisecond with
their records, so that no request leaves late."""

STDIN: Final = "-"
_WEB: Final = ("http://", "https://")
_BUCKETS: Final = ("s3://", "gs://", "az://", "abfs://", *_WEB)
_WILD: Final = re.compile(r"[*?[]")
_TRIAL: Final = "AccessLogTestFile"  # AWS puts one below where a load balancer will log
_MAGIC: Final = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"\xfd7zX", "xz"))
_CANNOT_OPEN: Final = (BaseError, OSError, NotImplementedError, ValueError)  # as obstore raises them
_DAMAGE: Final = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


class SourceError(Exception):
    """A log cannot be read, or not any further. One line."""


class UnopenedError(SourceError):
    """Nothing of a log can be read."""


def expand(names: Iterable[str], follow: bool = False) -> list[str]:
    """The logs that are meant: globs and prefixes in buckets become what is there now. Raises SourceError."""
    found: list[str] = []
    for name in names:
        _check(name, follow)
        if name.startswith(_BUCKETS):
            found += _objects(name)
        elif glob.has_magic(name) and not os.path.exists(name):
            matches = [match for match in glob.glob(name, recursive=True) if not os.path.isdir(match)]
            matches = sorted(match for match in matches if not match.endswith(_TRIAL))
            if not matches:
                raise SourceError(f"{name}: no file has such a name")
            found += matches
        else:
            found.append(name)
    return list(dict.fromkeys(found))


def _check(name: str, follow: bool) -> None:
    """Refuse what no log can be read from. Raises SourceError."""
    if follow and (name == STDIN or "://" in name):
        raise SourceError(f"{name}: only files can be followed; leave --follow out")
    if "://" in name and not name.startswith(_BUCKETS):
        raise SourceError(f"{name}: a log is a file, or begins with {', '.join(_BUCKETS)}")
    if os.path.isdir(name):
        raise SourceError(f"{name}: a folder; name what is in it, such as '{_inside(name)}'")


def _inside(folder: str) -> str:
    """A glob of what lies there or, where nothing does, below; by its ending, if all have the same."""
    below = "*.log"
    for place, _, names in os.walk(folder):
        logs = [name for name in names if not name.startswith(".") and not name.endswith(_TRIAL)]
        if logs:
            endings = {os.path.splitext(name)[1] for name in logs}
            below = ("" if place == folder else "**/") + "*" + (endings.pop() if len(endings) == 1 else "")
            break
    return os.path.join(folder, below)


def _objects(url: str) -> list[str]:
    """The object of this name, all objects below it, or those whose names begin so. A plain web server lists
    nothing."""
    if url.startswith(_WEB):
        return [url]
    root, prefix = _bucket(url)
    try:
        listed = _listed(_store(root), prefix)
    except _CANNOT_OPEN as error:
        raise SourceError(f"{url}: {_first_line(error)}") from None
    logs = [path for path in sorted(listed) if not path.endswith(_TRIAL)]
    if not logs:
        raise SourceError(f"{url}: no log has such a name, or one that begins so")
    return [f"{root}/{path}" for path in logs]


def _listed(store: ObjectStore, prefix: str) -> list[str]:
    if below := _below(store, prefix):
        return below
    with suppress(FileNotFoundError):
        obstore.head(store, prefix)
        return [prefix]
    # CloudFront has no folders: a day is what begins with its date.
    folder = _WILD.split(prefix)[0].rpartition("/")[0]
    return [path for path in _below(store, folder) if fnmatchcase(path, f"{prefix}*")]


def _below(store: ObjectStore, folder: str) -> list[str]:
    return [meta["path"] for page in obstore.list(store, folder) for meta in page]


def _bucket(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    bucket, _, path = rest.partition("/")
    return f"{scheme}://{bucket}", path


def _store(root: str) -> ObjectStore:
    return from_url(root, client_options={"allow_http": True})  # spoken only where something is named so


class Source:
    """An open log, uncompressed by what its first bytes say."""

    def __init__(self, name: str) -> None:
        """Raises SourceError."""
        self._name = name
        try:
            self._raw = _raw(name)
            peeked = self._raw.peek(4)[:4]
        except _CANNOT_OPEN as error:
            raise UnopenedError(f"{name}: {_first_line(error)}") from None
        self._unpacked = _unpacked(self._raw, peeked)

    def read(self) -> bytes:
        """The next chunk; nothing at the end. Raises SourceError where the log is damaged from here on."""
        try:
            if self._unpacked is None:
                return self._raw.read1(CHUNK)  # what a pipe has now, without waiting for more
            return self._unpacked.read(CHUNK)
        except _DAMAGE as error:
            raise SourceError(f"{self._name}: cannot be read from here on: {_first_line(error)}") from None

    def skip(self, size: int) -> None:
        """Go so many bytes on. Raises SourceError."""
        if self._unpacked is None and self._raw.seekable():
            self._raw.seek(size, os.SEEK_CUR)
            return
        stream = self._unpacked or self._raw
        try:
            while size > 0 and (data := stream.read(min(size, CHUNK))):
                size -= len(data)
        except _DAMAGE as error:
            raise SourceError(f"{self._name}: cannot be read: {_first_line(error)}") from None

    def tell(self) -> int:
        """How much of it was read, as it lies there; nothing where that is not known."""
        return self._raw.tell() if self._raw.seekable() else 0

    def close(self) -> None:
        if self._unpacked is not None:
            self._unpacked.close()
        self._raw.close()


def _unpacked(raw: io.BufferedReader, peeked: bytes) -> IO[bytes] | None:
    """What a packed log unpacks to; None for one that is plain."""
    kind = next((kind for magic, kind in _MAGIC if peeked.startswith(magic)), None)
    match kind:
        case "gzip":
            return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
        case "bzip2":
            return bz2.BZ2File(raw)
        case "xz":
            return lzma.LZMAFile(cast(IO[bytes], raw))
        case "zstd":
            packed = cast(IO[bytes], raw)
            return cast(
                IO[bytes], zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
            )
        case _:
            return None


def _raw(name: str) -> io.BufferedReader:
    if name == STDIN:
        file: io.RawIOBase = io.FileIO(0, closefd=False)
    elif name.startswith(_BUCKETS):
        root, path = _bucket(name)
        file = _Object(obstore.open_reader(_store(root), path))
    else:
        file = io.FileIO(name)
    return io.BufferedReader(file, CHUNK)  # what is peeked at is the first chunk


class _Object(io.RawIOBase):
    """An object of a bucket, as Python reads files."""

    def __init__(self, reader: obstore.ReadableFile) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base says more than is used
        data = memoryview(self._reader.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)


def _first_line(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.strip().partition("\n")[0] or type(error).__name__
