"""The demonstration: every planted difference is found on its endpoint, and no other."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from support.proxy import PROGRAM, assert_adds_up, command, endpoint

from shadow.demo import traffic
from shadow.demo.backends import PLANTED, SLOWER

REQUESTS = 1000


async def test_the_demo_finds_what_is_planted_and_nothing_else(tmp_path: Path) -> None:
    """One run, ending by itself: the table, and the JSON report with each difference in its place."""
    code, table, said = await command("demo", "--requests", str(REQUESTS), "--record", str(tmp_path))
    assert code == 0, said
    assert f"{REQUESTS:,} received = " in table
    (folder,) = tmp_path.iterdir()  # noqa: ASYNC240 - nothing else runs on this loop
    told = "".join(said.split())  # the terminal's width breaks long paths
    assert str(folder / "report.json") in told
    code, out, _ = await command("report", str(folder), "--format", "json")
    assert code == 0
    report = json.loads(out)
    assert_adds_up(report, REQUESTS)
    found = {
        each["endpoint"]: {f"{d['kind']} {d['path']}" for d in each["differences"]}
        for each in report["endpoints"]
    }
    assert {name: differences for name, differences in found.items() if differences} == {
        name: {difference} for name, difference in PLANTED.items()
    }
    for name in PLANTED:
        assert name in table
        each = endpoint(report, name)
        assert each["differed"] == each["compared"] == each["differences"][0]["count"]
        assert each["differences"][0]["legacy"] != each["differences"][0]["target"]


async def test_the_demo_shows_what_is_slower_and_what_is_not_sent(tmp_path: Path) -> None:
    """The slower endpoint matches and says how slow it is; the write is skipped and counted."""
    code, _, said = await command("demo", "--requests", "500", "--record", str(tmp_path))
    assert code == 0, said
    (folder,) = tmp_path.iterdir()  # noqa: ASYNC240 - nothing else runs on this loop
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    slower = endpoint(report, SLOWER)
    assert slower["matched"] == slower["received"]
    # What a backend sleeps is the least that is measured, to the 1 % of a bucket; a busy machine adds.
    assert slower["latency"]["legacy"]["p50"] >= 0.002 * 0.99
    assert slower["latency"]["target"]["p50"] >= 0.030 * 0.99
    asked = Counter(method for method, _ in traffic.requests(500))
    orders = endpoint(report, "POST /orders")
    assert orders["received"] == asked["POST"]
    assert orders["skipped"] == {"method": asked["POST"]}
    assert orders["mirrored"] == 0


@pytest.mark.parametrize("count", [0, 1])
async def test_a_short_demo_ends_too(count: int, tmp_path: Path) -> None:
    """However few requests: no error, no traceback, and no line of the proxy's log, such as that of few
    descriptors."""
    few = ("bash", "-c", 'ulimit -n 1024; exec "$@"', "-", *PROGRAM)
    arguments = ("demo", "--requests", str(count), "--record", str(tmp_path))
    code, _, said = await command(*arguments, program=few)
    assert code == 0, said
    assert "Traceback" not in said
    assert "{" not in said


@pytest.mark.parametrize(
    ("option", "value", "code", "why"),
    [
        (
            "--record",
            "{folder}/taken",
            3,
            "{folder}/taken: File exists; name a folder that this user may write to",
        ),
        (
            "--record",
            "/proc/nothing",
            3,
            "/proc/nothing: No such file or directory; name a folder that this user may write to",
        ),
        ("--requests", "-5", 2, "Error: Invalid value for '--requests': -5 is not in the range x>=0."),
    ],
)
async def test_what_cannot_be_is_told_before_anything_starts(
    option: str, value: str, code: int, why: str, tmp_path: Path
) -> None:
    """In a line."""
    (tmp_path / "taken").touch()
    done = await command("demo", "--requests", "5", option, value.format(folder=tmp_path))
    assert done[:2] == (code, "")
    assert done[2].splitlines()[-1] == why.format(folder=tmp_path)
    assert "port" not in done[2]
