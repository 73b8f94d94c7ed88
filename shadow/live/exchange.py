"""One live request: from the client to legacy, and the answer back.

A `LiveExchange` is the sink of both streams. What the client sends goes to legacy and into a bounded
capture, what legacy answers to the client and into another. When the answer has ended, what was
captured is handed to the channel, and the client's connection knows nothing of it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, ClassVar, Final

from shadow.frame import Frame
from shadow.live.access_log import AccessLog, line
from shadow.live.capture import Capture, NoDigest
from shadow.model import Drop, Failure, FailureKind, Skip
from shadow.wire.body import chunk, last_chunk
from shadow.wire.downstream import Downstream
from shadow.wire.head import CHUNKED, IDEMPOTENT_METHODS, SAFE_METHODS, RequestHead, ResponseHead
from shadow.wire.request_head import without_expectation
from shadow.wire.upstream import Connection

if TYPE_CHECKING:
    from shadow.live.worker import Live

_STATUS_OF: Final[dict[Skip | Drop | None, int]] = {Skip.CLIENT_LEFT: 499, Skip.UPGRADE: 101}
"""What an access log says of a request that has no final answer; 499 is nginx's."""


def _said(failure: Failure | None, by_target: bool) -> tuple[int, str]:
    """What a client is told in the place of a backend's answer."""
    side = "the target" if by_target else "legacy"
    if failure is not None and failure.kind is FailureKind.TIMEOUT:
        return 504, f"{side} did not answer in time"
    return 502, f"{side} could not be asked"


class LiveExchange:
    """A request under way between a client and legacy."""

    _wanted: ClassVar[bool] = False
    """Whether legacy's answer is wanted though no client waits for it any more, as of a tap's copy."""

    __slots__ = (
        "_answer", "_by_target", "_client", "_complete", "_connecting", "_first_byte", "_head", "_index",
        "_live", "_name", "_pool", "_request_body", "_response_body", "_retried", "_sent", "_size", "_skip",
        "_started", "_trailers", "_upstream", "_waiting",
    )  # fmt: skip

    def __init__(self, live: Live, client: Downstream, head: RequestHead) -> None:
        self._live = live
        self._client: Downstream | None = client
        self._head = head
        self._started = time.perf_counter()
        named = live.endpoints.lookup(head.method, head.target)
        self._name = named.name
        self._index = named.index
        self._by_target = live.target_serves and live.by_target(named.index, head.forward)
        self._pool = live.target_pool if self._by_target else live.pool
        self._skip = Skip.UPGRADE if head.upgrade else live.skip(head.method, named.index, head.id)
        self._request_body: Capture | None = None
        if head.length and (self._skip is None or head.method in IDEMPOTENT_METHODS):
            self._request_body = Capture(live.body_limit, live.budget, NoDigest)
        self._response_body: Capture | None = None
        self._upstream: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._waiting = b""  # what came while connecting
        self._complete = not head.length  # the request
        self._trailers = b""
        self._retried = False
        self._answer: ResponseHead | None = None
        self._sent = self._first_byte = 0.0
        self._size = 0  # bytes of the answer's body
        live.tally(named.name).received += 1
        self._begin()

    def _begin(self) -> None:
        """Ask legacy, or whoever answers in its place, while the request still comes."""
        connection = self._pool.take()
        if connection is None:
            self._connect()
        else:
            self._send(connection)

    # -- the request: from the client to legacy

    def _connect(self) -> None:
        self._connecting = self._pool.connect(self._connected)

    def _connected(self, ready: Connection | Failure) -> None:
        self._connecting = None
        if isinstance(ready, Failure):
            self.failed(ready)
            return
        self._send(ready)
        if not self._complete:
            ready.flush()
        if self._client is not None:
            self._client.resume()
            if self._client.is_behind:  # which it has told while there was nobody to pause
                ready.pause()

    def _send(self, connection: Connection) -> None:
        self._upstream = connection
        self._sent = time.perf_counter()
        request = self._head.forward
        if self._by_target:
            request = self._live.for_target(request)
        if self._waiting:
            request, self._waiting = request + self._waiting, b""
        connection.begin(self, self._head.method, request, self._complete)

    def data(self, data: bytes) -> None:
        if self._request_body is not None:
            self._request_body.data(data)
        self._write(chunk(data) if self._head.length == CHUNKED else data)

    def end(self, trailers: bytes) -> None:
        self._complete = True
        self._trailers = trailers
        if self._head.length == CHUNKED:
            self._write(last_chunk(trailers))
        if self._upstream is not None:
            self._upstream.end()

    def _write(self, data: bytes) -> None:
        if self._upstream is not None:
            self._upstream.data(data)
        elif self._connecting is not None:
            self._waiting += data
            if self._client is not None:
                self._client.pause()

    def flush(self) -> None:
        if self._upstream is not None:
            self._upstream.flush()

    def pause_answer(self) -> None:
        if self._upstream is not None:
            self._upstream.pause()

    def resume_answer(self) -> None:
        if self._upstream is not None:
            self._upstream.resume()

    def abort(self) -> None:
        """The client has left. What it asked is not needed any more, unless it was to change something."""
        if self._complete and self._head.method not in SAFE_METHODS:
            self._client = None
            self._live.orphans.add(self)
            self.resume_answer()
        else:
            self.cancel()

    def cancel(self) -> None:
        """Ask legacy no further."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._upstream is not None:
            self._upstream.close()
        self._upstream = self._client = None
        self._finish(Skip.CLIENT_LEFT)

    # -- the answer: from legacy to the client

    def answer(self, head: ResponseHead, body: bytes) -> None:
        upstream = self._upstream
        assert upstream is not None
        self._sent = upstream.sent or self._sent  # it may have waited for others, as in `Turn`
        self._first_byte = upstream.heard - self._sent
        self._answer = head
        if self._skip is None and (self._client is not None or self._wanted):
            self._response_body = Capture(self._live.body_limit, self._live.budget)
            if body:
                self._response_body.data(body)
        self._size = len(body)
        if self._client is not None:
            self._client.answer(head, body)

    def answer_data(self, data: bytes) -> None:
        self._size += len(data)
        if self._response_body is not None:
            self._response_body.data(data)
        if self._client is not None:
            self._client.data(data)

    def answer_end(self, trailers: bytes) -> None:
        upstream, self._upstream = self._upstream, None
        assert upstream is not None
        heard = upstream.heard  # now: the next request may begin on it before `end` is over
        total = heard - self._sent
        client, self._client = self._client, None
        if client is not None:
            client.end(trailers)
            assert self._answer is not None
            self._live.served(self._answer.status, heard - self._started, total)
        skip = self._skip if self._complete else Skip.INCOMPLETE
        self._finish(skip if client is not None or self._wanted else Skip.CLIENT_LEFT, total)

    def failed(self, failure: Failure) -> None:
        if self._may_retry(failure):
            self._retry()
            return
        self._upstream = None
        client, self._client = self._client, None
        if client is not None:
            client.fail(*_said(failure, self._by_target))
        skip = self._skip or (None if self._complete else Skip.LEGACY_FAILED)
        self._finish(skip if client is not None or self._wanted else Skip.CLIENT_LEFT, failure=failure)

    def _may_retry(self, failure: Failure) -> bool:
        """RFC 9110 9.2.2 and 9112 9.3.1: a reused connection may have been closed while we wrote to it."""
        body = self._request_body
        return (
            self._upstream is not None
            and self._upstream.reused
            and not self._upstream.heard
            and not self._retried
            and failure.kind is FailureKind.RESET
            and self._complete
            and self._head.method in IDEMPOTENT_METHODS
            and (not self._head.length or (body is not None and body.whole))
        )

    def _retry(self) -> None:
        self._retried = True
        self._upstream = None
        self._live.retries += 1
        self._ask_whole()

    def _ask_whole(self) -> None:
        """Ask legacy, on a new connection, with what was captured of the request."""
        body = self._request_body.body() if self._request_body is not None else b""
        assert isinstance(body, bytes)
        if self._head.length == CHUNKED:
            body = (chunk(body) if body else b"") + last_chunk(self._trailers)
        self._waiting = body
        self._connect()

    def interim(self, head: ResponseHead) -> None:
        if self._client is not None:
            self._client.interim(head)

    def answer_flush(self) -> None:
        if self._client is not None:
            self._client.flush()

    def pause_request(self) -> None:
        if self._client is not None:
            self._client.pause()

    def resume_request(self) -> None:
        if self._client is not None:
            self._client.resume()

    def switch(self, head: ResponseHead, rest: bytes) -> None:
        """Legacy has agreed to speak something else: from here on bytes are only passed."""
        upstream, client = self._upstream, self._client
        assert upstream is not None
        ended = upstream.transport.is_closing()  # what it said was read afterwards
        if not self._head.upgrade or not self._complete or client is None or ended:
            upstream.close()
            self.failed(Failure(FailureKind.MALFORMED, "101 that nobody asked for"))
            return
        self._upstream = self._client = None
        self._live.tunnel(client.switch(head.raw), (upstream.release(), rest))
        self._finish(Skip.UPGRADE)

    # -- afterwards

    def _finish(self, end: Skip | Drop | None, total: float = 0.0, failure: Failure | None = None) -> None:
        """Book how the request ended, and hand over what was captured. Once for each request."""
        if self._live.orphans:
            self._live.ended(self)
        if self._by_target:
            self._live.answered_by_target(self._answer, failure)
        if self._live.access_log is not None:
            self._log(self._live.access_log, end, total, failure)
        if end is None:
            end = self._hand_over(total, failure)
        if isinstance(end, Drop):
            self._live.tally(self._name).count_dropped(end)
        elif end is not None:
            self._live.tally(self._name).count_skipped(end)
        if self._request_body is not None:
            self._request_body.free()
        if self._response_body is not None:
            self._response_body.free()

    def _log(
        self, access_log: AccessLog, end: Skip | Drop | None, total: float, failure: Failure | None
    ) -> None:
        status = _STATUS_OF.get(end, 0) if failure is None else 0
        if not status:
            answer = self._answer
            status = answer.status if answer is not None else _said(failure, self._by_target)[0]
        seconds = total or time.perf_counter() - (self._sent or time.perf_counter())
        access_log.write(line(self._head.forward, self._began(), status, self._size, seconds))

    def _began(self) -> float:
        """When the request came, in Unix seconds."""
        return time.time() - (time.perf_counter() - self._started)

    def _hand_over(self, total: float, failure: Failure | None) -> Skip | Drop | None:
        request, response, answer = self._request_body, self._response_body, self._answer
        body = request.body() if request is not None else b""
        if not isinstance(body, bytes):
            return Skip.TOO_LARGE
        if failure is not None:  # half an answer is none
            response = answer = None
            total = time.perf_counter() - self._started  # it may not even have been sent
        if (request is not None and request.exhausted) or (response is not None and response.exhausted):
            return Drop.MEMORY
        head, pieces = self._head, response.pieces() if response is not None else []
        return self._live.hand_over(
            Frame(
                head.id[:128],
                self._name,
                self._index,
                self._began(),
                head.method,
                without_expectation(head.forward) if head.expects else head.forward,
                body,
                head.length == CHUNKED,
                answer.status if answer is not None else 0,
                answer.raw if answer is not None else b"",
                self._first_byte,
                total,
                failure.kind if failure is not None else "",
                self._by_target,
                response.body() if response is not None and not pieces else b"",
            ),
            pieces,
        )
