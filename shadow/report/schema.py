"""The report, field by field, as its JSON form has it.

Pure. Every other form is made from this one. A field may be added; what is here keeps its name and meaning
as long as `SCHEMA_VERSION` stays.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from shadow.record.segment import Unreadable
from shadow.verdict.causes import Cause
from shadow.verdict.verdict import Verdict

SCHEMA_VERSION = 1


class Window(Struct):
    """The time that the report covers, in Unix seconds; None where nothing was recorded."""

    start: float | None = None
    end: float | None = None


class Quantiles(Struct):
    """Seconds that 50, 95 and 99 % of the answers took at most; None where there were none."""

    p50: float | None
    p95: float | None
    p99: float | None


class Sides(Struct):
    """A latency at legacy and at the target, of the requests that both answered."""

    legacy: Quantiles
    target: Quantiles


class Totals(Struct, kw_only=True):
    """What became of requests: received = matched + differed + failed + skipped + dropped + in_flight."""

    received: int
    mirrored: int
    compared: int
    matched: int
    differed: int
    failed: int
    skipped: dict[str, int]
    dropped: dict[str, int]
    in_flight: int
    status: dict[str, int]
    latency: Sides
    first_byte: Sides


class DifferenceReport(Struct):
    """A difference of one endpoint: in how many exchanges it was seen, and the values of one of them."""

    kind: str
    path: str
    count: int
    legacy: str | None
    target: str | None


class EndpointReport(Struct, kw_only=True):
    """One endpoint: the verdict and why, how many more requests could make it ready, and its `Totals`."""

    endpoint: str
    verdict: Verdict
    why: str
    needed: int | None
    received: int
    mirrored: int
    compared: int
    matched: int
    differed: int
    failed: int
    skipped: dict[str, int]
    dropped: dict[str, int]
    in_flight: int
    status: dict[str, int]
    latency: Sides
    first_byte: Sides
    differences: list[DifferenceReport]


class Lateness(Struct):
    """Seconds that 50 and 99 % of the requests were sent late at most, and all of them."""

    p50: float | None
    p99: float | None
    max: float | None


class LogReport(Struct, kw_only=True):
    """What became of the lines of replayed access logs: read = replayed + skipped."""

    read: int
    parsed: int
    replayed: int
    skipped: dict[str, int]
    examples: dict[str, list[str]]
    late: Lateness
    bodies_compared: bool


class Report(Struct, kw_only=True):
    """All that the owner is told."""

    schema_version: int = SCHEMA_VERSION
    window: Window
    config_hash: str
    verdict: Verdict
    why: str
    totals: Totals
    causes: list[Cause]
    endpoints: list[EndpointReport]
    log: LogReport | UnsetType = UNSET
    """Only where logs were replayed."""
    unreadable: Unreadable
