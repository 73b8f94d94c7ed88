"""One comparison as it is kept: masked, bounded, and readable by people.

Pure. Bytes are shown as latin-1, the only text that any header is.
"""

from __future__ import annotations

from msgspec import Struct

from shadow.model import Difference, Digest, Exchange, Fate, Headers, Outcome, Response
from shadow.record.buckets import Moment
from shadow.record.mask import Mask, Masked
from shadow.record.parts import OTHER, signature

Fields = tuple[tuple[str, str], ...]

LONGEST = 512  # characters of one text; what differs is among the differences, with its place
MOST_FIELDS = 64  # of one head
MOST_CAUSES = 1000  # told apart by a quota; an answer whose keys are data has a new one every time


class Asked(Struct, frozen=True):
    """The client's request."""

    method: str
    target: str
    headers: Fields


class Answered(Struct, frozen=True, tag_field="outcome", tag="answered"):
    """A backend's answer without its body, which is `length` bytes as sent. Times in seconds."""

    status: int
    headers: Fields
    length: int
    first_byte: float
    total: float


class Failed(Struct, frozen=True, tag_field="outcome", tag="failed"):
    """A target that gave no answer, and after how many seconds."""

    kind: str
    detail: str
    total: float


class Evidence(Struct, frozen=True, tag_field="record", tag="comparison"):
    """One exchange and the target's answer to it, with what differs. `at` is in Unix seconds."""

    id: str
    at: Moment
    endpoint: str
    fate: Fate
    request: Asked
    legacy: Answered
    target: Answered | Failed
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


def evidence(exchange: Exchange, outcome: Outcome, comparison: Masked, mask: Mask) -> Evidence:
    """What is kept of a comparison; that is masked already, because the tally shows values of it too."""
    request = exchange.request
    target = mask.target(request.target.decode("latin-1"))
    return Evidence(
        id=exchange.id,
        at=exchange.started,
        endpoint=exchange.endpoint,
        fate=comparison.fate,
        request=Asked(request.method.decode("latin-1"), _bounded(target), _fields(request.headers, mask)),
        legacy=_answered(exchange.response, mask),
        target=_outcome(outcome, mask),
        differences=comparison.differences,
        notes=comparison.notes,
    )


class Quota:
    """How many comparisons of each cause are still to be kept: the hundredth tells nothing new."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._kept: dict[str, int] = {}

    def take(self, comparison: Masked) -> bool:
        """Whether to keep a comparison: not if it matched, or all its causes have had their share."""
        if comparison.fate is Fate.MATCHED:
            return False
        causes = {self._known(signature(each)) for each in comparison.differences} or {OTHER}
        if all(self._kept.get(cause, 0) >= self._each for cause in causes):
            return False
        for cause in causes:
            self._kept[cause] = self._kept.get(cause, 0) + 1
        return True

    def renew(self) -> None:
        """Begin anew, as with every segment."""
        self._kept.clear()

    def _known(self, cause: str) -> str:
        return cause if cause in self._kept or len(self._kept) < MOST_CAUSES else OTHER


def _outcome(outcome: Outcome, mask: Mask) -> Answered | Failed:
    if isinstance(outcome, Response):
        return _answered(outcome, mask)
    return Failed(outcome.kind, _bounded(mask.text(outcome.detail)), outcome.total)


def _answered(response: Response, mask: Mask) -> Answered:
    body = response.body
    return Answered(
        status=response.status,
        headers=_fields(response.headers, mask),
        length=body.length if isinstance(body, Digest) else len(body),
        first_byte=response.first_byte,
        total=response.total,
    )


def _fields(headers: Headers, mask: Mask) -> Fields:
    return tuple(
        (_bounded(name.decode("latin-1")), _bounded(value.decode("latin-1")))
        for name, value in mask.headers(headers[:MOST_FIELDS])
    )


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
