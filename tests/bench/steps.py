"""The steps of a request, each as one call.

`make steps` tells their microseconds (`microbench.py`); `test_budgets.py` holds them to a number of
bytecodes, which nobody else on the machine changes.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import Callable
from typing import Any

import uvloop
from msgspec.structs import replace

from replay.formats.registry import parser
from shadow.compare.judge import judge, quick
from shadow.compare.rules import compile_rule
from shadow.endpoint import Endpoints
from shadow.frame import Frame, Stream
from shadow.live.capture import Budget, Capture
from shadow.live.worker import Live
from shadow.mirror.mirror import Mirror
from shadow.mirror.pair import about, exchange, served
from shadow.mirror.worker import Intake
from shadow.model import Response
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked
from shadow.record.tally import Tally
from shadow.settings import Compare, Config
from shadow.switch import Switch
from shadow.wire.deadlines import NEVER
from shadow.wire.downstream import Downstream
from shadow.wire.request_head import Passage, Peer, RequestReader
from shadow.wire.response_head import HEADS, parse_response
from shadow.wire.turn import Turn
from shadow.wire.upstream import Connection
from shadow.worker import Worker

_ASKED = (
    b"GET /items/123?sort=price&page=2 HTTP/1.1\r\nHost: shop.example\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: application/json\r\n"
    b"Accept-Language: ja,en;q=0.9\r\nCookie: session=0123456789abcdef; theme=dark\r\n\r\n"
)
_BODY = b'{"items": [{"id": 0, "name": "sample item", "price": 1980, "stock": {"tokyo": 3, "osaka": 0}}]}'
_OTHER = _BODY.replace(b"1980", b"1981")
_ANSWERED = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 22 Nov 2026 05:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\nLast-Modified: Tue, 14 Nov 2023 22:13:20 GMT"
    b'\r\nConnection: keep-alive\r\nETag: "6553f100-75"\r\nAccept-Ranges: bytes\r\n\r\n' % len(_BODY)
)
_LATER = _ANSWERED.replace(b"05:00:00", b"05:00:01")
_PASSAGE = Passage(b"0123456789ab", b"legacy.internal", 8192, 65536, 100)
_PEER = Peer(b"203.0.113.9", False, b"http")
_LOG = (
    b"time:22/Nov/2026:05:00:00 +0900\thost:203.0.113.9\tmethod:GET\turi:/items/123?page=2\tstatus:200"
    b"\tsize:120"
)
_COMBINED = (
    b'203.0.113.9 - - [22/Nov/2026:05:00:00 +0900] "GET /items/123?page=2 HTTP/1.1" 200 120 "-" "Mozilla/5.0"'
)


def _frame() -> Frame:
    head = RequestReader(_PEER, _PASSAGE).read(_ASKED, b"0123456789abcdef")[0]
    return Frame(
        b"0123456789abcdef", "GET /items/{id}", None, 1_795_000_000.0, b"GET", head.forward, b"", False, 200,
        _ANSWERED, 0.0012, 0.0012, response_body=_BODY,
    )  # fmt: skip


class _Wire(asyncio.Transport):
    """A connection that takes everything and says nothing."""

    def __init__(self) -> None:
        ours, self._theirs = socket.socketpair()
        super().__init__({"socket": ours, "peername": ("203.0.113.9", 40000)})

    def write(self, data: Any) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


class _Books:
    def __init__(self) -> None:
        self._tally = Tally()

    def tally(self, frame: Frame) -> Tally:
        return self._tally

    afterwards = tally

    def ended(self, frame: Frame) -> None:
        pass


class _NoLoop:
    """In the place of a loop that never runs, and would keep for ever what it was asked to call soon."""

    @staticmethod
    def call_soon(_: Callable[[], object]) -> None:
        """The step calls it itself."""


def _live_path() -> Callable[[], object]:
    """All that the live worker does for a small exchange that is mirrored, but for writing the frames."""
    config = Config(legacy="http://127.0.0.1:1", target="http://127.0.0.1:2")
    loop = uvloop.new_event_loop()  # never run: nothing here waits
    live = Live(Worker(loop, "live-0"), config, _PASSAGE.marker, "/nowhere", Switch())
    live.channel.worker = 1
    client = Downstream(live.front)
    client.connection_made(_Wire())
    connection = Connection(live.pool, "127.0.0.1")
    connection.connection_made(_Wire())
    live.pool.give_back(connection)
    connection.deadline = NEVER  # until it has been used
    live.pool.turn, live.front.turn = Turn(_NoLoop()), Turn(_NoLoop())  # type: ignore[arg-type]

    def run() -> None:
        client.data_received(_ASKED)
        live.pool.turn._end()
        connection.data_received(_ANSWERED + _BODY)
        live.front.turn._end()
        live.channel._pending.clear()
        live.channel._waiting = 0

    return run


def _shadow_path() -> Callable[[], object]:
    """All that the shadow worker does for an exchange whose answers are equal but for their dates."""
    config = Config(legacy="http://127.0.0.1:1", target="http://127.0.0.1:2")
    loop = uvloop.new_event_loop()  # never run: nothing here waits
    mirror = Mirror(loop, config, _Books(), "/nowhere")
    mirror._controls = None  # they would connect to legacy
    intake = Intake(mirror, lambda: None)
    intake.connection_made(_Wire())
    connection = Connection(mirror._pool, "127.0.0.1")
    connection.connection_made(_Wire())
    mirror._pool.give_back(connection)
    connection.deadline = NEVER  # until it has been used
    mirror._pool.turn = Turn(_NoLoop())  # type: ignore[arg-type]
    sent, answer = b"".join(Stream(Frame).encode(_frame())), _LATER + _BODY

    def run() -> None:
        intake.get_buffer(-1)[: len(sent)] = sent
        intake.buffer_updated(len(sent))
        mirror._pool.turn._end()
        connection.data_received(answer)

    return run


def _read(stream: Stream[Frame], sent: bytes) -> list[Frame]:
    stream.room()[: len(sent)] = sent
    return list(stream.filled(len(sent)))


def _new_answer() -> None:
    HEADS.clear()
    parse_response(_ANSWERED, b"GET")


def _capture(budget: Budget) -> None:
    capture = Capture(1 << 20, budget)
    capture.data(_BODY)
    capture.body()
    capture.free()


def steps() -> dict[str, Callable[[], object]]:
    """Each step by its name."""
    frame, stream, budget, tally = _frame(), Stream(Frame), Budget(1 << 30), Tally()
    sent, rule = b"".join(stream.encode(frame)), compile_rule(Compare(), Compare())
    legacy = served(frame)
    assert isinstance(legacy, Response)
    later = Response(200, _LATER, _BODY, 0.0012, 0.0012)
    differs = replace(later, body=_OTHER)
    pair, facts = exchange(frame, legacy), about(frame, later, b"")
    reader = RequestReader(_PEER, _PASSAGE)
    endpoints, mask = Endpoints(()), Mask((), b"k" * 32)
    ltsv, combined = parser("ltsv").parse, parser("combined").parse
    return {
        "request head, and as legacy gets it": lambda: RequestReader(_PEER, _PASSAGE).read(_ASKED, b"0"),
        "the same, fields as before": lambda: reader.read(_ASKED, b"0"),
        "endpoint": lambda: endpoints.lookup(b"GET", b"/items/123?sort=price&page=2"),
        "answer's head": _new_answer,
        "the same, read before": lambda: parse_response(_LATER, b"GET"),
        "capture": lambda: _capture(budget),
        "frame written": lambda: stream.encode(frame),
        "frame read": lambda: _read(stream, sent),
        "known equal, dates differ": lambda: quick(legacy, later, rule),
        "what is counted beside": lambda: about(frame, later, b""),
        "match counted": lambda: tally.count_match(legacy, later, facts),
        "all of a small exchange, live worker": _live_path(),
        "all of an equal exchange, shadow worker": _shadow_path(),
        "small JSON judged": lambda: judge(pair, differs, rule),
        "small JSON judged, masked": lambda: masked(judge(pair, differs, rule), mask),
        "log line, LTSV": lambda: ltsv(_LOG),
        "log line, combined": lambda: combined(_COMBINED),
    }


def bytecodes(step: Callable[[], object]) -> int:
    """How many the step executes once it is warm."""
    count = 0

    def trace(frame: Any, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace = trace  # 3.13 heeds what follows only where there is one
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    for _ in range(20):
        step()
    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # else 3.12 counts none of the first step
    gc.disable()  # what others have left behind may run a `__del__`, which would count too
    sys.settrace(trace)
    try:
        step()
    finally:
        sys.settrace(before)
        gc.enable()
    return count
