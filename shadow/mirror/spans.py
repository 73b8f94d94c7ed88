"""Spans of mirrored requests, by OTLP: made once all is known, and sent from a thread.

One for what the client was given, under the span that the client named in `traceparent`; one for the
shadow request, in a trace of its own, which links to it. Live workers know nothing of this.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Sequence
from typing import Final

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags

from shadow.frame import Frame
from shadow.model import Drop, Outcome, Response, fields
from shadow.settings import Tracing

_PARENT: Final = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
"""W3C Trace Context, level 1, 3.2: version, trace, span, flags."""

_SEND: Final = 5.0  # seconds for one batch
_LEAVE: Final = 1.0  # seconds for the last ones; a collector that is gone is not waited for

log = structlog.get_logger()


class _Sender(SpanExporter):
    """Says once that the collector takes nothing, and once that it does again."""

    def __init__(self, endpoint: str) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it would say so with every batch
        self._sender = OTLPSpanExporter(endpoint.rstrip("/") + "/v1/traces", timeout=_SEND)
        self._well = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._sender.export(spans)
        well = result is SpanExportResult.SUCCESS
        if well != self._well:
            self._well = well
            log.warning("spans_are_sent" if well else "spans_are_lost", spans=len(spans))
        return result

    def shutdown(self) -> None:
        self._sender.shutdown()  # type: ignore[no-untyped-call]


class Spans:
    """Makes the spans of one shadow worker."""

    def __init__(self, settings: Tracing) -> None:
        self._share = settings.share
        self._provider = TracerProvider(ALWAYS_ON, Resource.create({"service.name": "shadow"}))
        self._provider.add_span_processor(BatchSpanProcessor(_Sender(settings.endpoint)))
        self._tracer = self._provider.get_tracer("shadow")

    def ended(self, frame: Frame, outcome: Outcome | Drop) -> None:
        """A shadow request has ended just now."""
        given = [value for name, value in fields(frame.request_head) if name.lower() == b"traceparent"]
        parent = _parent(given[0]) if len(given) == 1 else None
        if not (parent.trace_flags.sampled if parent is not None else random.random() < self._share):  # noqa: S311  no secret
            return
        now = time.time()
        about = {"http.request.method": frame.method.decode("latin-1"), "http.route": frame.endpoint}
        live = self._tracer.start_span(
            frame.endpoint,
            trace.set_span_in_context(NonRecordingSpan(parent)) if parent is not None else None,
            SpanKind.SERVER,
            about | {"shadow": False, "shadow.side": "target" if frame.by_target else "legacy"},
            start_time=_nanoseconds(frame.started),
        )
        _tell(live, frame.status, frame.failure)
        live.end(_nanoseconds(frame.started + frame.total))
        seconds = 0.0 if isinstance(outcome, Drop) else outcome.total
        shadow = self._tracer.start_span(
            frame.endpoint,
            None,
            SpanKind.CLIENT,
            about | {"shadow": True, "shadow.side": "legacy" if frame.by_target else "target"},
            [Link(live.get_span_context())],
            start_time=_nanoseconds(now - seconds),
        )
        if isinstance(outcome, Response):
            _tell(shadow, outcome.status, "")
        else:
            _tell(shadow, 0, outcome.value if isinstance(outcome, Drop) else outcome.kind.value)
        shadow.end(_nanoseconds(now))

    def close(self) -> None:
        """Send what is left, for a moment."""
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(_LEAVE)


def _parent(text: bytes) -> SpanContext | None:
    """The client's span; None where the field does not tell one."""
    found = _PARENT.fullmatch(text)
    if found is None:
        return None
    numbers = [int(digits, 16) for digits in found.groups()]
    made = SpanContext(numbers[0], numbers[1], is_remote=True, trace_flags=TraceFlags(numbers[2]))
    return made if made.is_valid else None


def _tell(span: trace.Span, status: int, failure: str) -> None:
    if failure:
        span.set_attribute("error.type", failure)
    else:
        span.set_attribute("http.response.status_code", status)
    if failure or status >= 500:
        span.set_status(StatusCode.ERROR)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
