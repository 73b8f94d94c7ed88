"""One logged request, asked of legacy again."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

from support.live_path import until
from support.peers import answering, response

from replay.legacy import LegacyRequest, Question
from replay.model import LoggedRequest
from replay.schedule import Due
from shadow.frame import Frame
from shadow.live.capture import Budget, Capture
from shadow.model import Drop
from shadow.settings import BackendTls
from shadow.wire.deadlines import Deadlines
from shadow.wire.pool import Pool
from shadow.wire.turn import Sender
from shadow.wire.upstream import Waits

HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


async def test_legacys_time_begins_with_the_writing() -> None:
    """As live: what a request waits for others that are written with it is not legacy's doing."""
    loop = asyncio.get_running_loop()
    async with await asyncio.start_server(answering(lambda _: response(b"ok")), "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        pool = Pool(loop, url, Waits(9, 9, 9, 9, 9), Deadlines(loop), BackendTls())
        held: list[Sender] = []
        pool.turn.add = lambda sender, _: held.append(sender)  # type: ignore[method-assign]
        left: list[LegacyRequest] = []
        ended: list[Frame | Drop] = []
        asked = LoggedRequest(b"GET", b"/", 0.0)
        question = Question(cast(Any, None), asked, b"id", "GET /", None, HEAD)
        request = LegacyRequest(
            Due(0.0, 0, None, question),
            pool,
            Capture(100, Budget(100)),
            left.append,
            lambda _, how: ended.append(how),
        )
        request.start()
        await until(lambda: held)
        assert left == [request]
        began = time.perf_counter()
        await until(lambda: time.perf_counter() > began + 0.05)
        written = time.perf_counter()
        held.pop().send()
        await until(lambda: ended)
        (frame,) = ended
        assert isinstance(frame, Frame)
        assert frame.total <= time.perf_counter() - written
        pool.close()
