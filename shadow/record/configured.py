"""The rules in force, so that a report can tell whose they are, and which never silenced anything. Pure."""

from __future__ import annotations

from msgspec import Struct

from shadow.record.buckets import Moment


class Line(Struct, frozen=True):
    """One line of a rule, in the words in which tallies count its hits. `endpoint` is the line's `match`, or
    empty for all. Of an accepted difference: who answers for it, why, and to which day (`2026-12-31`)."""

    line: str
    endpoint: str = ""
    owner: str = ""
    reason: str = ""
    until: str = ""


class ConfigRecord(Struct, frozen=True, tag_field="record", tag="config"):
    """The configuration of that hash, in force from `at` on (Unix seconds)."""

    at: Moment
    config_hash: str
    lines: tuple[Line, ...] = ()
