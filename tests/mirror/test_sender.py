"""What the target is asked, and what is kept of its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import cast

from hypothesis import example, given
from hypothesis import strategies as st

from shadow.frame import Frame
from shadow.mirror.admission import Admission
from shadow.mirror.breaker import Breaker
from shadow.mirror.sender import ShadowRequest, shadow_head
from shadow.model import Body, Digest, Drop, Failure, FailureKind, Outcome, Response
from shadow.wire.pool import Pool
from shadow.wire.response_head import parse_response

HEAD = b"POST /a?b HTTP/1.1\r\nHost: shop.example\r\nX-Host: x\r\nX-Expect: y\r\nContent-Length: 3\r\n\r\n"


def test_only_the_mark_is_added() -> None:
    """Everything else is byte for byte what legacy got, in its order."""
    assert shadow_head(HEAD, None) == HEAD[:-2] + b"X-Shadow: 1\r\n\r\n"


def test_host_is_replaced_in_its_place() -> None:
    """Whatever bytes it has, and no other field whose name ends alike."""
    assert shadow_head(HEAD, rb"new\1.example:80") == (
        HEAD.replace(b"Host: shop.example", rb"Host: new\1.example:80", 1)[:-2] + b"X-Shadow: 1\r\n\r\n"
    )


LEGACY = b"abcdef" * 20


@dataclass
class _Connection:
    """Takes whatever is begun on it; nothing is ever sent."""

    sent: float = 1.0
    heard: float = 1.0
    closed: bool = False

    def begin(self, sink: object, method: bytes, request: bytes, *, whole: bool) -> None:
        """Nobody is there to be asked."""

    def close(self) -> None:
        self.closed = True


@dataclass
class _Pool:
    """Always has the one connection."""

    connection: _Connection = field(default_factory=_Connection)

    def take(self) -> _Connection:
        return self.connection


def answered(*pieces: bytes, legacy: bytes | Digest = LEGACY, limit: int = 1000) -> Outcome | Drop:
    """What becomes of a request whose answer has a body in these pieces, where legacy's was that one."""
    frame = Frame(
        id=b"1", endpoint="GET /", index=None, started=0.0, method=b"GET", request_head=b"", request_body=b"",
        chunked=False, status=200, response_head=b"", first_byte=0.1, total=10.0, response_body=legacy,
    )  # fmt: skip
    outcomes: list[Outcome | Drop] = []
    admission = Admission(8, 8, 100_000, Breaker(5, 1.0))
    request = ShadowRequest(frame, limit, admission, lambda _, outcome: outcomes.append(outcome))
    pool = _Pool()
    request.start(cast(Pool, pool), b"", b"")
    head = parse_response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"GET")
    assert head is not None
    request.answer(head, b"")
    for piece in pieces:
        request.answer_data(piece)
        if pool.connection.closed:
            break
    else:
        request.answer_end(b"")
    return outcomes[-1]


def body(outcome: Outcome | Drop) -> Body:
    assert isinstance(outcome, Response)
    return outcome.body


@given(st.binary(max_size=60), st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=4))
@example(LEGACY[:30], LEGACY[:30], [10, 20])
@example(LEGACY[:30], LEGACY[:20], [10])
@example(LEGACY[:30], LEGACY[:40], [30])
@example(LEGACY[:30], LEGACY[:30] + LEGACY[:30], [30])
@example(LEGACY[:30], LEGACY[:20] + b"XXXXXXXXXX", [10, 20])
@example(LEGACY[:30], LEGACY[10:30] + LEGACY[:10], [10, 20])
@example(b"", LEGACY[:30], [10])
@example(LEGACY[:30], b"", [])
def test_a_body_is_what_was_received_whatever_legacy_said(
    legacy: bytes, target: bytes, cuts: list[int]
) -> None:
    """Equal, shorter, longer, or another from anywhere on."""
    edges = sorted({0, len(target), *(cut for cut in cuts if cut < len(target))})
    pieces = [target[start:end] for start, end in pairwise(edges)]
    assert body(answered(*pieces, legacy=legacy)) == target


def test_what_legacy_said_too_is_not_kept_twice() -> None:
    """However it came."""
    assert body(answered(LEGACY)) is LEGACY
    assert body(answered(LEGACY[:50], LEGACY[50:51], LEGACY[51:])) is LEGACY


def test_a_body_over_the_limit_is_given_up_even_if_legacy_said_it() -> None:
    """The limit is of each body."""
    outcome = answered(LEGACY[:60], LEGACY[60:], limit=100)
    assert isinstance(outcome, Failure)
    assert outcome.kind == FailureKind.TOO_LARGE


def test_where_legacys_was_too_large_to_keep_so_is_the_targets() -> None:
    """Only length and digest are told."""
    digest = Digest(len(LEGACY), sha256(LEGACY).digest())
    assert body(answered(LEGACY[:60], LEGACY[60:], legacy=digest)) == digest
