"""Removing from kept evidence whatever holds a text: a person's masked value, or a request's id.

Tallies hold counts and, of each difference, one example: the example goes, the counts stay.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from shadow.record.folder import sealed
from shadow.record.segment import Record, Unreadable, compressed, encode, read_sealed
from shadow.record.tally import TallyRecord

LEAST: Final = 8
"""Characters of a text: a shorter one stands in what is nobody's."""


class Forgotten(NamedTuple):
    """Records that were removed, tallies that lost examples, and segments that could not be read whole."""

    records: int
    examples: int
    unreadable: int


def forget(folder: Path, text: str) -> Forgotten:
    """Write each sealed segment of a folder anew without what holds the text, in the place of the old one.

    What a running proxy has open is left alone: forget again once it is sealed. Raises OSError, and
    ValueError for a text that is too short.
    """
    if len(text) < LEAST:
        raise ValueError(f"a text of at least {LEAST} characters, such as masked:0123456789abcdef")
    wanted = msgspec.json.encode(text)[1:-1]  # as it stands within a line
    records = examples = bad = 0
    for each in sealed(folder):
        unreadable, kept, touched = Unreadable(), [], 0
        with os.fdopen(os.open(each.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            for record in read_sealed(file, each.path.name, unreadable):
                if wanted not in encode([record]):
                    kept.append(record)
                elif isinstance(record, TallyRecord):
                    kept.append(_without(record, text))
                    examples += 1
                    touched += 1
                else:
                    records += 1
                    touched += 1
        if unreadable.lines or unreadable.segments:
            bad += 1  # what could not be read would be lost with it
        elif touched:
            _replace(each.path, kept, each.modified)
    return Forgotten(records, examples, bad)


def _without(record: TallyRecord, text: str) -> TallyRecord:
    for seen in record.tally.differences.values():
        if any(value is not None and text in value for value in (seen.legacy, seen.target)):
            seen.legacy = seen.target = None
    return record


def _replace(path: Path, records: list[Record], modified: float) -> None:
    """All at once, and as old as it was: retention goes by that."""
    if not records:
        path.unlink()
        return
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    new = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(new, "wb") as file:
        file.write(compressed(encode(records)))
        file.flush()
        os.fsync(file.fileno())
    os.utime(part, (modified, modified))
    part.rename(path)
