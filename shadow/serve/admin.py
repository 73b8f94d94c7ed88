"""The admin HTTP server: a process of its own that is told all counters and serves them.

Loopback by default, and never on the proxy's port.
"""

from __future__ import annotations

import asyncio
import socket
import time

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shadow.config.load import Loaded, config_hash, show
from shadow.frame import Report, Stream
from shadow.record.tally import TallyRecord
from shadow.report.build import build
from shadow.report.json import render
from shadow.serve.ledger import Ledger
from shadow.serve.metrics import registry
from shadow.switch import Switch
from shadow.worker import Worker

log = structlog.get_logger()


class Audience(Worker):
    """A worker that listens: the supervisor tells it every report."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str) -> None:
        super().__init__(loop, name)
        self.ledger = Ledger()
        self._told = Stream(Report)

    def data_received(self, data: bytes) -> None:
        for report in self._told.feed(data):
            self.ledger.fold(report)


class Admin:
    """What the admin server answers."""

    def __init__(self, loaded: Loaded, audience: Audience, started: float, switch: Switch) -> None:
        self._loaded = loaded
        self._hash = config_hash(loaded.config)
        self._audience = audience
        self._registry = registry(audience.ledger, self._hash)
        self._started = started
        self._switch = switch

    def application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
                web.get("/config", self._config),
                web.get("/mirror", self._mirror),
                web.post("/mirror/{state:on|off}", self._turn),
                web.get("/report", self._report),
            ]
        )
        return application

    async def _healthz(self, _: web.Request) -> web.Response:
        """This process answers, so the supervisor lives: without it there is no admin."""
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        """Every live worker serves, and will for a while. The target has no say: a dead one is no reason to
        turn clients away."""
        gauges = self._audience.ledger.gauges
        if gauges.get("supervisor", {}).get("leaving"):
            return web.Response(status=503, text="not ready: leaving\n")
        missing = self._loaded.config.workers.live - sum(name.startswith("live-") for name in gauges)
        if missing > 0:
            return web.Response(status=503, text=f"not ready: live workers missing: {missing}\n")
        return web.Response(text="ready\n")

    async def _mirror(self, _: web.Request) -> web.Response:
        return web.Response(text="on\n" if self._switch else "off\n")

    async def _turn(self, request: web.Request) -> web.Response:
        """The kill switch: all workers see it with the next request."""
        self._switch.turn(on=request.match_info["state"] == "on")
        log.warning("mirror_turned", on=bool(self._switch))
        return await self._mirror(request)

    async def _metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _config(self, _: web.Request) -> web.Response:
        return web.Response(text=show(self._loaded, origin=True), content_type="application/yaml")

    async def _report(self, _: web.Request) -> web.Response:
        seconds = time.time() - self._started
        records = [
            TallyRecord(self._started, seconds, endpoint, self._hash, tally)
            for endpoint, tally in self._audience.ledger.totals.items()
        ]
        return web.Response(text=render(build(records)), content_type="application/json")


async def run(
    loaded: Loaded, name: str, line: socket.socket, listener: socket.socket, started: float, switch: Switch
) -> None:
    """Serve on `listener` until told to stop."""
    audience = Audience(asyncio.get_running_loop(), name)
    await audience.start(line)
    runner = web.AppRunner(Admin(loaded, audience, started, switch).application(), access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    await audience.stopping.wait()
    await runner.cleanup()
    await audience.finish()
