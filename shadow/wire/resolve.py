"""Names to addresses, off the loop, with the old answer kept while there is no new one."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Final

from shadow.address import Backend

_TTL: Final = 30.0
"""Seconds; the resolver call does not tell the record's own. CoreDNS in Kubernetes says 30."""


def authority(backend: Backend) -> bytes:
    """A backend as a Host field names it."""
    host = f"[{backend.host}]" if ":" in backend.host else backend.host
    default = 443 if backend.tls else 80
    return (host if backend.port == default else f"{host}:{backend.port}").encode()


class Resolver:
    """The addresses of one host, asked for again every half minute."""

    def __init__(self, loop: asyncio.AbstractEventLoop, host: str) -> None:
        self._loop = loop
        self._host = host
        self._known: list[str] = []
        self._asked = 0.0
        self._turn = 0
        self._refresh: asyncio.Task[None] | None = None
        try:
            ipaddress.ip_address(host)
        except ValueError:
            self._literal = False
        else:
            self._known = [host]
            self._literal = True

    async def addresses(self) -> list[str]:
        """All known addresses, another one first each time. Raises socket.gaierror if none was ever known."""
        if not self._known:
            await self._ask()
        elif not self._literal and self._refresh is None and self._loop.time() - self._asked > _TTL:
            self._refresh = self._loop.create_task(self._ask_again())
        self._turn += 1
        at = self._turn % len(self._known)
        return self._known[at:] + self._known[:at]

    async def _ask(self) -> None:
        self._asked = self._loop.time()
        found = await self._loop.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
        self._known = list(dict.fromkeys(str(entry[4][0]) for entry in found)) or self._known
        if not self._known:
            raise socket.gaierror(socket.EAI_NONAME, "no address")

    async def _ask_again(self) -> None:
        try:
            await self._ask()
        except OSError:
            pass  # the old addresses are better than none
        finally:
            self._refresh = None
