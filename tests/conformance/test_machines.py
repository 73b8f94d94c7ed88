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
from collections.abc import Sequence
from typing import TypeVar

import hypothesis
import uvloop
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.live_path import LivePath

NAME = re.compile(rb"/r([0-9]+) ")
BODY = b"GET /r999999 HTTP/1.1\r\nHost: h\r\n\r\n"
"""A body that looks like a request: legacy gets it as a body, or not at all."""

EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevil!"
TURNS = 8
"""Of the loop, until what has been sent over the loopback device has been read and passed on."""


KINDS = ("GET", "POST", "chunked", "upgrade", "close", "empty POST")
WHICH = st.integers(0, 5)
"""Of those that there are. What is drawn never depends on what the sockets did, so a run can be repeated."""

T = TypeVar("T")


def pick(items: Sequence[T], at: int) -> T | None:
    """One of them, if there is any."""
    return items[at % len(items)] if items else None


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
        """Of the requests that it has got. Between a body's first byte and its last there is nothing else."""
        names = []
        rest = self.got
        while b"\r\n\r\n" in rest:
            head, _, rest = rest.partition(b"\r\n\r\n")
            names += [int(name) for name in NAME.findall(head.partition(b"\r\n")[0])]
            length = re.search(rb"(?i)content-length: ([0-9]+)", head)
            if length is not None:
                body, rest = rest[: int(length[1])], rest[int(length[1]) :]
                assert (b"x" + BODY).startswith(body) or b"body".startswith(body), body
            elif b"chunked" in head:
                rest = rest.partition(b"\r\n0\r\n\r\n")[2]
        return names

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

    @rule()
    def client_comes(self) -> None:
        if len(self.clients) < 4:
            self.clients.append(ClientSide(self.path.port))

    def free(self) -> list[ClientSide]:
        """Clients that may ask: no body is still owed."""
        return [client for client in self.clients if not client.ended and not client.owes]

    @rule(at=WHICH, kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3), wait=st.booleans())
    def client_asks(self, at: int, kinds: list[str], wait: bool) -> None:
        """One request, or some behind each other."""
        client = pick(self.free(), at)
        if client is None:
            return
        sent = b""
        for kind in kinds:
            name = self.name(client, kind in ("GET", "upgrade", "close"))
            method = b"POST" if kind in ("POST", "chunked", "empty POST") else b"GET"
            more = {
                "POST": b"Content-Length: 4\r\n\r\nbody", "empty POST": b"Content-Length: 0\r\n\r\n", "chunked": b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
                "upgrade": b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", "close": b"Connection: close\r\n\r\n",
            }.get(kind, b"\r\n")  # fmt: skip
            sent += b"%b /r%d HTTP/1.1\r\nHost: h\r\n%b" % (method, name, more)
        client.send(sent)
        if wait:
            self.turn()

    @rule(at=WHICH)
    def client_begins_a_body(self, at: int) -> None:
        """And what it owes looks like a request."""
        client = pick(self.free(), at)
        if client is None:
            return
        name = self.name(client, False)
        client.send(b"POST /r%d HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\nx" % (name, len(BODY) + 1))
        client.owes = BODY
        self.turn()

    @rule(at=WHICH, wait=st.booleans())
    def client_sends_the_rest(self, at: int, wait: bool) -> None:
        client = pick([client for client in self.clients if client.owes], at)
        if client is None:
            return
        client.send(client.owes)
        client.owes = b""
        if wait:
            self.turn()

    @rule()
    def another_is_served(self) -> None:
        """A new client asks and is answered; legacy's connection is idle then, and may be used again."""
        client = ClientSide(self.path.port)
        name = self.name(client, True)
        client.send(b"GET /r%d HTTP/1.1\r\nHost: h\r\n\r\n" % name)
        self.turn()
        for end in self.waiting():
            if end.open[0] == name:
                end.say(answer(end.open.popleft()))
        self.turn()
        self.clients.append(client)
        if len(self.clients) > 4:
            self.clients.pop(0).socket.close()

    @rule(at=WHICH, first=st.booleans(), wait=st.booleans())
    def client_asks_while_legacy_speaks(self, at: int, first: bool, wait: bool) -> None:
        """Unasked, in the same turn of the loop or in the one before."""
        client = pick(self.free(), at)
        if client is None:
            return
        request = b"GET /r%d HTTP/1.1\r\nHost: h\r\n\r\n" % self.name(client, True)
        if first:
            client.send(request)
        for end in self.idle():
            self.speak(end, EVIL)
        if wait and not first:
            self.turn()
        if not first:
            client.send(request)
        self.turn()
        for end in self.waiting():
            end.say(answer(end.open.popleft()))
        self.turn()

    @rule(at=WHICH)
    def client_sends_nonsense(self, at: int) -> None:
        client = pick(self.free(), at)
        if client is None:
            return
        client.send(b"GET /r888888 HTTP/1.1\nHost: h\r\n\r\n")

    @rule(at=WHICH)
    def client_leaves(self, at: int) -> None:
        client = pick(self.clients, at)
        if client is None:
            return
        client.socket.close()
        self.clients.remove(client)

    # -- legacy

    @rule(
        at=WHICH,
        how=st.sampled_from(("whole", "close", "twice", "too much", "continue")),
        wait=st.booleans(),
    )
    def legacy_answers(self, at: int, how: str, wait: bool) -> None:
        """The one that it has to answer, perhaps while its body still comes; and perhaps more than that."""
        end = pick(self.waiting(), at)
        if end is None:
            return
        name = end.open.popleft()
        before = b"HTTP/1.1 100 Continue\r\n\r\n" if how == "continue" else b""
        after = {"twice": EVIL, "too much": b"evil!"}.get(how, b"")
        end.say(before + answer(name, how == "close") + after)
        if how == "close":
            end.socket.close()
            end.ended = True
        if wait:
            self.turn()

    @rule(
        at=WHICH,
        said=st.sampled_from(
            (b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"SSH-2.0\r\n\r\n")
        ),
    )
    def legacy_breaks_off(self, at: int, said: bytes) -> None:
        """Without an answer, or amid one."""
        end = pick(self.waiting(), at)
        if end is None:
            return
        end.open.popleft()
        if said:
            end.say(said)
        end.socket.close()
        end.ended = True
        self.turn()

    @rule(at=WHICH, said=st.sampled_from((EVIL, b"evil!", b"\r\n")))
    def legacy_speaks_unasked(self, at: int, said: bytes) -> None:
        """On an idle connection; the next request may come in the same turn of the loop."""
        end = pick(self.idle(), at)
        if end is not None:
            self.speak(end, said)

    def speak(self, end: LegacySide, said: bytes) -> None:
        """Say it, and wait until the proxy's side of the kernel has it: its loop has not seen it yet."""
        port = end.socket.getpeername()[1]
        end.say(said)
        for connection in self.path.live.pool._idle:
            if connection.transport.get_extra_info("sockname")[1] == port:
                connection._poll.poll(1000)

    @rule(at=WHICH)
    def legacy_closes_an_idle_one(self, at: int) -> None:
        end = pick(self.idle(), at)
        if end is None:
            return
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
    max_examples=150, stateful_step_count=40, suppress_health_check=list(hypothesis.HealthCheck)
)
TestConnections = Connections.TestCase
