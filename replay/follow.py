"""A growing log, across its rotation by renaming or truncating: nothing is read twice, and nothing lost but
what nobody could see: a file that had the name and lost it again between two looks, or one that was truncated
and has grown past what was read of it before the next look.

A file is known by device and inode, not by its name. When another one has taken its name, the old one is
read on until the next rotation, for its writer lets go of it only when told to.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple

import structlog

from replay.reading import Entry, Formats, Reading
from replay.source import CHUNK
from shadow.record.replayed import Mark

_GONE: Final = "an earlier run was reading it, and what was left is missing: replay it by its name now"
_MISSED: Final = "they came and went while nobody looked: replay them by their names, if they are of this log"
_ANEW: Final = (
    "it was truncated while no replay looked: what was left may be in a copy, to be replayed by its name"
)

log = structlog.get_logger()


class _Identity(NamedTuple):
    """A file, whatever its name is now. `round` counts how often it was truncated."""

    device: int
    inode: int
    round: int = 0

    def of(self, path: str) -> str:
        """What its entries are said to be of."""
        return f"{self.file(path)}:{self.round}"

    def file(self, path: str) -> str:
        """The same, whichever round it is."""
        return f"{path}#{self.device:x}:{self.inode:x}"


class _Open:
    """One file being followed."""

    def __init__(self, path: str, fd: int, formats: Formats, marks: Mapping[str, Mark]) -> None:
        found = os.fstat(fd)
        self._path = path
        self._formats = formats
        self.fd = fd
        self.identity = _Identity(found.st_dev, found.st_ino)
        known = f"{self.identity.file(path)}:"
        rounds = [int(key.removeprefix(known)) for key in marks if key.startswith(known)]
        self.identity = self.identity._replace(round=max(rounds, default=0))
        mark = marks.get(self.key)
        self.reading = Reading(self.key, formats, mark, path)
        self._at = self.reading.start
        if mark is not None and not self._goes_on(mark, found.st_size):
            log.warning("log_began_anew", log=path, reason=_ANEW)
            self._begin_anew()

    @property
    def key(self) -> str:
        return self.identity.of(self._path)

    def _goes_on(self, mark: Mark, size: int) -> bool:
        """Whether it is what an earlier run has read, as far as one can see: not truncated since, and not
        another one that has its inode now. Where the reading begins, a line has ended."""
        start = self.reading.start
        return mark.at <= size and (start in (0, size) or os.pread(self.fd, 1, start - 1) == b"\n")

    def _begin_anew(self) -> None:
        self.identity = self.identity._replace(round=self.identity.round + 1)
        self.reading = Reading(self.key, self._formats, shown=self._path)
        self._at = 0

    def read(self) -> list[Entry]:
        """What has been appended."""
        if data := self._chunk():
            return self.reading.feed(data, short=len(data) < CHUNK)
        if os.fstat(self.fd).st_size < self._at:
            return self._truncated()
        return []

    def _chunk(self) -> bytes:
        data = os.pread(self.fd, CHUNK, self._at)
        self._at += len(data)
        return data

    def _truncated(self) -> list[Entry]:
        entries = self.reading.finish()
        self._begin_anew()
        return entries

    def close(self) -> list[Entry]:
        """The rest, when nothing can come any more."""
        entries: list[Entry] = []
        while data := self._chunk():
            entries += self.reading.feed(data)
        os.close(self.fd)
        return entries + self.reading.finish()


class Followed:
    """One growing log. It may not be there yet."""

    def __init__(self, path: str, formats: Formats, marks: Mapping[str, Mark]) -> None:
        self._path = path
        self._formats = formats
        self._marks = {key: mark for key, mark in marks.items() if key.startswith(f"{path}#")}
        self._elders: list[_Open] = []  # one, or those of which an earlier run has left lines
        self._current: _Open | None = None
        if self._marks:
            self._find_again()
        if self._current is None and not os.path.exists(path):
            log.warning("log_not_there_yet", log=path)

    def live(self) -> set[str]:
        """Which files of it are still read."""
        return {each.key for each in self._open()}

    def _open(self) -> list[_Open]:
        return self._elders if self._current is None else [*self._elders, self._current]

    def read(self) -> list[Entry]:
        """What is new; nothing if nothing is."""
        return [entry for each in self._open() for entry in each.read()] or self._look_for_another()

    def _look_for_another(self) -> list[Entry]:
        """Change over to the file that has the name now, if it is another one."""
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return []
        if self._current is not None and _is(self._current.identity, found):
            return []
        with suppress(FileNotFoundError):  # renamed in this moment
            fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            known = self._open()
            entries = [entry for elder in known[:-1] for entry in elder.close()]
            self._elders = known[-1:]
            self._current = _Open(self._path, fd, self._formats, self._marks)
            return entries
        return []

    def _find_again(self) -> None:
        """Open what an earlier run was reading, under whatever name it lies beside the log now."""
        wanted = {key.rpartition(":")[0] for key in self._marks}
        missed: list[str] = []
        for identity, name in _beside(self._path).items():
            if identity.file(self._path) in wanted:
                self._open_again(name)
                missed.clear()
            elif name != self._path and name.startswith(os.path.realpath(self._path)):
                missed.append(name)
        found_again = self.live()
        left = sum(len(mark.todo) for key, mark in self._marks.items() if key not in found_again)
        if left or not found_again:
            log.warning("rotated_log_not_found", log=self._path, left=left, reason=_GONE)
        if found_again and missed:
            log.warning("rotated_logs_missed", log=self._path, files=missed, reason=_MISSED)

    def _open_again(self, name: str) -> None:
        with suppress(OSError):  # renamed in this moment, or not ours to read
            fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
            opened = _Open(self._path, fd, self._formats, self._marks)
            if name == self._path:
                self._current = opened
            else:
                self._elders.append(opened)


def _beside(path: str) -> dict[_Identity, str]:
    """The files that lie where a log does, in the order in which they were written to last, and then the log
    itself. One that has several names is there once."""
    folder = os.path.dirname(os.path.realpath(path))
    names: list[str] = []
    with suppress(OSError):
        names = [os.path.join(folder, name) for name in os.listdir(folder)]
    found = {name: about for name in (*names, path) if (about := _about(name)) is not None}
    files: dict[_Identity, str] = {}
    for name in sorted(found, key=lambda name: (name == path, found[name].st_mtime)):
        identity = _Identity(found[name].st_dev, found[name].st_ino)
        files.pop(identity, None)
        files[identity] = name
    return files


def _about(name: str) -> os.stat_result | None:
    """Of a file; None where it is none, or was renamed in this moment."""
    with suppress(OSError):
        about = os.stat(name)
        return about if stat.S_ISREG(about.st_mode) else None
    return None


def _is(identity: _Identity, found: os.stat_result) -> bool:
    return (identity.device, identity.inode) == (found.st_dev, found.st_ino)
