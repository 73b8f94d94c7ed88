"""Traffic as a shop has it: many clients on kept connections, a few endpoints that get most of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import Final

import aiohttp

_CLIENTS: Final = 16
_RATE: Final = 1000  # requests a second: what two small backends on a small machine can take with ease
_SEED: Final = 7

_WORDS = ("book", "game", "toy", "本", "おもちゃ")


def requests(count: int) -> Iterator[tuple[str, str]]:
    """Method and path of each request; the same ones every time."""
    chance = random.Random(_SEED)  # noqa: S311 - traffic, not secrets
    makers: list[tuple[int, Callable[[], tuple[str, str]]]] = [
        (25, lambda: ("GET", f"/items/{chance.randrange(5000)}")),
        (35, lambda: ("GET", "/")),
        (8, lambda: ("GET", "/account")),
        (7, lambda: ("GET", f"/reports/2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}")),
        (10, lambda: ("GET", f"/search?q={chance.choice(_WORDS)}")),
        (10, lambda: ("GET", "/tags")),
        (5, lambda: ("GET", "/status")),
        (5, lambda: ("POST", "/orders")),
    ]
    weights = [weight for weight, _ in makers]
    for maker in chance.choices(makers, weights, k=count):
        yield maker[1]()


async def send(base: str, count: int, sent: Callable[[], None]) -> int:
    """Send it all to `base`; returns how many requests failed or were answered with an error."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    todo = enumerate(requests(count))
    errors = 0

    async def client(session: aiohttp.ClientSession) -> None:
        nonlocal errors
        for number, (method, path) in todo:
            await asyncio.sleep(started + number / _RATE - loop.time())
            try:
                async with session.request(method, base + path) as answer:
                    await answer.read()
                    errors += answer.status >= 400
            except aiohttp.ClientError:
                errors += 1
            sent()

    connector = aiohttp.TCPConnector(limit=_CLIENTS)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(client(session) for _ in range(_CLIENTS)))
    return errors
