"""A growing log, across its rotation by renaming or truncating: nothing is read twice, and nothing lost but
what nobody could see: a file that had the name and lost it again between two looks, or one that was truncated
and has grown past what was read of it before the next look.

A file is known by device and inode, not by its name. When another one has taken its name, the old one is
read on until the next rotation, for its writer lets go of it only when told to.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

import structlog

from replay.reading import Entry, Formats, Reading
from replay.source import CHUNK
from shadow.record.replayed import Mark

log = structlog.get_logger()


class _Identity(NamedTuple):
    """A file, whatever its name is now. `round` counts how often it was truncated."""

    device: int
    inode: int
    round: int = 0

    def of(self, path: str) -> str:
        """What its entries are said to be of."""
        return f"{path}#{self.device:x}:{self.inode:x}:{self.round}"


class _Open:
    """One file being followed."""

    def __init__(self, path: str, fd: int, formats: Formats, marks: Mapping[str, Mark]) -> None:
        found = os.fstat(fd)
        self._path = path
        self._formats = formats
        self.fd = fd
        self.identity = _Identity(found.st_dev, found.st_ino)
        while self._next_round().of(path) in marks:
            self.identity = self._next_round()
        mark = marks.get(self.key)
        if mark is not None and mark.at > found.st_size:  # truncated while nobody looked
            self.identity = self._next_round()
            mark = None
        self.reading = Reading(self.key, formats, mark, path)
        self._at = self.reading.start

    @property
    def key(self) -> str:
        return self.identity.of(self._path)

    def _next_round(self) -> _Identity:
        return self.identity._replace(round=self.identity.round + 1)

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
        self.identity = self._next_round()
        self.reading = Reading(self.key, self._formats, shown=self._path)
        self._at = 0
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
        self._elder: _Open | None = None
        self._current: _Open | None = None
        if self._marks:
            self._find_again()
        if self._current is None and not os.path.exists(path):
            log.warning("log_not_there_yet", log=path)

    def live(self) -> set[str]:
        """Which files of it are still read."""
        return {each.key for each in (self._elder, self._current) if each is not None}

    def read(self) -> list[Entry]:
        """What is new; nothing if nothing is."""
        entries = self._elder.read() if self._elder is not None else []
        if self._current is not None:
            entries += self._current.read()
        return entries or self._look_for_another()

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
            entries = self._elder.close() if self._elder is not None else []
            self._elder, self._current = self._current, _Open(self._path, fd, self._formats, self._marks)
            return entries
        return []

    def _find_again(self) -> None:
        """Open what an earlier run has read last, under whatever name it lies beside the log now."""
        wanted = {key.rpartition("#")[2].rpartition(":")[0] for key in self._marks}
        folder = os.path.dirname(self._path) or "."
        for entry in os.scandir(folder):
            found = entry.stat(follow_symlinks=False)
            if f"{found.st_dev:x}:{found.st_ino:x}" in wanted and entry.is_file(follow_symlinks=False):
                fd = os.open(entry.path, os.O_RDONLY | os.O_CLOEXEC)
                opened = _Open(self._path, fd, self._formats, self._marks)
                if os.path.abspath(entry.path) == os.path.abspath(self._path):
                    self._current = opened
                else:
                    self._elder = opened

    def close(self) -> None:
        for each in (self._elder, self._current):
            if each is not None:
                os.close(each.fd)


def _is(identity: _Identity, found: os.stat_result) -> bool:
    return (identity.device, identity.inode) == (found.st_dev, found.st_ino)
