"""The segments that lie in a folder: which there are, and which of them go."""

from __future__ import annotations

import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from shadow.record.segment import EVIDENCE, OPEN, SEALED, files


def unusable(place: object, error: OSError) -> str:
    """What to say of a folder that cannot be written to."""
    return f"{place}: {error.strerror}; name a folder that this user may write to"


class SegmentFile(NamedTuple):
    """The file of a segment. `stem` is its name without its ending, `name` the one of who wrote it."""

    path: Path
    stem: str
    name: str
    size: int
    modified: float  # Unix seconds


def sealed(folder: Path) -> list[SegmentFile]:
    """The sealed segments of a folder, the oldest first. One that is open too has only just been sealed, or
    `recover` will see to it: it is not among them."""
    found = files(folder) if folder.is_dir() else []
    still_open = {file["stem"] for file in found if file["ending"] == OPEN}
    done = (file for file in found if file["ending"] == SEALED and file["stem"] not in still_open)
    return sorted(filter(None, (_file(folder, file) for file in done)), key=lambda each: each.modified)


def opened(folder: Path) -> int:
    """How many segments of a folder are still being written, or were when a crash ended that."""
    return sum(file["ending"] == OPEN for file in files(folder))


def snapshots(folder: Path) -> list[SegmentFile]:
    """The open segments of tallies, each of which holds its window until a few seconds ago."""
    found = files(folder) if folder.is_dir() else []
    tallies = (file for file in found if file["ending"] == OPEN and not file["name"].startswith(EVIDENCE))
    return list(filter(None, (_file(folder, file) for file in tallies)))


def retain(folder: Path, keep_seconds: float, now: float) -> int:
    """Delete sealed segments older than `keep_seconds` at `now` (Unix); how many were deleted."""
    deleted = 0
    for each in _at_hand(folder):
        if each.modified < now - keep_seconds:
            with suppress(OSError):
                each.path.unlink()
                deleted += 1
    return deleted


def bound(folder: Path, limit: int) -> int:
    """Delete sealed evidence, the oldest first, until at most `limit` bytes of it are left; how many segments
    were deleted. Tallies stay: they are small, and the verdict stands on them."""
    found = [each for each in _at_hand(folder) if each.name.startswith(EVIDENCE)]
    deleted = 0
    left = sum(each.size for each in found)
    for each in found:
        if left <= limit:
            break
        with suppress(OSError):
            each.path.unlink()
            left -= each.size
            deleted += 1
    return deleted


def _at_hand(folder: Path) -> list[SegmentFile]:
    """The sealed segments; none where the folder cannot be listed just now: who deletes looks again."""
    try:
        return sealed(folder)
    except OSError:
        return []


def _file(folder: Path, file: re.Match[str]) -> SegmentFile | None:
    path = folder / file.string
    with suppress(OSError):
        about = path.lstat()
        if stat.S_ISREG(about.st_mode):
            return SegmentFile(path, file["stem"], file["name"], about.st_size, about.st_mtime)
    return None
