"""A web hook tells a chat when a verdict changes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest_asyncio
from aiohttp import web
from msgspec.structs import replace
from structlog.testing import capture_logs
from support import reports

from shadow.report import json
from shadow.report.schema import Report
from shadow.serve.hook import Hook
from shadow.verdict.verdict import Verdict

SOON = 0.01  # seconds between two looks


class Chat:
    """What a chat's server got."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.statuses: list[int] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.got.put_nowait(await request.json())
        return web.Response(status=status)


@pytest_asyncio.fixture
async def chat() -> AsyncIterator[Chat]:
    made = Chat()
    application = web.Application()
    application.router.add_post("/hook/secret", made.take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook/secret"
    yield made
    await runner.cleanup()


def with_verdict(report: Report, number: int, verdict: Verdict) -> Report:
    endpoints = list(report.endpoints)
    endpoints[number] = replace(endpoints[number], verdict=verdict)
    return replace(report, endpoints=endpoints)


async def told(url: str, chat: Chat, *seen: Report | None, messages: int = 1) -> list[str]:
    """What is posted when these reports are seen one after the other; the last one stays."""
    left: Iterator[Report | None] = iter(seen)
    last: list[Report | None] = [None]

    async def latest() -> bytes | None:
        last[0] = next(left, last[0])
        return json.render(last[0]).encode() if last[0] else None

    task = asyncio.create_task(Hook(url, latest, SOON).run())
    try:
        async with asyncio.timeout(10):
            return [(await chat.got.get())["text"] for _ in range(messages)]
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_verdict_that_changes_is_told(chat: Chat) -> None:
    """Of an endpoint and of all; the first report is what changes are measured by, and is not told."""
    before = reports.ordinary()
    ready = before.endpoints[-1].endpoint
    after = replace(with_verdict(before, -1, Verdict.REGRESSED), verdict=Verdict.READY)
    (text,) = await told(chat.url, chat, None, before, before, after, after)
    assert text.splitlines() == ["Shadow: ready (was regressed)", f"• `{ready}`: ready → regressed"]
    assert chat.got.empty()


async def test_what_is_recorded_first_is_no_change(chat: Chat) -> None:
    """A report in which there is no endpoint yet is nothing to measure by."""
    before = reports.ordinary()
    after = replace(before, verdict=Verdict.READY)
    (text,) = await told(chat.url, chat, reports.report([], []), before, after)
    assert text == "Shadow: ready (was regressed)"


async def test_what_could_not_be_sent_is_told_later(chat: Chat) -> None:
    """And said once in the log, without the URL, which is a secret."""
    chat.statuses = [500, 404, 302]
    before = reports.ordinary()
    with capture_logs() as logged:
        (text,) = await told(chat.url, chat, before, with_verdict(before, -1, Verdict.REGRESSED))
        assert "ready → regressed" in text
    assert [each["event"] for each in logged][:1] == ["hook_failed"]
    assert sum(each["event"] == "hook_failed" for each in logged) == 1
    assert "secret" not in str(logged)


async def test_nobody_there_harms_nobody(chat: Chat) -> None:
    """A chat that is down is a line in the log."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/hook/secret"
        before = reports.ordinary()
        seen = iter([before])

        async def latest() -> bytes:
            made = next(seen, None) or with_verdict(before, -1, Verdict.REGRESSED)
            return json.render(made).encode()

        with capture_logs() as logged, suppress(TimeoutError):
            async with asyncio.timeout(20 * SOON):
                await Hook(url, latest, SOON).run()
    assert [(each["event"], each["log_level"]) for each in logged] == [("hook_failed", "warning")]


async def test_names_are_no_markup(chat: Chat) -> None:
    """What a client asked for calls nobody, and links to nothing."""
    before = with_verdict(reports.hostile("<!channel> `@here` <http://evil|x>"), 0, Verdict.REGRESSED)
    (text,) = await told(chat.url, chat, before, with_verdict(before, 0, Verdict.READY))
    assert "<" not in text
    assert text.splitlines()[1].count("`") == 2
