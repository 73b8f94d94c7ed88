"""A backend's connection.

A `Connection` carries one request at a time: it writes what it is given and tells a sink what the
backend answers. Which backend this is, and what becomes of the answer, it does not know: the live
path asks legacy through it, the shadow path the target.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from time import perf_counter
from typing import Final, Protocol, cast

from msgspec import Struct

from shadow.model import Failure, FailureKind
from shadow.settings import Timeouts
from shadow.wire.body import Chunked, Decoder, Malformed, UntilClose, decoder
from shadow.wire.deadlines import NEVER
from shadow.wire.head import BARE_LINE_FEED, ResponseHead
from shadow.wire.response_head import parse_response
from shadow.wire.turn import Turn
from shadow.wire.unread import unread

_MAX_HEAD: Final = 256 * 1024  # of an answer: legacy may set many cookies, and is not an attacker
_MAX_INTERIM: Final = 100  # 1xx answers to one request


def _check_unfinished(data: bytes, seen: int) -> None:
    """Raise Malformed for a head that can come to no good end: to wait for it would take all of its time."""
    if len(data) > _MAX_HEAD:
        raise Malformed("head too large")
    if BARE_LINE_FEED.search(data, seen):
        raise Malformed("bare line feed")


class AnswerSink(Protocol):
    """Who gets an answer. `answer_flush` follows whatever one read from the backend has brought; `heard` of
    the connection tells when that was."""

    def interim(self, head: ResponseHead) -> None:
        """A 1xx other than 101."""

    def answer(self, head: ResponseHead, body: bytes) -> None:
        """The final answer begins; `body` is all of its body where that has come with it, else empty."""

    def answer_data(self, data: bytes) -> None:
        """A part of its body, unchunked, that has not."""

    def answer_end(self, trailers: bytes) -> None:
        """It is complete, and the connection is free already."""

    def answer_flush(self) -> None:
        """Nothing more is at hand now."""

    def failed(self, failure: Failure) -> None:
        """There will be no (more of the) answer; the connection is gone."""

    def switch(self, head: ResponseHead, rest: bytes) -> None:
        """101: from here on the bytes are not HTTP; `rest` are the first of them."""

    def pause_request(self) -> None:
        """The backend takes the request more slowly than it comes."""

    def resume_request(self) -> None:
        """It can take more again."""


class Waits(Struct, frozen=True, gc=False):
    """How long a backend may take, in seconds."""

    connect: float
    answer: float
    stall: float
    whole: float
    reuse: float

    @classmethod
    def of(cls, timeouts: Timeouts) -> Waits:
        """As the configuration says."""
        return cls(timeouts.connect, timeouts.answer, timeouts.stall, timeouts.whole, timeouts.reuse)


class Owner(Protocol):
    """Whose a connection is: it is made there, and given back after each answer."""

    loop: asyncio.AbstractEventLoop
    turn: Turn
    waits: Waits

    def give_back(self, connection: Connection) -> None:
        """It is free for the next request."""

    def forget(self, connection: Connection) -> None:
        """It is of no more use."""


class Connection(asyncio.Protocol):
    """One connection to a backend."""

    __slots__ = (
        "_blocked", "_buffer", "_complete", "_decoder", "_head", "_interims", "_limit", "_method", "_out",
        "_owner", "_poll", "_sink", "address", "deadline", "heard", "reused", "sent", "transport",
    )  # fmt: skip

    def __init__(self, owner: Owner, address: str) -> None:
        self._owner = owner
        self.address = address
        self.transport: asyncio.Transport  # from connection_made on
        self.deadline = NEVER  # idle: when it is closed; else of what the backend owes, or of the whole
        self.reused = False
        self.sent = 0.0  # when the request began to be written, by `perf_counter`; 0 before
        self.heard = 0.0  # when something of the answer has last come; 0 before
        self._sink: AnswerSink | None = None
        self._method = b""
        self._complete = False  # the request has been given whole
        self._blocked = False  # it takes no more of it
        self._limit = NEVER
        self._head: ResponseHead | None = None
        self._decoder: Decoder | None = None
        self._buffer = b""
        self._interims = 0
        self._out = b""  # to be sent
        self._poll = select.poll()

    # -- the request's side

    def begin(self, sink: AnswerSink, method: bytes, request: bytes, whole: bool) -> None:
        """Start a request. A `whole` one is complete with its head or has its body behind that, and goes out;
        of any other nothing is written before `flush` or `end`."""
        owner = self._owner
        now, waits = owner.loop.time(), owner.waits
        self._sink = sink
        self._method = method
        self.sent = self.heard = 0.0
        self._out = request
        self.deadline = self._limit = now + waits.whole
        if whole:
            self._complete = True
            if waits.answer < waits.whole:
                self.deadline = now + waits.answer
            owner.turn.add(self, request)

    def data(self, data: bytes) -> None:
        """A part of the request's body, framed as its head says."""
        self._out += data

    def end(self) -> None:
        """The request is complete: it goes out, and the backend's time to answer begins."""
        self._complete = True
        self._renew()
        if self._out:
            self._owner.turn.add(self, self._out)

    def _renew(self) -> None:
        """Set the deadline of what the backend owes now. While the request is still on its way that is
        nothing, unless it is the backend that does not take it."""
        if self._complete or self._blocked:
            waits = self._owner.waits
            seconds = waits.answer if self._complete and self._head is None else waits.stall
            due, limit = self._owner.loop.time() + seconds, self._limit
            self.deadline = due if due < limit else limit
        else:
            self.deadline = self._limit

    def flush(self) -> None:
        """Nothing more of the request is at hand now."""
        if self._out:
            self._owner.turn.add(self, self._out)

    def send(self) -> None:
        """Write what has been gathered."""
        out, self._out = self._out, b""
        if out:
            if not self.sent:
                self.sent = perf_counter()
            self.transport.write(out)

    def pause(self) -> None:
        """The client takes the answer more slowly than it comes, which is not the backend's fault."""
        self.transport.pause_reading()
        self.deadline = self._limit

    def resume(self) -> None:
        """Read on."""
        self.transport.resume_reading()
        self._renew()

    def close(self) -> None:
        """Give up whatever is under way, without a word to the sink."""
        self._sink = None
        self._out = b""
        self._owner.forget(self)
        self.transport.abort()

    def release(self) -> asyncio.Transport:
        """Hand the transport to a tunnel; its owner knows it no more."""
        self._sink = None
        self._owner.forget(self)
        return self.transport

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN | select.POLLRDHUP)

    def is_silent(self) -> bool:
        """Whether the backend has neither spoken nor closed since its last answer. The kernel may know what
        the loop has not seen, and what was said unasked would be read as the next client's answer."""
        return not self.transport.is_closing() and not self._poll.poll(0)

    def data_received(self, data: bytes) -> None:
        sink = self._sink
        if sink is None:
            # Nobody asked. Kept, these bytes would become the next client's answer.
            self.close()
            return
        self.heard = perf_counter()
        try:
            if self._decoder is not None:
                self._read_body(sink, data)
            elif self._buffer:
                self._read_head(sink, self._buffer + data, max(0, len(self._buffer) - 3))
            else:
                self._read_head(sink, data, 0)
        except Malformed as error:
            self._fail(FailureKind.MALFORMED, str(error))
            return
        if self._sink is sink:
            self._renew()
            sink.answer_flush()

    def _read_head(self, sink: AnswerSink, data: bytes, seen: int) -> None:
        """Read heads until the final one; no end of one begins in the first `seen` bytes of `data`."""
        while True:
            end = data.find(b"\r\n\r\n", seen) + 4
            if end < 4:
                _check_unfinished(data, seen)
                self._buffer = data
                return
            head = parse_response(data[:end], self._method)
            if head is None:
                raise Malformed("malformed head")
            data, seen = data[end:], 0
            if head.status >= 200:
                break
            if head.status == 101:
                self._buffer = b""
                sink.switch(head, data)
                return
            self._interims += 1
            if self._interims > _MAX_INTERIM:
                raise Malformed("too many interim answers")
            sink.interim(head)
        self._buffer = b""
        self._head = head
        whole = len(data) == head.length  # most answers come in one read
        sink.answer(head, data if whole else b"")
        if self._sink is not sink:
            return
        if whole:
            self._answered_whole(sink)
        else:
            self._decoder = decoder(head.length, head.named)
            self._read_body(sink, data)

    def _read_body(self, sink: AnswerSink, data: bytes) -> None:
        body = self._decoder
        assert body is not None
        if data and not body.done:
            piece = body.feed(data)
            if piece:
                sink.answer_data(piece)
            data = body.rest
        if body.done and self._sink is sink:
            trailers = body.trailers if isinstance(body, Chunked) else b""
            self._answered_whole(sink, trailers, surplus=bool(data))

    def _answered_whole(self, sink: AnswerSink, trailers: bytes = b"", surplus: bool = False) -> None:
        """Free the connection, or close it if anything about it is odd."""
        head, complete = self._head, self._complete
        self._sink = self._head = self._decoder = None
        self._complete = False
        self._interims = 0
        unsent = self._out or self.transport.get_write_buffer_size()
        if complete and unsent:
            self._end_sending()
        elif complete and not surplus and head is not None and head.keep_alive:
            self._owner.give_back(self)
        else:
            self.close()
        sink.answer_end(trailers)

    def _end_sending(self) -> None:
        """Send what is left of a request that was answered amid its last bytes: its client takes it for sent.
        The next one would go behind it, and a full buffer is not told of twice."""
        self.send()
        self.transport.close()
        self.deadline = self._limit = self._owner.loop.time() + self._owner.waits.stall

    def _fail(self, kind: FailureKind, detail: str) -> None:
        sink = self._sink
        self.close()
        if sink is not None:
            sink.failed(Failure(kind, detail))

    def connection_lost(self, exc: Exception | None) -> None:
        # A whole request that a reused connection did not take has no answer: what is there was said before.
        if self._sink is not None and (self.heard or not (self._complete and self.reused)):
            said = unread(self.transport)
            if said:
                self.data_received(said)
        sink = self._sink
        self._sink = None
        self._out = b""
        self._owner.forget(self)
        if sink is None:
            return
        if exc is None and isinstance(self._decoder, UntilClose):
            self.heard = perf_counter()
            sink.answer_end(b"")
        elif isinstance(exc, ssl.SSLError):
            sink.failed(Failure(FailureKind.TLS, "TLS broke"))
        else:
            where = "in the middle of the answer" if self.heard else "before answering"
            sink.failed(Failure(FailureKind.RESET, f"connection closed {where}"))

    def pause_writing(self) -> None:
        self._blocked = True
        if self._sink is not None:
            self._renew()
            self._sink.pause_request()

    def resume_writing(self) -> None:
        self._blocked = False
        if self._sink is not None:
            self._renew()
            self._sink.resume_request()

    def expired(self, now: float) -> None:
        """A deadline has passed; an idle connection just goes."""
        if now >= self._limit:
            self._fail(FailureKind.TIMEOUT, "the exchange took too long")
        elif not self._complete:
            self._fail(FailureKind.TIMEOUT, "the request stalled")
        else:
            self._fail(
                FailureKind.TIMEOUT, "no answer in time" if self._head is None else "the answer stalled"
            )
