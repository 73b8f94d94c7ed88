"""Where a safe request showed a difference both sides are asked again: it stays, it settles, or it flaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.live_path import until
from support.mirror_path import MirrorPath
from support.peers import Request, response

from shadow.record.recheck import Label, Recheck, label

ON = {"per_second": 1000.0, "after": 2.0}
OLD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n/a"


def saying(*bodies: str) -> Callable[[Request], bytes]:
    """Answers one after the other, the last for ever."""
    left = list(bodies)

    def answer(_: Request) -> bytes:
        body = left.pop(0) if len(left) > 1 else left[0]
        return response(body.encode(), "200 OK", "Content-Type: text/plain")

    return answer


async def looked(path: MirrorPath, legacy: int, target: int) -> None:
    """Until both were asked so often, and nothing is under way."""
    await until(lambda: len(path.legacy.asked) == legacy and len(path.target.asked) == target)
    await until(lambda: not path.mirror.gauges()["judge_jobs"] and not path.mirror._copies)


async def both_looks(path: MirrorPath) -> None:
    """Let the exchange end, and both later looks too."""
    path.offer(path.frame(answer=OLD))
    await path.all_ended(1)
    path.pass_time(2.1)
    await looked(path, 1, 2)
    rechecks = path.mirror._rechecks
    assert rechecks is not None
    await until(lambda: [len(case.before) for case in rechecks._pending] == [2])
    path.pass_time(4.1)
    await until(lambda: path.mirror.gauges()["rechecks_pending"] == 0)


SEEN = {
    "stable": (("/a",), ("other", "other", "others")),
    "settled": (("/a",), ("other", "other", "/a")),
    "settled at once": (("/a",), ("other", "/a", "/a")),
    "flapping": (("/a",), ("other", "/a", "other")),
}


@pytest.mark.parametrize("name", SEEN)
async def test_what_two_later_looks_say(path: MirrorPath, name: str) -> None:
    """It is counted with the difference, and written; the fates are as they were."""
    legacy, target = SEEN[name]
    path.legacy.answer, path.target.answer = saying(*legacy), saying(*target)
    await path.start(recheck=ON)
    await both_looks(path)
    wanted = Label(name.split()[0])
    (seen,) = path.total.differences.values()
    assert {each: getattr(seen, each) for each in Label} == {each: int(each == wanted) for each in Label}
    assert seen.count == 1
    assert seen.target is not None, "the example stays"
    assert path.total.fates == path.total.differed == 1
    assert [r for r in path.records() if isinstance(r, Recheck)] == [Recheck("id-1", 1e9, "GET /a", wanted)]
    assert path.legacy.marks() == {"recheck": 2}
    assert path.target.marks() == {"1": 3}


async def test_legacy_that_fails_is_asked_no_further(path: MirrorPath) -> None:
    """Nothing is learned then, and nothing held."""
    path.target.answer = saying("other")
    path.legacy.answer = lambda r: None
    await path.start(recheck=ON)
    path.offer(path.frame(answer=OLD))
    await path.all_ended(1)
    path.pass_time(2.1)
    await looked(path, 1, 2)
    await until(lambda: path.mirror.gauges()["rechecks_pending"] == 0)
    assert path.mirror.held == 0
    assert [r for r in path.records() if isinstance(r, Recheck)] == []


async def test_a_target_that_fails_is_a_difference_that_can_settle(path: MirrorPath) -> None:
    """It gives no answer, and later the right one."""
    answers: list[bytes | None] = [None, None, OLD]
    path.target.answer = lambda r: answers.pop(0)
    path.legacy.answer = lambda r: OLD
    await path.start(recheck=ON)
    await both_looks(path)
    (seen,) = path.total.differences.values()
    assert seen.settled == 1
    assert path.total.failed == 1


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        ({"per_second": 0.0}, {}),
        (ON, {"method": b"POST"}),
        (ON, {"response_head": b"", "response_body": b"", "status": 0, "failure": "timeout"}),
    ],
)
async def test_what_is_not_looked_at_again(path: MirrorPath, settings: Any, change: Any) -> None:
    """Nothing where it is off, no write, and no legacy that has just failed."""
    path.target.answer = saying("other")
    await path.start(recheck=settings, control={"share": 0.5})
    path.offer(path.frame(answer=OLD, **change))
    await path.all_ended(1)
    assert path.total.differed == 1
    assert path.mirror.gauges()["rechecks_pending"] == 0


async def test_the_end_gives_them_up(path: MirrorPath) -> None:
    """Those that wait, and those under way: nobody waits for them, and nothing more is counted."""
    path.target.answer = saying("other")
    await path.start(recheck=ON)
    for _ in range(2):
        path.offer(path.frame(answer=OLD))
    await path.all_ended(2)
    path.legacy.gate.clear()
    path.pass_time(2.1)
    await until(lambda: len(path.legacy.asked) == 2)
    await path.mirror.drain()
    assert path.mirror.gauges()["rechecks_pending"] == 0
    assert path.mirror.held == 0
    assert path.total.fates == 2


def test_labels() -> None:
    """Matched at last, the same three times, or anything else."""
    one, other = ("a",), ("a", "b")
    assert label(one, one, one) is Label.STABLE
    assert label(one, one, ()) is Label.SETTLED
    assert label(one, (), one) is Label.FLAPPING
    assert label(one, other, one) is Label.FLAPPING
    assert label(one, other, other) is Label.FLAPPING
