"""Results of many pods in a real object store: none is lost, torn or doubled, whatever dies or is away."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support.gate import Gate
from support.peers import Load, answering, echo, items
from support.proxy import PATIENCE, ROOT, Proxy, Report, assert_adds_up, command, until, value
from support.replayed import Backends, Replay, line, write
from support.weed import BUCKET, Weed

from shadow.record.folder import sealed
from shadow.record.place import read
from shadow.record.segment import SegmentWriter, Unreadable, encode
from shadow.record.store import Store
from shadow.record.tally import Tally, TallyRecord
from shadow.report import build


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    server = Weed(tmp_path_factory.mktemp("weed"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest_asyncio.fixture
async def gate(weed: Weed, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gate]:
    """The store stands behind it, for this process and those that it starts."""
    gate = Gate(int(weed.endpoint.rpartition(":")[2]))
    await gate.start()
    for name, setting in {**weed.environment, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{gate.port}"}.items():
        monkeypatch.setenv(name, setting)
    yield gate
    await gate.stop()


async def report(url: str) -> Report:
    code, out, err = await command("report", url, "--format", "json")
    assert code == 0, err
    found: Report = json.loads(out)
    return found


async def ask(pods: list[Proxy], requests: int) -> None:
    """Some clients' requests to each pod."""
    loads = [Load(pod.port, items(requests)) for pod in pods]
    await asyncio.gather(*(load.run() for load in loads))
    assert [(load.answered, load.errors) for load in loads] == [(requests, [])] * len(pods)


async def test_three_proxies_write_and_one_report_reads(
    gate: Gate, backend: Any, proxy: Any, tmp_path: Path
) -> None:
    """Though the store is out of reach for a while and shippers are killed, the report of any pod, and that
    of the store, is the sum of all; clients notice nothing, and no secret is told."""
    url = f"s3://{BUCKET}/three"
    legacy = await backend(answering(echo))
    target = await backend(answering(lambda request: echo(request).replace(b" 39]", b" 93]")))
    spools = [tmp_path / f"spool-{n}" for n in range(3)]
    record = {"to": url, "window": "1s", "segment": "4KiB"}
    pods = [await proxy(legacy.url, target.url, record={**record, "spool": str(each)}) for each in spools]
    await ask(pods, 60)
    gate.close()
    await ask(pods, 60)
    for pod, spool in zip(pods, spools, strict=True):
        await until(lambda pod=pod: pod.events("segments_wait_in_spool"), "the outage is noticed")
        await until(lambda spool=spool: sealed(spool), "segments wait")
    await pods[0].kill("shipper")
    gate.open()
    for pod in pods[1:]:
        await until(lambda pod=pod: pod.events("segments_are_shipped_again"), "the outage is over")
    await pods[1].kill("shipper")
    await ask(pods, 60)

    deadline = time.monotonic() + PATIENCE
    while (await asyncio.to_thread(build.read, url)).totals.differed != 540:
        assert time.monotonic() < deadline, "all is shipped"
        await asyncio.sleep(0.1)
    live = json.loads((await pods[2].get("/report.json"))[1])
    assert live["totals"]["differed"] == 540, "any pod shows all of them"
    assert value(await pods[2].metrics(), "shadow_segments_shipped_total") > 0
    for pod in pods:
        pod.signal(signal.SIGTERM)
    for pod, spool in zip(pods, spools, strict=True):
        assert await pod.ended() == 0, pod.log
        assert not pod.events("segments_left_in_spool")
        assert not list(spool.iterdir())
        assert "hunter2" not in pod.log
    whole = await report(url)
    assert_adds_up(whole, 540)
    assert whole["totals"]["differed"] == 540
    assert whole["causes"][0]["example"] is not None, "evidence was shipped too"
    assert await asyncio.to_thread(lambda: Store(url).windows()) == [], "no snapshot outlives its window"


async def test_a_store_that_is_away_keeps_nobody_from_being_served(
    gate: Gate, backend: Any, proxy: Any, tmp_path: Path
) -> None:
    """Neither at the start nor at the end: what is left waits in the spool, is told, and goes with the next
    run."""
    url = f"s3://{BUCKET}/away"
    record = {"to": url, "spool": str(tmp_path / "spool")}
    legacy, target = await backend(answering(echo)), await backend(answering(echo))
    gate.close()
    first = await proxy(legacy.url, target.url, record=record)
    assert first.events("store_out_of_reach")
    await ask([first], 60)
    first.signal(signal.SIGTERM)
    assert await first.ended() == 0, first.log
    (left,) = first.events("segments_left_in_spool")
    assert left["segments"] == len(sealed(tmp_path / "spool")) == 1
    gate.open()
    second = await proxy(legacy.url, target.url, record=record)
    await until(lambda: not sealed(tmp_path / "spool"), "the next one ships it")
    second.signal(signal.SIGTERM)
    assert await second.ended() == 0, second.log
    assert_adds_up(await report(url), 60)


_SHIP = """
import sys
from shadow.serve.shipper import Shipper
from shadow.settings import Record
Shipper(Record(to=sys.argv[1], spool=sys.argv[2])).run()
"""


async def test_a_kill_amid_an_upload_leaves_nothing_torn_or_doubled(gate: Gate, tmp_path: Path) -> None:
    """Wherever in the stream of bytes the shipper dies, each record is in the store once in the end."""
    url = f"s3://{BUCKET}/killed"
    chance = random.Random(7)
    writer = SegmentWriter(tmp_path, "tally", 1)
    for number in range(12):
        name = f"GET /{number}/{chance.randbytes(100_000).hex()}"
        assert writer.append(encode([TallyRecord(0, 60, name, "", Tally(received=1))]))
    spooled = sum(each.size for each in sealed(tmp_path))
    assert spooled > 1_000_000, "chance does not compress"
    for _ in range(12):
        there = gate.after(chance.randrange(1, spooled // 6))
        process = await ship(url, tmp_path)
        async with asyncio.timeout(30):
            await there.wait()
        process.kill()
        await process.wait()
    gate.after(1 << 60)
    process = await ship(url, tmp_path)
    await until(lambda: not sealed(tmp_path), "all is shipped")
    process.kill()
    await process.wait()
    unreadable = Unreadable()
    records = await asyncio.to_thread(lambda: list(read(url, unreadable)))
    names = [each.endpoint.split("/")[1] for each in records if isinstance(each, TallyRecord)]
    assert sorted(names, key=int) == [str(number) for number in range(12)]
    assert unreadable == Unreadable()


async def ship(url: str, spool: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", _SHIP, url, str(spool), cwd=ROOT)


async def test_a_replay_records_to_a_store(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All shards to one place, across an outage, each line once; and --resume finds that nothing is left."""
    backends = Backends()
    await backends.start()
    try:
        log = write(tmp_path / "access.log", map(line, range(300)))
        flags = (str(log), "--speed", "max", "--format", "ltsv", "--resume")
        shards = [Replay(tmp_path, backends, (*flags, "--shard", f"{n}/2"), "none") for n in range(2)]
        monkeypatch.setenv("SHADOW_RECORD_SPOOL", str(tmp_path / "spool"))
        for each in shards:
            each.record = f"s3://{BUCKET}/replayed"  # type: ignore[assignment]
        backends.target.answer = lambda request: backends.legacy.answer(request)
        await asyncio.gather(*(each.start() for each in shards))
        await backends.target.asked_for(100)
        gate.close()
        await until(lambda: gate.turned_away, "the store is missed")
        gate.open()
        assert [await each.ended() for each in shards] == [0, 0], shards[0].err
        assert_adds_up(await shards[0].run(), 300)
    finally:
        await backends.stop()


async def test_a_store_that_cannot_be_used_is_told_in_a_line(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whoever reads, at once; by a proxy, before it serves. No secret is in it."""
    sides = ("--legacy", "http://127.0.0.1:1", "--target", "http://127.0.0.1:2")
    record = ("--record", "s3://nobodys-bucket/x")
    monkeypatch.setenv("SHADOW_RECORD_SPOOL", str(tmp_path / "spool"))
    log = str(write(tmp_path / "log", [line(1)]))
    for arguments in (
        ("report", "s3://nobodys-bucket/x"),
        ("rules", "suggest", "s3://nobodys-bucket/x"),
        ("replay", log, *sides, *record),
        ("proxy", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", *sides, *record),
    ):
        code, out, err = await command(*arguments)
        assert (code, out) == (3, ""), (arguments, err)
        told, *more = (each for each in err.splitlines() if "s3://nobodys-bucket/x" in each)
        assert not more, (arguments, err)
        assert "no such bucket" in told or "access denied" in told
        assert "hunter2" not in err
    gate.close()
    code, _, err = await command("report", f"s3://{BUCKET}/x")
    assert code == 3
    assert f"s3://{BUCKET}/x: cannot be reached" in err
    assert len(err.splitlines()) == 1
