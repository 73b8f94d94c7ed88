"""A shop as web frameworks write them: every answer carries something that is another the next time.

Timestamps, nonces, request ids, tokens, lists in no order. Of two apps one can be legacy and one, with
regressions `planted`, the target. What an app says is drawn from its own seed, so that a test repeats itself.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from support.peers import Request, Script, answering, response

RARE = 50
"""Of so many requests of an endpoint one shows a rare regression: rarer, and all of them could fall among the
exchanges that are spent on learning, which say nothing of the target."""

NOON = 1_767_268_800  # 2026-01-01, 12:00 UTC
WORDS = "tea cup pot tray spoon kettle sugar lemon".split()


class Planted(NamedTuple):
    """A regression: the endpoint, and the cause by which a report should name it."""

    endpoint: str
    kind: str
    path: str


PLANTED = (
    Planted("GET /items/{id}", "changed", "json:$.price"),  # beside three kinds of noise
    Planted("GET /users/{id}", "missing", "json:$.nickname"),  # rare
    Planted("GET /orders/{id}", "changed", "status"),  # rare
    Planted("GET /feeds/{id}", "missing", "header:cache-control"),
    Planted("GET /visits/{id}", "missing", "cookie:sid;secure"),  # of a cookie whose value is random
    Planted("GET /go/{id}", "changed", "header:location"),
    Planted("GET /search", "missing", "json:$.results[*]"),  # of a list in no order
    Planted("GET /stats/{id}", "type", "json:$.count"),  # rare, beside a counter that is never the same
    Planted("GET /pages/{id}", "changed", "html:html > body > h1"),  # beside a clock, a nonce and a token
    Planted("GET /letters/{id}", "charset", "header:content-type"),  # another charset
)

CLEAN = (
    "GET /clocks/{id}",
    "GET /tags/{id}",
    "GET /forms/{id}",
    "GET /news/{id}",
    "GET /catalog",
    "GET /sensors/{id}",
    "GET /export/{id}",
    "GET /sitemap/{id}",
    "GET /plain/{id}",
)
"""Endpoints on which nothing is planted."""

SLOT = "GET /ads/{id}"
"""And one with a part that is there or not, as legacy likes: noise in the structure."""

_PATHS = (
    *("/items/{n}", "/users/{n}", "/orders/{n}", "/feeds/{n}", "/visits/{n}", "/go/{n}"),
    *("/search?q=tea&page={n}", "/stats/{n}", "/pages/{n}", "/letters/{n}", "/clocks/{n}", "/tags/{n}"),
    *("/forms/{n}", "/news/{n}", "/catalog?page={n}", "/sensors/{n}", "/export/{n}", "/sitemap/{n}"),
    *("/plain/{n}", "/ads/{n}"),
)


def targets(count: int) -> Iterator[str]:
    """So many requests, of all endpoints in turn and no two the same."""
    return (_PATHS[number % len(_PATHS)].format(n=1 + number // len(_PATHS)) for number in range(count))


class NoisyApp:
    """One side."""

    def __init__(self, seed: int, planted: bool = False) -> None:
        self._random = random.Random(seed)
        self._planted = planted
        self._clock = itertools.count(NOON)

    @property
    def script(self) -> Script:
        return answering(self._answer)

    def _answer(self, request: Request) -> bytes:
        path, _, query = request.target.partition("?")
        _, name, *rest = path.split("/")
        number = int(rest[0] if rest else query.rpartition("=")[2])
        page: Callable[[int], bytes] = getattr(self, f"_{name}")
        return page(number)

    # -- what varies

    def _hex(self, length: int = 32) -> str:
        return f"{self._random.getrandbits(4 * length):0{length}x}"

    def _now(self) -> str:
        second = next(self._clock) % 86_400
        return f"2026-01-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"

    def _shuffled(self, members: list[Any]) -> list[Any]:
        return self._random.sample(members, len(members))

    def _broken(self, number: int, one_of: int) -> bool:
        """Whether a planted regression shows in the answer to this request."""
        return self._planted and number % one_of == 7 % one_of

    # -- how it is said

    def _send(self, body: str, kind: str, *fields: str, status: str = "200 OK") -> bytes:
        return response(
            body.encode(), status, f"Content-Type: {kind}", f"X-Request-Id: {self._hex()}", *fields
        )

    def _json(self, said: dict[str, Any], *fields: str, status: str = "200 OK") -> bytes:
        return self._send(json.dumps(said), "application/json", *fields, status=status)

    def _html(self, title: str, body: str) -> bytes:
        nonce = self._hex(24)
        page = (
            f'<!doctype html><html lang="en"><head><title>{title}</title>'
            f'<link rel="stylesheet" href="/static/app-{self._hex(8)}a1.css">'
            f'<script nonce="{nonce}" src="/static/app.js?v={self._random.randrange(10**9)}7"></script>'
            f"</head><body><!-- {self._hex()} -->{body}</body></html>"
        )
        policy = f"Content-Security-Policy: script-src 'nonce-{nonce}'"
        return self._send(page, "text/html; charset=utf-8", policy)

    # -- with regressions

    def _items(self, number: int) -> bytes:
        price = number * 7 % 1000 + 0.25
        return self._json(
            {
                "id": number,
                "price": price + 0.05 if self._broken(number, 5) else price,
                "now": self._now(),
                "request_id": self._hex(),
                "tags": self._shuffled(WORDS),
            }
        )

    def _users(self, number: int) -> bytes:
        said = {"id": number, "nickname": f"user{number}", "seen_at": self._now(), "nonce": self._hex()}
        if self._broken(number, RARE):
            del said["nickname"]
        return self._json(said)

    def _orders(self, number: int) -> bytes:
        if self._broken(number, RARE):
            return self._json({"error": "no such table"}, status="500 Internal Server Error")
        return self._json({"id": number, "lines": self._shuffled([{"sku": w} for w in WORDS[:5]])})

    def _feeds(self, number: int) -> bytes:
        fields = () if self._broken(number, 4) else ("Cache-Control: max-age=60",)
        return self._json({"id": number, "updated": self._now()}, *fields)

    def _visits(self, number: int) -> bytes:
        secure = "" if self._broken(number, 3) else "; Secure"
        cookie = f"Set-Cookie: sid={self._hex()}; Path=/; HttpOnly{secure}"
        return self._json({"visit": number, "token": self._hex()}, cookie)

    def _go(self, number: int) -> bytes:
        scheme = "http" if self._broken(number, 2) else "https"
        location = f"Location: {scheme}://shop.example/items/{number}"
        return self._json({"moved": True, "at": self._now()}, location, status="302 Found")

    def _search(self, number: int) -> bytes:
        results = [{"id": number * 10 + i, "name": WORDS[i]} for i in range(8)]
        if self._broken(number, 6):
            results = results[:5]
        return self._json({"results": self._shuffled(results), "took_ms": self._random.randrange(90)})

    def _stats(self, number: int) -> bytes:
        count: int | str = str(number) if self._broken(number, RARE) else number
        return self._json({"count": count, "views": self._random.randrange(10**6)})

    def _pages(self, number: int) -> bytes:
        title = "Checkout" if self._broken(number, 3) else "Basket"
        return self._html("Basket", f"<h1>{title}</h1><p class=clock>Generated at {self._now()}</p>")

    def _letters(self, number: int) -> bytes:
        charset = "iso-8859-1" if self._broken(number, 2) else "utf-8"
        body = f"<p>Caf\u00e9 {number}</p>".encode(charset)
        kind = f"Content-Type: text/html; charset={charset}"
        return response(body, "200 OK", kind, f"X-Request-Id: {self._hex()}")

    # -- without

    def _clocks(self, number: int) -> bytes:
        return self._json(
            {"n": number, "now": self._now(), "nonce": self._hex(), "load": self._random.random()}
        )

    def _tags(self, number: int) -> bytes:
        groups = [{"name": word, "size": len(word)} for word in WORDS]
        return self._json(
            {"id": number, "tags": self._shuffled(WORDS), "groups": self._shuffled(groups)},
            f"ETag: {self._hex(8)}",
        )

    def _forms(self, number: int) -> bytes:
        token = f'<input type="hidden" name="csrf_token" value="{self._hex(40)}">'
        return self._html("Form", f'<form method="post">{token}<input name="user" value="u{number}"></form>')

    def _news(self, number: int) -> bytes:
        lines = "".join(f"<li>{word} <time>{self._now()}</time></li>" for word in self._shuffled(WORDS))
        return self._html("News", f"<ul>{lines}</ul><footer>Page {number}, made {self._now()}</footer>")

    def _catalog(self, number: int) -> bytes:
        """A page of a long list, each member with what varies; the next page by a cursor."""
        items = [
            {"id": number * 100 + i, "name": WORDS[i % 8], "fetched_at": self._now(), "etag": self._hex(16)}
            for i in range(60)
        ]
        return self._json({"items": items, "next": f"/catalog?page={number + 1}&cursor={self._hex()}"})

    def _sensors(self, number: int) -> bytes:
        """Many values, each of which is the same at times, and by itself: answers in all combinations.

        At times is once in 20: at once in 12, some of the 24 are still being learned after 240 pairs in 3 %
        of all runs."""
        values = {
            f"{word}_{of}": self._random.randrange(20) for word in WORDS for of in ("low", "now", "high")
        }
        return self._json({"id": number, "values": values})

    def _export(self, number: int) -> bytes:
        rows = "".join(f"{number},{word},{self._now()}\n" for word in WORDS)
        return self._send(f"id,name,exported_at\n{rows}", "text/csv")

    def _sitemap(self, number: int) -> bytes:
        return self._send(
            f"<urlset><url><loc>/items/{number}</loc><lastmod>{self._now()}</lastmod></url></urlset>",
            "application/xml",
        )

    def _plain(self, number: int) -> bytes:
        return self._send(f"item {number}\n", "text/plain")

    def _ads(self, number: int) -> bytes:
        slot = f'<div id="ad">Buy {self._random.choice(WORDS)}!</div>' if self._random.random() < 0.5 else ""
        return self._html("Ads", f"<p>Page {number}</p>{slot}")
