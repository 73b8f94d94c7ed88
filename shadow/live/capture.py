"""A bounded copy of a body that passes. Pure.

The stream never waits for its copy: past the bound the copy is freed and only its length and
digest go on, past the budget of all copies together it is given up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from shadow.model import Body, Digest

_SMALL: Final = 64 * 1024  # bytes of a body
_LARGE: Final = 4 * 1024  # bytes of a piece


class Budget:
    """Bytes that all captures of a worker may hold, and the exchanges that wait to be handed over."""

    __slots__ = ("limit", "used")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def take(self, size: int, large: bool = False) -> bool:
        """Charge `size` bytes, if there is room. What is `large` leaves an eighth free: a few hundred clients
        that read their downloads slowly would otherwise hold all of it, and nothing else would be
        mirrored."""
        if self.used + size > self.limit - (self.limit >> 3 if large else 0):
            return False
        self.used += size
        return True

    def give_back(self, size: int) -> None:
        self.used -= size


class NoDigest:
    """In the place of a digest that nobody asks for: to make one takes longer than to pass a body on."""

    def __init__(self, data: bytes) -> None:
        self.update(data)

    def update(self, data: bytes) -> None:
        """Nothing of it is kept."""

    def digest(self) -> bytes:
        return b""


class Capture(Struct, eq=False):
    """A copy of one body."""

    _limit: int
    _budget: Budget
    _new_hash: Callable[[bytes], Any] = hashlib.sha256
    _pieces: list[bytes] = []
    _held: int = 0  # bytes charged
    _hash: Any = None
    length: int = 0
    exhausted: bool = False  # no room left for it in the budget

    @property
    def whole(self) -> bool:
        """Whether every byte so far is held."""
        return self._hash is None and not self.exhausted

    def data(self, data: bytes) -> None:
        self.length += len(data)
        if self._hash is not None:
            self._hash.update(data)
        elif self.exhausted:
            return
        elif self.length > self._limit:
            self._hash = self._new_hash(b"".join(self._pieces))
            self._hash.update(data)
            self.free()
        elif self._budget.take(len(data), self.length > _SMALL):
            self._held += len(data)
            self._pieces.append(data)
        else:
            self.exhausted = True
            self.free()

    def body(self) -> Body:
        """What was captured; nothing once exhausted."""
        if self._hash is not None:
            return Digest(self.length, self._hash.digest())
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def pieces(self) -> list[bytes]:
        """What was captured as it came, where that was in several large pieces: to join them takes long."""
        pieces = self._pieces
        return pieces if len(pieces) > 1 and self.length > _LARGE * len(pieces) else []

    def free(self) -> None:
        """Give the memory back."""
        self._budget.give_back(self._held)
        self._held = 0
        self._pieces = []
