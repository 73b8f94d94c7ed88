"""Connections used again, on both sides, in any order of events.

Clients and legacy are plain sockets in the hands of the machine, and the proxy's loop turns only when the
machine lets it: so it can put two events into one turn. Whatever happens, a client gets the answers to its own
requests, whole, in order and nothing else, or an error of the proxy's, and it gets them in time; legacy gets
each accepted request once and in the client's order.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

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


FRAMES = b"\x81\x05hello\r\n\r\n"
"""What is no request, sent ahead of an answer to an upgrade."""

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n%b\r\nabc"
"""An answer that legacy breaks off."""

CLOSE = b"Connection: close\r\n"
ERROR = re.compile(
    rb"HTTP/1\.1 ([45]\d\d) [A-Z][A-Za-z -]+\r\nContent-Type: text/plain\r\nContent-Length: (\d+)\r\n"
    rb"(Connection: close\r\n)?\r\n"
)
KINDS = ("GET", "POST", "chunked", "upgrade", "frames", "close", "empty POST")
HOW = ("whole", "close", "twice", "too much", "continue", "chunked", "chunked twice")
WHICH = st.integers(0, 5)
"""Of those that there are. What is drawn never depends on what the sockets did, so a run can be repeated."""

T = TypeVar("T")


def pick(items: Sequence[T], at: int) -> T | None:
    """One of them, if there is any."""
    return items[at % len(items)] if items else None


def answer(name: int, how: str = "whole", said: bytes = b"") -> bytes:
    """The answer to one request and no other; `said` is a field of its connection."""
    body = b"answer-%d." % name
    if how == "chunked":
        start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n%b\r\n" % said
        return start + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (said, len(body), body)


class Asked(NamedTuple):
    """What a client has asked: its name, 0 where it is no request, and where it ends in all that it sent."""

    name: int
    kind: str
    end: int

    def answers(self) -> list[bytes]:
        """All that legacy may say to it, as the client gets it."""
        if not self.name:
            return []
        whole = answer(self.name)
        closing = whole.replace(b"\r\n\r\n", b"\r\n" + CLOSE + b"\r\n")
        return [whole, closing, answer(self.name, "chunked"), answer(self.name, "chunked", CLOSE)]

    def errors(self) -> set[int]:
        """What the proxy may say in legacy's place."""
        return {502, 504} | ({408} if self.kind == "body" else set()) if self.name else {400}


class ClientSide:
    """A client: what it asked, and what it got."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.asked: list[Asked] = []
        self.sent = b""
        self.got = b""
        self.owes = b""  # the rest of a body that it has not sent
        self.ended = False
        self.tunnel: LegacySide | None = None

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
        self.sent += data
        try:
            self.socket.sendall(data)
        except OSError:
            self.ended = True

    def answered(self) -> int:
        """How many of its requests have their answers. Raises where anything else came, or in another order."""
        rest, count, last = self.got, 0, False
        while rest:
            assert count < len(self.asked), ("an answer that nobody asked for", self.got)
            assert not last, ("more behind the last answer", self.got)
            asked = self.asked[count]
            if self.tunnel is not None and rest.startswith(b"HTTP/1.1 101 "):
                assert asked.kind in ("upgrade", "frames")
                assert (SWITCHING + self.tunnel.said).startswith(rest), (self.got, self.tunnel.said)
                return count + 1
            length = self._first(rest, asked)
            if length == 0:
                break
            last = CLOSE in rest[:length]
            rest, count = rest[length:], count + 1
        return count

    def has_answers(self, count: int) -> bool:
        """To so many of its requests, if it is still there."""
        return self.ended or self.answered() >= count

    def over(self) -> bool:
        """Whether it waits for nothing any more."""
        return self.ended or self.tunnel is not None or self.answered() == len(self.asked)

    def _first(self, rest: bytes, asked: Asked) -> int:
        """Bytes of the answer that `rest` begins with; 0 where it has not come whole."""
        for whole in asked.answers():
            if rest.startswith(whole):
                return len(whole)
        error = ERROR.match(rest)
        if error is not None and len(rest) >= error.end() + int(error[2]):
            assert int(error[1]) in asked.errors(), (asked, rest)
            assert b"/r" not in rest[error.start() : error.end() + int(error[2])], "it echoes the request"
            return error.end() + int(error[2])
        parts = (*asked.answers(), SWITCHING, *((CUT % b"", CUT % CLOSE) if asked.name else ()))
        assert error is not None or any(part.startswith(rest) for part in parts), (asked, rest)
        return 0


class LegacySide:
    """A connection that legacy has accepted."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.setblocking(False)
        # Else what it says unasked may wait (RFC 896) for the proxy's next packet, which is a request.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""
        self.open: deque[int] = deque()  # requests that it has not answered
        self.owes = b""  # the rest of an answer that it has begun
        self.said = b""  # in a tunnel
        self.http: int | None = None  # bytes that it got before its connection became a tunnel
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
        rest = self.got[: self.http]
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
        self.loop.run_until_complete(self.path.serve())
        self.clients: list[ClientSide] = []
        self.legacy: list[LegacySide] = []
        self.received: list[int] = []
        self.names = 0
        self.owners: dict[int, ClientSide] = {}
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
        return [end for end in self.legacy if end.open and not end.ended and not end.owes]

    def idle(self) -> list[LegacySide]:
        return [
            end
            for end in self.legacy
            if not end.open and not end.ended and end.got and not end.owes and end.http is None
        ]

    def request(self, client: ClientSide, kind: str, sent: bytes) -> bytes:
        """Its bytes, where `sent` is what the client sends before it in one go."""
        self.names += 1
        self.owners[self.names] = client
        if kind in ("GET", "upgrade", "frames", "close"):
            self.repeatable.add(self.names)
        method = b"GET" if self.names in self.repeatable else b"POST"
        upgrade = b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        more = {
            "POST": b"Content-Length: 4\r\n\r\nbody", "empty POST": b"Content-Length: 0\r\n\r\n",
            "chunked": b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "close": CLOSE + b"\r\n",
            "body": b"Content-Length: %d\r\n\r\nx" % (len(BODY) + 1), "upgrade": upgrade, "frames": upgrade,
        }.get(kind, b"\r\n")  # fmt: skip
        data = b"%b /r%d HTTP/1.1\r\nHost: h\r\n%b" % (method, self.names, more)
        client.asked.append(Asked(self.names, kind, len(client.sent) + len(sent) + len(data)))
        if kind == "frames":
            data += FRAMES
            client.asked.append(Asked(0, "frames", 0))
        return data

    # -- clients

    @rule()
    def client_comes(self) -> None:
        if len(self.clients) < 4:
            self.clients.append(ClientSide(self.path.port))

    def free(self) -> list[ClientSide]:
        """Clients that may ask: no body is still owed."""
        return [
            client
            for client in self.clients
            if not client.ended and not client.owes and client.tunnel is None
        ]

    @rule(at=WHICH, kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3), wait=st.booleans())
    def client_asks(self, at: int, kinds: list[str], wait: bool) -> None:
        """One request, or some behind each other."""
        client = pick(self.free(), at)
        if client is None:
            return
        sent = b""
        for kind in kinds:
            sent += self.request(client, kind, sent)
        client.send(sent)
        if wait:
            self.turn()

    @rule(at=WHICH)
    def client_begins_a_body(self, at: int) -> None:
        """And what it owes looks like a request."""
        client = pick(self.free(), at)
        if client is None:
            return
        client.send(self.request(client, "body", b""))
        client.owes = BODY
        self.turn()

    @rule()
    def one_is_answered_early(self) -> None:
        """While its body still comes; then another asks, perhaps over what was legacy's connection to the first."""
        early, other = ClientSide(self.path.port), ClientSide(self.path.port)
        early.send(self.request(early, "body", b""))
        early.owes = BODY
        self.turn()
        self.say_to(early)
        other.send(self.request(other, "GET", b""))
        early.send(BODY)
        early.owes = b""
        self.turn()
        self.say_to(other)
        self.clients += [early, other]
        while len(self.clients) > 4:
            self.clients.pop(0).socket.close()

    def say_to(self, client: ClientSide) -> None:
        """Answer what it has asked last."""
        for end in self.waiting():
            if end.open[0] == client.asked[-1].name:
                end.say(answer(end.open.popleft()))
        self.turn()

    @rule(at=WHICH, kind=st.sampled_from(KINDS))
    def legacy_dies_over_a_request(self, at: int, kind: str) -> None:
        """On a connection that has served before: not a byte of an answer comes."""
        self.another_is_served()
        client = pick(self.free(), at)
        if client is None:
            return
        client.send(self.request(client, kind, b""))
        self.turn()
        for end in self.waiting():
            if end.open[0] in (asked.name for asked in client.asked):
                end.socket.close()
                end.ended = True
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
        client.send(self.request(client, "GET", b""))
        self.turn()
        self.say_to(client)
        self.clients.append(client)
        if len(self.clients) > 4:
            self.clients.pop(0).socket.close()

    @rule(at=WHICH, first=st.booleans(), wait=st.booleans())
    def client_asks_while_legacy_speaks(self, at: int, first: bool, wait: bool) -> None:
        """Unasked, in the same turn of the loop or in the one before."""
        client = pick(self.free(), at)
        if client is None:
            return
        request = self.request(client, "GET", b"")
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
        client.asked.append(Asked(0, "nonsense", 0))
        client.send(b"GET /r888888 HTTP/1.1\nHost: h\r\n\r\n")

    @rule(at=WHICH)
    def client_leaves(self, at: int) -> None:
        client = pick(self.clients, at)
        if client is None:
            return
        client.socket.close()
        self.clients.remove(client)

    # -- legacy

    @rule(at=WHICH, how=st.sampled_from(HOW), wait=st.booleans())
    def legacy_answers(self, at: int, how: str, wait: bool) -> None:
        """The one that it has to answer, perhaps while its body still comes; and perhaps more than that."""
        end = pick(self.waiting(), at)
        if end is None:
            return
        name = end.open.popleft()
        before = b"HTTP/1.1 100 Continue\r\n\r\n" if how == "continue" else b""
        after = {"twice": EVIL, "too much": b"evil!", "chunked twice": EVIL}.get(how, b"")
        form = "chunked" if how.startswith("chunked") else "whole"
        end.say(before + answer(name, form, CLOSE if how == "close" else b"") + after)
        if how == "close":
            end.socket.close()
            end.ended = True
        if wait:
            self.turn()

    @rule(at=WHICH, cut=st.integers(1, 50))
    def legacy_begins_an_answer(self, at: int, cut: int) -> None:
        """Wherever it is cut; others go on meanwhile."""
        end = pick(self.waiting(), at)
        if end is None:
            return
        whole = answer(end.open.popleft())
        end.say(whole[:cut])
        end.owes = whole[cut:]
        self.turn()

    @rule(at=WHICH, after=st.sampled_from((b"", EVIL)), wait=st.booleans())
    def legacy_ends_an_answer(self, at: int, after: bytes, wait: bool) -> None:
        """With another behind it, or without."""
        end = pick([end for end in self.legacy if end.owes and not end.ended], at)
        if end is None:
            return
        end.say(end.owes + after)
        end.owes = b""
        if wait:
            self.turn()

    @rule(at=WHICH, first=st.sampled_from((b"", b"first")), asked=st.booleans())
    def legacy_switches(self, at: int, first: bytes, asked: bool) -> None:
        """To another protocol, asked for or not: where not, it is an error as any other."""
        self.turn()
        ends = [end for end in self.waiting() if (self.kind(end.open[0]) in ("upgrade", "frames")) is asked]
        end = pick(ends, at)
        if end is None:
            return
        client = self.owners[end.open.popleft()]
        if asked and client in self.clients and not client.ended:
            client.tunnel, end.http, end.said = end, len(end.got), first
        end.say(SWITCHING + first)
        self.turn()

    def kind(self, name: int) -> str:
        return next(asked.kind for asked in self.owners[name].asked if asked.name == name)

    @rule(at=WHICH, up=st.booleans())
    def somebody_speaks_in_a_tunnel(self, at: int, up: bool) -> None:
        """What looks like HTTP there is none."""
        client = pick([client for client in self.clients if client.tunnel is not None], at)
        if client is None or client.tunnel is None:
            return
        if up:
            client.send(BODY)
        else:
            client.tunnel.said += EVIL
            client.tunnel.say(EVIL)
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
        """What a client has got are answers to its own requests, whole, in order, or the proxy's errors."""
        for client in self.clients:
            client.answered()

    @invariant()
    def tunnels_are_private(self) -> None:
        """Legacy gets what the client has sent behind its upgrade, and nothing else."""
        for client in self.clients:
            end = client.tunnel
            if end is not None:
                (asked,) = (each for each in client.asked if each.name == end.names()[-1])
                assert client.sent[asked.end :].startswith(end.got[end.http :])

    @invariant()
    def each_clients_order(self) -> None:
        """Legacy gets a client's requests as they were asked, the next when the one before is answered."""
        last: dict[ClientSide, int] = {}
        for name in self.received:
            client = self.owners.get(name)
            if client is not None:
                assert name >= last.get(client, 0), "out of order"
                last[client] = name
        for client, name in last.items():
            if client in self.clients:
                before = [asked.name for asked in client.asked].index(name)
                answered = partial(client.has_answers, before)
                assert self.soon(answered), "asked before the last was answered"

    @invariant()
    def each_request_once(self) -> None:
        """Legacy gets nothing twice that may not be asked twice, and nothing that was a body or refused."""
        for name, times in Counter(self.received).items():
            assert name <= self.names, "a body or a refused request has become one"
            assert times == 1 or (times == 2 and name in self.repeatable), name

    def soon(self, holds: Callable[[], bool]) -> bool:
        """Whether something holds, or will: a busy kernel may deliver to one socket later than to another."""
        for _ in range(2000):
            if holds():
                return True
            os.sched_yield()
            self.turn()
        return False

    def everybody_is_answered_in_time(self) -> None:
        """However legacy behaves: after the time of one answer each, a client has all, or is told to go."""
        for _ in range(1 + max((len(client.asked) for client in self.clients), default=0)):
            self.turn()
            self.sweep(61.0)
            self.turn()
        for client in self.clients:
            assert self.soon(client.over), (client.asked, client.got)

    def teardown(self) -> None:
        try:
            self.everybody_is_answered_in_time()
        finally:
            self.end()

    def end(self) -> None:
        """Everything is closed, and each request has its one fate."""
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
    max_examples=80, stateful_step_count=40, suppress_health_check=list(hypothesis.HealthCheck)
)
TestConnections = Connections.TestCase
