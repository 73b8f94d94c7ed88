"""Segments: files of JSON lines in a folder, each written by one process.

    NAME-000001.open.jsonl    being appended; its writer holds a lock on it
    NAME-000001.jsonl.zst     sealed: compressed, complete, never changed again

What a judge writes is evidence, and its NAME begins with `judge`: that is how it is told from tallies.

A file system fails at any moment, and the traffic goes on: writing reports failure as a value and counts
what was lost. Reading trusts nothing that it finds.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import IO, NamedTuple, TypeAlias

import msgspec
import zstandard

from shadow.record.configured import ConfigRecord
from shadow.record.evidence import Evidence
from shadow.record.recheck import Recheck
from shadow.record.replayed import LogRecord
from shadow.record.tally import TallyRecord

Record: TypeAlias = TallyRecord | Evidence | Recheck | LogRecord | ConfigRecord

_MOST_UNREADABLE = 1000  # lines: no crash tears more than one, and a gigabyte of them is written in no time
LONGEST_LINE = 16 * 1024 * 1024  # bytes; a tally of an hour with all its sets full has half of it
LARGEST_SEGMENT = 1024 * 1024 * 1024  # bytes decompressed; a bomb ends here
EVIDENCE = "judge"
"""How the names of those begin who write evidence."""
_WINDOW = 8 * 1024 * 1024  # bytes a frame may make us allocate; ours need 2 MiB
_LEVEL = 3  # 30 times smaller at 300 MB/s; higher levels gain little on JSON

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""What a writer's name may be."""
_FILE = re.compile(
    rf"(?P<stem>(?P<name>{NAME.pattern})-(?P<seq>\d{{6,12}}))(?P<ending>\.open\.jsonl|\.jsonl\.zst)"
)
OPEN, SEALED = ".open.jsonl", ".jsonl.zst"
"""How the names of segments end."""

# No link is followed, and no pipe or device that lies there can make us wait.
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


def encode(records: Iterable[Record]) -> bytes:
    """The lines of some records, ready to be appended."""
    return _encoder.encode_lines(records)


class SegmentWriter:
    """Appends to one segment after another.

    `name` must be this process's own: a letter or digit, then letters, digits, `_`, `.` and `-`. Segments of
    an earlier process of that name are left as they are. Sealing compresses, so it blocks for some ten
    milliseconds: not for a loop that carries traffic.
    """

    def __init__(self, folder: Path, name: str, limit: int) -> None:
        if not NAME.fullmatch(name):
            raise ValueError(f"not a name for segments: {name!r}")
        self.lost = 0
        """Lines that could not be written."""
        self.why = ""
        """Why the last that were not written were not."""
        self.begun = 0
        """Segments begun."""
        self._folder = folder
        self._name = name
        self._limit = limit
        self._size = 0
        self._seq = 0  # of the last segment; it may be gone from the folder by the time of the next
        self._open: tuple[int, Path] | None = None

    def append(self, lines: bytes) -> bool:
        """Write whole lines; False if they were lost. Seals the segment once it has reached its limit."""
        try:
            self._open = self._still_open() or self._next()
            if os.write(self._open[0], lines) != len(lines):
                raise OSError("the disk is full")
        except OSError as error:
            self.why = error.strerror or str(error)
            self._cut()
            self.lost += lines.count(b"\n")
            return False
        self._size += len(lines)
        if self._size >= self._limit:
            self.seal()
        return True

    def replace(self, lines: bytes) -> bool:
        """Let the open segment hold these lines and no others, all at once; False if it is as it was."""
        part: Path | None = None
        try:
            fd, path = self._open = self._still_open() or self._next()
            part = path.with_name(f".{path.name.removesuffix(OPEN)}.part")
            part.unlink(missing_ok=True)
            new = os.open(part, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | _SAFE, 0o600)
            try:
                # Locked before it has the name that `recover` looks for.
                if not _lock(new) or os.write(new, lines) != len(lines):
                    raise OSError("the disk is full")
                part.rename(path)
            except OSError:
                os.close(new)
                raise
        except OSError as error:
            self.why = error.strerror or str(error)
            with suppress(OSError):
                if part is not None:
                    part.unlink(missing_ok=True)
            return False
        os.close(fd)
        self._open = new, path
        self._size = len(lines)
        return True

    def seal(self) -> bool:
        """Compress what was appended; False if that failed: then it stays open, readable, for `recover`."""
        if self._open is None:
            return True
        fd, path = self._open
        self._open = None
        try:
            return _seal(fd, path)
        finally:
            os.close(fd)

    def _still_open(self) -> tuple[int, Path] | None:
        """The open segment, unless somebody has deleted it: whatever is written to it then, nobody reads."""
        if self._open is not None and not os.fstat(self._open[0]).st_nlink:
            os.close(self._open[0])
            self._open = None
        return self._open

    def _next(self) -> tuple[int, Path]:
        """Open a segment that no process has used."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = [int(file["seq"]) for file in files(self._folder) if file["name"] == self._name]
        seq = 1 + max([self._seq, *there])
        while True:
            path = self._folder / f"{self._name}-{seq:06}{OPEN}"
            with suppress(FileExistsError):
                fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | _SAFE, 0o600)
                if _lock(fd):
                    self._size = 0
                    self._seq = seq
                    self.begun += 1
                    return fd, path
                os.close(fd)  # a `recover` came between opening and locking
            seq += 1

    def _cut(self) -> None:
        """Take back a line half written; where that fails too, leave it as the file's torn end."""
        if self._open is None:
            return
        fd, _ = self._open
        try:
            os.ftruncate(fd, self._size)
        except OSError:
            os.close(fd)
            self._open = None


class Recovered(NamedTuple):
    """What `recover` found: segments sealed, those with a torn end, and those that could not be sealed."""

    sealed: int
    torn: int
    failed: int


def recover(folder: Path) -> Recovered:
    """Seal what killed processes left open. What a living one holds is left alone."""
    sealed = torn = failed = 0
    for file in files(folder) if folder.is_dir() else []:
        if file["ending"] != OPEN:
            continue
        path = folder / file.string
        try:
            fd = os.open(path, os.O_RDWR | os.O_APPEND | _SAFE)
        except FileNotFoundError:
            continue
        except OSError:
            failed += 1
            continue
        try:
            if _lock(fd):
                torn += _drop_torn_end(fd)
                done = _seal(fd, path)
                sealed += done
                failed += not done
        except OSError:
            failed += 1
        finally:
            os.close(fd)
    return Recovered(sealed, torn, failed)


class Unreadable(msgspec.Struct):
    """What could not be read: single lines, and segments from some point on or altogether."""

    lines: int = 0
    segments: int = 0
    first: str = ""
    """The first such segment by name, and why."""

    def segment(self, name: str, why: Exception) -> None:
        """Count a segment."""
        self.segments += 1
        told = (
            (why.strerror or why) if isinstance(why, OSError) else f"not compressed by us, or broken ({why})"
        )
        self.first = self.first or f"{name}: {told}"


def read_segments(folder: Path, unreadable: Unreadable) -> Iterator[Record]:
    """Every record in the folder's segments, sealed and open; counts what it has to leave out.

    Raises OSError if the folder itself cannot be listed.
    """
    for stem in sorted({file["stem"] for file in files(folder)}):
        try:
            with _open_to_read(folder, stem) as stream:
                yield from _records(stream, unreadable)
        except (OSError, zstandard.ZstdError) as error:
            unreadable.segment(stem, error)


def read_sealed(file: IO[bytes], name: str, unreadable: Unreadable) -> Iterator[Record]:
    """Every record of one sealed segment, wherever it lies; counts what it has to leave out."""
    try:
        yield from _records(_decompressed(file), unreadable)
    except (OSError, zstandard.ZstdError) as error:
        unreadable.segment(name, error)


def compressed(data: bytes) -> bytes:
    """Lines as a sealed segment holds them."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(data)


def files(folder: Path) -> list[re.Match[str]]:
    """The segments in a folder, by name; nothing else that lies there is ours."""
    return [found for name in os.listdir(folder) if (found := _FILE.fullmatch(name))]


def _lock(fd: int) -> bool:
    """Make an open segment ours; False if a living process has it, or another has just removed it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(fd).st_nlink > 0


def _drop_torn_end(fd: int) -> bool:
    """Cut off what follows the last whole line; whether there was any."""
    size = keep = os.fstat(fd).st_size
    while keep:
        start = max(0, keep - 65536)
        found = os.pread(fd, keep - start, start).rfind(b"\n")
        if found >= 0:
            keep = start + found + 1
            break
        keep = start
    os.ftruncate(fd, keep)
    return keep < size


def _seal(fd: int, path: Path) -> bool:
    """Replace a locked open segment by a sealed one; False if that failed and it is left as it was."""
    stem = path.name.removesuffix(OPEN)
    part, sealed = path.with_name(f".{stem}.part"), path.with_name(stem + SEALED)
    try:
        # A sealed one is complete: the process that made it died before it removed the open one.
        if os.fstat(fd).st_size and not sealed.exists():
            part.unlink(missing_ok=True)
            _compress(fd, part)
            os.link(part, sealed)  # unlike a rename, never over another
            part.unlink()
            _sync_folder(path.parent)
        path.unlink()
    except (OSError, zstandard.ZstdError):
        with suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True


def _compress(fd: int, to: Path) -> None:
    """Write the file of `fd` compressed, with its length and a checksum, down to the disk."""
    size = os.fstat(fd).st_size
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    out = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o600)
    with os.fdopen(os.dup(fd), "rb") as source, os.fdopen(out, "wb") as sink:
        source.seek(0)
        compressor.copy_stream(source, sink, size=size)
        sink.flush()
        os.fsync(sink.fileno())


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class _Stream(NamedTuple):
    """Lines to read, and how many bytes they must be; None while a segment still grows."""

    lines: IO[bytes]
    size: int | None


@contextmanager
def _open_to_read(folder: Path, stem: str) -> Iterator[_Stream]:
    """A segment's lines: the sealed one's if there is one, for the open one may be a leftover."""
    for ending in (SEALED, OPEN, SEALED):  # it may be sealed while we look
        try:
            fd = os.open(folder / (stem + ending), os.O_RDONLY | _SAFE)
        except FileNotFoundError:
            continue
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError("not a regular file")
            yield _decompressed(file) if ending == SEALED else _Stream(file, None)
        return
    raise FileNotFoundError(stem)


def _decompressed(file: IO[bytes]) -> _Stream:
    size = zstandard.frame_content_size(file.read(18))  # the longest frame header
    if not 0 <= size <= LARGEST_SEGMENT:
        raise OSError("not a segment of ours: of unknown size, or too large")
    file.seek(0)
    reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(file)
    return _Stream(BufferedReader(reader), size)


def _records(stream: _Stream, unreadable: Unreadable) -> Iterator[Record]:
    """The records of one segment. A line that is torn, too long or not a record of ours is counted."""
    read = bad = 0
    begun = False  # within a line longer than one piece
    while piece := stream.lines.readline(LONGEST_LINE):
        read += len(piece)
        ended = piece.endswith(b"\n")
        record = _decode(piece) if ended and not begun else None
        if record is not None:
            yield record
        elif ended:
            unreadable.lines += 1
            bad += 1
            if bad == _MOST_UNREADABLE:
                raise OSError("not a segment of ours")
        begun = not ended
    unreadable.lines += begun
    if stream.size is not None and read != stream.size:
        raise OSError("cut short")


def _decode(line: bytes) -> Record | None:
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
