"""How each header field of an answer is treated where no rule names it, and why.

The question is always: would a client, or a cache on the way, act otherwise? A field that only
says which machine answered, or when, or how long it took, differs between any two answers and
between any two platforms.
"""

from __future__ import annotations

from typing import Final

from shadow.memo import Memo

_IGNORED = {
    "when and by which software it was answered: another platform is the very intention": """
        date server via x-powered-by x-aspnet-version x-aspnetmvc-version""",
    "which machine answered, and how long it took: latency is measured, not read from the answer": """
        x-runtime x-response-time x-served-by x-backend-server x-timer server-timing
        x-envoy-upstream-service-time x-envoy-decorator-operation x-kong-proxy-latency
        x-kong-upstream-latency""",
    "another one for each request: ids and traces": """
        x-request-id request-id x-correlation-id x-trace-id x-b3-traceid x-b3-spanid
        x-cloud-trace-context x-amzn-requestid x-amzn-trace-id x-amz-request-id x-amz-id-2 x-amz-cf-id
        x-amz-cf-pop x-kong-request-id cf-ray traceparent tracestate traceresponse""",
    "what a cache in front happened to hold: it depends on who asked before": """
        age x-cache x-cache-hits x-varnish cf-cache-status""",
    "other ports and protocols of the edge that answered; clients come through this one": "alt-svc",
    "of one connection, not of the answer (RFC 9110, 7.6.1)": """
        connection keep-alive proxy-connection te trailer transfer-encoding upgrade""",
    "the bodies themselves are compared; chunked on one side only is no difference": "content-length",
}

IGNORED: dict[bytes, str] = {
    name.encode(): reason for reason, names in _IGNORED.items() for name in names.split()
}
"""Not compared, and why."""

PRESENCE = frozenset(
    {
        # A clock of caching: no two servers give the same, but without the field caching behaves otherwise.
        b"last-modified",
        # Sums over the body, which is compared itself.
        b"content-md5",
        b"digest",
        b"content-digest",
        b"repr-digest",
        # Counters and clocks of the moment; clients wait by them, so they must be there.
        b"retry-after",
        b"ratelimit",
        b"ratelimit-remaining",
        b"ratelimit-reset",
        b"x-ratelimit-remaining",
        b"x-ratelimit-reset",
        # New in every session; forms fail without it.
        b"x-csrf-token",
        b"x-xsrf-token",
    }
)
"""Compared only as being there or not."""

WITHOUT_VALUE = PRESENCE | {b"etag", b"expires"}
"""Not compared by their value: of ETag counts whether it is weak or strong, of Expires whether it has passed,
which forbids to keep the answer."""

# Content-Encoding is in neither: bodies are compared decoded, so a coding that is lost or gained would
# be seen nowhere else, and lost compression is a lost feature that clients pay for.

_SHORT = 128  # bytes of a name that is remembered


def _compared(name: bytes) -> bytes | None:
    lower = name.lower()
    return None if lower in IGNORED else lower


FIELDS: Final = Memo(_compared, _SHORT)
"""The name under which a field is compared, by its name as it stood on the wire; None for one that is not
compared. Shared: it says the same of a name for every rule. Asking again costs a third of `name.lower()`."""
