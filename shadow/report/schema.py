"""The report, field by field, as its JSON form has it.

Pure. Every other form is made from this one. A field may be added; what is here keeps its name and meaning as
long as `SCHEMA_VERSION` stays. Times are Unix seconds, durations seconds, shares between 0 and 1. It is read
from the whole report at its end upwards; `shown` has what a cause is shown with.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType, field

from shadow.record.segment import Unreadable
from shadow.report.shown import Example, Snippet
from shadow.verdict.verdict import Verdict

SCHEMA_VERSION = 1


class Window(Struct):
    """The time that the report covers; None where nothing was recorded."""

    start: float | None = None
    end: float | None = None


class Sentence(Struct, kw_only=True):
    """The whole report in one sentence, `text`, and the numbers in it."""

    text: str
    endpoints: int
    """That were to be compared: regressed + short + ready."""
    regressed: int
    short: int
    """That need more data."""
    ready: int
    kept_away: int
    """Endpoints that a rule kept from the target altogether."""
    compared: int
    ready_share: float
    """Of all requests received: those of endpoints that are ready."""


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
    """What became of requests: received = matched + differed + failed + skipped + dropped + in_flight.
    `compared` = matched + differed - `unanswered`, those that legacy did not answer. `status` counts pairs
    (`200→500`), `unanalysed` those of `differed` that no judge could look at."""

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
    unanalysed: int
    unanswered: int = 0


# -- causes


class Cause(Struct, kw_only=True):
    """One difference, and how many exchanges on which endpoints showed it.

    `id` is the same in every report of this cause. `stable`, `settled` and `flapping` are the exchanges that
    were asked again later, and what became of the difference then. `masked` where it is taken for legacy's
    own noise, `accepted` where somebody accepted it: such count no more. `varies` where legacy shows it
    against itself too: it is being learned whether that is noise, or takes a rule. `unanswered` where legacy
    gave no answer: that weighs nothing.
    """

    id: str
    kind: str
    path: str
    count: int
    endpoints: list[str]
    first_seen: float
    last_seen: float
    legacy: str | None
    target: str | None
    stable: int
    settled: int
    flapping: int
    masked: bool
    accepted: bool
    varies: bool = False
    unanswered: bool = False
    diagnosis: list[str]
    """Names of those in `Report.diagnosis` that explain it."""
    example: Example | None
    snippet: Snippet


class Diagnosis(Struct, kw_only=True):
    """What the migration is known to break, recognised from its traces: `name` (`missing_extension`), what it
    is in one sentence, what to check, the traces, and where they were seen."""

    name: str
    what: str
    check: str
    evidence: list[str]
    endpoints: list[str]
    count: int
    """Exchanges that show it."""
    causes: list[str]
    """Ids of the causes that it explains."""


# -- endpoints


class DifferenceReport(Struct):
    """A difference of one endpoint: in how many exchanges it was seen, and the values of one of them; the id
    of its cause, empty where the list of causes ends before it."""

    kind: str
    path: str
    count: int
    legacy: str | None
    target: str | None
    cause: str


class Distribution(Struct):
    """How long answers took: `legacy[i]` and `target[i]` of them from `edges[i]` to `edges[i + 1]` seconds.
    Edges are equally far apart, relatively."""

    edges: list[float]
    legacy: list[int]
    target: list[int]


class Hour(Struct, kw_only=True):
    """What was counted in the hour from `at` on, without what legacy did not answer, but in `received`;
    quantiles are None where nothing was answered."""

    at: float
    received: int
    compared: int
    differed: int
    failed: int
    legacy_p50: float | None
    legacy_p95: float | None
    target_p50: float | None
    target_p95: float | None


class ShortHour(Struct, array_like=True):
    """An hour of one endpoint, as a list in this order; `mismatched` = differed + failed."""

    at: float
    received: int
    compared: int
    mismatched: int
    legacy_p95: float | None
    target_p95: float | None


class EndpointReport(Struct, kw_only=True):
    """One endpoint: the verdict and why, and its `Totals`.

    `reasons` are the single words for why it is not ready. Of `units`, distinct requests of an hour,
    `mismatched` differed or failed; between `interval`'s two the true share is. `needed` more units without a
    difference could make it ready, None where more like these would not; that takes `hours` at the present
    rate, None where that cannot be told. `traffic` is its share of all requests received.
    """

    endpoint: str
    verdict: Verdict
    why: str
    reasons: list[str]
    interval: tuple[float, float]
    units: int
    mismatched: int
    needed: int | None
    hours: float | None
    traffic: float
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
    unanalysed: int
    unanswered: int = 0
    slower: int
    distribution: Distribution
    differences: list[DifferenceReport]
    series: list[ShortHour]


# -- over time


class ReleaseReport(Struct, kw_only=True):
    """What one version of the target answered; ids of causes that were not seen before it, and of those that
    the version before had and it has not. All versions together `compared` less than `Totals`: answers that
    name none are missing, and those spent on learning noise. Noise is among what `differed`."""

    version: str
    first: float
    last: float
    compared: int
    differed: int
    introduced: list[str]
    fixed: list[str]


# -- what was not measured, and what was silenced


class NeverCompared(Struct):
    """An endpoint that legacy served and that was never compared: how many requests, and why not."""

    endpoint: str
    received: int
    reasons: dict[str, int]


class Coverage(Struct, kw_only=True):
    """What was measured of all that was received, and what was not."""

    compared_share: float
    ready_share: float
    not_compared: dict[str, int]
    """Requests by reason: `skipped: method`, `dropped: memory`, `in flight`, `unanswered`."""
    never: list[NeverCompared]
    never_share: float
    unanalysed: int
    hours: list[int]
    """Hours of the day, UTC, in which anything was compared."""
    days: int
    """Days, UTC, on which anything was compared."""


class RuleReport(Struct, kw_only=True):
    """A line of the rules; `endpoint` is the `match` that it stands under, empty for all. `in_force` is False
    for a line that was hit under an earlier configuration only. Nobody needs to write what is `built_in`,
    such as `html csrf-token`."""

    line: str
    endpoint: str
    hits: int
    in_force: bool
    built_in: bool = False


class AcceptedReport(Struct, kw_only=True):
    """An accepted difference: who answers for it, why, to which day, and how often it was seen."""

    line: str
    endpoint: str
    owner: str
    reason: str
    until: str
    hits: int
    expired: bool


class MaskReport(Struct, kw_only=True):
    """A difference that legacy shows against itself, on one endpoint. `state` is masked, learning, refused or
    needs a rule, and `why` says why; `version` is that of all masks in force, empty where this one is not.
    Legacy was asked twice in `pairs`. `silenced` exchanges count as equal by it, a `share` of those compared.
    """

    endpoint: str
    kind: str
    path: str
    version: str
    state: str
    why: str
    pairs: int
    silenced: int
    share: float


# -- replayed logs


class Lateness(Struct):
    """Seconds that 50 and 99 % of the requests were sent late at most, and all of them."""

    p50: float | None
    p99: float | None
    max: float | None


class Otherwise(Struct):
    """Legacy gave `legacy`, a status or a failure, where the log has `logged`: what was compared is not what
    the log's clients saw. `lines` of the endpoint tell of an answer at all."""

    endpoint: str
    logged: str
    legacy: str
    count: int
    lines: int


class LogReport(Struct, kw_only=True):
    """What became of the lines of replayed access logs: read = replayed + skipped."""

    read: int
    parsed: int
    replayed: int
    skipped: dict[str, int]
    examples: dict[str, list[str]]
    late: Lateness
    bodies_compared: bool
    otherwise: list[Otherwise] = field(default_factory=list)


# -- since last time


class Named(Struct):
    """A cause, by id and in words."""

    id: str
    name: str
    count: int


class Changed(Struct):
    """An endpoint whose verdict is another now; None where it was not there then, or is not now."""

    endpoint: str
    before: Verdict | None
    now: Verdict | None


class Changes(Struct, kw_only=True):
    """What is new since an earlier report, which covered `since`."""

    since: Window
    before: Verdict
    now: Verdict
    new: list[Named]
    gone: list[Named]
    verdicts: list[Changed]


class Report(Struct, kw_only=True):
    """All that the owner is told."""

    schema_version: int = SCHEMA_VERSION
    window: Window
    config_hash: str
    tolerance: float
    """The share of requests that a target called ready may answer differently."""
    verdict: Verdict
    why: str
    sentence: Sentence
    totals: Totals
    causes: list[Cause]
    causes_left_out: int = 0
    """Causes that the list has no room for."""
    diagnosis: list[Diagnosis] = field(default_factory=list)
    endpoints: list[EndpointReport]
    distribution: Distribution
    series: list[Hour]
    releases: list[ReleaseReport]
    coverage: Coverage
    rules: list[RuleReport]
    accepted: list[AcceptedReport]
    masks: list[MaskReport]
    log: LogReport | UnsetType = UNSET
    """Only where logs were replayed."""
    unreadable: Unreadable
    changes: Changes | UnsetType = UNSET
    """Only where it is compared with an earlier report."""
