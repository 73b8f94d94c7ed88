"""An exchange and the target's answer to it, and what of both the comparer is given. Pure."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from shadow.compare.headers import codings, value
from shadow.frame import Frame
from shadow.model import (
    Body,
    Digest,
    Exchange,
    Failure,
    FailureKind,
    Fate,
    Masked,
    Outcome,
    Request,
    Response,
    fields,
)
from shadow.record.parts import About
from shadow.record.units import unit

_LONGEST_VERSION = 100  # bytes; an image digest has 71
_UNANALYSED = "not analysed: the judge was behind"


class Pair(Struct, frozen=True, gc=False):
    """An exchange and what the shadow request brought. `control` is legacy's second answer, if it was asked
    again; the answers hold `charged` bytes of what admission allows."""

    frame: Frame
    outcome: Outcome
    charged: int
    control: Response | None = None


def served(frame: Frame) -> Outcome:
    """What the side gave that answers clients."""
    if frame.failure:
        return Failure(FailureKind(frame.failure), "", frame.total)
    return Response(frame.status, frame.response_head, frame.response_body, frame.first_byte, frame.total)


def sides(frame: Frame, outcome: Outcome) -> tuple[Outcome, Outcome]:
    """What legacy and the target gave, where `outcome` is what the shadow request brought."""
    return (outcome, served(frame)) if frame.by_target else (served(frame), outcome)


def comparable(frame: Frame, response: Response) -> Response:
    """The target's answer, cut down to what is known of legacy's: of one that only a line of a log tells of,
    that is the status, how long it took, and perhaps how long the body was."""
    if frame.response_head or frame.failure:
        return response
    return replace(response, head=b"", body=_witnessed(frame.response_body, response))


def _witnessed(legacy: Body, target: Response) -> Body:
    """The target's body as a log would have it: its length alone, or nothing. A log counts bytes as they went
    to its client, and does not say whether they were packed; nor do two packers make the same of one body. So
    where that may be all, legacy's length stands for both."""
    if not isinstance(legacy, Digest):
        return b""
    length = target.body.length if isinstance(target.body, Digest) else len(target.body)
    packed = codings(target.headers) not in ("", "identity")
    return legacy if packed or legacy.length < length else Digest(length, b"")


def exchange(frame: Frame, legacy: Outcome) -> Exchange:
    """The whole exchange; `legacy` is what `sides` says that legacy gave."""
    target = frame.request_head.split(b" ", 2)[1]
    request = Request(frame.method, target, fields(frame.request_head), frame.request_body)
    return Exchange(frame.id.decode("latin-1"), frame.endpoint, frame.started, request, legacy)


def about(frame: Frame, target: Outcome, version: bytes) -> About:
    """What is counted beside the answers. `version` names the header, in lower case, by which the target
    tells its version; empty for none."""
    head = frame.request_head
    at = len(frame.method) + 1
    # Not `in`: for bytes that begins by raising a TypeError.
    known = head.find(b"\r\nCookie:") > 0 or head.find(b"\r\ncookie:") > 0 or head.find(b"uthorization:") > 0
    number = unit(frame.method, head[at : head.index(b" ", at)], frame.request_body, known)
    if not version or not isinstance(target, Response):
        return About(frame.started, number, "")
    said = value(target.headers, version)[:_LONGEST_VERSION]
    return About(frame.started, number, said.decode("latin-1"))


def unanalysed(legacy: Outcome, target: Outcome) -> Masked:
    """What is known of a pair that no judge has seen."""
    if isinstance(target, Response):
        return Masked(Fate.DIFFERED, (), (_UNANALYSED,))
    return Masked(Fate.FAILED if isinstance(legacy, Response) else Fate.MATCHED, (), (_UNANALYSED,))
