"""One logged request, asked of legacy again: gives the same frame that a live worker captures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from replay.model import LoggedRequest
from replay.reading import Entry
from replay.schedule import Due
from shadow.frame import Frame
from shadow.live.capture import Capture
from shadow.model import Body, Digest, Drop, Failure, FailureKind, Skip
from shadow.wire.head import ResponseHead
from shadow.wire.pool import Pool
from shadow.wire.upstream import Connection


class Question(NamedTuple):
    """What is to be asked, and where it is counted."""

    entry: Entry
    request: LoggedRequest
    id: bytes
    endpoint: str
    endpoint_index: int | None  # as `Frame.index`
    head: bytes
    skip: Skip | None = None  # why it is kept from both


Sent = Callable[["LegacyRequest"], None]
"""What is called when it leaves."""

Answered = Callable[["LegacyRequest", "Frame | Drop"], None]


class LegacyRequest:
    """One request to legacy under way; the sink of its answer."""

    __slots__ = (
        "_answer", "_answered", "_body", "_connecting", "_connection", "_first_byte", "_leaves", "_pool",
        "_retried", "_sent", "_started", "due", "question",
    )  # fmt: skip

    def __init__(
        self, due: Due[Question], pool: Pool, capture: Capture, leaves: Sent, answered: Answered
    ) -> None:
        self.question = due.item
        self.due = due
        self._pool = pool
        self._body = capture
        self._leaves = leaves
        self._answered = answered
        self._answer: ResponseHead | None = None
        self._connection: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._retried = False
        self._started = time.time()
        self._sent = self._first_byte = 0.0

    def start(self) -> None:
        """Send it, on an idle connection or a new one."""
        connection = self._pool.take()
        if connection is not None:
            self._send(connection)
        else:
            self._connect()

    def _connect(self) -> None:
        self._connecting = self._pool.connect(self._connected)

    def _connected(self, ready: Connection | Failure) -> None:
        self._connecting = None
        if isinstance(ready, Failure):
            self._end(_failed(self.question, self._started, ready))
        else:
            self._send(ready)

    def _send(self, connection: Connection) -> None:
        self._connection = connection
        self._sent = time.perf_counter()
        if not self._retried:
            self._leaves(self)
        request = self.question.request
        connection.begin(self, request.method, self.question.head + request.body, whole=True)

    def cancel(self) -> None:
        """Ask no further."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.close()
        self._end(Drop.SHUTDOWN)

    # -- the answer

    def interim(self, head: ResponseHead) -> None:
        """A 1xx is not compared."""

    def answer(self, head: ResponseHead, body: bytes) -> None:
        assert self._connection is not None
        self._sent = self._connection.sent or self._sent  # it may have waited for others, as in `Turn`
        self._first_byte = self._connection.heard - self._sent
        self._answer = head
        if body:
            self._body.data(body)

    def answer_data(self, data: bytes) -> None:
        self._body.data(data)

    def answer_end(self, trailers: bytes) -> None:
        assert self._connection is not None
        total = self._connection.heard - self._sent
        self._connection = None
        answer = self._answer
        assert answer is not None
        if self._body.exhausted:
            self._end(Drop.MEMORY)
        else:
            self._end(
                _frame(
                    self.question, self._started, status=answer.status, response_head=answer.raw,
                    first_byte=self._first_byte, total=total, response_body=self._body.body(),
                )
            )  # fmt: skip

    def answer_flush(self) -> None:
        """Nobody waits for what has come so far."""

    def failed(self, failure: Failure) -> None:
        connection, self._connection = self._connection, None
        # RFC 9112 9.3.1: a reused connection may have been closed while we wrote to it. Only GET and HEAD.
        stale = connection is not None and connection.reused and not connection.heard
        if stale and not self._retried and failure.kind is FailureKind.RESET:
            self._retried = True
            self._connect()
        else:
            self._end(_failed(self.question, self._started, failure))

    def switch(self, head: ResponseHead, rest: bytes) -> None:
        if self._connection is not None:
            self._connection.close()
        self.failed(Failure(FailureKind.MALFORMED, "101 that nobody asked for"))

    def pause_request(self) -> None:
        """What there is to send is in memory already."""

    def resume_request(self) -> None:
        """See `pause_request`."""

    def _end(self, how: Frame | Drop) -> None:
        self._body.free()
        self._answered(self, how)


def _frame(question: Question, started: float, **answer: Any) -> Frame:
    """What was asked, with what is known of legacy's answer."""
    asked = question.request
    return Frame(
        question.id, question.endpoint, question.endpoint_index, started, asked.method, question.head,
        asked.body, chunked=False, **answer,
    )  # fmt: skip


def _failed(question: Question, started: float, failure: Failure) -> Frame:
    """Legacy gave no answer, which is one."""
    total = max(0.0, time.time() - started)
    return _frame(
        question, started, status=0, response_head=b"", first_byte=0.0, total=total, failure=failure.kind
    )


def witnessed(question: Question, started: float) -> Frame:
    """What the log itself tells of legacy's answer: status, length and time."""
    request = question.request
    assert request.status is not None
    seconds = request.seconds or 0.0
    body: Body = b"" if request.size is None else Digest(request.size, b"")
    return _frame(
        question, started, status=request.status, response_head=b"",
        first_byte=seconds, total=seconds, response_body=body,
    )  # fmt: skip


_ANSWERS = range(200, 600)
_NO_ANSWER = frozenset((408, 444, 460, 499))
"""The client left, or never asked: nginx writes 499 and 444, an AWS load balancer 460."""
_CONDITIONS = {304: b"if-", 206: b"range"}


def no_witness(request: LoggedRequest) -> str | None:
    """Why a line cannot stand for legacy's answer; None if it can."""
    if request.status is None:
        return "the log tells no status"
    if request.status not in _ANSWERS or request.status in _NO_ANSWER:
        return f"status {request.status} is no answer of legacy"
    field = _CONDITIONS.get(request.status)
    if field and not any(name.lower().startswith(field) for name, _ in request.headers):
        return f"status {request.status} answers a header that the log does not tell"
    return None
