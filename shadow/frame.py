"""What is written on the sockets between processes: length-prefixed msgpack. Pure.

Live and shadow workers do not import each other; they meet here and in `model`. Both ends are
always of one version, forked from one supervisor, so a message carries no version.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

import msgspec

from shadow.model import Comparison, Digest, Failure, Response
from shadow.record.buckets import Buckets
from shadow.record.mask import Masked
from shadow.record.parts import add_counts
from shadow.record.tally import Tally

_LENGTH: Final = struct.Struct("<I")
HELLO: Final = struct.Struct("<I")
"""The first that a shadow worker says to a live one: its process id, under which what it gets is booked."""

T = TypeVar("T")


class Frame(msgspec.Struct, array_like=True, gc=False):
    """A captured exchange: live worker → shadow worker. Heads are raw, as on the wire to and from legacy."""

    id: bytes
    endpoint: str
    rule: int  # index of the endpoint's settings, -1 for none
    started: float  # Unix seconds
    method: bytes
    request_head: bytes  # as legacy got it
    request_body: bytes
    chunked: bool  # how legacy got it
    status: int  # 0 where legacy gave no answer
    response_head: bytes  # as legacy gave it; empty where only a log tells of the answer, or there is none
    response_body: bytes | Digest
    first_byte: float
    total: float
    failure: str = ""  # why legacy gave no answer: a `FailureKind`; empty where it gave one
    by_target: bool = False  # the target answered the client: what is said of legacy here is the target's

    @property
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
    """Of a recheck: the signatures that were seen at first, and then in the one before it, if any."""


class Judged(msgspec.Struct, array_like=True, gc=False):
    """What became of a job: judge → shadow worker."""

    number: int
    comparison: Masked
    control: Comparison | None = None  # legacy's first answer and its second, masked


class Served(msgspec.Struct, array_like=True):
    """What clients were given."""

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


class Report(msgspec.Struct, array_like=True):
    """What a worker counted since its last report: worker → supervisor → admin."""

    worker: str  # "live-0"
    pid: int
    tallies: dict[str, Tally]  # by endpoint
    handed: dict[int, dict[str, int]] = {}  # exchanges given to a shadow worker (by process id), by endpoint
    gauges: dict[str, float] = {}  # as they stand now
    served: Served = msgspec.field(default_factory=Served)


class Stream(Generic[T]):
    """Encodes and decodes messages of one type."""

    def __init__(self, kind: type[T]) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._pieces: list[bytes] = []  # of a message that is not complete
        self._missing = 4  # bytes at least until one is

    def encode(self, message: T) -> tuple[bytes, bytes]:
        """A message in two pieces, one behind the other: a large one is not copied to get them into one."""
        payload = self._encoder.encode(message)
        return _LENGTH.pack(len(payload)), payload

    def feed(self, data: bytes) -> Iterator[T]:
        """The messages that are complete with `data`. To be read to the end."""
        self._pieces.append(data)
        self._missing -= len(data)
        if self._missing > 0:  # a large message comes in many pieces: join them once, not with each
            return
        data = b"".join(self._pieces)
        view = memoryview(data)
        at, end = 0, 4
        while len(data) - at >= 4:
            end = at + 4 + _LENGTH.unpack_from(data, at)[0]
            if end > len(data):
                break
            yield self._decoder.decode(view[at + 4 : end])
            at, end = end, end + 4
        self._pieces = [data[at:]]
        self._missing = end - len(data)
