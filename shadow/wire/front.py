"""What all client connections of a worker share, and what they expect of who answers.

The connections themselves are in `downstream`.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from shadow.settings import Limits, Timeouts
from shadow.wire.deadlines import Deadlines
from shadow.wire.head import RequestHead
from shadow.wire.request_head import Passage, Peer
from shadow.wire.turn import Turn

if TYPE_CHECKING:
    from shadow.wire.downstream import Downstream
    from shadow.wire.tunnel import Tunnel


class RequestSink(Protocol):
    """Who gets a request, which is complete with its head if that tells of no body. Else `flush` follows
    whatever one read from the client has brought, unless that is its `end`."""

    def data(self, data: bytes) -> None:
        """A part of its body, unchunked."""

    def end(self, trailers: bytes) -> None:
        """Its body is complete."""

    def flush(self) -> None:
        """Nothing more is at hand now."""

    def abort(self) -> None:
        """The client has gone, or what it sends makes no sense: it will not read an answer."""

    def pause_answer(self) -> None:
        """The client takes the answer more slowly than it comes."""

    def resume_answer(self) -> None:
        """It can take more again."""


Open = Callable[["Downstream", RequestHead], RequestSink]
"""Begins a request of this client."""


class Front:
    """What all client connections of a worker share."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        deadlines: Deadlines,
        passage: Passage,
        open_request: Open,
        refused: Callable[[], None],
        own: Callable[[str], None],
        fresh_id: Callable[[], bytes],
        timeouts: Timeouts,
        limits: Limits,
        trust: tuple[str, ...] = (),
        scheme: bytes = b"http",
    ) -> None:
        self.loop = loop
        self.turn = Turn(loop)
        self.deadlines = deadlines
        self.passage = passage
        self.open_request = open_request
        self.refused = refused
        self.own = own
        """Told the status of each answer of ours, and `broken` of each that legacy broke off."""
        self.fresh_id = fresh_id
        self.timeouts = timeouts
        self.limits = limits
        self.scheme = scheme
        self.connections: set[Downstream] = set()
        self.tunnels: set[Tunnel] = set()
        """What some have become: still a client's, and as many descriptors."""
        self.arriving = 0
        """Connections whose handshake is not over, or whose preface has not been read."""
        self.turned_away = 0
        """Connections closed at once, because there were too many."""
        self.short_of_memory = False
        """While it is, new connections are closed, and requests of others are answered 503."""
        self.lame = False
        """Whether clients are asked to go: answers carry `Connection: close`."""
        self.draining = False
        self._trust = [ipaddress.ip_network(network) for network in trust]
        self._emptied: asyncio.Future[None] | None = None

    def is_full(self) -> bool:
        """Whether nobody more may come in."""
        taken = len(self.connections) + len(self.tunnels) + self.arriving
        return self.short_of_memory or taken >= self.limits.connections

    def peer(self, address: str) -> Peer:
        """What is told of a client at this address."""
        ip = ipaddress.ip_address(address)
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped  # a listener on [::] sees IPv4 clients so
        return Peer(str(ip).encode(), any(ip in network for network in self._trust), self.scheme)

    def drain(self) -> asyncio.Future[None]:
        """Close idle connections, the others after their answer; done when none is left."""
        self.lame = self.draining = True
        self._emptied = self.loop.create_future()
        for connection in list(self.connections):
            connection.drain()
        self.left(None)
        return self._emptied

    def left(self, connection: Downstream | None) -> None:
        """A connection has closed."""
        if connection is not None:
            self.connections.discard(connection)
            self.deadlines.forget(connection)
        if not self.connections and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)
