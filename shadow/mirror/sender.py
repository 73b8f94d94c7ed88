"""Shadow requests: never retried, no redirect followed, every answer bounded."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from typing import Any

from shadow.frame import Frame
from shadow.mirror.admission import Admission
from shadow.mirror.lateness import TICK, lateness
from shadow.model import Body, Digest, Drop, Failure, FailureKind, Outcome, Response
from shadow.record.tally import SLOWER_RATIO, SLOWER_SECONDS
from shadow.wire.body import chunk, last_chunk
from shadow.wire.head import ResponseHead
from shadow.wire.hosts import with_host
from shadow.wire.pool import Pool
from shadow.wire.upstream import Connection

Done = Callable[["ShadowRequest", Outcome | Drop], None]


def shadow_head(head: bytes, host: bytes | None, mark: bytes = b"1") -> bytes:
    """What legacy got, as it is sent once more. `host` replaces the client's Host, and by the `mark` an
    operator knows it in a log."""
    if host is not None:
        head = with_host(head, host)
    return b"%bX-Shadow: %b\r\n\r\n" % (head[:-2], mark)


class ShadowRequest:
    """One request under way that no client waits for, to the target or again to legacy; the sink of its
    answer. `charged` are the bytes that the answer holds of what `admission` allows: whoever was told of
    the answer gives them back."""

    __slots__ = (
        "_admission", "_body", "_connecting", "_connection", "_digest", "_done", "_first_byte",
        "_head", "_legacy", "_length", "_limit", "_pieces", "_request", "_sent", "charged", "frame",
    )  # fmt: skip

    def __init__(self, frame: Frame, limit: int, admission: Admission, done: Done) -> None:
        """`limit` is the most bytes of one body, `admission` knows how many there may be of all."""
        self.frame = frame
        self.charged = 0
        self._request = self._body = b""
        self._limit = limit
        self._admission = admission
        self._done = done
        self._connection: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._head: ResponseHead | None = None
        self._pieces: list[bytes] = []
        self._length = 0
        legacy = frame.response_body
        # While the answer is what legacy said, byte by byte, nothing of it is kept a second time.
        self._legacy = legacy if isinstance(legacy, bytes) else None
        # Legacy's body was too large to keep: the same is done with the target's, up to the same length.
        self._digest: Any = None if isinstance(legacy, bytes) else hashlib.sha256()
        self._sent = self._first_byte = 0.0

    def start(self, pool: Pool, head: bytes, body: bytes) -> None:
        """Send it, on an idle connection or a new one."""
        self._request, self._body = head, body
        connection = pool.take()
        if connection is not None:
            self._send(connection)
        else:
            self._sent = time.perf_counter()  # as good as sent, should it come to nothing
            self._connecting = pool.connect(self._connected)

    def _connected(self, ready: Connection | Failure) -> None:
        self._connecting = None
        if isinstance(ready, Failure):
            self.failed(ready)
        else:
            self._send(ready)

    def _send(self, connection: Connection) -> None:
        body = self._body
        self._connection = connection
        self._sent = time.perf_counter()
        if self.frame.chunked:
            body = chunk(body) + last_chunk() if body else last_chunk()
        connection.begin(self, self.frame.method, self._request + body, whole=True)

    def _total(self) -> float:
        """Seconds from sending the request to the end of the answer; where that would count as slower, less
        the time for which the answer lay here unread. Only there: to ask the kernel costs as much as to parse
        the head."""
        assert self._connection is not None
        total = self._connection.heard - self._sent
        if total > self.frame.total * SLOWER_RATIO + SLOWER_SECONDS:
            total -= max(0.0, lateness(self._connection.transport) - TICK)
        return total

    def cancel(self) -> None:
        """Forget about it, without a word to anybody."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.close()

    # -- the answer

    def interim(self, head: ResponseHead) -> None:
        """A 1xx to a shadow request means nothing to anybody."""

    def answer(self, head: ResponseHead, body: bytes) -> None:
        assert self._connection is not None
        self._sent = self._connection.sent or self._sent  # it may have waited for others, as in `Turn`
        self._first_byte = self._connection.heard - self._sent
        if self._hold(len(head.raw)):
            self._head = head
            if body:
                self.answer_data(body)

    def answer_data(self, data: bytes) -> None:
        self._length += len(data)
        if self._digest is not None:
            self._digest.update(data)
            legacy = self.frame.response_body
            too_long = isinstance(legacy, Digest) and self._length > max(legacy.length, self._limit)
        elif self._hold(len(data)):
            if data != self._legacy or self._length > len(data):  # most answers are equal, and come at once
                self._keep(data)
            too_long = self._length > self._limit
        else:
            return
        if too_long:
            self.cancel()
            self.failed(Failure(FailureKind.TOO_LARGE, f"body over {self._length - len(data)} bytes"))

    def _keep(self, data: bytes) -> None:
        """Keep a piece of the body, the last one of its `_length`."""
        legacy = self._legacy
        if legacy is not None:
            before = self._length - len(data)
            if legacy.startswith(data, before):
                return
            self._legacy = None
            if before:
                self._pieces.append(legacy[:before])
        self._pieces.append(data)

    def _hold(self, size: int) -> bool:
        """Charge a part of the answer; where there is no room, give up."""
        if not self._admission.hold(size):
            self.cancel()
            self._end(Drop.MEMORY)
            return False
        self.charged += size
        return True

    def answer_end(self, trailers: bytes) -> None:
        head = self._head
        assert head is not None
        total = self._total()
        first_byte = min(self._first_byte, total)
        self._connection = None
        self._done(self, Response(head.status, head.raw, self._whole(), first_byte, total))

    def _whole(self) -> Body:
        if self._digest is not None:
            return Digest(self._length, self._digest.digest())
        if self._legacy is not None:
            return self._legacy[: self._length]  # all of it is legacy's own, not a copy
        pieces, self._pieces = self._pieces, []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def answer_head(self) -> bytes:
        """The head of the answer, as received."""
        return self._head.raw if self._head is not None else b""

    def answer_flush(self) -> None:
        """Nobody waits for what has come so far."""

    def failed(self, failure: Failure) -> None:
        self._end(Failure(failure.kind, failure.detail, time.perf_counter() - self._sent))

    def _end(self, why: Failure | Drop) -> None:
        """There is no answer: nothing of it is kept."""
        self._connection = None
        self._admission.release(self.charged)
        self.charged = 0
        self._pieces.clear()
        self._done(self, why)

    def switch(self, head: ResponseHead, rest: bytes) -> None:
        self.cancel()
        self.failed(Failure(FailureKind.MALFORMED, "101 that nobody asked for"))

    def pause_request(self) -> None:
        """What there is to send is in memory already."""

    def resume_request(self) -> None:
        """See `pause_request`."""
