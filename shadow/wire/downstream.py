"""A client's connection: requests in, answers out, in order.

One request is under way at a time; what a client pipelines behind it waits unparsed, up to a
bound, and then reading pauses. Who answers is none of this module's business: it opens a
`RequestSink` for each request, and whoever stands behind it writes the answer here.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final, cast

from shadow.wire.body import Chunked, Decoder, Malformed, chunk, decoder, last_chunk
from shadow.wire.deadlines import NEVER
from shadow.wire.front import Front, RequestSink
from shadow.wire.head import RequestHead, ResponseHead
from shadow.wire.own_answer import own_answer
from shadow.wire.request_head import EMPTY_LINES, Refusal, RequestReader, unfinished
from shadow.wire.unacknowledged import give_up, unacknowledged

_REST: Final = 30.0  # seconds, as nginx, for an upload that goes on behind its answer,
_SILENT: Final = 5.0  # and in which nothing of it comes

_CR: Final = 0x0D


class Downstream(asyncio.Protocol):
    """One client's connection."""

    __slots__ = (
        "_address", "_answering", "_buffer", "_chunking", "_close", "_decoder", "_fresh", "_front", "_head",
        "_heads", "_lingering", "_out", "_reading_paused", "_request", "_rest_ends", "_unsent",
        "_writing_paused", "deadline", "transport",
    )  # fmt: skip

    def __init__(self, front: Front, address: str | None = None) -> None:
        """`address` is the client's, where it is not that of the connection."""
        self._front = front
        self._address = address
        self.transport: asyncio.Transport  # from connection_made on
        self.deadline = NEVER
        self._heads: RequestReader  # from connection_made on
        self._buffer = b""
        self._head: RequestHead | None = None
        self._request: RequestSink | None = None
        self._decoder: Decoder | None = None  # of a request body that has not ended
        self._fresh = True  # it has not asked for anything yet: when we leave, its request may be on the way
        self._out = b""  # to be sent
        self._answering = False  # the final head has been written
        self._chunking = False
        self._close = False  # after this answer
        self._lingering = False  # nothing is read or written any more but what is under way
        self._rest_ends = NEVER  # until when an upload may go on behind its answer
        self._reading_paused = False
        self._writing_paused = False
        self._unsent = 0  # bytes in the write buffer when a deadline last looked at it

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        front = self._front
        peer = transport.get_extra_info("peername")
        address = self._address or (peer[0] if peer else None)
        full = front.is_full()
        if full or not address:  # none: it has left already
            front.turned_away += full
            self._lingering = True
            self.transport.abort()
            return
        self._heads = RequestReader(front.peer(address), front.passage)
        front.connections.add(self)
        front.deadlines.watch(self)
        self.deadline = front.loop.time() + front.timeouts.idle

    def connection_lost(self, exc: Exception | None) -> None:
        self._front.left(self)
        self._lingering = True
        request = self._request
        if request is not None:
            self._request = None
            request.abort()

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            self._read_rest(data)
        elif self._decoder is not None:
            self._read_body(data)
        elif self._request is not None or self._writing_paused:
            self._buffer += data
            if len(self._buffer) > self._front.limits.read_ahead:
                self._pause_reading()
        elif self._buffer:
            self._read_head(self._buffer + data, max(0, len(self._buffer) - 3))
        else:
            self._read_head(data, 0)

    def pause_writing(self) -> None:
        self._writing_paused = True
        self._wait_for_client(self._front.timeouts.stall)
        if self._request is not None:
            self._request.pause_answer()

    def resume_writing(self) -> None:
        self._writing_paused = False
        if self._lingering:
            return
        if self._request is not None:
            self.deadline = NEVER
            if self._decoder is not None:
                self._wait_for_client(self._front.timeouts.stall)
            self._request.resume_answer()
        else:
            self._read_next()

    @property
    def is_behind(self) -> bool:
        """Whether it has not taken yet what it was answered before."""
        return self._writing_paused

    def _wait_for_client(self, seconds: float) -> None:
        self._unsent = self.transport.get_write_buffer_size()
        self.deadline = self._front.loop.time() + seconds

    def expired(self, now: float) -> None:
        """A deadline has passed: which one follows from what was under way."""
        if 0 < self.transport.get_write_buffer_size() < self._unsent:
            self._wait_for_client(self._front.timeouts.stall)  # slow, but it reads
        elif self._lingering and 0 < (held := self._held()) != self._unsent:
            self._wait_for_client(self._front.timeouts.stall)
            self._unsent = held
        elif self._lingering or self._answering or self._writing_paused:
            self.break_off()
        elif self._request is not None or self._buffer:
            self._refuse(Refusal(408, "request not sent in time"))
        else:
            self.send()
            self._lingering = True
            self.transport.close()

    def _held(self) -> int:
        """Bytes that closing now may leave behind: none without TLS, as the kernel sends all that it has."""
        return 0 if self.transport.can_write_eof() else unacknowledged(self.transport)

    # -- requests

    def _read_next(self) -> None:
        """Between two requests: begin with what has been read ahead."""
        self.deadline = self._front.loop.time() + self._front.timeouts.idle
        if self._buffer:
            data, self._buffer = self._buffer, b""
            self._read_head(data, 0)
        if self._reading_paused and (self._request is None or self._decoder is not None):
            self._resume_reading()

    def _read_head(self, data: bytes, seen: int) -> None:
        """Open the next request in `data`; no end of its head begins in the first `seen` bytes."""
        front = self._front
        if data[0] == _CR and (empty := EMPTY_LINES.match(data)) is not None:
            data, seen = data[empty.end() :], 0
        head, behind = self._heads.read(data, front.fresh_id(), seen)
        if head is None:
            self._wait_for_head(data, seen)
            return
        if isinstance(head, Refusal) or front.short_of_memory:
            self._buffer = data
            self._refuse(head if isinstance(head, Refusal) else Refusal(503, "too much is under way"))
            return
        self._head = head
        self._fresh = False
        self.deadline = NEVER
        self._close = not head.keep_alive or front.lame
        self._buffer = behind
        self._request = front.open_request(self, head)
        if head.length:
            self._decoder = decoder(head.length, head.named)
            self._buffer = b""
            self._read_body(behind)

    def _wait_for_head(self, data: bytes, seen: int) -> None:
        front = self._front
        if data.strip(b"\r") and not self._buffer.strip(b"\r"):  # else it is, or may be, an empty line
            self.deadline = front.loop.time() + front.timeouts.header
        self._buffer = data
        refusal = unfinished(data, seen, front.passage)
        if refusal is not None:
            self._refuse(refusal)

    def _read_body(self, data: bytes) -> None:
        request, body = self._request, self._decoder
        assert request is not None
        assert body is not None
        self._wait_for_client(self._front.timeouts.stall)
        try:
            piece = body.feed(data) if data else b""
        except Malformed as error:
            self._refuse(Refusal(400, str(error)))
            return
        if piece:
            request.data(piece)
        if body.done:
            self._decoder = None
            self._buffer = body.rest
            if not self._writing_paused:
                self.deadline = NEVER
            request.end(body.trailers if isinstance(body, Chunked) else b"")
        else:
            request.flush()

    def pause(self) -> None:
        """Legacy takes the request more slowly than the client sends it."""
        self._pause_reading()
        if not self._writing_paused:
            self.deadline = NEVER  # it is not the client's fault

    def resume(self) -> None:
        self._resume_reading()
        if self._decoder is not None:
            self._wait_for_client(self._front.timeouts.stall)

    def _pause_reading(self) -> None:
        if not self._reading_paused and not self.transport.is_closing():
            self._reading_paused = True
            self.transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._reading_paused and not self.transport.is_closing():
            self._reading_paused = False
            self.transport.resume_reading()

    # -- answers

    def interim(self, head: ResponseHead) -> None:
        """Relay a 1xx; HTTP/1.0 does not know them, and an unasked 100 breaks some clients."""
        asked = self._head
        if asked is not None and asked.minor == 1 and (head.status != 100 or asked.expects):
            self._out += head.relay + b"\r\n"

    def answer(self, head: ResponseHead, body: bytes) -> None:
        """The final answer begins, and `body` behind it, unless its length is not known."""
        asked = self._head
        assert asked is not None
        self._answering = True
        out = self._out + head.relay
        if head.length < 0:  # in chunks, or until the end
            if asked.minor == 1:
                self._chunking = True
                out += b"Transfer-Encoding: chunked\r\n"
            else:
                self._close = True
        if self._decoder is not None:
            # The answer comes before the request has ended: how much of that will still come, nobody knows.
            self._close = True
        if self._close:
            out += b"Connection: close\r\n"
        elif asked.minor == 0:
            out += b"Connection: keep-alive\r\n"
        self._out = out + b"\r\n" + body

    def data(self, data: bytes) -> None:
        self._out += chunk(data) if self._chunking else data

    def end(self, trailers: bytes = b"") -> None:
        """The answer is complete; go on with the next request."""
        if self._chunking:
            self._out += last_chunk(trailers)
        if self._out:
            self._front.turn.add(self, self._out)
        head = self._head
        if head is not None and head.minor == 0 and not self.transport.can_write_eof():
            self._decoder = None  # only closing tells the end of its answer: TLS has no half of a connection
        self._request = self._head = None
        self._answering = self._chunking = False
        if self._decoder is not None or self._close or self._front.draining:
            self._linger()
        elif not self._writing_paused:  # a client that does not read is not answered another time
            self._read_next()

    def flush(self) -> None:
        if self._out:
            self._front.turn.add(self, self._out)

    def send(self) -> None:
        """Write what has been gathered."""
        out, self._out = self._out, b""
        if out and not self._lingering:
            self.transport.write(out)

    def accept(self) -> None:
        """Answer that the request has come, and nothing else."""
        if self._lingering:  # it has left in between
            return
        head = self._head
        self._close = self._close or head is None or head.minor == 0
        self._out += b"HTTP/1.1 204 No Content\r\n%b\r\n" % (b"Connection: close\r\n" if self._close else b"")
        self.end()

    def fail(self, status: int, reason: str) -> None:
        """Answer in legacy's place, or break off where its answer has begun."""
        if self._answering:
            self._front.own("broken")
            self._request = None
            self.break_off()
        else:
            head = self._head
            self._close = self._close or self._decoder is not None or head is None or head.minor == 0
            self._write_error(status, reason, close=self._close)
            self.end()

    def switch(self, head: bytes) -> tuple[asyncio.Transport, bytes]:
        """Write the 101 and give up the connection: its transport, and what the client has sent ahead."""
        self._out += head
        self.send()
        self._front.left(self)
        self._request = None
        self._lingering = True
        self._resume_reading()
        return self.transport, self._buffer

    # -- endings

    def drain(self) -> None:
        """Close now if idle, else after the answer. A client that has only just come may be sending, and one
        that has its answer gets a moment to read it, however much it still sends."""
        self._close = True
        if self._lingering and self._decoder is not None:
            self._linger_anew()
        elif self._request is None and not self._buffer and not self._lingering:
            if self._fresh:
                self._wait_for_client(self._front.timeouts.linger)
            else:
                self.send()
                self.transport.close()

    def break_off(self) -> None:
        """Close at once, whatever is under way."""
        self.send()
        if self._answering and self._head is not None and self._head.minor == 0:
            give_up(self.transport)  # closed in peace, what has come of the answer might pass for all of it
        self._lingering = True
        request, self._request = self._request, None
        if request is not None:
            request.abort()
        self.transport.abort()

    def _refuse(self, refusal: Refusal) -> None:
        request, self._request = self._request, None
        if request is not None:
            request.abort()
        else:
            self._front.refused()
        self._decoder = None
        if self._answering:
            self.break_off()
            return
        self._write_error(refusal.status, refusal.reason, close=True)
        self._buffer = b""
        self._linger()

    def _write_error(self, status: int, reason: str, close: bool) -> None:
        self._front.own(str(status))
        head, text = own_answer(status, reason, close)
        self._out += head
        asked = self._head.forward if self._head is not None else self._buffer  # what could not be read
        if not asked.startswith(b"HEAD "):  # RFC 9110 9.3.2
            self._out += text

    def _linger(self) -> None:
        """Half-close, and read on for a moment: closing on unread bytes would reset the answer away."""
        if self._lingering:
            return
        self.send()
        self._lingering = True
        timeouts = self._front.timeouts
        unsent = self.transport.get_write_buffer_size()
        silent: float = timeouts.linger
        rest = silent
        if self._decoder is not None and (unsent or not self._front.draining):
            silent, rest = _SILENT, _REST
        self._rest_ends = self._front.loop.time() + rest
        self._wait_for_client(timeouts.stall if unsent else silent)
        self._resume_reading()
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        elif self._decoder is None:
            self.transport.close()  # TLS has no half of a connection; its closing waits for what is unsent

    def _read_rest(self, data: bytes) -> None:
        """Drop what comes behind the last answer; once a body that was still coming has ended, as ever."""
        body = self._decoder
        if body is None:
            return
        with suppress(Malformed):
            body.feed(data)
            if not body.done:
                self.deadline = min(self._front.loop.time() + _SILENT, self._rest_ends)
                return
        self._decoder = None
        self._linger_anew()

    def _linger_anew(self) -> None:
        self._lingering = False
        self._linger()
