"""Names to addresses, off the loop, with the old answer kept while there is no new one."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from typing import Final, TypeVar

import structlog

from shadow.address import Backend
from shadow.wire.deadlines import patience

T = TypeVar("T")

log = structlog.get_logger()

_TTL: Final = 30.0
"""Seconds; the resolver call does not tell the record's own. CoreDNS in Kubernetes says 30."""

_AGAIN: Final = 1.0
"""Seconds between two questions where an address takes no connection: the name may stand for another."""

_SHUNNED: Final = 10.0
"""Seconds for which an address that took no connection is tried after the others."""


def authority(backend: Backend) -> bytes:
    """A backend as a Host field names it."""
    host = f"[{backend.host}]" if ":" in backend.host else backend.host
    default = 443 if backend.tls else 80
    return (host if backend.port == default else f"{host}:{backend.port}").encode()


class Resolver:
    """The addresses of one host, asked for again every half minute, or at once where one of them takes no
    connection; by one question at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, host: str) -> None:
        self._loop = loop
        self._host = host
        self._known: list[str] = []
        self._turn = 0
        self._well = True
        self._question: asyncio.Task[None] | None = None
        self._shunned: dict[str, float] = {}  # address → until when
        self._stale = 0.0  # when to ask again,
        self._soonest = 0.0  # and when at the soonest
        with suppress(ValueError):
            ipaddress.ip_address(host)
            self._known = [host]
            self._stale = self._soonest = inf

    async def reach(self, connect: Callable[[str], Awaitable[T]], seconds: float) -> T:
        """Connect to one address after the other until one takes it. What says nothing leaves the others
        their share of the time. Raises OSError."""
        problem: OSError = OSError("no address")
        end = self._loop.time() + seconds
        async with patience(seconds):
            addresses = await self.addresses()
        for tried, address in enumerate(addresses):
            try:
                async with patience((end - self._loop.time()) / (len(addresses) - tried)):
                    connection = await connect(address)
            except OSError as error:
                problem = error
                self._doubt(address)
            else:
                self._shunned.pop(address, None)
                return connection
        raise problem

    async def addresses(self) -> list[str]:
        """All known addresses, another one first each time. Raises socket.gaierror if none was ever known."""
        if not self._known:
            # Shielded: whoever waits no longer must not take the answer from the others.
            await asyncio.shield(self._ask())
            if not self._known:
                raise socket.gaierror(socket.EAI_NONAME, "no address")
        else:
            self._ask_if_stale()
        self._turn += 1
        at = self._turn % len(self._known)
        turned = self._known[at:] + self._known[:at]
        return self._sound_first(turned) if self._shunned else turned

    def _sound_first(self, addresses: list[str]) -> list[str]:
        """Those that took no connection come last. Once the time of one is over, a single caller gets it
        first, and tries it for all."""
        now = self._loop.time()
        ordered = sorted(addresses, key=lambda address: self._shunned.get(address, 0.0) > now)
        if ordered[0] in self._shunned:
            self._shun(ordered[0])  # for the others, until this caller knows better
        return ordered

    def knows(self, address: str, now: float) -> bool:
        """Whether the name still stands for this address: busy connections never end by themselves."""
        if now > self._stale:
            self._ask()
        return address in self._known

    def _shun(self, address: str) -> None:
        self._shunned[address] = self._loop.time() + _SHUNNED

    def _doubt(self, address: str) -> None:
        """It takes no connection: where all of a service has moved, no other one does."""
        self._shun(address)
        self._stale = min(self._stale, self._soonest)
        self._ask_if_stale()

    def _ask_if_stale(self) -> None:
        if self._loop.time() > self._stale:
            self._ask()  # nobody waits for the answer

    def _ask(self) -> asyncio.Task[None]:
        if self._question is None:
            now = self._loop.time()
            self._stale, self._soonest = now + _TTL, now + _AGAIN
            self._question = self._loop.create_task(self._learn())
        return self._question

    async def _learn(self) -> None:
        try:
            found = await self._loop.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
            self._known = list(dict.fromkeys(str(entry[4][0]) for entry in found)) or self._known
            self._shunned = {
                address: self._shunned[address] for address in self._known if address in self._shunned
            }
        except (OSError, UnicodeError) as error:
            self._say(False, f"{error}; the {len(self._known)} known addresses stay in use")
        else:
            self._say(True, "")
        finally:
            self._question = None

    def _say(self, well: bool, why: str) -> None:
        """Once for each change."""
        if well != self._well:
            self._well = well
            log.warning("name_resolved" if well else "name_not_resolved", host=self._host, reason=why)
