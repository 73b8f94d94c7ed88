"""A live worker: its listener, its pool to legacy, and its line to a shadow worker."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

import structlog
from msgspec.structs import replace

from shadow.address import backend
from shadow.descriptors import allowed
from shadow.endpoint import Endpoints
from shadow.frame import Frame
from shadow.live.access_log import AccessLog
from shadow.live.capture import Budget
from shadow.live.channel import Channel
from shadow.live.entrance import Entrance
from shadow.live.exchange import LiveExchange
from shadow.live.pressure import Pressure
from shadow.live.selection import Selection
from shadow.live.tap import TapExchange
from shadow.model import Drop, Failure, Skip
from shadow.serving import Serving, Watch
from shadow.settings import BackendTls, Config
from shadow.switch import MIRROR, Switch
from shadow.wire.deadlines import Deadlines
from shadow.wire.front import Front
from shadow.wire.head import ResponseHead
from shadow.wire.hosts import host_at_target, with_host
from shadow.wire.pool import Pool
from shadow.wire.request_head import Passage
from shadow.wire.resolve import authority
from shadow.wire.tunnel import Tunnel
from shadow.wire.upstream import Waits
from shadow.worker import Worker

_CLASSES = [f"{first}xx" for first in range(10)]

log = structlog.get_logger()

_LOOK = 0.1
"""Seconds between two looks at how late the loop is: only a metric hangs on them here, and each that comes
between two bursts of clients finds caches cold."""

_WAIT_FOR_SHADOW = 1.0  # seconds; whatever became of the shadow worker, clients are served then

REFUSED_ENDPOINT = "(refused)"
"""Where requests are counted that name no endpoint, because they could not be read."""


_LAST = [b"%02x" % number for number in range(256)]  # digits of an id


def _ids() -> Iterator[bytes]:
    """Ids for requests that bring none; every request takes one. Formatted for 256 at a time: one by one that
    takes nearly three times as long."""
    worker = secrets.token_hex(8).encode()
    blocks = (b"%b%014x" % (worker, block) for block in itertools.count())
    return itertools.chain.from_iterable(map(block.__add__, _LAST) for block in blocks)


class Live:
    """What the exchanges of one live worker share."""

    def __init__(
        self, worker: Worker, config: Config, marker: bytes, channel_path: str, switch: Switch
    ) -> None:
        self._worker = worker
        self._timeouts = config.timeouts
        self.deadlines = Deadlines(worker.loop)
        self.tally = worker.tally
        self.body_limit = config.mirror.body_limit
        self.budget = Budget(config.mirror.memory)
        self.channel = Channel(worker.loop, channel_path, self.budget)
        self.endpoints = Endpoints(config.endpoints)
        self._selection = Selection(config.mirror, config.endpoints, config.tap)
        self.access_log = AccessLog(config.log.access) if config.log.access else None
        self._switch = switch
        self.retries = 0
        self.most_taps = config.mirror.in_flight
        """Copies that legacy may be asked at a time."""
        self.orphans: set[LiveExchange] = set()
        """Exchanges that have no client any more, and which legacy shall end all the same."""
        self._no_orphans = asyncio.Event()
        self.pool = self._backend(config.legacy, config.tls.legacy)
        self._serving = Serving(config.endpoints, config.mirror.sessions.cookies, config.mirror.salt)
        self.target_serves = self._serving.ever
        """Whether the target may answer any client."""
        self.target_pool = (
            self._backend(config.target, config.tls.target) if self.target_serves else self.pool
        )
        self._watch = Watch(config.guard)
        self._target_host = host_at_target(config)
        self.front = self._make_front(config, marker)

    def _make_front(self, config: Config, marker: bytes) -> Front:
        limits = config.limits
        return Front(
            self._worker.loop,
            self.deadlines,
            Passage(
                marker,
                authority(backend(config.legacy)),
                limits.request_line,
                limits.header_block,
                limits.fields,
            ),
            partial(TapExchange if config.tap else LiveExchange, self),
            self._refused,
            self._own,
            _ids().__next__,
            config.timeouts,
            # Each may need a connection to legacy: nobody shall come in for whom there is none.
            replace(limits, connections=allowed(limits.connections, 2)),
            config.forwarding.trust,
            b"http" if config.tls.listen.certificate is None else b"https",
        )

    def _refused(self) -> None:
        tally = self.tally(REFUSED_ENDPOINT)
        tally.received += 1
        tally.count_skipped(Skip.REFUSED)

    def _own(self, status: str) -> None:
        own = self._worker.served.own
        own[status] = own.get(status, 0) + 1

    def served(self, status: int, client: float, asked: float) -> None:
        """A client has got legacy's answer, or the target's where that answers clients: so many seconds after
        it asked, and after the backend was asked."""
        served = self._worker.served
        name = _CLASSES[status // 100]
        served.legacy[name] = served.legacy.get(name, 0) + 1
        served.client.add(client)
        served.asked.add(asked)

    def _backend(self, url: str, tls: BackendTls) -> Pool:
        return Pool(self._worker.loop, url, Waits.of(self._timeouts), self.deadlines, tls)

    def by_target(self, index: int | None, head: bytes) -> bool:
        """Whether the target answers this request, and not legacy."""
        return self._switch.target and self._serving.by_target(index, head)

    def for_target(self, head: bytes) -> bytes:
        """A head as the target gets it."""
        return head if self._target_host is None else with_host(head, self._target_host)

    def answered_by_target(self, answer: ResponseHead | None, failure: Failure | None) -> None:
        """Count how an answer of the target to a client ended; too many failures, and it gives none more."""
        failed = failure is not None or (answer is not None and answer.status >= 500)
        if self._watch.ended(failed, self._worker.loop.time()) and self._switch.target:
            self._switch.target = False
            log.error("target_turned_back", reason="too many failures", worker=self._worker.name)

    def skip(self, method: bytes, index: int | None, request_id: bytes) -> Skip | None:
        """Why this request is not mirrored; None if it is."""
        return self._selection.skip(method, index, request_id) if self._switch.memory[MIRROR] else Skip.OFF

    def hand_over(self, frame: Frame, pieces: Sequence[bytes]) -> Drop | None:
        """Give an exchange to the shadow worker, or say why not. `pieces` are as for the channel."""
        channel = self.channel
        if not channel.offer(frame, pieces):
            return Drop.CHANNEL_FULL
        handed = self._worker.handed.get(channel.worker)
        if handed is None:
            handed = self._worker.handed[channel.worker] = {}
        handed[frame.endpoint] = handed.get(frame.endpoint, 0) + 1
        return None

    def ended(self, orphan: LiveExchange) -> None:
        """Legacy has ended a request whose client has left."""
        self.orphans.discard(orphan)
        if not self.orphans:
            self._no_orphans.set()

    def tunnel(
        self, client: tuple[asyncio.Transport, bytes], legacy: tuple[asyncio.Transport, bytes]
    ) -> None:
        """Join a client and legacy after a 101."""
        Tunnel(self._worker.loop, self.deadlines, self.front.tunnels, client, legacy, self._timeouts.whole)

    def gauges(self) -> dict[str, float]:
        return {
            "client_connections": len(self.front.connections),
            "turned_away_total": self.front.turned_away,
            "tunnels": len(self.front.tunnels),
            "captured_bytes": self.budget.used,
            "retries_total": self.retries,
            "access_log_lost_total": self.access_log.lost if self.access_log is not None else 0,
            "mirror_off": int(not self._switch.mirror),
            "turned_back": int(self.target_serves and not self._switch.target),
        }

    async def drain(self) -> None:
        """Finish what is under way, but no longer than configured; every request is booked afterwards."""
        try:
            async with asyncio.timeout(self._timeouts.drain):
                await self.front.drain()
                self._no_orphans.clear()
                if self.orphans:
                    await self._no_orphans.wait()
        except TimeoutError:
            for connection in list(self.front.connections):
                connection.break_off()
            for exchange in list(self.orphans):
                exchange.cancel()
        for tunnel in list(self.front.tunnels):
            tunnel.close()
        self.pool.close()
        self.target_pool.close()
        await self.channel.close()
        if self.access_log is not None:
            self.access_log.close()


async def run(
    config: Config,
    name: str,
    line: socket.socket,
    listener: socket.socket,
    marker: bytes,
    channel_path: str,
    switch: Switch,
    memory: int,
) -> None:
    """Serve clients on `listener` until told to stop, growing by `memory` bytes at most. Before that, SIGUSR1
    makes it ask clients to go, and SIGUSR2 also leave new ones to its successor on the same socket."""
    loop = asyncio.get_running_loop()
    worker = Worker(loop, name, _LOOK)
    live = Live(worker, config, marker, channel_path, switch)
    worker.gauges = live.gauges
    entrance = Entrance(live.front, listener, config)
    live.channel.connect()
    # Clients of the first moments wait in the listener's queue, so that they are mirrored too.
    with suppress(TimeoutError):
        await asyncio.wait_for(live.channel.connected.wait(), _WAIT_FOR_SHADOW)
    await entrance.open()
    loop.add_signal_handler(signal.SIGUSR1, entrance.ask_to_go)
    loop.add_signal_handler(signal.SIGUSR2, entrance.retire)
    await worker.start(line)
    pressure = Pressure(loop, live.front, live.budget, memory)
    pressure.watch()
    await worker.stopping.wait()
    await entrance.close()
    await live.drain()
    pressure.stop()
    await worker.finish()
