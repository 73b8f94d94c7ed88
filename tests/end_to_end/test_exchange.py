"""What the target is asked, what it is not, and what of its answer reaches the client: nothing."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from support.peers import Request, answering, echo, get, post, response
from support.proxy import endpoint


class Heard:
    """A backend's script that keeps what it was asked."""

    def __init__(self, answer: Callable[[Request], bytes] = echo) -> None:
        self.requests: list[Request] = []
        self._answer = answer
        self.script = answering(self._hear)

    def _hear(self, request: Request) -> bytes:
        self.requests.append(request)
        return self._answer(request)


@pytest.fixture
def legacy() -> Heard:
    return Heard()


@pytest.fixture
def target() -> Heard:
    return Heard()


@pytest.fixture
def between(backend: Any, proxy: Any, legacy: Heard, target: Heard) -> Any:
    """Starts a proxy between the two."""

    async def start(**settings: Any) -> Any:
        ours, theirs = await backend(legacy.script), await backend(target.script)
        return await proxy(ours.url, theirs.url, **settings)

    return start


SEARCH = [{"match": "POST /search", "mirror": True}]


async def test_a_write_that_a_rule_opts_in_is_mirrored_with_its_body(
    between: Any, connect: Any, legacy: Heard, target: Heard
) -> None:
    """With a length or in chunks; a write that no rule names is not sent."""
    running = await between(endpoints=SEARCH)
    client = await connect(running)
    body = json.dumps({"q": "本", "page": 1}).encode()
    await client.ask(post("/search", body, "Content-Type: application/json"))
    await client.ask(
        b"POST /search HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    )
    await client.ask(post("/orders", b"{}"))
    await running.settled(3)
    chunks, whole = sorted(target.requests, key=lambda request: request.body)  # they come on two connections
    assert (chunks.method, chunks.target, chunks.body) == ("POST", "/search", b"abcdefg")
    assert (whole.method, whole.target, whole.body) == ("POST", "/search", body)
    assert whole.all("content-type") == ["application/json"]
    report = await running.stop()
    assert endpoint(report, "POST /search")["matched"] == 2
    assert endpoint(report, "POST /orders")["skipped"] == {"method": 1}
    assert len(legacy.requests) == 3


async def test_expect_is_not_passed_to_the_target(between: Any, connect: Any, target: Heard) -> None:
    """The body follows at once, so nobody has to be asked whether it is wanted."""
    running = await between(endpoints=SEARCH)
    client = await connect(running)
    await client.ask(post("/search", b"abc", "Expect: 100-continue"))
    await running.settled(1)
    (asked,) = target.requests
    assert asked.body == b"abc"
    assert asked.all("expect") == []


@pytest.mark.parametrize("host", ["preserve", "target", "new.example"])
async def test_the_target_sees_the_host_that_is_configured(
    host: str, between: Any, connect: Any, legacy: Heard, target: Heard
) -> None:
    """The client's, its own, or a literal; legacy always sees the client's."""
    running = await between(mirror={"host": host})
    await (await connect(running)).ask(get("/items/1"))
    await running.settled(1)
    own = running._settings["target"].removeprefix("http://")
    assert target.requests[0].all("host") == [{"preserve": "shop.example", "target": own}.get(host, host)]
    assert legacy.requests[0].all("host") == ["shop.example"]


async def test_only_shadow_requests_are_marked(
    between: Any, connect: Any, legacy: Heard, target: Heard
) -> None:
    """`X-Shadow: 1` on the way to the target and nowhere else; a client's own is stripped."""
    running = await between()
    client = await connect(running)
    await client.ask(get("/items/1", "X-Shadow: 0", "x-shadow-target: evil", "X-Request-Id: abc"))
    await running.settled(1)
    (ours,), (theirs,) = legacy.requests, target.requests
    assert ours.all("x-shadow") == []
    assert theirs.all("x-shadow") == ["1"]
    assert ours.all("x-shadow-target") == theirs.all("x-shadow-target") == []
    assert ours.all("x-request-id") == theirs.all("x-request-id") == ["abc"]


async def test_the_target_is_asked_what_legacy_was(
    between: Any, connect: Any, legacy: Heard, target: Heard
) -> None:
    """Target and fields byte for byte, in their order, forwarding fields too; only the mark is added."""
    running = await between()
    client = await connect(running)
    await client.ask(get("/a//b/../%2Fc?", "X-Twice: 1", "x-twice: 2", "Cookie: a=b; c=d", "X-Raw: caf\xe9"))
    await running.settled(1)
    (ours,), (theirs,) = legacy.requests, target.requests
    assert theirs.target == ours.target == "/a//b/../%2Fc?"
    assert theirs.headers == [*ours.headers, ("X-Shadow", "1")]
    assert ours.all("x-forwarded-for") == ["127.0.0.1"]


async def test_sampling_is_stable(between: Any, connect: Any, target: Heard) -> None:
    """A request id is mirrored always or never, whichever connection and however often it comes."""
    running = await between(mirror={"sample": 0.5, "salt": "pepper"})
    for _ in range(2):
        client = await connect(running)
        for number in range(200):
            await client.ask(get("/items/1", f"X-Request-Id: id-{number}"))
    totals = await running.settled(400)
    sampled = [request.all("x-request-id")[0] for request in target.requests]
    assert {sampled.count(each) for each in sampled} == {2}
    assert 50 < len(set(sampled)) < 150
    assert totals["skipped"] == {"sample": 400 - len(sampled)}


async def test_nothing_of_the_targets_answer_reaches_the_client(
    backend: Any, proxy: Any, connect: Any
) -> None:
    """Neither its cookies nor its redirect, which is not followed either."""
    target = Heard(lambda _: response(b"", "302 Found", "Location: /elsewhere", "Set-Cookie: target=1"))
    ours, theirs = await backend(answering(echo)), await backend(target.script)
    running = await proxy(ours.url, theirs.url)
    client = await connect(running)
    for number in range(3):
        answer = await client.ask(get(f"/items/{number}"))
        assert answer.status == 200
        assert answer.all("set-cookie") == answer.all("location") == []
        await running.settled(number + 1)
    assert [request.target for request in target.requests] == ["/items/0", "/items/1", "/items/2"]
    assert (await running.totals())["status"] == {"200→302": 3}


BIG = b"".join(b"%07d\n" % number for number in range(300_000))  # 2.4 MB
OTHER = BIG[:-2] + b"x\n"


async def test_a_body_over_the_limit_is_compared_by_its_digest(
    backend: Any, proxy: Any, connect: Any
) -> None:
    """Equal ones match, ones of the same length that differ in a byte do not; the client gets all of it."""

    def large(body: bytes) -> Callable[[Request], bytes]:
        return lambda request: response(
            BIG if request.target == "/same" else body, "200 OK", "Content-Type: text/plain"
        )

    ours, theirs = await backend(answering(large(BIG))), await backend(answering(large(OTHER)))
    running = await proxy(ours.url, theirs.url)
    client = await connect(running)
    assert (await client.ask(get("/same"))).body == BIG
    assert (await client.ask(get("/other"))).body == BIG
    await running.settled(2)
    report = await running.stop()
    assert endpoint(report, "GET /same")["matched"] == 1
    other = endpoint(report, "GET /other")
    assert other["differed"] == 1
    assert [d["path"] for d in other["differences"]] == ["body"]


async def test_a_request_over_the_limit_is_served_and_not_mirrored(
    between: Any, connect: Any, legacy: Heard
) -> None:
    """Skipped as too large; legacy got every byte."""
    running = await between(endpoints=SEARCH)
    await (await connect(running)).ask(post("/search", BIG))
    totals = await running.settled(1)
    assert totals["skipped"] == {"too_large": 1}
    assert legacy.requests[0].body == BIG


async def test_a_compressed_answer_equals_a_plain_one(backend: Any, proxy: Any, connect: Any) -> None:
    """What it says is compared, not how it was packed; nor with another compressor's setting."""
    body = json.dumps({"items": list(range(1000))}).encode()
    plain = response(body, "200 OK", "Content-Type: application/json")

    def packed(level: int) -> bytes:
        data = gzip.compress(body, level, mtime=0)
        return response(data, "200 OK", "Content-Type: application/json", "Content-Encoding: gzip")

    ours = await backend(answering(lambda request: plain if request.target == "/plain" else packed(1)))
    theirs = await backend(answering(lambda _: packed(9)))
    running = await proxy(ours.url, theirs.url)
    client = await connect(running)
    assert (await client.ask(get("/plain"))).body == body
    assert gzip.decompress((await client.ask(get("/packed"))).body) == body
    await running.settled(2)
    report = await running.stop()
    assert endpoint(report, "GET /packed")["matched"] == 1
    assert "body" not in {d["path"] for d in endpoint(report, "GET /plain")["differences"]}
    assert not any(d["path"].startswith("json:") for d in endpoint(report, "GET /plain")["differences"])


async def test_load_is_shared_by_all_workers(backend: Any, proxy: Any) -> None:
    """Two live and two shadow workers: each serves, each asks, and what they count adds up."""
    from support.peers import Load, items
    from support.proxy import assert_adds_up, value

    ours, theirs = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(
        ours.url, theirs.url, workers={"live": 2, "shadow": 2}, mirror={"in_flight": 1024, "waiting": 100_000}
    )
    load = Load(running.port, items(2000), clients=32)
    await load.run()
    assert load.errors == []
    totals = await running.settled(2000)
    assert totals["matched"] == 2000
    channels = {
        labels["worker"]: amount
        for name, labels, amount in await running.metrics()
        if name == "shadow_channels"
    }
    assert channels == {"shadow-0": 1, "shadow-1": 1}
    assert value(await running.metrics(), "shadow_fates_total", fate="matched") == 2000
    assert_adds_up(await running.stop(), 2000)
