"""The page over what is running: a browser is shown it, and it goes on as the traffic does."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
from support.browser import Watched, chromium
from support.peers import Load, Request, answering, body_of, echo, items, response
from support.proxy import NOBODY, PATIENCE, Proxy, until

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def differing(request: Request) -> bytes:
    """The usual answer, with one more member."""
    body = b'{"extra": 1, ' + body_of(request.target)[1:]
    return response(body, "200 OK", "Content-Type: application/json")


async def _get(proxy: Proxy, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{proxy.admin}{path}", headers=headers) as answer,
    ):
        return answer.status, dict(answer.headers), await answer.text()


async def test_who_asks_decides_the_form(backend: Any, proxy: Any) -> None:
    """A browser gets the page, guarded, and a program the same as JSON."""
    running = await proxy((await backend(answering(echo))).url, (await backend(answering(differing))).url)
    await Load(running.port, items(20)).run()
    await running.settled(20)

    status, headers, page = await _get(running, "/report", **HTML)
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Vary"] == "Accept"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.startswith("<!doctype html>")
    for path, accept in (
        ("/report", "*/*"),
        ("/report", "application/json, text/html"),
        ("/report.json", "*/*"),
    ):
        status, headers, text = await _get(running, path, Accept=accept)
        assert headers["Content-Type"].startswith("application/json")
        assert json.loads(text)["verdict"] in page.lower()


async def test_a_verdict_is_the_records_not_the_counters(backend: Any, proxy: Any) -> None:
    """The counters do not tell distinct requests: of fifty that differ they would say that nothing was
    compared. What was recorded does."""
    running = await proxy((await backend(answering(echo))).url, (await backend(answering(differing))).url)
    await Load(running.port, items(50)).run()
    assert (await running.settled(50))["differed"] == 50
    deadline = time.monotonic() + PATIENCE
    while (report := json.loads((await running.get("/report"))[1]))["totals"]["differed"] < 50:
        assert time.monotonic() < deadline, report["totals"]
        await asyncio.sleep(0.1)
    assert report["verdict"] == "regressed"
    assert [each["mismatched"] for each in report["endpoints"]] == [50]


async def test_a_store_that_is_away(proxy: Any, tmp_path: Path) -> None:
    """Whoever asks is told why there is no report, in both forms; none is made of something else."""
    store = tmp_path / "store"
    store.mkdir()
    record = {"to": f"file://{store}", "spool": str(tmp_path / "spool")}
    running = await proxy(NOBODY, "http://127.0.0.1:2", record=record)
    store.rename(tmp_path / "gone")
    store.touch()  # or the shipper makes another
    for accept in HTML["Accept"], "*/*":
        status, _, text = await _get(running, "/report", Accept=accept)
        assert (status, text) == (503, f"no report can be made: file://{store}: no such folder\n")


async def test_it_follows_what_is_running(backend: Any, proxy: Any, tmp_path: Path) -> None:
    """New counts appear by themselves; filter, open parts, language and place on the page stay."""
    running = await proxy((await backend(answering(echo))).url, (await backend(answering(differing))).url)
    await Load(running.port, items(40)).run()
    await running.settled(40)
    await until(lambda: list(running.record.glob("tally-*")), "a first snapshot")
    loop = asyncio.get_running_loop()

    def more() -> None:
        asyncio.run_coroutine_threadsafe(Load(running.port, items(60)).run(), loop).result(60)

    await asyncio.to_thread(_watch, f"http://{running.admin}/report", more, tmp_path)


def _watch(url: str, more: Any, folder: Path) -> None:
    with chromium() as browser:
        watched = Watched(browser, folder)
        page = watched.open(url, viewport={"width": 1280, "height": 500})
        page.locator(".cause > summary").first.click()
        page.locator("#find").fill("extra")
        page.get_by_role("button", name="日本語").click()
        page.evaluate("scrollTo(0, 400)")
        place = page.evaluate("scrollY")
        more()
        page.locator(".cause .count", has_text="100").wait_for(timeout=60_000)

        assert page.locator(".cause").first.get_attribute("open") == ""
        assert page.locator("#find").input_value() == "extra"
        assert page.locator(".endpoint:visible").count() == 0
        assert page.evaluate("document.documentElement.lang") == "ja"
        assert page.evaluate("scrollY") == place
        assert page.locator("#live:visible").count() == 1
        assert {each.partition("?")[0] for each in watched.asked} == {url}
        watched.asked.clear()
        watched.close()
