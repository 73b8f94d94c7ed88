"""Shadow requests: never retried, no redirect followed, every answer bounded."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Callable
from typing import Any

from shadow.frame import Frame
from shadow.mirror.admission import Admission
from shadow.model import Body, Digest, Drop, Failure, FailureKind, Outcome, Response
from shadow.wire.body import chunk, last_chunk
from shadow.wire.head import ResponseHead, fields
from shadow.wire.upstream import Connection, Pool

# `Expect` is gone because the body follows at once; the marker tells the target what it is asked for.
_EXPECT = re.compile(rb"\r\nexpect:[^\r\n]*", re.IGNORECASE)
_HOST = re.compile(rb"(\r\nhost:)[^\r\n]*", re.IGNORECASE)
_MARK = b"X-Shadow: 1\r\n\r\n"

Done = Callable[["ShadowRequest", Outcome | Drop], None]


def shadow_head(head: bytes, host: bytes | None) -> bytes:
    """What legacy got, as the target gets it. `host` replaces the client's Host."""
    head = _EXPECT.sub(b"", head, count=1)
    if host is not None:
        head = _HOST.sub(lambda line: line[1] + b" " + host, head, count=1)
    return head[:-2] + _MARK


class ShadowRequest:
    """One request to the target under way; the sink of its answer."""

    __slots__ = (
        "_admission", "_connecting", "_connection", "_digest", "_done", "_first_byte", "_head", "_length",
        "_limit", "_pieces", "_sent", "frame",
    )  # fmt: skip

    def __init__(self, frame: Frame, limit: int, admission: Admission, done: Done) -> None:
        """`limit` is the most bytes of one body, `admission` knows how many there may be of all."""
        self.frame = frame
        self._limit = limit
        self._admission = admission
        self._done = done
        self._connection: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._head: ResponseHead | None = None
        self._pieces: list[bytes] = []
        self._length = 0
        legacy = frame.response_body
        # Legacy's body was too large to keep: the same is done with the target's, up to the same length.
        self._digest: Any = None if isinstance(legacy, bytes) else hashlib.sha256()
        self._sent = time.perf_counter()
        self._first_byte = 0.0

    def start(self, pool: Pool, host: bytes | None) -> None:
        """Send it, on an idle connection or a new one."""
        connection = pool.take()
        if connection is not None:
            self._send(connection, host)
        else:
            self._connecting = pool.connect(lambda ready: self._connected(ready, host))

    def _connected(self, ready: Connection | Failure, host: bytes | None) -> None:
        self._connecting = None
        if isinstance(ready, Failure):
            self.failed(ready)
        else:
            self._send(ready, host)

    def _send(self, connection: Connection, host: bytes | None) -> None:
        frame = self.frame
        self._connection = connection
        self._sent = time.perf_counter()
        connection.begin(self, frame.method, shadow_head(frame.request_head, host))
        if frame.chunked:
            connection.data(chunk(frame.request_body) + last_chunk() if frame.request_body else last_chunk())
        elif frame.request_body:
            connection.data(frame.request_body)
        connection.end()
        connection.flush()

    def cancel(self) -> None:
        """Forget about it, without a word to anybody."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.close()

    # -- the answer

    def interim(self, head: ResponseHead) -> None:
        """A 1xx to a shadow request means nothing to anybody."""

    def answer(self, head: ResponseHead) -> None:
        self._first_byte = time.perf_counter() - self._sent
        self._head = head

    def answer_data(self, data: bytes) -> None:
        self._length += len(data)
        if self._digest is not None:
            self._digest.update(data)
            legacy = self.frame.response_body
            too_long = isinstance(legacy, Digest) and self._length > max(legacy.length, self._limit)
        elif self._admission.hold(len(data)):
            self._pieces.append(data)
            too_long = self._length > self._limit
        else:
            self.cancel()
            self._end(Drop.MEMORY)
            return
        if too_long:
            self.cancel()
            self.failed(Failure(FailureKind.TOO_LARGE, f"body over {self._length - len(data)} bytes"))

    def answer_end(self, trailers: bytes) -> None:
        head = self._head
        assert head is not None
        self._connection = None
        total = time.perf_counter() - self._sent
        self._done(self, Response(head.status, fields(head.raw), self._body(), self._first_byte, total))

    def _body(self) -> Body:
        if self._digest is not None:
            return Digest(self._length, self._digest.digest())
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def answer_flush(self) -> None:
        """Nobody waits for what has come so far."""

    def failed(self, failure: Failure) -> None:
        self._end(Failure(failure.kind, failure.detail, time.perf_counter() - self._sent))

    def _end(self, why: Failure | Drop) -> None:
        """There is no answer: nothing of it is kept."""
        self._connection = None
        self._admission.release(sum(map(len, self._pieces)))
        self._pieces.clear()
        self._done(self, why)

    def switch(self, head: ResponseHead, rest: bytes) -> None:
        self.cancel()
        self.failed(Failure(FailureKind.MALFORMED, "101 that nobody asked for"))

    def pause_request(self) -> None:
        """What there is to send is in memory already."""

    def resume_request(self) -> None:
        """See `pause_request`."""
