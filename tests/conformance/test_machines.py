"""Connections used again, on both sides, in any order of events.

Clients and legacy are plain sockets in the hands of the machine, and the proxy's loop turns only when the
machine lets it: so it can put two events into one turn. Whatever happens, a client gets the answers to its own
requests, in order, or an error, and legacy gets each accepted request once.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections import Counter, deque
from typing import Any

import hypothesis
import uvloop
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.live_path import LivePath

NAME = re.compile(rb"/r([0-9]+) ")
BODY = b"GET /r999999 HTTP/1.1\r\nHost: h\r\n\r\n"
"""A body that looks like a request: legacy gets it as a body, or not at all."""

EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevil!"
TURNS = 8
"""Of the loop, until what has been sent over the loopback device has been read and passed on."""


def answer(name: int, close: bool = False) -> bytes:
    """The answer to one request and no other."""
    body = b"answer-%d." % name
    more = b"Connection: close\r\n" if close else b""
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (more, len(body), body)


class ClientSide:
    """A client: what it asked, and what it got."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.asked: list[int] = []
        self.got = b""
        self.owes = b""  # the rest of a body that it has not sent
        self.ended = False

    def read(self) -> None:
        try:
            while piece := self.socket.recv(65_536):
                self.got += piece
            self.ended = True
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError:
            self.ended = True

    def answers(self) -> list[bytes]:
        """What came, cut where each answer begins."""
        return [b"HTTP/1.1 " + piece for piece in self.got.split(b"HTTP/1.1 ")[1:]]


class LegacySide:
    """A connection that legacy has accepted."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.setblocking(False)
        self.got = b""
        self.open: deque[int] = deque()  # requests that it has not answered
        self.ended = False

    def read(self) -> list[int]:
        """Names of the requests whose heads have come since."""
        before = len(self.names())
        try:
            while piece := self.socket.recv(65_536):
                self.got += piece
            self.ended = True
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True
        names = self.names()[before:]
        self.open.extend(names)
        return names

    def names(self) -> list[int]:
        """Of the requests that it has got."""
        return [int(name) for name in NAME.findall(self.got.replace(BODY, b""))]

    def say(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError:
            self.ended = True


class Connections(RuleBasedStateMachine):
    """The live path between such clients and such a legacy."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = uvloop.new_event_loop()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.path = LivePath()
        self.path.legacy.port = self.listener.getsockname()[1]
        self.loop.run_until_complete(self.path._serve())
        self.clients: list[ClientSide] = []
        self.legacy: list[LegacySide] = []
        self.received: list[int] = []
        self.names = 0
        self.repeatable: set[int] = set()

    def turn(self) -> None:
        """Let everything that was sent arrive everywhere."""
        for _ in range(TURNS):
            self.loop.run_until_complete(asyncio.sleep(0))
        try:
            while True:
                self.legacy.append(LegacySide(self.listener.accept()[0]))
        except BlockingIOError:
            pass
        for end in self.legacy:
            self.received += end.read()
        for client in self.clients:
            client.read()

    def waiting(self) -> list[LegacySide]:
        return [end for end in self.legacy if end.open and not end.ended]

    def idle(self) -> list[LegacySide]:
        return [end for end in self.legacy if not end.open and not end.ended and end.got]

    def name(self, client: ClientSide, repeatable: bool) -> int:
        self.names += 1
        client.asked.append(self.names)
        if repeatable:
            self.repeatable.add(self.names)
        return self.names

    # -- clients

    @precondition(lambda self: len(self.clients) < 4)
    @rule()
    def client_comes(self) -> None:
        self.clients.append(ClientSide(self.path.port))

    def free(self) -> list[ClientSide]:
        """Clients that may ask: no body is still owed."""
        return [client for client in self.clients if not client.ended and not client.owes]

    @precondition(lambda self: self.free())
    @rule(data=st.data(), count=st.integers(1, 3), wait=st.booleans())
    def client_asks(self, data: Any, count: int, wait: bool) -> None:
        """One request, or some behind each other."""
        client = data.draw(st.sampled_from(self.free()))
        sent = b""
        for _ in range(count):
            kind = data.draw(st.sampled_from(("GET", "POST", "chunked", "upgrade", "close")))
            name = self.name(client, kind in ("GET", "upgrade", "close"))
            method = b"POST" if kind in ("POST", "chunked") else b"GET"
            more = {
                "POST": b"Content-Length: 4\r\n\r\nbody", "chunked": b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
                "upgrade": b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", "close": b"Connection: close\r\n\r\n",
            }.get(kind, b"\r\n")  # fmt: skip
            sent += b"%b /r%d HTTP/1.1\r\nHost: h\r\n%b" % (method, name, more)
        client.send(sent)
        if wait:
            self.turn()

    @precondition(lambda self: self.free())
    @rule(data=st.data())
    def client_begins_a_body(self, data: Any) -> None:
        """And what it owes looks like a request."""
        client = data.draw(st.sampled_from(self.free()))
        name = self.name(client, False)
        client.send(b"POST /r%d HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\nx" % (name, len(BODY) + 1))
        client.owes = BODY
        self.turn()

    @precondition(lambda self: any(client.owes for client in self.clients))
    @rule(data=st.data(), wait=st.booleans())
    def client_sends_the_rest(self, data: Any, wait: bool) -> None:
        client = data.draw(st.sampled_from([client for client in self.clients if client.owes]))
        client.send(client.owes)
        client.owes = b""
        if wait:
            self.turn()

    @precondition(lambda self: self.free())
    @rule(data=st.data())
    def client_sends_nonsense(self, data: Any) -> None:
        client = data.draw(st.sampled_from(self.free()))
        client.send(b"GET /r888888 HTTP/1.1\nHost: h\r\n\r\n")

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def client_leaves(self, data: Any) -> None:
        client = data.draw(st.sampled_from(self.clients))
        client.socket.close()
        self.clients.remove(client)

    # -- legacy

    @precondition(lambda self: self.waiting())
    @rule(
        data=st.data(),
        how=st.sampled_from(("whole", "close", "twice", "too much", "continue")),
        wait=st.booleans(),
    )
    def legacy_answers(self, data: Any, how: str, wait: bool) -> None:
        """The one that it has to answer, perhaps while its body still comes; and perhaps more than that."""
        end = data.draw(st.sampled_from(self.waiting()))
        name = end.open.popleft()
        before = b"HTTP/1.1 100 Continue\r\n\r\n" if how == "continue" else b""
        after = {"twice": EVIL, "too much": b"evil!"}.get(how, b"")
        end.say(before + answer(name, how == "close") + after)
        if how == "close":
            end.socket.close()
            end.ended = True
        if wait:
            self.turn()

    @precondition(lambda self: self.waiting())
    @rule(
        data=st.data(),
        said=st.sampled_from(
            (b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"SSH-2.0\r\n\r\n")
        ),
    )
    def legacy_breaks_off(self, data: Any, said: bytes) -> None:
        """Without an answer, or amid one."""
        end = data.draw(st.sampled_from(self.waiting()))
        end.open.popleft()
        if said:
            end.say(said)
        end.socket.close()
        end.ended = True
        self.turn()

    @precondition(lambda self: self.idle())
    @rule(data=st.data(), said=st.sampled_from((EVIL, b"evil!", b"\r\n")))
    def legacy_speaks_unasked(self, data: Any, said: bytes) -> None:
        """On an idle connection; the next request may come in the same turn of the loop."""
        data.draw(st.sampled_from(self.idle())).say(said)

    @precondition(lambda self: self.idle())
    @rule(data=st.data())
    def legacy_closes_an_idle_one(self, data: Any) -> None:
        end = data.draw(st.sampled_from(self.idle()))
        end.socket.close()
        end.ended = True

    @rule(seconds=st.sampled_from((1.0, 5.0, 61.0)))
    def time_passes(self, seconds: float) -> None:
        """Legacy never answers, a client never sends: deadlines end it."""
        self.turn()
        self.sweep(seconds)
        self.turn()

    def sweep(self, seconds: float) -> None:
        """Every deadline that would have passed by then, passes."""

        async def swept() -> None:
            self.path.pass_time(seconds)

        self.loop.run_until_complete(swept())

    @rule()
    def turns(self) -> None:
        self.turn()

    # -- what holds

    @invariant()
    def own_answers_only(self) -> None:
        """Each answer that a client has got is to its own request, in order, or the proxy's error."""
        for client in self.clients:
            assert b"evil" not in client.got, client.got
            expected = iter(client.asked)
            for got in client.answers():
                said = re.search(rb"answer-([0-9]+)\.", got)
                if said is not None:
                    assert int(said[1]) in expected, (client.asked, client.got)
                elif b"\r\n\r\n" in got and got.startswith(b"HTTP/1.1 200 "):
                    head, _, body = got.partition(b"\r\n\r\n")
                    assert b"answer-".startswith(body[:7]) or b"Content-Length: 9" in head, client.got
                    next(expected, None)

    @invariant()
    def each_request_once(self) -> None:
        """Legacy gets nothing twice that may not be asked twice, and nothing that was a body or refused."""
        for name, times in Counter(self.received).items():
            assert name <= self.names, "a body or a refused request has become one"
            assert times == 1 or (times == 2 and name in self.repeatable), name

    def teardown(self) -> None:
        for client in self.clients:
            client.socket.close()
        for end in self.legacy:
            end.socket.close()
        self.listener.close()
        self.path.server.close()
        self.path.legacy.stop = lambda: None  # type: ignore[method-assign]
        for _ in range(TURNS):
            self.loop.run_until_complete(asyncio.sleep(0))
        self.sweep(4000)
        self.loop.run_until_complete(self.path.stop())
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


Connections.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, suppress_health_check=list(hypothesis.HealthCheck)
)
TestConnections = Connections.TestCase
