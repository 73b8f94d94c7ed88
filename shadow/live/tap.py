"""Copies of requests that another proxy sends: answered at once, then asked of legacy for the comparison.

The client has its answer from that proxy; nobody reads ours. Only what changes nothing is asked again, and
only so much at a time as does legacy no harm: a copy answered at once holds nobody back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from shadow.live.access_log import AccessLog
from shadow.live.exchange import LiveExchange
from shadow.model import Drop, Failure, Skip
from shadow.wire.downstream import Downstream
from shadow.wire.head import RequestHead, ResponseHead

if TYPE_CHECKING:
    from shadow.live.worker import Live

_OF_A_COPY: Final = re.compile(rb"(\r\nhost:[^\r\n]*?)-shadow(:\d+)?(?=\r\n)", re.IGNORECASE)
"""What Envoy, and Istio with it, appends to the Host of a copy."""


_CONTINUE: Final = ResponseHead(100, 0, True, b"", b"HTTP/1.1 100 Continue\r\n")


class TapExchange(LiveExchange):
    """One copy, and legacy's own answer to it."""

    __slots__ = ()
    _wanted = True  # by the comparison, whatever becomes of the connection that brought the copy

    def __init__(self, live: Live, client: Downstream, head: RequestHead) -> None:
        forward = _OF_A_COPY.sub(rb"\1\2", head.forward, count=1)
        super().__init__(live, client, replace(head, forward=forward))

    def _begin(self) -> None:
        """Wait for the whole copy: half of one is not asked. Its sender may wait too, to be told to go on."""
        if self._head.expects and self._client is not None:
            self._client.interim(_CONTINUE)
            self._client.flush()
        if self._complete:
            self._has_come()

    def end(self, trailers: bytes) -> None:
        super().end(trailers)
        self._has_come()

    def _has_come(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            # Not now: it would begin with the next copy, that with the one behind it, and so on without end.
            self._live.front.loop.call_soon(client.accept)
        end = self._skip or self._too_much()
        if end is not None:
            self._finish(end)
        else:
            self._live.orphans.add(self)
            self._ask()

    def abort(self) -> None:
        """Whoever brought the copy has left; one that has come whole is looked at all the same."""
        if not self._complete:
            super().abort()

    def _too_much(self) -> Skip | Drop | None:
        body = self._request_body
        if body is not None and body.exhausted:
            return Drop.MEMORY
        if body is not None and not body.whole:
            return Skip.TOO_LARGE
        return Drop.QUEUE_FULL if len(self._live.orphans) >= self._live.most_taps else None

    def _log(
        self, access_log: AccessLog, end: Skip | Drop | None, total: float, failure: Failure | None
    ) -> None:
        """What legacy answered; of a copy that was not asked there is nothing to tell."""
        if self._answer is not None or failure is not None:
            super()._log(access_log, end, total, failure)

    def _ask(self) -> None:
        connection = None if self._head.length else self._pool.take()
        if connection is None:
            self._ask_whole()
        else:
            self._send(connection)
