"""How each header field of an answer is treated where no rule names it, and why.

The question is always: would a client, or a cache on the way, act otherwise? A field that only
says which machine answered, or when, or how long it took, differs between any two answers and
between any two platforms.
"""

from __future__ import annotations

IGNORED = frozenset(
    {
        # When and by which software it was answered: another platform is the very intention.
        b"date",
        b"server",
        b"via",
        b"x-powered-by",
        b"x-aspnet-version",
        b"x-aspnetmvc-version",
        # Which machine, and how long it took: latency is measured, not read from the answer.
        b"x-runtime",
        b"x-response-time",
        b"x-served-by",
        b"x-backend-server",
        b"x-timer",
        b"server-timing",
        b"x-envoy-upstream-service-time",
        b"x-envoy-decorator-operation",
        b"x-kong-proxy-latency",
        b"x-kong-upstream-latency",
        # One for each request: ids and traces.
        b"x-request-id",
        b"request-id",
        b"x-correlation-id",
        b"x-trace-id",
        b"x-b3-traceid",
        b"x-b3-spanid",
        b"x-cloud-trace-context",
        b"x-amzn-requestid",
        b"x-amzn-trace-id",
        b"x-amz-request-id",
        b"x-amz-id-2",
        b"x-amz-cf-id",
        b"x-amz-cf-pop",
        b"x-kong-request-id",
        b"cf-ray",
        b"traceparent",
        b"tracestate",
        b"traceresponse",
        # What a cache in front happened to hold: it depends on who asked before.
        b"age",
        b"x-cache",
        b"x-cache-hits",
        b"x-varnish",
        b"cf-cache-status",
        # Other ports and protocols of the edge that answered; clients come through this one.
        b"alt-svc",
        # Of one connection, not of the answer (RFC 9110, 7.6.1).
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        # The bodies themselves are compared, or their lengths; chunked on one side only is no difference.
        b"content-length",
    }
)

"""Not compared."""

PRESENCE = frozenset(
    {
        # Validators and clocks of caching: no two servers give the same, but without the field
        # caching behaves otherwise.
        b"etag",
        b"last-modified",
        b"expires",
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

# Content-Encoding is in neither: bodies are compared decoded, so a coding that is lost or gained would
# be seen nowhere else, and lost compression is a lost feature that clients pay for.

_REMEMBERED = 1000  # spellings of names; a backend uses some thirty, a hostile one any number


class Fields(dict[bytes, bytes | None]):
    """The name under which a field is compared, by its name as it stood on the wire; None for one
    that is not compared. Filled as names come along: asking again costs a third of `name.lower()`."""

    def __init__(self, ignored: frozenset[bytes]) -> None:
        super().__init__()
        self._ignored = IGNORED | ignored

    def __missing__(self, name: bytes) -> bytes | None:
        lower = name.lower()
        compared = None if lower in self._ignored else lower
        if len(self) < _REMEMBERED:
            self[name] = compared
        return compared
