"""Which exchanges are mirrored, as far as rules decide it. Pure.

Decided once, when the request's head is known and before anything is captured; what load decides,
the shadow worker does.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct

from shadow import settings
from shadow.model import Skip
from shadow.wire.head import SAFE_METHODS


class _Line(Struct, frozen=True, gc=False):
    mirror: bool | None
    sample: float


class Selection:
    """The rules of one configuration."""

    def __init__(
        self, mirror: settings.Mirror, endpoints: tuple[settings.Endpoint, ...], tap: bool = False
    ) -> None:
        """With `tap` what comes are copies: no rule lets a write be asked of legacy once more."""
        self._tap = tap
        self._default = _Line(None, mirror.sample)
        self._lines = [
            _Line(line.mirror, mirror.sample if line.sample is None else line.sample) for line in endpoints
        ]
        self._key = hashlib.sha256(mirror.salt.encode()).digest()

    def skip(self, method: bytes, index: int | None, request_id: bytes) -> Skip | None:
        """Why this request is not mirrored; None if it is."""
        line = self._default if index is None else self._lines[index]
        if line.mirror is False:
            return Skip.RULE
        if method not in SAFE_METHODS and (line.mirror is None or self._tap):
            return Skip.METHOD
        if line.sample < 1.0 and (not line.sample or self.position(request_id) >= line.sample):
            return Skip.SAMPLE
        return None

    def position(self, request_id: bytes) -> float:
        """Where in [0, 1) this request falls: the same on every replica with the same salt."""
        digest = hashlib.blake2b(request_id, key=self._key, digest_size=8).digest()
        return int.from_bytes(digest) / 2**64
