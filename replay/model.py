"""What a line of an access log says, and why one is not replayed. Pure."""

from __future__ import annotations

import enum
from typing import NamedTuple

from shadow.model import Headers


class LoggedRequest(NamedTuple):
    """One request as a front server wrote it down. None stands for what the log does not say."""

    method: bytes
    target: bytes  # origin-form, byte for byte as the client sent it
    at: float  # Unix seconds when the request began
    host: bytes | None = None
    headers: Headers = ()  # those the log holds: Referer, User-Agent, Cookie …
    body: bytes = b""
    status: int | None = None  # what legacy answered, as recorded
    size: int | None = None  # bytes of body that it sent
    seconds: float | None = None  # it took so long
    client: bytes | None = None  # address
    user: bytes | None = None


class LogSkip(enum.StrEnum):
    """Why a line is not replayed. The line is counted under it, and examples are kept."""

    METHOD = "method"  # not GET or HEAD
    MALFORMED = "malformed"  # not a line of this format
    LOSSY = "lossy"  # the log has changed the target: it cannot be asked again as it was
    FILTERED = "filtered"  # by host, path, method, status or time
    NOT_REPLAYABLE = (
        "not_replayable"  # no request: a bad one that the server refused, a cache hit, a health check
    )


class BadLine(NamedTuple):
    """A line that gives no request, and what is wrong with it in a few words."""

    reason: LogSkip
    detail: str


Parsed = LoggedRequest | BadLine
