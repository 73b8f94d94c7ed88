"""Replays of logs against real backends, with real processes."""

from __future__ import annotations

import asyncio
import random
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from support.proxy import Proxy, assert_adds_up, command
from support.replayed import Backends, Replay, line, write

from shadow.record.evidence import Evidence
from shadow.record.segment import Unreadable, read_segments
from shadow.record.tally import Tally, TallyRecord

Make = Callable[..., Replay]

COUNTS = ("received", "mirrored", "compared", "matched", "differed", "failed", "skipped", "dropped")


def counts(report: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on time, endpoint by endpoint."""
    kept = (*COUNTS, "status", "verdict", "differences")
    return {each["endpoint"]: {name: each[name] for name in kept} for each in report["endpoints"]}


def with_a_pause(first: int, count: int) -> list[str]:
    """So many lines, of which the first are an hour before the others."""
    return [line(n + 3_600_000 * (n >= first), f"/items/{n}") for n in range(count)]


def planted(request: web.Request) -> web.Response:
    """A target that answers otherwise in some places."""
    number = int(request.path.rpartition("/")[2] or 0)
    if number % 10 == 3:
        return web.json_response({"path": "elsewhere"})
    if number % 10 == 7:
        return web.Response(status=500)
    return web.json_response({"path": request.path_qs})


async def test_a_log_is_replayed_and_judged(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """Every line is asked of both, once, and what differs is told."""
    backends.target.answer = planted
    log = write(tmp_path / "access.log", [line(n) for n in range(200)])
    report = await replay(str(log), "--speed", "max").run()
    assert_adds_up(report, 200)
    assert report["totals"]["matched"] == 160
    assert report["totals"]["differed"] == 40
    assert report["totals"]["status"] == {"200→200": 180, "200→500": 20}
    assert backends.legacy.asked == backends.target.asked == {f"/items/{n}": 1 for n in range(200)}


async def test_a_legacy_that_fails_is_compared(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """It hangs up on one of ten: the target is asked all the same, and the pair differs by its status."""

    def failing(request: web.Request) -> web.Response:
        if request.path.endswith("7"):
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"path": request.path_qs})

    backends.legacy.answer = failing
    log = write(tmp_path / "access.log", [line(n) for n in range(20)])
    report = await replay(str(log), "--speed", "max").run()
    assert_adds_up(report, 20)
    assert report["totals"]["status"] == {"200→200": 18, "reset→200": 2}
    assert (report["totals"]["matched"], report["totals"]["differed"]) == (18, 2)


async def test_a_legacy_that_answers_otherwise_than_logged_is_told(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """It redirects who has no cookie, and so does the target: all match, and nobody has seen their accounts.
    A logged 304 is no answer to what the log tells, so that a 200 is none otherwise."""

    def members_only(request: web.Request) -> web.Response:
        is_account = request.path.startswith("/account")
        return web.Response(status=302, headers={"Location": "/login"}) if is_account else web.Response()

    backends.legacy.answer = backends.target.answer = members_only
    lines = [line(n, f"/account?n={n}", status=404 if n == 7 else 200) for n in range(8)]
    lines += [line(n, f"/items/{n}", status=304 if n == 9 else 200) for n in range(8, 12)]
    job = replay(str(write(tmp_path / "access.log", lines)), "--speed", "max")
    report = await job.run()
    assert report["totals"]["matched"] == 12
    about = {"endpoint": "GET /account", "legacy": "302", "lines": 8}
    assert report["log"]["otherwise"] == [
        {**about, "logged": "200", "count": 7},
        {**about, "logged": "404", "count": 1},
    ]


async def test_lines_that_are_not_replayed_are_counted(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """Each line is replayed or skipped by a reason, of which an example is kept."""
    lines = [line(0), line(1, method="POST"), "this is no line", line(2, "/other"), line(3)]
    log = write(tmp_path / "access.log", lines)
    report = await replay(str(log), "--speed", "max", "--format", "ltsv", "--path", "/items/*").run()
    told = report["log"]
    assert (told["read"], told["parsed"], told["replayed"]) == (5, 4, 2)
    assert told["skipped"] == {"filtered": 1, "malformed": 1, "method": 1}
    assert told["examples"].keys() == told["skipped"].keys()
    assert "this is no line" in told["examples"]["malformed"][0]
    assert_adds_up(report, 2)
    assert sum(backends.legacy.asked.values()) == 2


async def test_one_value_is_masked_alike_in_lines_and_in_evidence(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """Who looks for what is kept of a person finds both; what a session is known by is a secret in both."""
    backends.target.answer = lambda _: web.Response(status=500)
    asked = "/items/1?token=abcdefgh12345678&basket=87654321hgfedcba"
    log = write(tmp_path / "access.log", [line(0, asked), line(1, asked, method="POST")])
    settings = tmp_path / "shadow.yaml"
    settings.write_text("mirror: {sessions: {fields: [basket]}}")
    job = replay(str(log), "--speed", "max", "--config", str(settings))
    (example,) = (await job.run())["log"]["examples"]["method"]
    records = read_segments(job.record, Unreadable())
    (evidence,) = [each for each in records if isinstance(each, Evidence)]
    masked = re.findall("masked:[0-9a-f]{16}", evidence.request.target)
    assert len(set(masked)) == 2
    assert re.findall("masked:[0-9a-f]{16}", example) == masked


async def test_only_the_backends_are_asked(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """Both get the logged host and the headers that were given, wherever the log says it was."""
    log = write(tmp_path / "access.log", [line(0, vhost="evil.example:1"), line(1, vhost="-")])
    given = ("--header", "X-Token: abc", "--cookie", "sid=1")
    await replay(str(log), "--speed", "max", "--format", "ltsv", *given).run()
    hosts = {request.path: request.headers["Host"] for request in backends.legacy.seen}
    assert hosts == {"/items/0": "evil.example:1", "/items/1": f"127.0.0.1:{backends.legacy.port}"}
    for request in (*backends.legacy.seen, *backends.target.seen):
        assert (request.headers["X-Token"], request.headers["Cookie"]) == ("abc", "sid=1")


async def test_of_a_log_without_hosts_it_is_told_which_is_asked(replay: Make, tmp_path: Path) -> None:
    """Both may answer for a site that nobody meant, and be alike in that."""
    log = write(tmp_path / "access.log", [line(n, vhost="-") for n in range(3)])
    job = replay(str(log), "--speed", "max")
    await job.run()
    assert job.err.count('"log_without_host"') == 1
    job = replay(str(log), "--speed", "max", "--header", "Host: shop.example", record="named")
    await job.run()
    assert '"log_without_host"' not in job.err


async def test_killed_again_and_again_every_line_counts_once(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """However often it is killed, with --resume each line is in the report exactly once."""
    backends.target.answer = planted
    log = write(tmp_path / "access.log", [line(n) for n in range(2000)])
    job = replay(str(log), "--rate", "500/s", "--resume", "--format", "ltsv")
    chance = random.Random(7)
    for _ in range(6):
        await job.start()
        await backends.legacy.asked_for(len(backends.legacy.order) + chance.randrange(800))
        await job.kill()
    report = await job.run()
    assert_adds_up(report, 2000)
    assert report["totals"]["mirrored"] == 2000
    assert report["totals"]["differed"] == 400
    assert report["log"]["read"] == report["log"]["replayed"] == 2000
    assert len(backends.legacy.order) > 2000, "nothing was ever asked again: it was not killed in time"


async def test_killed_before_it_recorded_anything_it_begins_anew_and_says_so(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """Nothing is counted twice, but what was sent is sent again; another filter would be another run too."""
    log = write(tmp_path / "access.log", [line(n) for n in range(40)])
    backends.target.gate.clear()
    job = replay(str(log), "--speed", "max", "--resume")
    await job.start()
    await backends.target.asked_for(40)
    await job.kill()
    backends.target.gate.set()
    assert_adds_up(await job.run(), 40)
    assert "nothing_to_resume" in job.err
    assert set(backends.target.asked.values()) == {2}
    assert_adds_up(await job.run(), 40)
    assert "nothing_to_resume" not in job.err


async def test_what_was_sent_is_kept_however_much_was_read_ahead(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """A paced replay that is killed has recorded what it did, in the time that it took, and goes on there."""
    log = write(tmp_path / "access.log", [line(n) for n in range(1000)])
    job = replay(str(log), "--rate", "100/s")
    await job.start()
    await backends.target.asked_for(300)
    await job.kill()
    asked = len(backends.legacy.order)
    report = await job.report()
    assert 50 <= report["totals"]["received"] <= asked
    assert_adds_up(report, report["totals"]["received"])
    seconds = report["window"]["end"] - report["window"]["start"]
    assert report["totals"]["received"] / seconds < 200
    assert_adds_up(await job.run("--resume", "--rate", "2000/s"), 1000)
    assert len(backends.legacy.order) < 1000 + asked


async def test_what_no_rule_lets_out_waits_like_the_rest(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """A request that is skipped counts when it would have been sent, so that rates and shares are true."""
    log = write(tmp_path / "access.log", [line(n) for n in range(1000)])
    job = replay(str(log), "--rate", "200/s", "--sample", "0.1")
    await job.start()
    await backends.target.asked_for(20)
    job.signal(signal.SIGINT)
    assert await job.ended() == 0
    report = await job.report()
    received = report["totals"]["received"]
    assert_adds_up(report, received)
    assert report["totals"]["skipped"] == {"sample": received - report["totals"]["mirrored"]}
    assert received < 900
    assert_adds_up(await job.run("--resume", "--rate", "5000/s"), 1000)


async def test_a_log_is_not_replayed_twice_by_mistake(replay: Make, tmp_path: Path) -> None:
    """Without --resume what is recorded is not counted again; with it there is nothing left to do."""
    log = write(tmp_path / "access.log", [line(n) for n in range(10)])
    job = replay(str(log), "--speed", "max")
    await job.run()
    await job.start()
    assert await job.ended() == 3
    assert "--resume" in job.err
    assert_adds_up(await job.run("--resume"), 10)


async def test_what_has_come_since_is_replayed_with_resume(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """A glob's new logs, and new lines of an old one, each once, though the earlier run was through."""
    write(tmp_path / "1.log", [line(n) for n in range(10)])
    job = replay(str(tmp_path / "[12].log"), "--speed", "max")
    assert_adds_up(await job.run(), 10)
    assert_adds_up(await job.run("--resume"), 10)
    assert "already_replayed" in job.err
    write(tmp_path / "1.log", [line(n) for n in range(15)])
    write(tmp_path / "2.log", [line(n) for n in range(15, 20)])
    assert_adds_up(await job.run("--resume"), 20)
    assert "already_replayed" not in job.err
    assert set(backends.legacy.asked.values()) == {1}


async def test_three_shards_are_as_one(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """Shards in processes of their own, merged by the report, count what one counts alone."""
    backends.target.answer = planted
    lines = [
        line(n, method="POST") if n % 17 == 0 else f"bad {n}" if n % 19 == 0 else line(n) for n in range(900)
    ]
    log = write(tmp_path / "access.log", lines)
    alone = await replay(str(log), "--speed", "max", "--format", "ltsv", record="alone").run()
    shards = [
        replay(str(log), "--speed", "max", "--format", "ltsv", "--shard", f"{i}/3", record="shards")
        for i in range(3)
    ]
    await asyncio.gather(*(each.start() for each in shards))
    assert [await each.ended() for each in shards] == [0, 0, 0]
    together = await shards[0].report()
    assert counts(together) == counts(alone)
    assert {name: together["log"][name] for name in ("read", "parsed", "replayed", "skipped")} == {
        name: alone["log"][name] for name in ("read", "parsed", "replayed", "skipped")
    }
    assert [each["read"] for each in (together["log"],)] == [900]


async def test_what_a_replay_timed_without_a_processor_is_marked(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """As a shadow worker's: a slow machine is no slow target."""
    log = write(tmp_path / "access.log", [line(n) for n in range(100)])
    backends.target.gate.clear()
    job = replay(str(log), "--speed", "max")
    await job.start()
    await backends.target.asked_for(100)
    job.signal(signal.SIGSTOP)
    backends.target.gate.set()
    await asyncio.sleep(1.5)  # others have the processor
    job.signal(signal.SIGCONT)
    assert await job.ended() == 0
    whole = Tally()
    for each in read_segments(job.record, Unreadable()):
        if isinstance(each, TallyRecord):
            whole.merge(each.tally)
    assert (whole.target.total, whole.starved) == (100, 100)


async def test_the_log_can_be_the_witness(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """Without legacy, status and size are compared with the log, and the report says that bodies were not."""
    length = len(b'{"path": "/items/0"}')
    lines = [line(0, size=length), line(1, size=length + 5), line(2, status=404), line(3, status=499)]
    log = write(tmp_path / "access.log", [*lines, line(4, size="-"), line(5, status=304)])
    report = await replay(str(log), "--speed", "max", "--format", "ltsv", "--against-log").run()
    assert_adds_up(report, 4)
    assert report["totals"]["matched"] == 2
    assert report["totals"]["status"] == {"200→200": 3, "404→200": 1}
    assert [each["path"] for each in report["endpoints"][0]["differences"]] == ["body", "status"]
    assert report["log"]["skipped"] == {"not_replayable": 2}
    assert report["log"]["bodies_compared"] is False
    assert not backends.legacy.order


async def test_amplified_requests_are_judged_once(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """The target is asked three times, legacy once, and one answer is counted."""
    log = write(tmp_path / "access.log", [line(n) for n in range(400)])
    report = await replay(str(log), "--speed", "max", "--amplify", "3").run()
    assert_adds_up(report, 400)
    assert set(backends.legacy.asked.values()) == {1}
    assert set(backends.target.asked.values()) == {3}


async def test_few_descriptors_make_it_slower_and_no_difference(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """As many are under way as there are descriptors for, or backends would seem to be out of reach."""
    log = write(tmp_path / "access.log", [line(n) for n in range(200)])
    for record, pace in (("max", ("--speed", "max")), ("paced", ("--rate", "5000/s"))):
        job = replay(str(log), *pace, record=record)
        await job.start(under=("prlimit", "--nofile=100", "--"))
        assert await job.ended() == 0
        assert "backend_not_reached" not in job.err
        report = await job.report()
        assert_adds_up(report, 200)
        assert report["totals"]["matched"] == 200


async def test_sessions_keep_their_order(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """Of one client the next is asked when the one before is answered, however fast the replay is."""
    lines = [line(n, f"/{n % 3}/{n}", host=f"10.0.0.{n % 3}") for n in range(90)]
    log = write(tmp_path / "access.log", lines)
    await replay(str(log), "--speed", "max").run()
    for session in range(3):
        asked = [path for path in backends.legacy.order if path.startswith(f"/{session}/")]
        assert asked == [f"/{n % 3}/{n}" for n in range(90) if n % 3 == session]


async def test_stopped_by_a_signal_it_reports_and_goes_on_later(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """SIGINT ends it cleanly with what was done; --resume does the rest, and nothing twice."""
    log = write(tmp_path / "access.log", with_a_pause(50, 400))
    backends.target.gate.clear()
    job = replay(str(log), "--speed", "1")
    await job.start()
    await backends.target.asked_for(50)
    job.signal(signal.SIGINT)
    backends.target.gate.set()
    assert await job.ended() == 0
    assert_adds_up(await job.report(), 50)
    assert "received =" in job.out
    assert_adds_up(await job.run("--resume"), 400)
    assert set(backends.legacy.asked.values()) == {1}


async def test_an_evicted_replay_is_not_done(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """SIGTERM ends it as cleanly, and its exit code tells a Job that lines are left."""
    log = write(tmp_path / "access.log", with_a_pause(50, 400))
    job = replay(str(log), "--speed", "1")
    await job.start()
    await backends.target.asked_for(50)
    job.signal(signal.SIGTERM)
    assert await job.ended() == 143
    assert "received =" in job.out
    assert_adds_up(await job.run("--resume"), 400)
    assert set(backends.legacy.asked.values()) == {1}


async def test_asked_twice_it_leaves_at_once(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """A second SIGINT does not wait for a target that never answers; what was not written is done later."""
    log = write(tmp_path / "access.log", [line(n) for n in range(40)])
    backends.target.gate.clear()
    job = replay(str(log), "--speed", "max")
    process = await job.start()
    await backends.target.asked_for(40)
    job.signal(signal.SIGINT)
    assert process.stderr is not None
    while b"stopping" not in await process.stderr.readline():
        pass
    job.signal(signal.SIGINT)
    assert await job.ended() == 130
    backends.target.gate.set()
    assert_adds_up(await job.run("--resume"), 40)


async def test_a_growing_log_is_followed(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """What is appended is replayed, across a rotation, until it is told to stop."""
    log = write(tmp_path / "access.log", [line(n) for n in range(10)])
    job = replay(str(log), "--speed", "max", "--follow", "--format", "ltsv")
    await job.start()
    await backends.target.asked_for(10)
    with log.open("a") as open_log:
        log.rename(tmp_path / "access.log.1")
        write(log, [line(n) for n in range(10, 20)])
        open_log.write(f"{line(20)}\n")
    await backends.target.asked_for(21)
    job.signal(signal.SIGTERM)
    assert await job.ended() == 0
    assert_adds_up(await job.report(), 21)
    assert set(backends.legacy.asked.values()) == {1}


async def test_times_without_a_zone_are_of_the_zone_given(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """HAProxy writes local time: ten o'clock in Tokyo is one o'clock UTC, between two lines of nginx's."""
    lines = [line(n, f"/nginx/{n}", time=f"2026-11-22T0{n}:30:00+00:00") for n in range(2)]
    nginx = write(tmp_path / "nginx.log", lines)
    told = "10.0.0.1:40 [22/Nov/2026:10:00:00.000] web app/a 0/0/0/1/1 200 5 - - ---- 1/1/0/0/0 0/0"
    haproxy = write(tmp_path / "haproxy.log", [f'{told} "GET /haproxy HTTP/1.1"'])
    await replay(str(nginx), str(haproxy), "--rate", "20/s", "--zone", "+0900").run()
    assert backends.legacy.order == ["/nginx/0", "/haproxy", "/nginx/1"]
    job = replay(str(haproxy), "--zone", "Tokyo")
    await job.start()
    assert await job.ended() == 3
    assert "--zone: a zone is written like +0900" in job.err


async def test_headers_that_haproxy_captures_have_names(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """Its log has their values alone."""
    told = "10.0.0.1:40 [22/Nov/2026:10:00:00.000] web app/a 0/0/0/1/1 200 5 - - ---- 1/1/0/0/0 0/0"
    log = write(tmp_path / "haproxy.log", [f'{told} {{shop.example|curl/8}} "GET /a HTTP/1.1"'])
    await replay(str(log), "--captures", "host,User-Agent").run()
    (asked,) = backends.legacy.seen
    assert (asked.headers["Host"], asked.headers["User-Agent"]) == ("shop.example", "curl/8")
    job = replay(str(log), "--captures", "host, user agent")
    await job.start()
    assert await job.ended() == 3
    assert "--captures: 'user agent' is no name of a header" in job.err


async def test_what_waits_is_not_done(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """The progress is of what was sent, not of what was read ahead, and says how long a gap is."""
    log = write(tmp_path / "access.log", [line(0), *(line(3_600_000 + n) for n in range(9))])
    job = replay(str(log))
    process = await job.start()
    assert process.stderr is not None
    while b" ms late" not in (told := await process.stderr.readline()):
        pass
    assert told.startswith(b"10% \xc2\xb7 1 lines")
    assert b"next in 0:59:" in told
    job.signal(signal.SIGINT)
    assert await job.ended() == 0


async def test_a_log_that_was_idle_is_not_late(replay: Make, backends: Backends, tmp_path: Path) -> None:
    """Its first request is due when it comes, however long nothing had come."""
    log = write(tmp_path / "access.log", [])
    job = replay(str(log), "--follow")
    process = await job.start()
    assert process.stderr is not None
    while b"0 lines" not in await process.stderr.readline():
        pass
    write(log, [line(n) for n in range(10)])
    await backends.target.asked_for(10)
    job.signal(signal.SIGTERM)
    assert await job.ended() == 0
    assert (await job.report())["log"]["late"]["max"] < 5.0  # of the ten seconds until it says "0 lines"


async def test_live_and_replayed_traffic_get_the_same_verdicts(
    replay: Make, backends: Backends, tmp_path: Path
) -> None:
    """What clients asked through the proxy, replayed from its own access log, counts and differs the same."""
    backends.target.answer = planted
    paths = [f"/items/{n}?page={n % 3}" for n in range(300)]
    urls = {"legacy": backends.legacy.url, "target": backends.target.url}
    log = tmp_path / "access.log"
    settings = {"record": {"to": str(tmp_path / "live")}, "log": {"format": "json", "access": str(log)}}
    proxy = Proxy(tmp_path, {**urls, **settings})
    await proxy.start()
    try:
        async with aiohttp.ClientSession(skip_auto_headers=["Accept", "Accept-Encoding"]) as client:
            for path in paths:
                async with client.get(f"http://127.0.0.1:{proxy.port}{path}") as answer:
                    await answer.read()
        await proxy.settled(len(paths))
        proxy.record = tmp_path / "live"
        live = await proxy.stop()
    finally:
        await proxy.abandon()
    replayed = await replay(str(log), "--speed", "max").run()
    assert counts(replayed) == counts(live)
    assert replayed["verdict"] == live["verdict"]
    assert [(c["kind"], c["path"], c["count"]) for c in replayed["causes"]] == [
        (c["kind"], c["path"], c["count"]) for c in live["causes"]
    ]


async def test_a_format_that_no_line_has_is_told(replay: Make, tmp_path: Path) -> None:
    """With what to do instead, before any is read; each line that does not fit is shown once."""
    log = write(tmp_path / "access.log", ["of no format"])
    job = replay(str(log), "--format", "combined")
    await job.start()
    assert await job.ended() == 0
    assert "  cannot be read: not a line of this format: of no format\n" in job.out
    assert job.err.count('"no_line_fits"') == 1
    assert "--formats" in job.err


async def test_a_log_of_which_nothing_is_replayed_has_a_report(replay: Make, tmp_path: Path) -> None:
    """Which says so in every form, as the replay did: its lines are recorded, though no endpoint is."""
    log = write(tmp_path / "access.log", [line(n, method="POST") for n in range(3)])
    job = replay(str(log), "--speed", "max")
    report = await job.run()
    assert_adds_up(report, 0)
    assert (report["log"]["read"], report["log"]["skipped"]) == (3, {"method": 3})
    assert report["sentence"]["text"].startswith("Not enough data: nothing was compared")
    for form in ("text", "md", "junit", "html"):
        code, told, _ = await command("report", str(job.record), "--format", form)
        assert code == 0
        assert told.strip()
        assert "nothing was compared" in told.lower()
    code, told, _ = await command("report", str(job.record), "--fail-on", "not-enough-data")
    assert (code, told) == (11, job.out)


async def test_what_is_wrong_is_told_at_once(replay: Make, tmp_path: Path) -> None:
    """Every flag that cannot be understood has its line, and nothing is asked."""
    job = replay(str(tmp_path / "none.log"), "--speed", "fast", "--shard", "3/3", "--method", "POST")
    await job.start()
    assert await job.ended() == 3
    assert [text.split(":")[0] for text in job.err.splitlines()] == ["--speed", "--method", "--shard"]
    job = replay(str(tmp_path / "none.log"), "--field", "foo=bar", "--status", "9xx", "--cookie", "sid")
    await job.start()
    assert await job.ended() == 3
    assert [text.split(":")[0] for text in job.err.splitlines()] == ["--field", "--status", "--cookie"]
    job = replay(str(tmp_path / "none.log"), "--since", "2026-11-24", "--until", "2026-11-23")
    await job.start()
    assert await job.ended() == 3
    assert job.err == "--since and --until: there is no time between them\n"
