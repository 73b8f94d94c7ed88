"""What became of a difference where both sides were asked again later. Pure."""

from __future__ import annotations

import enum

from msgspec import Struct

from shadow.record.buckets import Moment


class Label(enum.StrEnum):
    """What two later looks say of a difference."""

    STABLE = "stable"  # the same each time
    SETTLED = "settled"  # gone at last: the two were asked while something changed
    FLAPPING = "flapping"  # now this, now that


class Recheck(Struct, frozen=True, tag_field="record", tag="recheck"):
    """Of one exchange that showed a difference; `at` is in Unix seconds, `id` that of its comparison."""

    id: str
    at: Moment
    endpoint: str
    label: Label


def label(first: tuple[str, ...], second: tuple[str, ...], third: tuple[str, ...]) -> Label:
    """By the signatures that were seen each time."""
    if not third:
        return Label.SETTLED
    return Label.STABLE if first == second == third else Label.FLAPPING
