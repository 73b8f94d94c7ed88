"""The words of the system, as types.

Everything that crosses from one part to another is one of these: what a client asked and legacy
answered (`Exchange`), what a backend gave (`Outcome`), what differs (`Difference`), and how each
request ended (`Fate`). No behaviour beyond what follows from the fields. Pure.
"""

from __future__ import annotations

import enum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import msgspec

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Field name and value as they stood on the wire: order, case and duplicates kept, value trimmed."""


class Digest(NamedTuple):
    """Stands for a body that was too large to keep."""

    length: int
    sha256: bytes


Body: TypeAlias = bytes | Digest
"""A body as it stood on the wire after unchunking, still content-encoded, or its digest."""


class Request(NamedTuple):
    """What the client asked, as it was forwarded to legacy: hop-by-hop fields gone, ours added."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes = b""


def fields(head: bytes) -> Headers:
    """The fields of a head as received, up to and with its empty line; none of no head."""
    return _split_before(head) if len(head) <= _SHORT else _split(head)


def field_lines(head: bytes) -> list[bytes]:
    """The lines of its fields, as received."""
    return head.split(b"\r\n")[1:-2]


def _split(head: bytes) -> Headers:
    parts = [line.partition(b":") for line in field_lines(head)]
    return tuple([(name, value.strip(b" \t")) for name, _, value in parts])


_SHORT = 2048  # bytes of a head whose fields are remembered: of many short lines they take twenty times that
_split_before = lru_cache(maxsize=8)(_split)
"""While a pair is judged, each side's fields are asked for several times."""


def head_of(headers: Headers) -> bytes:
    """A head that has these fields, and an empty line in the place of a status line that was not kept."""
    return b"\r\n%b\r\n" % b"".join([b"%b: %b\r\n" % field for field in headers])


class Response(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A backend's final answer. Times are in seconds since the request began to be sent."""

    status: int
    head: bytes = b""
    """As received. It is split into fields only where it must be: most heads are known by their lines to
    differ in nothing that is compared."""
    body: Body = b""
    first_byte: float = 0.0
    total: float = 0.0

    @property
    def headers(self) -> Headers:
        """The fields of the head."""
        return fields(self.head)


class FailureKind(enum.StrEnum):
    """Why a backend gave no answer."""

    DNS = "dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    RESET = "reset"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"


class Failure(NamedTuple):
    """A backend that gave no answer. A value, not an exception: networks fail."""

    kind: FailureKind
    detail: str = ""
    total: float = 0.0


Outcome: TypeAlias = Response | Failure


AWAY = frozenset({"502", "503", "504"})
"""What a gateway or load balancer says where nobody is there: no answer of the backend behind it."""


class Statuses(NamedTuple):
    """What both sides gave to one request, each a status or a failure's kind: `200→500`, `200→timeout`."""

    legacy: str
    target: str

    @classmethod
    def of(cls, legacy: Outcome, target: Outcome) -> Statuses:
        """Those of two outcomes."""
        return cls(_status(legacy), _status(target))

    @classmethod
    def read(cls, text: str) -> Statuses:
        """Those that a record tells; both are empty where it tells none."""
        legacy, _, target = text.partition("→")
        return cls(legacy, target)

    def __str__(self) -> str:
        return f"{self.legacy}→{self.target}"

    @property
    def legacy_answered(self) -> bool:
        """Whether legacy gave a status, and not a gateway one for it, where the target gave another."""
        is_away = self.legacy in AWAY and self.target_answered and not self.are_equal
        return self.legacy.isdigit() and not is_away

    @property
    def target_answered(self) -> bool:
        """Whether the target gave a status."""
        return self.target.isdigit()

    @property
    def are_equal(self) -> bool:
        """Whether both sides gave the same."""
        return self.legacy == self.target


def _status(outcome: Outcome) -> str:
    return outcome.kind.value if isinstance(outcome, Failure) else str(outcome.status)


class Exchange(NamedTuple):
    """One client request and what legacy gave. `started` is in Unix seconds."""

    id: str
    endpoint: str
    started: float
    request: Request
    legacy: Outcome


class DifferenceKind(enum.StrEnum):
    """How two answers differ at one place."""

    CHANGED = "changed"
    MISSING = "missing"  # legacy has it, the target has not
    ADDED = "added"  # the target has it, legacy has not
    TYPE = "type"  # 1 against "1"
    ORDER = "order"  # the same members in another order
    CHARSET = "charset"
    UNDECODABLE = "undecodable"  # the bytes differ and one side cannot be read as what it says it is


class Difference(msgspec.Struct, frozen=True):
    """One place where two answers differ.

    `path` names the place in the words of the configuration: `status`, `header:content-type`,
    `cookie:sid;secure`, `json:$.items[3].price`, `text:12`, `body`. A value is shown as text of a
    bounded length; None stands for *not there*.
    """

    kind: DifferenceKind
    path: str
    legacy: str | None = None
    target: str | None = None

    def swapped(self) -> Difference:
        """The same difference seen from the other side."""
        kind = SWAPPED.get(self.kind, self.kind)
        return msgspec.structs.replace(self, kind=kind, legacy=self.target, target=self.legacy)


class Called(Difference, frozen=True):
    """A difference whose value has a label beside it (`password` in `{"name": "password", "value": …}`), on
    either side. Only the mask reads `names`, and does not keep them."""

    names: frozenset[str] = frozenset()


SWAPPED: dict[str, DifferenceKind] = {
    DifferenceKind.MISSING: DifferenceKind.ADDED,
    DifferenceKind.ADDED: DifferenceKind.MISSING,
}
"""What a kind is seen from the other side, where it is another."""


class Fate(enum.StrEnum):
    """How a received request ended; every one ends in exactly one of these."""

    MATCHED = "matched"
    DIFFERED = "differed"
    FAILED = "failed"  # the target gave no answer
    SKIPPED = "skipped"  # by rule
    DROPPED = "dropped"  # by load


class Skip(enum.StrEnum):
    """Why a rule kept a request from the target."""

    METHOD = "method"  # not safe, and no rule opts it in
    RULE = "rule"  # `mirror: false`
    SAMPLE = "sample"
    OFF = "off"  # mirroring was turned off for all
    UPGRADE = "upgrade"
    TOO_LARGE = "too_large"  # the request's body passed the capture limit
    REFUSED = "refused"  # answered by the proxy itself: it never reached legacy
    LEGACY_FAILED = "legacy_failed"  # before the request had come whole
    CLIENT_LEFT = "client_left"
    INCOMPLETE = "incomplete"  # legacy answered before the request had ended


class Drop(enum.StrEnum):
    """Why load kept a request from the target."""

    CHANNEL_FULL = "channel_full"
    MEMORY = "memory"
    QUEUE_FULL = "queue_full"
    BREAKER = "breaker"
    LOST = "lost"  # handed to a shadow worker that died
    SHUTDOWN = "shutdown"


class Comparison(msgspec.Struct, frozen=True):
    """What `compare.judge` found. `fate` is matched, differed or failed; `notes` say what was not
    compared as it should be, and why (a body known only by its digest, a tree too deep); `hits` are the
    lines of the rule without which there would be more differences, each once."""

    fate: Fate
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    hits: tuple[str, ...] = ()


class Masked(Comparison, frozen=True):
    """A comparison that may be kept and shown: its secrets are hidden."""
