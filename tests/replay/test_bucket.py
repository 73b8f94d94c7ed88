"""Logs in a bucket, spoken to as S3 is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from support.replayed import line

from replay.choice import Formats
from replay.feed import open_feed
from replay.formats.parser import Options
from replay.model import LoggedRequest
from replay.source import SourceError, expand

LISTED = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>
<IsTruncated>false</IsTruncated>{objects}</ListBucketResult>"""
OBJECT = """<Contents><Key>{key}</Key><LastModified>2026-11-22T00:00:00.000Z</LastModified>
<ETag>"1"</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"""


def listing(folder: Path, prefix: str) -> str:
    """The answer to a listing."""
    keys = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    found = [key for key in keys if key.startswith(prefix)]
    return LISTED.format(
        objects="".join(OBJECT.format(key=key, size=(folder / key).stat().st_size) for key in found)
    )


@pytest.fixture
async def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """A folder that is served as the bucket `bucket`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if "list-type" in request.query:
            prefix = request.query.get("prefix", "")
            return web.Response(text=listing(tmp_path, prefix), content_type="application/xml")
        path = tmp_path / request.match_info["key"]
        return web.FileResponse(path) if path.is_file() else web.Response(status=404)

    app = web.Application()
    app.router.add_get("/bucket", answer)
    app.router.add_get("/bucket/{key:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{runner.addresses[0][1]}",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_REGION": "tokyo",
    }.items():
        monkeypatch.setenv(name, value)
    yield tmp_path
    await runner.cleanup()


def targets(names: list[str]) -> list[str]:
    """What all of the logs ask, in order."""
    feed = open_feed(names, Formats("ltsv", Options()), {}, follow=False)
    found = []
    while (batch := feed.read()) is not None:
        found += [each.parsed.target.decode() for each in batch if isinstance(each.parsed, LoggedRequest)]
    return found


async def test_a_prefix_is_all_of_its_objects(bucket: Path) -> None:
    """They are listed by prefix, read whole, and merged by time."""
    for number in range(3):
        log = bucket / "logs" / f"2026-{number}" / "access.log"
        log.parent.mkdir(parents=True)
        log.write_text("".join(f"{line(n)}\n" for n in range(number, 3000, 3)))
    names = await asyncio.to_thread(expand, ["s3://bucket/logs"])
    assert names == [f"s3://bucket/logs/2026-{number}/access.log" for number in range(3)]
    assert await asyncio.to_thread(targets, names) == [f"/items/{n}" for n in range(3000)]


async def test_one_object_stands_for_itself(bucket: Path) -> None:
    """By its whole name; one that is not there is an error."""
    (bucket / "one.log").write_text(f"{line(7)}\n")
    assert await asyncio.to_thread(expand, ["s3://bucket/one.log"]) == ["s3://bucket/one.log"]
    assert await asyncio.to_thread(targets, ["s3://bucket/one.log"]) == ["/items/7"]
    with pytest.raises(SourceError, match=r"s3://bucket/none\.log"):
        await asyncio.to_thread(expand, ["s3://bucket/none.log"])


async def test_names_that_begin_alike(bucket: Path) -> None:
    """As CloudFront's of one day, which lie in no folder; or as a pattern says; a trial is no log."""
    for name in ("E1.2026-11-21-23.a.gz", "E1.2026-11-22-00.b.gz", "E1.2026-11-22-01.c.gz"):
        (bucket / "cdn").mkdir(exist_ok=True)
        (bucket / "cdn" / name).touch()
    (bucket / "cdn" / "ELBAccessLogTestFile").touch()
    day = [f"s3://bucket/cdn/E1.2026-11-22-0{hour}.gz" for hour in ("0.b", "1.c")]
    assert await asyncio.to_thread(expand, ["s3://bucket/cdn/E1.2026-11-22"]) == day
    assert await asyncio.to_thread(expand, ["s3://bucket/c*/*-22-*.gz"]) == day
    assert len(await asyncio.to_thread(expand, ["s3://bucket/cdn"])) == 3
