"""Which label of LTSV, or which path in a JSON object, holds which role. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from replay.formats.assemble import HEADER, ROLES
from replay.formats.times import UNITS


class Source(NamedTuple):
    """Where a value stands, and the unit of a duration there."""

    label: str
    unit: str = "s"


FieldMap: TypeAlias = Mapping[str, tuple[Source, ...]]
"""For each role the labels that may hold it; the first that a line has counts."""


def field_map(defaults: Mapping[str, str], chosen: Mapping[str, str]) -> FieldMap:
    """The defaults, `role: "label label/unit"`, with a user's choice in their place. Raises `ValueError`."""
    for role in chosen:
        if role not in ROLES and not (role.startswith(HEADER) and len(role) > len(HEADER)):
            raise ValueError(f"a log has no {role!r}: there are {', '.join(ROLES)} and {HEADER}NAME")
    merged = {**defaults, **chosen}
    if chosen.keys() & {"method", "target"}:
        merged.pop("request" if "request" not in chosen else "", None)
    if "request" in chosen:
        merged = {
            role: labels for role, labels in merged.items() if role not in ("method", "target", "query")
        }
    return {role: tuple(_source(label) for label in labels.split()) for role, labels in merged.items()}


def _source(text: str) -> Source:
    label, slash, unit = text.rpartition("/")
    if not slash:
        return Source(text)
    if unit not in UNITS:
        raise ValueError(f"a unit is one of {', '.join(UNITS)}: {text!r}")
    return Source(label, unit)
