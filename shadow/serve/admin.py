"""The admin HTTP server: a process of its own that is told all counters and serves them.

Loopback by default, guarded elsewhere, and never on the proxy's port.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shadow.config.load import Loaded, config_hash, show
from shadow.frame import Stream, WorkerReport
from shadow.report.totals import totals
from shadow.serve.guard import guard
from shadow.serve.hook import Hook
from shadow.serve.ledger import Ledger
from shadow.serve.live_report import LiveReport
from shadow.serve.metrics import registry
from shadow.switch import Switch
from shadow.worker import Worker

_GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

_PAGES: Final = """\
/healthz /readyz        it lives; it takes clients
/metrics                for Prometheus
/report /report.json    how the target answers, as a page and as JSON
/totals                 what became of this run's requests, until a second ago
/config                 the settings in force, and where each came from
/mirror                 whether requests are mirrored; POST /mirror/on, /mirror/off
/serve                  who answers clients; POST /serve/legacy, /serve/target
"""

_MOST: Final = 256
"""Connections. Who connects and says nothing takes a descriptor, and a probe would find none."""

_LINGER: Final = 0.75
"""Seconds for which a body that nobody wants is read on, so that the answer is not lost by a reset."""

log = structlog.get_logger()


class Audience(Worker):
    """A worker that listens: the supervisor tells it every report."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str) -> None:
        super().__init__(loop, name)
        self.ledger = Ledger()
        self._told = Stream(WorkerReport)
        self._heard = loop.time()

    def silence(self) -> dict[str, float]:
        """For how many seconds each process has said nothing; the supervisor, by whom all others are heard,
        until now."""
        return self.ledger.silence() | {"supervisor": self.loop.time() - self._heard}

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        for report in self._told.feed(data):
            self.ledger.fold(report)


class Admin:
    """What the admin server answers."""

    def __init__(self, loaded: Loaded, audience: Audience, live: int, switch: Switch) -> None:
        """`live` workers serve clients once all is well."""
        self._loaded = loaded
        self._audience = audience
        self._workers = live
        self._registry = registry(audience.ledger, config_hash(loaded.config), audience.silence)
        self._switch = switch
        self._live = LiveReport(loaded.config.record.to, loaded.config.verdict)
        self._telling: asyncio.Task[None] | None = None

    def application(self) -> web.Application:
        application = web.Application(middlewares=[guard(self._loaded.config.admin_token)])
        application.add_routes(
            [
                web.get("/", self._pages),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
                web.get("/config", self._config),
                web.get("/mirror", self._mirror),
                web.post("/mirror/{state:on|off}", self._turn_mirror),
                web.get("/serve", self._serve),
                web.post("/serve/{state:legacy|target}", self._turn_serving),
                web.get("/totals", self._totals),
                web.get("/report", self._report),
                web.get("/report.json", self._report_json),
            ]
        )
        application.on_startup.append(self._tell)
        application.on_cleanup.append(self._close)
        return application

    async def _tell(self, _: web.Application) -> None:
        """Begin to watch the verdicts, where somebody wants to be told."""
        url = self._loaded.config.report.hook
        if url:
            self._telling = asyncio.create_task(Hook(url, self._latest_json).run())

    async def _latest_json(self) -> bytes | None:
        made = await self._live.latest()
        return None if isinstance(made, str) else made.json

    async def _close(self, _: web.Application) -> None:
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        await self._live.close()

    async def _pages(self, _: web.Request) -> web.Response:
        return web.Response(text=_PAGES)

    async def _healthz(self, _: web.Request) -> web.Response:
        """This process answers, so the supervisor lives: without it there is no admin."""
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        """Every live worker serves, and will for a while. The target has no say: a dead one is no reason to
        turn clients away."""
        ledger = self._audience.ledger
        gauges, silent = ledger.gauges, ledger.silent()
        if gauges.get("supervisor", {}).get("leaving"):
            return web.Response(status=503, text="not ready: leaving\n")
        # Those of two generations while a reload goes on: enough of either will do.
        missing = self._workers - sum(name.startswith("live-") and name not in silent for name in gauges)
        if missing > 0:
            hung = [f", {name} silent for {silent[name]:.0f} s" for name in sorted(silent) if "live-" in name]
            text = f"not ready: live workers missing: {missing}{''.join(hung)}\n"
            return web.Response(status=503, text=text)
        return web.Response(text="ready\n")

    async def _mirror(self, _: web.Request) -> web.Response:
        return web.Response(text="on\n" if self._switch.mirror else "off\n")

    async def _turn_mirror(self, request: web.Request) -> web.Response:
        """The kill switch: all workers see it with the next request."""
        self._switch.mirror = request.match_info["state"] == "on"
        log.warning("mirror_turned", on=self._switch.mirror)
        return await self._mirror(request)

    async def _serve(self, _: web.Request) -> web.Response:
        return web.Response(text="as configured\n" if self._switch.target else "legacy\n")

    async def _turn_serving(self, request: web.Request) -> web.Response:
        """Give all clients to legacy, or let the target answer again where the configuration says so."""
        self._switch.target = request.match_info["state"] == "target"
        log.warning("serving_turned", target=self._switch.target)
        return await self._serve(request)

    async def _metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _config(self, _: web.Request) -> web.Response:
        return web.Response(text=show(self._loaded, origin=True), content_type="application/yaml")

    async def _totals(self, _: web.Request) -> web.Response:
        """What became of the requests of this run, until a second ago."""
        counted = totals(self._audience.ledger.totals.values())
        return web.Response(body=msgspec.json.encode(counted), content_type="application/json")

    async def _report(self, request: web.Request) -> web.Response:
        """A browser gets the page, whoever else asks the same as JSON."""
        accepted = request.headers.get("Accept", "")
        return await self._recorded(request, page="text/html" in accepted.partition("application/json")[0])

    async def _report_json(self, request: web.Request) -> web.Response:
        return await self._recorded(request, page=False)

    async def _recorded(self, request: web.Request, page: bool) -> web.Response:
        """The report of what is recorded. The counters here could not carry a verdict: they do not tell
        distinct requests."""
        made = await self._live.latest()
        if isinstance(made, str):
            return web.Response(status=503, text=f"no report can be made: {made}\n")
        form = "html" if page else "json"
        policy = f"{made.policy}; frame-ancestors 'none'"
        own = {"Content-Security-Policy": policy, "Vary": "Accept", "ETag": f'"{made.tag}-{form}"'}
        headers = _GUARDS | own
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        kind, body = ("text/html", made.page) if page else ("application/json", made.json)
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)


async def run(
    loaded: Loaded,
    name: str,
    line: socket.socket,
    listener: socket.socket,
    live: int,
    switch: Switch,
) -> None:
    """Serve on `listener` until told to stop."""
    audience = Audience(asyncio.get_running_loop(), name)
    await audience.start(line)
    logging.getLogger("aiohttp.server").addFilter(_is_our_fault)
    application = Admin(loaded, audience, live, switch).application()
    runner = web.AppRunner(application, access_log=None, lingering_time=_LINGER, auto_decompress=False)
    await runner.setup()
    assert runner.server is not None
    server = await asyncio.get_running_loop().create_server(_newest(runner.server), sock=listener)
    await audience.stopping.wait()
    server.close()
    await runner.cleanup()
    await audience.finish()


def _newest(make: Callable[[], web.RequestHandler]) -> Callable[[], web.RequestHandler]:
    """Makes handlers of connections, and closes the oldest where there are too many."""
    handlers: deque[web.RequestHandler] = deque()

    def made() -> web.RequestHandler:
        if len(handlers) == _MOST:
            handlers.popleft().force_close()
        handlers.append(make())
        return handlers[-1]

    return made


def _is_our_fault(record: logging.LogRecord) -> bool:
    """What a client says wrongly is no line of the log: it may hold the token, and anybody could say it."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
