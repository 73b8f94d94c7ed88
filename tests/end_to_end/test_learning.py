"""Two apps whose every answer is noisy, ten regressions planted in one of them, and no rule written."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator
from typing import Any

from support.noisy_apps import CLEAN, PLANTED, SLOT, NoisyApp, targets
from support.peers import Client, get
from support.proxy import Proxy, Report, assert_adds_up, command, endpoint

REQUESTS = int(os.environ.get("SHADOW_TEST_LEARNING", "12000"))
"""Of all endpoints in turn; at the rate below half a minute. By hand, more."""

RATE = 400.0
ROUND = 1000
"""Requests a second, and how many before it is waited for what became of them: almost all go to the judge,
and on a busy machine it must not fall so far behind that some are left unanalysed."""

CLIENTS = 8
LEARNING = {"share": 0.4, "per_second": 10_000}
MARKS = {"differs", "confirmed"}
"""Reasons for which an endpoint is called regressed by its answers. How fast they are is not asked here."""


async def ask_all(proxy: Proxy) -> None:
    """Every request once, round by round."""
    every = targets(REQUESTS)
    for asked in range(0, REQUESTS, ROUND):
        await ask(proxy, itertools.islice(every, ROUND))
        await proxy.settled(min(REQUESTS, asked + ROUND))


async def ask(proxy: Proxy, left: Iterator[str]) -> None:
    """These requests, at the rate."""
    loop = asyncio.get_running_loop()
    began, numbers = loop.time(), itertools.count()

    async def client() -> None:
        connected = await Client.connect(proxy.port)
        for target in left:
            await connected.ask(get(target))
            await asyncio.sleep(began + next(numbers) / RATE - loop.time())
        connected.leave()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


def states(report: Report, name: str) -> dict[str, str]:
    """What is known of an endpoint's noise: the state of each difference."""
    return {f"{m['kind']} {m['path']}": m["state"] for m in report["masks"] if m["endpoint"] == name}


async def test_regressions_are_found_among_noise(backend: Any, proxy: Any) -> None:
    """All ten are named, on the endpoint where they were planted, and nothing else is held against the
    target: of 10,000 requests at most one to another endpoint is counted as mismatched."""
    legacy = await backend(NoisyApp(1).script)
    target = await backend(NoisyApp(2, planted=True).script)
    running = await proxy(legacy.url, target.url, mirror={"control": LEARNING})
    await ask_all(running)
    report = await running.stop()
    assert_adds_up(report, REQUESTS)
    assert report["totals"]["unanalysed"] == 0
    assert report["totals"]["dropped"] == {}

    for name, kind, path in PLANTED:
        each = endpoint(report, name)
        assert (kind, path) in {(d["kind"], d["path"]) for d in each["differences"]}, name
        assert f"{kind} {path}" not in states(report, name), f"{name}: taken for noise"
        assert each["mismatched"] > 0
    causes = {(cause["kind"], cause["path"]): cause for cause in report["causes"]}
    assert not any(causes[kind, path]["masked"] for _, kind, path in PLANTED)

    clean = [endpoint(report, name) for name in CLEAN]
    assert not [
        each["endpoint"] for each in clean if each["verdict"] == "regressed" and MARKS & {*each["reasons"]}
    ]
    assert sum(each["mismatched"] for each in clean) <= REQUESTS / 10_000
    slot = endpoint(report, SLOT)
    assert not MARKS & {*slot["reasons"]}, slot["why"]
    await look_at_masks(report, running)


async def look_at_masks(report: Report, proxy: Proxy) -> None:
    """Each mask is shown with its share and the version of all; rules to paste say the same by hand."""
    masked = [mask for mask in report["masks"] if mask["state"] == "masked"]
    assert {mask["version"] for mask in masked} == {masked[0]["version"]} != {""}
    assert all(0 < mask["share"] <= 1 and mask["pairs"] > 24 for mask in masked if mask["silenced"])
    assert {"html:html > body > footer", "json:$.items[*].fetched_at", "csv:exported_at"} <= {
        mask["path"] for mask in masked
    }
    code, out, err = await command("rules", "suggest", str(proxy.record))
    assert code == 0, err
    for line in ("html:div#ad", "json:$.tags", "json:$.items[*].etag", "csv:exported_at"):
        assert line in out, out
