"""After the cutover: the target answers clients, legacy is the shadow, and a guard turns back."""

from __future__ import annotations

import asyncio
from typing import Any

from support.peers import Load, Request, answering, get, response
from support.proxy import assert_adds_up, until

ALL = "GET /items/{id}"


def side(name: str) -> Any:
    """Answers with its own name, and a price of its own."""
    body = b'{"side": "%b", "name": "tea"}' % name.encode()
    return answering(lambda request: response(body, "200 OK", "Content-Type: application/json"))


class Failing:
    """A target that can be broken: from then on it answers 503. Counts those that clients were given."""

    def __init__(self) -> None:
        self.broken = False
        self.failures = 0

    def answer(self, request: Request) -> bytes:
        if self.broken:
            self.failures += not request.all("x-shadow")
            return response(b"down", "503 Service Unavailable")
        return response(b"same")


async def test_the_target_answers_and_legacy_is_the_shadow(backend: Any, proxy: Any, connect: Any) -> None:
    """Clients get the target's answers; the report names the sides as ever, and only that endpoint turned."""
    legacy, target = await backend(side("legacy")), await backend(side("target"))
    running = await proxy(legacy.url, target.url, endpoints=[{"match": ALL, "serve": "target"}])
    client = await connect(running)
    answers = [(await client.ask(get(path))).body for path in ("/items/1", "/items/2", "/about")]
    assert [b"target" in answer for answer in answers] == [True, True, False]
    await running.settled(3)
    report = await running.stop()
    assert_adds_up(report, 3)
    for endpoint in report["endpoints"]:
        (difference,) = endpoint["differences"]
        assert (difference["path"], difference["legacy"], difference["target"]) == (
            "json:$.side",
            '"legacy"',
            '"target"',
        )


async def test_a_target_that_fails_clients_is_a_failure_of_the_target(
    backend: Any, proxy: Any, connect: Any
) -> None:
    """The client gets 502, legacy would have answered, and so it is told."""
    legacy = await backend(side("legacy"))
    running = await proxy(legacy.url, "http://127.0.0.1:1", endpoints=[{"match": ALL, "serve": "target"}])
    answer = await (await connect(running)).ask(get("/items/1"))
    assert (answer.status, b"the target could not be asked" in answer.body) == (502, True)
    totals = await running.settled(1)
    assert (totals["failed"], totals["status"]) == (1, {"200→refused": 1})


async def test_a_share_is_sticky(backend: Any, proxy: Any, connect: Any) -> None:
    """One session is always answered by one side; some sessions are the target's, and some are not."""
    legacy, target = await backend(side("legacy")), await backend(side("target"))
    running = await proxy(
        legacy.url,
        target.url,
        endpoints=[{"match": ALL, "serve": "50%"}],
        mirror={"sessions": {"cookies": ["sid"]}},
    )
    client = await connect(running)
    answered = []
    for session in range(40):
        cookie = f"Cookie: theme=dark; sid={session}"
        sides = {(await client.ask(get(f"/items/{n}", cookie))).body for n in range(3)}
        assert len(sides) == 1, "a session does not change sides"
        answered.append(b"target" in sides.pop())
    assert 5 < sum(answered) < 35


async def test_the_guard_turns_back(backend: Any, proxy: Any, connect: Any) -> None:
    """Once the target has failed too often no client gets another failure; told so, it may answer again."""
    failing = Failing()
    legacy = await backend(answering(lambda request: response(b"same")))
    target = await backend(answering(failing.answer))
    running = await proxy(
        legacy.url, target.url, endpoints=[{"match": ALL, "serve": "target"}], guard={"least": 5}
    )
    client = await connect(running)
    statuses = [(await client.ask(get(f"/items/{n}"))).status for n in range(20)]
    assert statuses == [200] * 20
    failing.broken = True
    statuses = [(await client.ask(get(f"/items/{n}"))).status for n in range(100)]
    assert (statuses[:5], statuses[5:]) == ([503] * 5, [200] * 95)
    assert await running.get("/serve") == (200, "legacy\n")
    assert len(running.events("target_turned_back")) == 1
    await running.tells("shadow_turned_back", 1)
    failing.broken = False
    assert await running.post("/serve/target") == (200, "as configured\n")
    assert (await client.ask(get("/items/1"))).status == 200
    await running.tells("shadow_turned_back", 0)


async def test_the_guard_turns_back_under_load(backend: Any, proxy: Any) -> None:
    """Sixteen clients at once: each error is one that the target made before the guard turned, and then
    there are no more."""
    failing = Failing()
    legacy = await backend(answering(lambda request: response(b"same")))
    target = await backend(answering(failing.answer))
    running = await proxy(
        legacy.url, target.url, endpoints=[{"match": ALL, "serve": "target"}], workers={"live": 2}
    )
    load = Load(running.port, ((get(f"/items/{n}"), b"same") for n in range(1_000_000)))
    asking = asyncio.create_task(load.run())
    await until(lambda: load.answered > 500, "traffic")
    failing.broken = True
    await until(lambda: running.events("target_turned_back"), "the guard turns")
    turned = load.answered
    await until(lambda: load.answered > turned + 2000, "traffic goes on")
    load.stop()
    await asking
    assert len(load.errors) == failing.failures
    assert failing.failures < 100, "of sixteen clients few had a failure under way when it turned"
    assert_adds_up(await running.stop(), load.sent)


async def test_all_clients_can_be_given_to_legacy(backend: Any, proxy: Any, connect: Any) -> None:
    """By one call, at once, whatever the configuration says."""
    legacy, target = await backend(side("legacy")), await backend(side("target"))
    running = await proxy(legacy.url, target.url, endpoints=[{"match": ALL, "serve": "target"}])
    client = await connect(running)
    assert b"target" in (await client.ask(get("/items/1"))).body
    await running.post("/serve/legacy")
    assert b"legacy" in (await client.ask(get("/items/1"))).body
