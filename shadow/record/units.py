"""Which distinct requests were compared, so that one asked again and again counts once. Pure.

A page that a monitor asks ten thousand times an hour proves no more than one request: taken for ten
thousand, it would make an endpoint ready that nobody has tested. So the verdict counts *units*: distinct
requests of an hour. Sets of hashes merge in any order; of a set too large to keep the smallest hashes stay,
which is a fair sample of its requests and the same whoever saw them (bottom-k; Cohen and Kaplan, 2007).
"""

from __future__ import annotations

import struct
from zlib import crc32

from msgspec import Struct, field

MOST = 8192
"""Units of one endpoint and hour; *ready* at 0.1 % takes 4,741 without a difference."""

_TOO_MANY = 2 * MOST

HOUR = 3600  # seconds

_SPREAD = 0x9E3779B1  # 2^32 / golden ratio: nearby checksums become numbers far apart (Knuth, 6.4)


def unit(method: bytes, target: bytes, body: bytes, known: bool) -> int:
    """The number of a request, 32 bits: the same for the same method, path, parameters in any order, body,
    and whether the client made itself `known` by cookie or credentials. Microseconds count here, and a
    collision only makes two requests one, so a checksum will do."""
    if target.find(b"&") > 0:  # half the time that `in` takes for bytes
        path, mark, query = target.partition(b"?")
        target = path + mark + b"&".join(sorted(query.split(b"&")))
    number = crc32(b"%b %b\n%d" % (method, target, known))
    if body:
        number = crc32(body, number)
    return number * _SPREAD & 0xFFFFFFFF


class Units(Struct):
    """A set of units: `packed` ones, sorted, four bytes each, and those that are new since."""

    packed: bytes = b""
    fresh: set[int] = field(default_factory=set)

    def add(self, number: int) -> None:
        """Take one in."""
        fresh = self.fresh
        fresh.add(number)
        if len(fresh) > _TOO_MANY:
            self.settle()

    def merge(self, other: Units) -> None:
        """Take in those of another set."""
        self.fresh |= other.fresh
        if not self.packed:
            self.packed = other.packed
        elif other.packed != self.packed:
            self.fresh |= _unpacked(other.packed)
        if len(self.fresh) > _TOO_MANY:
            self.settle()

    def settle(self) -> None:
        """Pack the new ones too; of too many the smallest stay."""
        if self.fresh or len(self.packed) > 4 * MOST:
            every = sorted(self.numbers())[:MOST]
            self.packed = struct.pack(f"<{len(every)}I", *every)
            self.fresh = set()

    def numbers(self) -> set[int]:
        """All that are held."""
        return _unpacked(self.packed) | {number & 0xFFFFFFFF for number in self.fresh}

    def __len__(self) -> int:
        self.settle()
        return len(self.packed) // 4


def _unpacked(packed: bytes) -> set[int]:
    whole = len(packed) // 4
    return set(struct.unpack(f"<{whole}I", packed[: whole * 4]))
