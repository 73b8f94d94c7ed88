"""What is written on the sockets between processes: length-prefixed msgpack. Pure.

Live and shadow workers do not import each other; they meet here and in `model`. Both ends are
always of one version, forked from one supervisor, so a message carries no version.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from shadow.model import Digest, Failure, Masked, Response
from shadow.record.buckets import Buckets
from shadow.record.parts import add_counts
from shadow.record.tally import Tally

_LENGTH: Final = struct.Struct("<I")
_BODY: Final = struct.Struct(">BI")
_BIN_32: Final = 0xC6  # MessagePack's bytes whose length, four bytes, follows
_NO_BODY: Final = b"\xc4\x00"  # and how it writes none
_ROOM: Final = 64 * 1024  # bytes that can be read at once, and more where a message is larger
_KEPT: Final = 4 * 1024 * 1024  # bytes; a larger buffer is given back once its message has been read
HELLO: Final = struct.Struct("<I")
"""What a shadow worker says first to a live one: its process id, under which what it is handed is booked."""

T = TypeVar("T")


class Frame(msgspec.Struct, array_like=True, gc=False):
    """A captured exchange: live worker → shadow worker. Heads are raw, as on the wire to and from legacy."""

    id: bytes
    endpoint: str
    index: int | None  # of the endpoint in `settings.endpoints`; None where no line names it
    started: float  # Unix seconds
    method: bytes
    request_head: bytes  # as legacy got it, without `Expect: 100-continue`
    request_body: bytes
    chunked: bool  # how legacy got it
    status: int  # 0 where legacy gave no answer
    response_head: bytes  # as legacy gave it; empty where only a log tells of the answer, or there is none
    first_byte: float
    total: float
    failure: str = ""  # why legacy gave no answer: a `FailureKind`; empty where it gave one
    by_target: bool = False  # the target answered the client: what is said of legacy here is the target's
    response_body: bytes | Digest = b""  # the last, for `with_body`

    def size(self) -> int:
        """About how much memory it holds, in bytes."""
        body = self.response_body
        return (
            len(self.request_head)
            + len(self.request_body)
            + len(self.response_head)
            + (len(body) if isinstance(body, bytes) else 0)
            + 500
        )


class Job(msgspec.Struct, array_like=True, gc=False):
    """A pair that is not plainly equal: shadow worker → judge."""

    number: int
    frame: Frame
    response: Response | None  # the target's answer,
    failure: Failure | None  # or why there is none
    control: Response | None = None  # legacy's second answer, where it was asked again with the target
    before: tuple[tuple[str, ...], ...] = ()
    """Of a recheck: the signatures that each look before it has seen, the first one first."""


class Judged(msgspec.Struct, array_like=True, gc=False):
    """What became of a job: judge → shadow worker."""

    number: int
    comparison: Masked
    control: Masked | None = None  # legacy's first answer and its second


class Served(msgspec.Struct, array_like=True):
    """What clients were given. Where the target answers them, its answers count as legacy's here."""

    legacy: dict[str, int] = {}  # legacy's answers, by status class: `2xx`
    own: dict[str, int] = {}  # our own in their place, by status; `broken`: legacy's, but only a part of it
    client: Buckets = msgspec.field(default_factory=Buckets)  # legacy's, from the request's head on
    asked: Buckets = msgspec.field(default_factory=Buckets)  # the same, from when legacy was asked on

    def merge(self, other: Served) -> None:
        """Take over what `other` counted."""
        add_counts(self.legacy, other.legacy)
        add_counts(self.own, other.own)
        self.client.merge(other.client)
        self.asked.merge(other.asked)


class WorkerReport(msgspec.Struct, array_like=True):
    """What a worker counted since its last report: worker → supervisor → admin."""

    worker: str  # "live-0"
    pid: int
    tallies: dict[str, Tally]  # by endpoint
    handed: dict[int, dict[str, int]] = {}  # exchanges given to a shadow worker (by process id), by endpoint
    gauges: dict[str, float] = {}  # as they stand now
    served: Served = msgspec.field(default_factory=Served)


def with_body(payload: bytes, pieces: Sequence[bytes]) -> list[bytes]:
    """The pieces to write for a message whose `payload` is a `Frame` encoded without its response body, which
    is in `pieces`. They are not copied: to join them and to encode them would do that twice."""
    assert payload.endswith(_NO_BODY)
    size = sum(map(len, pieces))
    front = payload[: -len(_NO_BODY)] + _BODY.pack(_BIN_32, size)
    return [_LENGTH.pack(len(front) + size), front, *pieces]


class Stream(Generic[T]):
    """Encodes and decodes messages of one type."""

    def __init__(self, kind: type[T]) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._read = memoryview(bytearray())  # the first `_held` bytes are of messages that are not complete
        self._held = 0
        self._needed = _ROOM  # bytes of the message under way, or what is read at once

    def encode(self, message: T) -> tuple[bytes, bytes]:
        """A message in two pieces, its length and the rest: to join them would copy a large one."""
        payload = self._encoder.encode(message)
        return _LENGTH.pack(len(payload)), payload

    def room(self) -> memoryview:
        """Where to put what is read next; `filled` is told how much that was. A large message comes to lie in
        one piece."""
        if len(self._read) < self._needed:
            grown = memoryview(bytearray(self._needed))
            grown[: self._held] = self._read[: self._held]
            self._read = grown
        return self._read[self._held :]

    def filled(self, count: int) -> Iterator[T]:
        """The messages that are complete with the first `count` bytes of `room`. To be read to the end."""
        read, held = self._read, self._held + count
        at = end = 0
        while held - at >= 4:
            end = at + 4 + _LENGTH.unpack_from(read, at)[0]
            if end > held:
                break
            yield self._decoder.decode(read[at + 4 : end])
            at = end
        self._held = held - at
        self._needed = max(_ROOM, end - at)
        if at:
            read[: self._held] = read[at:held]
        if len(read) > _KEPT and self._held < _ROOM:
            self._read = memoryview(bytearray(read[: self._held]))  # `room` makes some anew

    def feed(self, data: bytes) -> Iterator[T]:
        """The messages that are complete with `data`, where it was read elsewhere. To be read to the end."""
        while data:
            room = self.room()
            count = min(len(room), len(data))
            room[:count] = data[:count]
            yield from self.filled(count)
            data = data[count:]
