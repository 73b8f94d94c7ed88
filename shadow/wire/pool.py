"""The connections to one backend: made when none is idle, and kept for the next request."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final

import structlog

from shadow.address import backend
from shadow.model import Failure, FailureKind
from shadow.settings import BackendTls
from shadow.tls import of_backend
from shadow.wire.deadlines import Deadlines
from shadow.wire.resolve import Resolver
from shadow.wire.turn import Turn
from shadow.wire.upstream import Connection, Waits

_MAX_IDLE: Final = 512  # connections kept; more were a burst

_QUIET: Final = 10.0  # seconds between two lines that tell of a backend that takes no connection

Ready = Callable[[Connection | Failure], None]

log = structlog.get_logger()


class Pool:
    """Connections to one backend: last in, first out, so that a lull closes what a burst opened."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        url: str,
        waits: Waits,
        deadlines: Deadlines,
        tls: BackendTls,
    ) -> None:
        """To the backend at `url`; `tls` is how TLS with it is to be, if it speaks that."""
        self.loop = loop
        self.turn = Turn(loop)
        self.waits = waits
        self._url = url
        self._backend = backend(url)
        self._tls = of_backend(tls) if self._backend.tls else None
        self._deadlines = deadlines
        self._resolver = Resolver(loop, self._backend.host)
        self._idle: list[Connection] = []
        self._connecting: set[asyncio.Task[None]] = set()
        self._closed = False
        self._problem = ""  # with connecting, as it was told last
        self._quiet = 0.0  # until when no problem is told

    def __repr__(self) -> str:
        return f"<Pool {self._backend} idle={len(self._idle)} connecting={len(self._connecting)}>"

    def take(self) -> Connection | None:
        """An idle connection that the backend should still hold open."""
        now = self.loop.time()
        while self._idle:
            connection = self._idle.pop()
            if connection.deadline > now and connection.is_silent():
                connection.reused = True
                return connection
            connection.close()
        return None

    def connect(self, ready: Ready) -> asyncio.Task[None]:
        """Open a new connection; `ready` gets it, or why there is none, unless the task is cancelled."""
        task = self.loop.create_task(self._connect(ready))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return task

    def give_back(self, connection: Connection) -> None:
        now = self.loop.time()
        moved = not self._resolver.knows(connection.address, now)
        if moved or self._closed or len(self._idle) >= _MAX_IDLE:
            connection.close()
            return
        connection.deadline = now + self.waits.reuse
        self._idle.append(connection)

    def forget(self, connection: Connection) -> None:
        self._deadlines.forget(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """Close what is idle and keep nothing more."""
        self._closed = True
        for connection in list(self._idle):
            connection.close()

    async def _connect(self, ready: Ready) -> None:
        try:
            connection = await self._resolver.reach(self._open, self.waits.connect)
        except (OSError, UnicodeError) as error:
            failure = _failure(error)
            self._say(f"{failure.kind}: {failure.detail}")
            ready(failure)
        else:
            if self._problem:
                self._say("")
            if connection.transport.is_closing():  # it was accepted, and closed at once
                ready(Failure(FailureKind.RESET, "connection closed before it was used"))
                return
            self._deadlines.watch(connection)
            ready(connection)

    def _say(self, problem: str) -> None:
        """Once for each change; a new problem is not told too soon, or one in two would have a line."""
        now = self.loop.time()
        if not problem:
            log.info("backend_reached_again", backend=self._url)
        elif problem == self._problem or now < self._quiet:
            return
        else:
            self._quiet = now + _QUIET
            log.warning("backend_not_reached", backend=self._url, reason=problem)
        self._problem = problem

    async def _open(self, address: str) -> Connection:
        _, connection = await self.loop.create_connection(
            lambda: Connection(self, address),
            address,
            self._backend.port,
            ssl=self._tls,
            server_hostname=self._backend.host if self._tls else None,
        )
        return connection


_FAILURES: Final = (
    (socket.gaierror, FailureKind.DNS),
    (UnicodeError, FailureKind.DNS),
    (ssl.SSLError, FailureKind.TLS),
    (ssl.CertificateError, FailureKind.TLS),
    (TimeoutError, FailureKind.TIMEOUT),
    (ConnectionRefusedError, FailureKind.REFUSED),
    (ConnectionResetError, FailureKind.RESET),
)
"""From what the system raises to what we say; the first that fits."""


def _failure(error: Exception) -> Failure:
    kinds = (failure for kind, failure in _FAILURES if isinstance(error, kind))
    why = _why(error)
    return Failure(
        next(kinds, FailureKind.UNREACHABLE), f"could not connect: {why}" if why else "could not connect"
    )


def _why(error: Exception) -> str:
    """What is to be mended, as whoever noticed it says it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message  # such as: certificate has expired
    if isinstance(error, ssl.SSLError):
        return (error.reason or "").replace("_", " ").lower()
    return str(error.strerror or "") if isinstance(error, OSError) else str(error)
