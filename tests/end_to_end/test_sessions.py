"""A login, a form with a token and a page behind the session: clean through the shadow with sessions on."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from support.apps import App
from support.peers import Answer, Client, get, post
from support.proxy import Report, assert_adds_up, endpoint

ON = {"cookies": ["session"], "fields": ["csrf_token"]}
WRITES = [{"match": "POST /login", "mirror": True}, {"match": "POST /shop", "mirror": True}]
FORM = "Content-Type: application/x-www-form-urlencoded"


class Browser:
    """Keeps the cookie that it is given, and sends a page's token with the form."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._cookies: list[str] = []

    async def get(self, target: str) -> Answer:
        return self._keep(await self._client.ask(get(target, *self._cookies)))

    async def submit(self, target: str, page: Answer, **fields: str) -> Answer:
        found = re.search(rb'name="csrf_token" value="([^"]+)"', page.body)
        assert found is not None
        body = urlencode({"csrf_token": found[1].decode(), **fields}).encode()
        return self._keep(await self._client.ask(post(target, body, FORM, *self._cookies)))

    def _keep(self, answer: Answer) -> Answer:
        for given in answer.all("set-cookie"):
            self._cookies = [f"Cookie: {given.partition(';')[0]}"]
        return answer


async def visit(browser: Browser, user: str) -> None:
    """What a user does; each step needs the one before, at legacy and at the target."""
    page = await browser.get("/login")
    assert (await browser.submit("/login", page, user=user)).status == 302
    shop = await browser.get("/shop")
    assert f"Hello, {user}!".encode() in shop.body
    assert (await browser.submit("/shop", shop, item="tea")).body == f"{user} has ordered tea".encode()


async def visited(backend: Any, proxy: Any, connect: Any, users: int, **mirror: Any) -> Report:
    """So many users one after the other; the report."""
    legacy, target = await backend(App().script), await backend(App().script)
    running = await proxy(legacy.url, target.url, mirror=mirror, endpoints=WRITES)
    for number in range(users):
        await visit(Browser(await connect(running)), f"user{number}")
    await running.settled(4 * users)
    report = await running.stop()
    assert_adds_up(report, 4 * users)
    return report


async def test_with_sessions_every_pair_matches(backend: Any, proxy: Any, connect: Any) -> None:
    """Without a rule, at full speed: the next request waits for the target's answer to the last."""
    report = await visited(backend, proxy, connect, 5, sessions=ON)
    assert report["totals"]["matched"] == 20, [each["differences"] for each in report["endpoints"]]


async def test_without_sessions_the_page_behind_the_login_differs(
    backend: Any, proxy: Any, connect: Any
) -> None:
    """The target sees a stranger's cookie and another's token."""
    report = await visited(backend, proxy, connect, 2)
    for name, pair in (("POST /login", "302→403"), ("GET /shop", "200→302"), ("POST /shop", "200→302")):
        assert endpoint(report, name)["status"] == {pair: 2}
