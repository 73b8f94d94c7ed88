"""One comparison as it is kept: masked, bounded, readable by people, and fit to be judged again.

Pure. Bytes of heads are shown as latin-1, the only text that any header is.
"""

from __future__ import annotations

from msgspec import Struct

from shadow.model import Difference, Digest, Exchange, Fate, Headers, Masked, Outcome, Response
from shadow.record.bodies import Kept, kept
from shadow.record.buckets import Count, Moment
from shadow.record.mask import Mask

Fields = tuple[tuple[str, str], ...]

LONGEST = 16 * 1024  # characters of one text; a cookie of 16 KiB passes the proxy
LARGEST_HEAD = 64 * 1024  # characters of all fields of one head; what follows is not kept
_EARLIER = "kept by a version that kept no bodies"


class Asked(Struct, frozen=True):
    """The client's request; `size` is the bytes of its head as sent, which masking changes."""

    method: str
    target: str
    headers: Fields
    body: Kept | None = None
    size: Count = 0


class Answered(Struct, frozen=True, tag_field="outcome", tag="answered"):
    """A backend's answer, whose body was `length` bytes as sent. Times in seconds."""

    status: int
    headers: Fields
    length: int
    first_byte: float
    total: float
    body: Kept | None = None


class Failed(Struct, frozen=True, tag_field="outcome", tag="failed"):
    """A backend that gave no answer, and after how many seconds."""

    kind: str
    detail: str
    total: float


class Evidence(Struct, frozen=True, tag_field="record", tag="comparison"):
    """One exchange and the target's answer to it, with what differs. `at` is in Unix seconds; `hits` are the
    lines of the rule that silenced something. `final` says why it cannot be judged again, if it cannot."""

    id: str
    at: Moment
    endpoint: str
    fate: Fate
    request: Asked
    legacy: Answered | Failed
    target: Answered | Failed
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    hits: tuple[str, ...] = ()
    final: str = _EARLIER


def evidence(
    exchange: Exchange, outcome: Outcome, comparison: Masked, mask: Mask, bodies: int = 0
) -> Evidence:
    """What is kept of a comparison, with bodies up to so many bytes. It is masked already, because
    the tally shows values of it too."""
    request = exchange.request
    target = mask.target(request.target.decode("latin-1"))
    whole = all(_fits(each.headers) for each in (exchange.legacy, outcome) if isinstance(each, Response))
    return Evidence(
        id=exchange.id,
        at=exchange.started,
        endpoint=exchange.endpoint,
        fate=comparison.fate,
        request=Asked(
            request.method.decode("latin-1"),
            _bounded(target),
            _fields(request.headers, mask),
            kept(request.body, request.headers, bodies, mask),
            len(request.target) + sum(len(name) + len(value) + 4 for name, value in request.headers),
        ),
        legacy=_outcome(exchange.legacy, mask, bodies),
        target=_outcome(outcome, mask, bodies),
        differences=comparison.differences,
        notes=comparison.notes,
        hits=comparison.hits,
        final="" if whole else "its header fields are too large to be kept",
    )


def _outcome(outcome: Outcome, mask: Mask, bodies: int) -> Answered | Failed:
    if isinstance(outcome, Response):
        return _answered(outcome, mask, bodies)
    return Failed(outcome.kind, _bounded(mask.text(outcome.detail)), outcome.total)


def _answered(response: Response, mask: Mask, bodies: int) -> Answered:
    body = response.body
    return Answered(
        status=response.status,
        headers=_fields(response.headers, mask),
        length=body.length if isinstance(body, Digest) else len(body),
        first_byte=response.first_byte,
        total=response.total,
        body=kept(body, response.headers, bodies, mask),
    )


def _fits(headers: Headers) -> bool:
    """Are all fields of a head kept, and as they are?"""
    longest = max((max(len(name), len(value)) for name, value in headers), default=0)
    return longest <= LONGEST and sum(len(name) + len(value) for name, value in headers) <= LARGEST_HEAD


def _fields(headers: Headers, mask: Mask) -> Fields:
    left = LARGEST_HEAD
    fitting: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        name, value = name[: LONGEST + 1], value[: LONGEST + 1]  # one more, so that it is seen to be cut
        left -= len(name) + len(value)
        if left < 0:
            break
        fitting.append((name, value))
    return tuple(
        (_bounded(name.decode("latin-1")), _bounded(value.decode("latin-1")))
        for name, value in mask.headers(tuple(fitting))
    )


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
