"""Trace context passes as it is; spans of mirrored requests reach a collector."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from support.peers import Request, answering, get, response
from support.proxy import NOBODY, command, until

trace_service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, UNSAMPLED = (f"traceparent: 00-{TRACE}-{SPAN}-{flags}" for flags in ("01", "00"))

WITHOUT_THE_EXTRA = (
    sys.executable,
    "-c",
    "import sys; sys.modules['opentelemetry.exporter'] = None; import shadow.cli; shadow.cli.main()",
)


class Collector:
    """Takes spans in, as OTLP over HTTP brings them."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.services: set[str] = set()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        message = trace_service.ExportTraceServiceRequest.FromString(await request.read())
        for resource in message.resource_spans:
            self.services |= {
                each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
            }
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return web.Response(body=trace_service.ExportTraceServiceResponse().SerializeToString())


@pytest_asyncio.fixture
async def collector() -> AsyncIterator[Collector]:
    made = Collector()
    application = web.Application()
    application.add_routes([web.post("/v1/traces", made.take)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


def attributes(span: Any) -> dict[str, Any]:
    """Name to value."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


async def test_trace_context_passes(backend: Any, proxy: Any, connect: Any) -> None:
    """Both backends get what the client sent, byte for byte; where it sent none, none is made."""
    asked: dict[str, list[Request]] = {"legacy": [], "target": []}

    def noting(side: str) -> Any:
        return answering(lambda request: asked[side].append(request) or response(b"same"))

    legacy, target = await backend(noting("legacy")), await backend(noting("target"))
    running = await proxy(legacy.url, target.url)
    client = await connect(running)
    state = "tracestate: a=1,b@c=2"
    await client.ask(get("/with", SAMPLED, state, "TraceState: d=3"))
    await client.ask(get("/without"))
    await running.settled(2)
    for got in asked.values():
        with_, without = sorted(got, key=lambda request: request.target)  # on two connections
        assert with_.all("traceparent") == [SAMPLED.partition(": ")[2]]
        assert with_.all("tracestate") == ["a=1,b@c=2", "d=3"]
        assert without.all("traceparent") == without.all("tracestate") == []


async def test_spans_of_a_mirrored_request(
    backend: Any, proxy: Any, connect: Any, collector: Collector
) -> None:
    """What the client was given stands under the client's span; the shadow is marked, and links to it."""
    legacy = await backend(answering(lambda _: response(b"a")))
    target = await backend(answering(lambda _: response(b"b", "503 Service Unavailable")))
    running = await proxy(legacy.url, target.url, tracing={"endpoint": collector.url, "share": 0.0})
    client = await connect(running)
    await client.ask(get("/items/1?token=secret", SAMPLED))
    await client.ask(get("/items/2", UNSAMPLED))
    await client.ask(get("/items/3"))
    await running.settled(3)
    await running.stop()
    assert collector.services == {"shadow"}
    live, shadow = sorted(collector.spans, key=lambda span: span.start_time_unix_nano)
    assert (live.trace_id.hex(), live.parent_span_id.hex(), live.kind) == (TRACE, SPAN, 2)
    assert [link.span_id for link in shadow.links] == [live.span_id]
    assert shadow.trace_id != live.trace_id
    assert not shadow.parent_span_id
    assert attributes(live) == {
        "http.request.method": "GET",
        "http.route": live.name,
        "http.response.status_code": 200,
        "shadow": False,
        "shadow.side": "legacy",
    }
    assert attributes(shadow)["shadow"] is True
    assert (attributes(shadow)["shadow.side"], attributes(shadow)["http.response.status_code"]) == (
        "target",
        503,
    )
    assert (live.status.code, shadow.status.code) == (0, 2)
    assert live.start_time_unix_nano < live.end_time_unix_nano
    assert "secret" not in str(collector.spans)


async def test_a_share_without_a_parent(backend: Any, proxy: Any, connect: Any, collector: Collector) -> None:
    """Each is a trace of its own, of the share that is set; a target that gives no answer is an error."""
    legacy = await backend(answering(lambda _: response(b"a")))
    running = await proxy(legacy.url, NOBODY, tracing={"endpoint": collector.url, "share": 1.0})
    client = await connect(running)
    for n in range(3):
        await client.ask(get(f"/items/{n}", "traceparent: nonsense"))
    await running.settled(3)
    await running.stop()
    shadows = [span for span in collector.spans if attributes(span)["shadow"]]
    assert len(collector.spans) == len({span.trace_id for span in collector.spans}) == 6
    assert {attributes(span)["error.type"] for span in shadows} == {"refused"}


async def test_a_collector_that_is_gone(backend: Any, proxy: Any, connect: Any) -> None:
    """Costs no client anything, is said once, and is not waited for at the end."""
    legacy, target = [await backend(answering(lambda _: response(b"same"))) for _ in range(2)]
    running = await proxy(legacy.url, target.url, tracing={"endpoint": NOBODY, "share": 1.0})
    client = await connect(running)
    assert [(await client.ask(get(f"/{n}"))).status for n in range(50)] == [200] * 50
    assert (await running.settled(50))["matched"] == 50
    await until(lambda: running.events("spans_are_lost"), "it says so")
    await running.stop()
    assert len(running.events("spans_are_lost")) == 1
    assert not running.events("worker_killed")


async def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says what to install, and exit code 3; without the setting nothing of it is needed."""
    addresses = ("--legacy", "http://127.0.0.1:1", "--target", "http://127.0.0.1:2")
    assert (await command("config", "validate", *addresses, program=WITHOUT_THE_EXTRA))[0] == 0
    monkeypatch.setenv("SHADOW_TRACING_ENDPOINT", "http://collector:4318")
    code, _, err = await command("config", "validate", *addresses, program=WITHOUT_THE_EXTRA)
    (line,) = err.splitlines()
    assert (code, "shadow-proxy[otlp]" in line) == (3, True)
