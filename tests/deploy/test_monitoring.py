"""Alerts and dashboards: right by promtool, and on a real Prometheus that scrapes a real proxy."""

from __future__ import annotations

import asyncio
import json
import re
import runpy
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import yaml
from support.kubernetes import DEPLOY, run
from support.peers import Backend, Client, Load, Request, answering, echo, items, post, response
from support.programs import program
from support.proxy import Proxy

PLACE = DEPLOY / "components" / "observability"
RULES = yaml.safe_load((PLACE / "alerts.yaml").read_text(encoding="utf-8"))["spec"]
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
DASHBOARDS = {
    file.name: json.loads(file.read_text(encoding="utf-8")) for file in (PLACE / "dashboards").glob("*.json")
}
QUERIES = {
    f"{board['title']}: {panel['title']}: {query['legendFormat']}": query["expr"]
    for board in DASHBOARDS.values()
    for panel in board["panels"]
    for query in panel["targets"]
}
_METRIC = re.compile(r"\bshadow_\w+")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules as Prometheus itself reads them."""
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(RULES), encoding="utf-8")
    return file


def test_each_alert_rings_when_it_should_and_only_then(rules: Path) -> None:
    """The cases are in alerts.yaml, beside this file; every alert has one in which it rings."""
    cases = (Path(__file__).parent / "alerts.yaml").read_text(encoding="utf-8")
    (rules.parent / "alerts.yaml").write_text(cases, encoding="utf-8")
    run("promtool", "check", "rules", rules)
    run("promtool", "test", "rules", rules.parent / "alerts.yaml")
    rung = {
        test["alertname"]
        for case in yaml.safe_load(cases)["tests"]
        for test in case["alert_rule_test"]
        if "exp_alerts" in test
    }
    assert rung == {alert["alert"] for alert in ALERTS}


def test_each_alert_says_what_it_means_and_what_to_do() -> None:
    """For whoever is woken by it."""
    for alert in ALERTS:
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert alert["annotations"].keys() == {"summary", "description"}


def test_dashboards_are_what_their_source_makes() -> None:
    """Edited in Grafana, a dashboard would be lost with the next edit of the source."""
    source = runpy.run_path(str(PLACE / "dashboards.py"))
    made = {name: source["written"](each) for name, each in source["dashboards"]().items()}
    assert made == {name: (PLACE / "dashboards" / name).read_text(encoding="utf-8") for name in DASHBOARDS}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_about_what_is_chosen_in_it(name: str) -> None:
    """The data source, the namespace and the proxy in it are variables, and every panel heeds them; none
    covers another."""
    board = DASHBOARDS[name]
    variables = [each["name"] for each in board["templating"]["list"]]
    assert variables[:3] == ["datasource", "namespace", "service"]
    places = []
    for panel in board["panels"]:
        assert panel["datasource"]["uid"] == "${datasource}"
        chosen = 'namespace=~"$namespace",service=~"$service"'
        assert all(chosen in query["expr"] for query in panel["targets"])
        at = panel["gridPos"]
        places += [
            (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
        ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24


# ---- a real Prometheus -----------------------------------------------------------------------


class Prometheus:
    """A running server, and what it is asked."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    async def get(self, path: str, **query: str) -> Any:
        """The data of an answer; nothing while it does not answer, or not well."""
        with suppress(aiohttp.ClientError):
            async with (
                aiohttp.ClientSession() as session,
                session.get(self._url + path, params=query) as answer,
            ):
                return (await answer.json()).get("data")
        return None

    async def value(self, expression: str) -> Any:
        """What an expression gives now: its samples."""
        found = await self.get("/query", query=expression)
        return found and found["result"]


def differing(request: Request) -> bytes:
    """A target that answers some otherwise, some with an error, and some not at all."""
    number = int(request.target.rpartition("/")[2] or 0)
    if number % 10 == 1:
        return response(b"another", "200 OK", "Content-Type: application/json")
    if number % 10 == 2:
        return response(b"", "503 Service Unavailable")
    return b"nonsense\r\n\r\n" if number % 10 == 3 else echo(request)


@pytest.fixture
def port() -> Iterator[int]:
    """A port of ours that nobody else is given."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest_asyncio.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Proxy]:
    """A proxy between two backends that do not agree, which records to a store."""
    backends = [Backend(answering(echo)), Backend(answering(differing))]
    for each in backends:
        await each.start()
    running = Proxy(
        tmp_path,
        {
            "legacy": backends[0].url,
            "target": backends[1].url,
            "mirror": {"control": {"share": 1.0}},
            "record": {"to": (tmp_path / "store").as_uri(), "spool": str(tmp_path / "spool")},
        },
    )
    await running.start()
    yield running
    await running.abandon()
    for each in backends:
        await each.stop()


@pytest_asyncio.fixture
async def prometheus(proxy: Proxy, rules: Path, port: int) -> AsyncIterator[Prometheus]:
    """A Prometheus that scrapes it every second, as the ServiceMonitor names it, and has the rules."""
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {
                "job_name": "shadow",
                "static_configs": [{"targets": [proxy.admin], "labels": {"namespace": "shop", "pod": "a"}}],
            }
        ],
    }
    file = rules.with_name("prometheus.yaml")
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        program("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={rules.with_name('data')}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    yield Prometheus(port)
    process.terminate()
    await process.wait()


async def some_traffic(proxy: Proxy) -> None:
    """Of all kinds: equal, different, unanswered, not mirrored, refused."""
    await Load(proxy.port, items(200), clients=4).run()
    for request in (post("/items/1", b"x"), b"GET / HTTP/9.9\r\n\r\n"):
        client = await Client.connect(proxy.port)
        await client.ask(request)
        client.leave()


async def test_every_panel_shows_data_and_every_rule_is_evaluated(
    proxy: Proxy, prometheus: Prometheus
) -> None:
    """With the variables as Grafana fills them in; and promtool likes the names of the metrics."""
    silent = dict(QUERIES) | {name: name for alert in ALERTS for name in _METRIC.findall(alert["expr"])}
    deadline = asyncio.get_running_loop().time() + 40
    while silent and asyncio.get_running_loop().time() < deadline:
        await some_traffic(proxy)
        for name, expression in list(silent.items()):
            filled = re.sub(r"\$(namespace|service|endpoint)", ".*", expression)
            if await prometheus.value(filled.replace("$__rate_interval", "10s")):
                del silent[name]
    assert not silent
    groups = (await prometheus.get("/rules"))["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    run("promtool", "check", "metrics", text=(await proxy.get("/metrics"))[1])
