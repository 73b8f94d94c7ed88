"""Reading stores: all that is ours, nothing else, and what is broken is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from shadow.record.place import read
from shadow.record.segment import SegmentWriter, Unreadable, compressed, encode
from shadow.record.store import Store
from shadow.record.stored import StoreError, sealed_name
from shadow.record.tally import Tally, TallyRecord


def data(endpoint: str) -> bytes:
    return compressed(encode([TallyRecord(0, 60, endpoint, "", Tally(received=1))]))


def endpoints(place: str) -> tuple[list[str], Unreadable]:
    unreadable = Unreadable()
    found = [each.endpoint for each in read(place, unreadable) if isinstance(each, TallyRecord)]
    return found, unreadable


def test_many_objects_are_each_read_once(tmp_path: Path) -> None:
    """More than are fetched at once."""
    store = Store(f"file://{tmp_path}")
    for number in range(50):
        one = data(f"GET /{number:02}")
        assert store.create(sealed_name(f"tally-{number:02}-000001", one, 1e9), one)
    found, unreadable = endpoints(store.url)
    assert sorted(found) == [f"GET /{number:02}" for number in range(50)]
    assert unreadable == Unreadable()


def test_only_segments_are_read(tmp_path: Path) -> None:
    """At the root too, as a replay puts them; what lies beside them is nobody's business."""
    store = Store(f"file://{tmp_path}")
    for name in ("replay-0-000001.jsonl.zst", "other.jsonl.zst", "x/replay-0-000001.jsonl.zst", "a.txt"):
        assert store.create(name, data(f"GET /{name}"))
    assert endpoints(store.url) == (["GET /replay-0-000001.jsonl.zst"], Unreadable())


def test_broken_objects_are_counted(tmp_path: Path) -> None:
    """Cut short, of no kind, empty, or with a line that is no record."""
    store = Store(f"file://{tmp_path}")
    good = data("GET /good")
    for number, content in enumerate((good, good[:-9], b"nonsense", b"", compressed(b"{}\n"))):
        assert store.create(f"tally-{number}-000001.jsonl.zst", content)
    found, unreadable = endpoints(store.url)
    assert found[0] == "GET /good"
    assert unreadable == Unreadable(lines=1, segments=3, first="tally-1-000001.jsonl.zst: cut short")


def test_a_folder_is_read_as_ever(tmp_path: Path) -> None:
    """By its plain name."""
    writer = SegmentWriter(tmp_path, "tally", 1 << 20)
    assert writer.append(encode([TallyRecord(0, 60, "GET /", "", Tally(received=1))]))
    assert endpoints(str(tmp_path)) == (["GET /"], Unreadable())
    assert endpoints(f"file://{tmp_path}") == ([], Unreadable()), "it is not sealed"
    assert writer.seal()
    assert endpoints(f"file://{tmp_path}") == (["GET /"], Unreadable())


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As a store and as a folder; none is made by looking."""
    for place in (f"file://{tmp_path}/none", f"{tmp_path}/none"):
        with pytest.raises(OSError, match=r"no such folder|No such file") as told:
            list(read(place, Unreadable()))
        assert told.value.filename == place
    assert list(tmp_path.iterdir()) == []


def test_a_url_with_a_secret_is_refused_and_not_repeated() -> None:
    """Wherever it was given."""
    with pytest.raises(StoreError) as told:
        list(read("s3://hunter2:hunter2@bucket/x", Unreadable()))
    assert "hunter2" not in str(told.value)


@pytest.fixture
async def answering(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[int]]:
    """A server that answers every request with the status that is in the list."""
    statuses = [403]

    async def answer(_: web.Request) -> web.Response:
        code = "<Error><Code>AccessDenied</Code></Error>" if statuses[0] == 403 else "<Error></Error>"
        return web.Response(status=statuses[0], text=code)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{runner.addresses[0][1]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    yield statuses
    await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (403, "access denied (AccessDenied)"),
        (404, "no such bucket or folder"),
        (400, "refused: "),
        (500, "cannot be reached, or failed: "),
    ],
)
async def test_what_a_store_answers_is_told_in_a_line(
    status: int, said: str, answering: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the place, without a secret and without the request."""
    answering[0] = status
    with pytest.raises(StoreError) as told:
        await asyncio.to_thread(lambda: list(read("s3://bucket/x", Unreadable())))
    assert told.value.filename == "s3://bucket/x"
    assert told.value.strerror.startswith(said)
    assert "\n" not in told.value.strerror
    assert "hunter2" not in told.value.strerror
