"""What became of the lines of access logs, and how far they were replayed. Pure.

One record closes the tallies of one stretch of a replay, in the same segment: both are there, or neither.
Records of several stretches and several shards add up.
"""

from __future__ import annotations

from msgspec import Struct, field

from shadow.record.buckets import Buckets, Count, Moment

Offset = Count


class Mark(Struct, frozen=True):
    """How far a log was replayed."""

    at: Offset
    """Everything before it was, but for `todo`. In bytes of the uncompressed log, or in entries where it has
    no lines."""
    todo: tuple[Offset, ...] = ()
    format: str = ""
    header: str = ""
    """The line that announced the fields in force, as Latin-1."""


class LogRecord(Struct, tag_field="record", tag="log"):
    """The lines that one replayer has settled in one stretch of time: read = replayed + skipped."""

    window: Moment
    seconds: float
    run: str
    read: Count = 0
    parsed: Count = 0
    replayed: Count = 0
    skipped: dict[str, Count] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    """Masked, by the reason for which such lines were skipped."""
    late: Buckets = field(default_factory=Buckets)
    """How much later than due requests were sent."""
    status: dict[str, dict[str, Count]] = field(default_factory=dict)
    """By endpoint, the log's status and what legacy gave now, `200→302`: of lines that tell of an answer."""
    bodies: bool = True
    """Whether bodies were compared: not where the log itself was the witness."""
    finished: bool = False
    marks: dict[str, Mark] = field(default_factory=dict)
