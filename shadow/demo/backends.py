"""Two small shops: legacy, and a target with planted differences.

`python -m shadow.demo.backends legacy|target` serves on a free port and prints it. What differs
is in `PLANTED`, by endpoint, as the report names it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Final

from aiohttp import web

PLANTED: Final = {
    "GET /items/{id}": "type json:$.price",
    "GET /account": "missing header:cache-control",
    "GET /reports/{date}": "changed status",
    "GET /tags": "order json:$.tags",
    "GET /status": "changed json:$.generated_at",
}
"""Endpoint → kind and path of the difference. The last is noise: legacy itself varies there."""

SLOWER: Final = "GET /search"
"""Answers the same, later."""

_TAGS = ["books", "games", "music", "toys"]


class Shop:
    """One side of the migration."""

    def __init__(self, is_target: bool) -> None:
        self._is_target = is_target

    def application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [
                web.get("/", self.home),
                web.get("/items/{id}", self.item),
                web.get("/account", self.account),
                web.get("/reports/{date}", self.report),
                web.get("/search", self.search),
                web.get("/tags", self.tags),
                web.get("/status", self.status),
                web.post("/orders", self.order),
            ]
        )
        return application

    async def home(self, _: web.Request) -> web.Response:
        """A page on which both agree."""
        rows = "".join(f"<li><a href='/items/{number}'>item {number}</a></li>" for number in range(40))
        page = f"<!doctype html><title>Shop</title><ul>{rows}</ul>"
        return web.Response(text=page, content_type="text/html")

    async def item(self, request: web.Request) -> web.Response:
        """The new serializer writes prices as text."""
        number = int(request.match_info["id"])
        price: object = 100 + number % 1900
        item = {"id": number, "name": f"item {number}", "price": str(price) if self._is_target else price}
        return web.json_response(item)

    async def account(self, _: web.Request) -> web.Response:
        """The new front server no longer says that this is nobody else's business."""
        headers = {} if self._is_target else {"Cache-Control": "private, no-store"}
        return web.json_response({"user": "sato", "points": 120}, headers=headers)

    async def report(self, request: web.Request) -> web.Response:
        """The new container lacks a value in its environment."""
        if self._is_target:
            return web.Response(status=500, text="Internal Server Error")
        return web.json_response({"date": request.match_info["date"], "orders": 17})

    async def search(self, request: web.Request) -> web.Response:
        """The new index is cold."""
        await asyncio.sleep(0.030 if self._is_target else 0.002)
        return web.json_response({"query": request.query.get("q", ""), "hits": [3, 5, 8]})

    async def tags(self, _: web.Request) -> web.Response:
        """The new query has no ORDER BY."""
        return web.json_response({"tags": _TAGS[::-1] if self._is_target else _TAGS})

    async def status(self, _: web.Request) -> web.Response:
        """A time stamp: nobody's fault."""
        return web.json_response({"ok": True, "generated_at": f"{time.time():.6f}"})

    async def order(self, _: web.Request) -> web.Response:
        """A write: not mirrored unless a rule says so."""
        return web.json_response({"accepted": True}, status=201)


async def _serve(is_target: bool) -> None:
    runner = web.AppRunner(Shop(is_target).application(), access_log=None, handle_signals=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    # Whoever started this holds the other end of standard input; its end is ours.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1] == "target"))
