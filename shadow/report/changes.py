"""What is new since an earlier report. Pure.

Of the earlier one only its JSON is known, and of that only what is compared here is read: whatever else a
report had then does not matter.
"""

from __future__ import annotations

from msgspec import Struct, field, json

from shadow.report.schema import (
    SCHEMA_VERSION,
    Changed,
    Changes,
    Named,
    Report,
    Window,
)
from shadow.report.words import named
from shadow.verdict.causes import identity
from shadow.verdict.verdict import Verdict


class _Difference(Struct):
    kind: str
    path: str
    legacy: str | None = None
    target: str | None = None


class _Cause(_Difference, kw_only=True):
    id: str
    count: int


class _Endpoint(Struct):
    endpoint: str
    verdict: Verdict
    differences: list[_Difference] = field(default_factory=list)


class Earlier(Struct):
    """What an earlier report said."""

    schema_version: int
    verdict: Verdict
    window: Window
    causes: list[_Cause] = field(default_factory=list)
    endpoints: list[_Endpoint] = field(default_factory=list)


def read(data: bytes) -> Earlier:
    """An earlier report's JSON. Raises ValueError with one line that says what is wrong."""
    earlier = json.decode(data, type=Earlier)
    if earlier.schema_version != SCHEMA_VERSION:
        raise ValueError(f"schema_version {earlier.schema_version}, where {SCHEMA_VERSION} can be compared")
    return earlier


def changes(earlier: Earlier, now: Report) -> Changes:
    """Causes that are new or gone, and verdicts that are others. A list of causes has an end: what stands
    behind it is still a difference of some endpoint."""
    before = {cause.id for cause in earlier.causes} | {
        identity(named(each)) for endpoint in earlier.endpoints for each in endpoint.differences
    }
    causes = {cause.id for cause in now.causes} | {
        identity(named(each)) for endpoint in now.endpoints for each in endpoint.differences
    }
    verdicts = {each.endpoint: each.verdict for each in earlier.endpoints}
    found = {each.endpoint: each.verdict for each in now.endpoints}
    return Changes(
        since=earlier.window,
        before=earlier.verdict,
        now=now.verdict,
        new=[Named(each.id, named(each), each.count) for each in now.causes if each.id not in before],
        gone=[Named(each.id, named(each), each.count) for each in earlier.causes if each.id not in causes],
        verdicts=[
            Changed(name, verdicts.get(name), found.get(name))
            for name in sorted(verdicts.keys() | found.keys())
            if verdicts.get(name) is not found.get(name)
        ],
    )
