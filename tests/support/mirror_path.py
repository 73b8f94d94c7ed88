"""A shadow worker's mirror and its judge on the test's own loop, between two backends of the test's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from support.live_path import End, Legacy, until
from support.peers import Request, read_request, response

from shadow.frame import Frame
from shadow.mirror.judge import Judge, _Bench, secrets_of_sessions
from shadow.mirror.mirror import Mirror
from shadow.record.mask import Mask
from shadow.record.segment import Record, Unreadable, read_segments
from shadow.record.tally import Tally
from shadow.settings import Config

Answer = Callable[[Request], bytes]


def ok(request: Request) -> bytes:
    """The same to everybody who asks the same."""
    return response(request.target.encode(), "200 OK", "Content-Type: text/plain")


class Side:
    """A backend: keeps what it was asked, answers when its gate is open; with None it hangs up."""

    def __init__(self) -> None:
        self.server = Legacy()
        self.server.script = self._serve
        self.asked: list[Request] = []
        self.answer: Callable[[Request], bytes | None] = ok
        self.gate = asyncio.Event()
        self.gate.set()

    async def _serve(self, end: End) -> None:
        while True:
            request = await read_request(end.reader)
            self.asked.append(request)
            await self.gate.wait()
            answer = self.answer(request)
            if answer is None:
                return
            end.writer.write(answer)

    def marks(self) -> Counter[str]:
        """What the requests were marked with."""
        return Counter(mark for request in self.asked for mark in request.all("x-shadow"))


class MirrorPath:
    """Frames in, counters and records out."""

    def __init__(self, folder: Path) -> None:
        self.legacy = Side()
        self.target = Side()
        self.settings: dict[str, Any] = {"control": {"share": 0.0}, "recheck": {"per_second": 0.0}}
        self.tallies: dict[str, Tally] = {}
        self.ended_ids: list[bytes] = []
        self.record = folder / "records"
        self._path = str(folder / "judge")
        self._benches: asyncio.Server | None = None
        self._serial = 0

    async def open(self) -> None:
        """Let both backends listen."""
        for side in (self.legacy, self.target):
            if not side.server.port:
                await side.server.start()

    async def start(self, judge: bool = True, legacy: bool = True, **mirror: Any) -> None:
        """Begin, with settings of `mirror`."""
        await self.open()
        tree = {
            "legacy": f"http://127.0.0.1:{self.legacy.server.port}" if legacy else "",
            "target": f"http://127.0.0.1:{self.target.server.port}",
            "mirror": {**self.settings, **mirror},
            "record": {"to": str(self.record)},
        }
        config = msgspec.convert(tree, Config, dec_hook=lambda kind, value: kind(value))
        loop = asyncio.get_running_loop()
        self.judge = Judge(config, "judge-0", Mask(secrets_of_sessions(config.mirror.sessions), b"key"))
        if judge:
            benches: set[_Bench] = set()
            self._benches = await loop.create_unix_server(
                lambda: _Bench(self.judge, benches, asyncio.Event()), self._path
            )
        self.mirror = Mirror(loop, config, self, self._path)
        self.mirror.connect()
        if judge:
            await self.mirror.ready()

    # -- the books

    def tally(self, frame: Frame) -> Tally:
        return self.tallies.setdefault(frame.endpoint, Tally())

    afterwards = tally

    def ended(self, frame: Frame) -> None:
        self.ended_ids.append(frame.id)

    @property
    def total(self) -> Tally:
        """All endpoints together."""
        total = Tally()
        for tally in self.tallies.values():
            total.merge(tally)
        return total

    # -- exchanges

    def frame(
        self, target: str = "/a", request: bytes = b"", answer: bytes | None = None, **more: Any
    ) -> Frame:
        """An exchange of a client with legacy; `answer` as on the wire, by default what legacy says."""
        self._serial += 1
        request = request or b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % target.encode()
        head, _, body = request.partition(b"\r\n\r\n")
        method, asked, _ = head.split(b" ", 2)
        if answer is None:
            said = self.legacy.answer(Request(method.decode(), asked.decode(), [], body))
            assert said is not None
            answer = said
        said_head, _, said_body = answer.partition(b"\r\n\r\n")
        made = Frame(
            b"id-%d" % self._serial, f"{method.decode()} {asked.decode()}", None, 1e9, method,
            head + b"\r\n\r\n", body, False,
            int(said_head.split(b" ")[1]), said_head + b"\r\n\r\n", 0.001, 0.002,
            response_body=said_body,
        )  # fmt: skip
        return msgspec.structs.replace(made, **more)

    def offer(self, frame: Frame) -> Frame:
        """As it comes from a live worker."""
        self.mirror.offer(frame)
        self.mirror.pump()
        return frame

    async def all_ended(self, count: int) -> None:
        """Until so many exchanges have their fate, each one."""
        await until(lambda: len(self.ended_ids) >= count)
        assert len(self.ended_ids) == len(set(self.ended_ids)) == count
        assert self.total.fates == count

    def pass_time(self, seconds: float) -> None:
        """Every deadline that would have passed by then, passes."""
        self.mirror._pool._deadlines.sweep(asyncio.get_running_loop().time() + seconds)

    def records(self) -> list[Record]:
        """What the judge has written."""
        return list(read_segments(self.record, Unreadable()))

    async def stop(self) -> None:
        """End it; nothing is held then."""
        self.legacy.gate.set()
        self.target.gate.set()
        await self.mirror.drain()
        if self._benches is not None:
            self._benches.close()
        self.legacy.server.stop()
        self.target.server.stop()
        assert self.mirror.held == 0
