"""Who answers a client: legacy, or once the cutover has begun the target. Pure.

A share is sticky: one session is always answered by one side. A guard watches the target's answers to
clients, and says when it has to go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

from shadow.settings import Endpoint, Guard

_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%")
_CLIENT: Final = re.compile(rb"\r\nx-forwarded-for:[ \t]*([^,\r\n]+)", re.IGNORECASE)
"""Of a head as it is forwarded, which has the field: the first address is the client's."""


def target_share(text: str) -> float:
    """The share of sessions that the target answers, of `legacy`, `target` or `5%`. Raises ValueError."""
    found = _SHARE.fullmatch(text)
    share = {"legacy": 0.0, "target": 1.0}.get(text, float(found[1]) / 100 if found else -1.0)
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"expected legacy, target, or the target's share such as 5%, got {text[:40]!r}")
    return share


class Serving:
    """Which requests are the target's, by the configuration's endpoints."""

    def __init__(self, endpoints: Sequence[Endpoint], cookies: Iterable[str], salt: str) -> None:
        """A session is known by one of these cookies, or by its client's address."""
        self._shares = [target_share(endpoint.serve) for endpoint in endpoints]
        self._key = blake2b(salt.encode(), person=b"serving", digest_size=32).digest()
        names = b"|".join(re.escape(name.encode()) for name in cookies)
        self._cookie = (
            re.compile(rb"\r\ncookie:[^\r\n]*?[ ;](?:%b)=([^;\r\n]+)" % names, re.I) if names else None
        )
        self.ever = any(self._shares)
        """Whether the target answers anybody."""

    def by_target(self, index: int | None, head: bytes) -> bool:
        """Whether the target answers a request, given its endpoint and its head as it is forwarded."""
        share = self._shares[index] if index is not None else 0.0
        return share == 1.0 or (share > 0.0 and self._position(head) < share)

    def _position(self, head: bytes) -> float:
        found = (self._cookie.search(head) if self._cookie is not None else None) or _CLIENT.search(head)
        session = found[1] if found is not None else b""
        return int.from_bytes(blake2b(session, key=self._key, digest_size=8).digest()) / 2**64


class Watch:
    """Counts how the target's answers to clients end, in one window of time after the other."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._began = 0.0
        self._answers = self._failures = 0

    def ended(self, failed: bool, now: float) -> bool:
        """Count one answer at `now`, in seconds of any clock; whether the target has failed too often. It is
        counted anew then: whoever lets the target answer again wants to see how it does now."""
        guard = self._guard
        if now - self._began > guard.window:
            self._began = now
            self._answers = self._failures = 0
        self._answers += 1
        self._failures += failed
        if self._failures < guard.least or self._failures <= guard.failures * self._answers:
            return False
        self._answers = self._failures = 0
        return True
