"""Which requests belong together, and which of several replayers takes them. Pure.

A session keeps its order only if one replayer has all of it, so logs are split by session: every shard
reads all lines and replays its own. Hashes are the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

from replay.model import LoggedRequest

_SESSION_COOKIE = re.compile(rb"(?:^|;)\s*([^=;\s]*(?:sess|sid)[^=;]*=[^;]+)", re.IGNORECASE)
_SHARD = re.compile(r"(\d{1,6})/(\d{1,6})")

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
"""Kubernetes sets it in every pod of an Indexed Job."""

COUNT_VARIABLE = "SHADOW_REPLAY_SHARDS"
"""How many there are: a pod is not told its Job's `completions`."""


class Shard(NamedTuple):
    """One of `total` replayers; `number` counts from 0."""

    number: int = 0
    total: int = 1

    def has(self, key: bytes) -> bool:
        """Whether this shard takes the session, or the line, of this key."""
        if self.total == 1:
            return True
        return int.from_bytes(blake2b(key, digest_size=8).digest()) % self.total == self.number

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


def shard(text: str) -> Shard:
    """Understands `0/3`, `1/3`, `2/3`; ValueError has one line."""
    found = _SHARD.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no shard; write INDEX/COUNT, such as 0/3, 1/3 and 2/3")
    index, count = int(found[1]), int(found[2])
    if index >= count:
        raise ValueError(f"{text!r}: shards count from 0; the last of {count} is {max(0, count - 1)}/{count}")
    return Shard(index, count)


def from_environment(environ: Mapping[str, str]) -> Shard:
    """The shard that a Kubernetes Indexed Job gives this pod; the only one where there is no Job.
    ValueError has one line."""
    count, index = environ.get(COUNT_VARIABLE, ""), environ.get(INDEX_VARIABLE, "")
    if not count:
        return Shard()
    if not index:
        raise ValueError(f"{COUNT_VARIABLE} is set and {INDEX_VARIABLE} is not; give --shard INDEX/{count}")
    try:
        return shard(f"{index}/{count}")
    except ValueError as error:
        raise ValueError(f"{INDEX_VARIABLE} and {COUNT_VARIABLE}: {error}") from None


def session(request: LoggedRequest) -> bytes | None:
    """What names the client's session: a session cookie, the user, or the client's address and agent.
    None where the log has none of them: such a request has no order to keep."""
    agent = b""
    for name, value in request.headers:
        lower = name.lower()
        if lower == b"cookie":
            if found := _SESSION_COOKIE.search(value):
                return found[1]
        elif lower == b"user-agent":
            agent = value
    if request.user:
        return b"user " + request.user
    return b"%b %b" % (request.client, agent) if request.client else None
