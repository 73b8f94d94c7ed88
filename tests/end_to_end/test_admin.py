"""The admin server, what it must never say, and how the proxy refuses to start."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
import zstandard
from support.peers import Load, answering, echo, get, items, post, response
from support.proxy import NOBODY, Sample, assert_adds_up, children, command, samples, until, value

PATHS = ["/healthz", "/readyz", "/metrics", "/config", "/report", "/totals"]


async def test_every_page_answers(backend: Any, proxy: Any) -> None:
    """Each in its own format, and each with what it is there for."""
    ours, theirs = await backend(answering(echo)), await backend(answering(echo))
    running = await proxy(ours.url, theirs.url)
    await Load(running.port, items(10)).run()
    await running.settled(10)
    pages = {path: await running.get(path) for path in PATHS}
    assert {status for status, _ in pages.values()} == {200}
    listed = (await running.get("/"))[1].split()
    assert all(path in listed for path in PATHS)
    assert pages["/healthz"][1] == "ok\n"
    assert pages["/readyz"][1] == "ready\n"
    assert value(samples(pages["/metrics"][1]), "shadow_fates_total", fate="matched") == 10
    assert yaml.safe_load(pages["/config"][1])["legacy"] == ours.url
    totals = json.loads(pages["/totals"][1])
    assert totals["matched"] == 10
    report = await running.stop()
    assert_adds_up(report, 10)
    assert report["totals"] == totals


async def test_a_dead_target_is_no_reason_to_be_unready(backend: Any, proxy: Any) -> None:
    """Clients are served, so the proxy is ready and healthy."""
    running = await proxy((await backend(answering(echo))).url, NOBODY)
    await Load(running.port, items(100)).run()
    assert (await running.settled(100))["failed"] > 0
    assert (await running.get("/readyz"))[0] == (await running.get("/healthz"))[0] == 200


SOON_SILENT = (
    *(sys.executable, "-c"),
    "from shadow import cli; from shadow.serve import ledger; ledger.SILENT = 4.0; cli.main()",
)
"""The program, but that nobody has to wait for half a minute."""


async def test_a_live_worker_that_hangs_makes_it_unready(backend: Any, proxy: Any) -> None:
    """It is named, with how long it has said nothing, at /readyz, in the log and in the metrics; it is left
    alive, and once it speaks again, all is well."""
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, NOBODY, SOON_SILENT, workers={"live": 2})
    victim = running.worker("live-1")
    os.kill(victim, signal.SIGSTOP)
    async with asyncio.timeout(60):
        while "live-1 silent" not in (told := await running.get("/readyz"))[1]:
            pass
    assert told[0] == 503
    assert re.fullmatch(r"not ready: live workers missing: 1, live-1 silent for \d+ s\n", told[1])
    assert value(await running.metrics(), "shadow_silent_seconds", worker="live-1") > 4.0
    assert ("live-1", victim) in [(each["worker"], each["pid"]) for each in running.events("worker_silent")]
    os.kill(victim, signal.SIGCONT)
    await running.ready()
    await until(lambda: running.events("worker_speaks_again"), "it is heard")
    assert value(await running.metrics(), "shadow_silent_seconds", worker="live-1") < 4.0
    assert running.worker("live-1") == victim
    await running.stop()


async def test_a_supervisor_that_hangs_is_told_and_clients_are_served(
    backend: Any, proxy: Any, connect: Any
) -> None:
    """As where its disk does: it is no reason to be unready, but whoever watches knows that
    all other figures stand still."""
    running = await proxy((await backend(answering(echo))).url, NOBODY)
    client = await connect(running)
    running.signal(signal.SIGSTOP)
    async with asyncio.timeout(60):
        while value(await running.metrics(), "shadow_silent_seconds", worker="supervisor") < 3.0:
            pass
    assert (await client.ask(get("/items/1"))).status == 200
    assert await running.get("/readyz") == (200, "ready\n")
    running.signal(signal.SIGCONT)
    client.leave()
    assert_adds_up(await running.stop(), 1)


async def test_who_was_paused_with_all_others_does_not_hang(backend: Any, proxy: Any) -> None:
    """As when the machine sleeps, or a container is frozen: for longer than a worker may be silent. Who wakes
    up last had no time to speak."""
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, NOBODY, SOON_SILENT)
    last = running.worker("live-0")
    others = {running.pid, *children(running.pid)} - {last}
    for pid in (last, *others):
        os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(5.0)  # not for something to happen: the pause itself
    for pid in others:
        os.kill(pid, signal.SIGCONT)
    async with asyncio.timeout(60):
        while value(await running.metrics(), "shadow_silent_seconds", worker="live-0") <= 1.0:
            pass
    os.kill(last, signal.SIGCONT)
    await running.ready()
    await running.stop()
    assert "live-0" not in [event["worker"] for event in running.events("worker_silent")]


async def test_clients_come_first(backend: Any, proxy: Any) -> None:
    """Who serves them gives way to nobody, who asks the target to them, and who judges to both."""
    running = await proxy((await backend(answering(echo))).url, NOBODY)
    wanted = {
        "live": (os.nice(0), os.SCHED_OTHER),
        "shadow": (19, os.SCHED_BATCH),
        "judge": (19, os.SCHED_IDLE),
    }

    def taken() -> dict[str, tuple[int, int]]:
        pids = {name: running.worker(f"{name}-0") for name in wanted}
        return {
            name: (os.getpriority(os.PRIO_PROCESS, pid), os.sched_getscheduler(pid))
            for name, pid in pids.items()
        }

    # Who gives way waits for a processor on the way there.
    await until(lambda: taken() == wanted, "each has its priority")


async def test_workers_by_the_cores_asked_for(
    backend: Any, proxy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`workers.live: 0` with what Kubernetes tells of the pod; ready once all of them serve."""
    monkeypatch.setenv("SHADOW_CPU_REQUEST", "1500")
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, NOBODY, workers={"live": 0})
    assert [bool(running.worker(f"live-{number}")) for number in range(3)] == [True, True, False]


async def test_deaths_are_counted_and_counters_outlive_them(backend: Any, proxy: Any) -> None:
    """Of a live worker, whose clients notice; of the admin process, which tells what was counted before."""
    legacy = await backend(answering(echo))
    running = await proxy(legacy.url, legacy.url.replace("127.0.0.1", "127.0.0.2"))
    await Load(running.port, items(50)).run()
    await running.settled(50)
    for victim in ("live-0", "admin"):
        await running.kill(victim)
        await running.ready()
    metrics = await running.metrics()
    assert value(metrics, "shadow_live_deaths_total") == 1
    assert value(metrics, "shadow_admin_deaths_total") == 1
    assert value(metrics, "shadow_judge_deaths_total") == 0
    assert value(metrics, "shadow_legacy_answers_total", **{"class": "2xx"}) == 50
    assert value(metrics, "shadow_client_answer_seconds_count") == 50


async def test_every_worker_tells_of_its_loop(backend: Any, proxy: Any) -> None:
    """A handful of tasks, and how late it was; the supervisor has none to tell of."""
    running = await proxy((await backend(answering(echo))).url, NOBODY)
    workers = {"live-0", "shadow-0", "judge-0", "admin"}
    metrics: list[Sample] = []
    async with asyncio.timeout(30):
        while {labels["worker"] for name, labels, _ in metrics if name == "shadow_tasks"} != workers:
            metrics = await running.metrics()
    for worker in workers:
        assert 1 <= value(metrics, "shadow_tasks", worker=worker) < 10
        lag = value(metrics, "shadow_loop_lag_seconds", worker=worker)
        assert value(metrics, "shadow_loop_blocked_seconds", worker=worker) <= lag


async def test_the_proxys_port_is_legacys_alone(backend: Any, proxy: Any, connect: Any) -> None:
    """The admin's paths are ordinary paths there, and are asked of legacy."""
    running = await proxy((await backend(answering(lambda _: response(b"legacy's own")))).url, NOBODY)
    client = await connect(running)
    for path in PATHS:
        assert (await client.ask(get(path))).body == b"legacy's own"


SECRETS = {
    "authorization": "Bearer canaryauthorization",
    "cookie": "sid=canarycookie",
    "set-cookie": "sid=canarysetcookie; Path=/",
    "query": "canaryquerytoken",
    "password": "canarypassword",
}


async def test_no_secret_is_kept_or_told(backend: Any, proxy: Any, connect: Any) -> None:
    """In no segment, log, metric, report or configuration; not where the two sides differ, either."""

    def answer(side: str) -> Any:
        body = json.dumps(
            {"user": side, "password": f"canarypassword{side}", "token": f"canaryjsontoken{side}"}
        )
        fields = (f"Set-Cookie: sid=canarysetcookie{side}; Path=/", "Content-Type: application/json")
        return answering(lambda _: response(body.encode(), "200 OK", *fields))

    ours, theirs = await backend(answer("legacy")), await backend(answer("target"))
    running = await proxy(
        ours.url,
        theirs.url,
        endpoints=[{"match": "POST /login", "mirror": True}],
        mirror={"salt": "canarysalt"},
    )
    client = await connect(running)
    fields = ("Authorization: Bearer canaryauthorization", "Cookie: sid=canarycookie; theme=canarytheme")
    await client.ask(get("/account?token=canaryquerytoken&page=1", *fields))
    login = json.dumps({"user": "sato", "password": "canarypassword"}).encode()
    await client.ask(post("/login", login, "Content-Type: application/json", *fields))
    await client.ask(get("/bad\x01?token=canaryquerytoken", *fields))  # refused
    client.leave()
    totals = await running.settled(3)
    assert totals["differed"] == 2
    told = "".join([(await running.get(path))[1] for path in PATHS])
    report = await running.stop()
    told += running.log + json.dumps(report) + "".join(_text(path) for path in running.record.rglob("*"))
    assert "json:$.password" in told, "that it differs is said"
    assert "canary" not in told


def _text(path: Path) -> str:
    data = path.read_bytes()
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    return path.name + data.decode("utf-8")


# ---- refusing to start -----------------------------------------------------------------------


def assert_refused(code: int, out: str, err: str, *words: str) -> None:
    """Exit code 3 and one line that says why."""
    assert code == 3, err
    assert out == ""
    (line,) = err.splitlines()
    for word in words:
        assert word in line


ADDRESSES = ("--legacy", "http://127.0.0.1:1", "--target", "http://127.0.0.1:2")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("taken", ["listen", "admin"])
async def test_a_port_that_is_taken(taken: str, workers: str, tmp_path: Path) -> None:
    """Whoever has it, and even if it were willing to share."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        ports = {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0", taken: address}
        result = await command(
            *("proxy", *ADDRESSES, "--record", str(tmp_path), "--workers", workers),
            *("--listen", ports["listen"], "--admin", ports["admin"]),
        )
    assert_refused(*result, address, "in use")


@pytest.mark.parametrize("folder", ["/proc/nothing", "/sys/kernel", "FILE/records"])
async def test_a_record_folder_that_cannot_be_written(folder: str, tmp_path: Path) -> None:
    """Cannot be made, takes no file, or lies below a file: said before a client is served."""
    (tmp_path / "file").touch()
    place = folder.replace("FILE", str(tmp_path / "file"))
    result = await command(
        *("proxy", *ADDRESSES, "--record", place, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
    )
    assert_refused(*result, "record.to", place)


async def test_a_configuration_with_errors(tmp_path: Path) -> None:
    """Every error at once, a line each with its place, and no traceback."""
    config = tmp_path / "shadow.yaml"
    config.write_text(
        "legacy: http://a\ntarget: ftp://b\nmirrored: {}\nworkers: {live: none}\n", encoding="utf-8"
    )
    code, out, err = await command("proxy", "--config", str(config))
    assert code == 3
    assert out == ""
    assert "Traceback" not in err
    lines = err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{config}:") for line in lines)
