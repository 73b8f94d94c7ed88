"""Legacy is asked once more of a share, never so that it hurts; without it an exchange counts as ever."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from msgspec.structs import replace
from support.frames import frame
from support.live_path import until
from support.mirror_path import MirrorPath
from support.peers import Request, response

from shadow.mirror import control
from shadow.mirror.control import IN_FLIGHT, can_be_asked_again, position
from shadow.model import Digest
from shadow.record.alike import bit
from shadow.record.parts import Paired

SAID = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n/a"
ALL = {"share": 1.0, "per_second": 1000.0}


def numbered(start: int, *fields: str) -> Any:
    """Answers JSON that is another each time, with fields that are not."""
    numbers = itertools.count(start)
    more = "".join(f', "{field}": 1' for field in fields)

    def answer(_: Request) -> bytes:
        body = f'{{"at": {next(numbers)}{more}}}'.encode()
        return response(body, "200 OK", "Content-Type: application/json")

    return answer


async def test_what_legacy_varies_itself_is_learned(path: MirrorPath) -> None:
    """The same difference between legacy's two answers and against the target's; another is the target's."""
    path.legacy.answer = numbered(0, "kept")
    path.target.answer = numbered(100)
    await path.start(control=ALL)
    path.offer(path.frame())
    await path.all_ended(1)
    learned = path.total.learned
    assert learned.differences == {
        "changed json:$.at": Paired(both=1, target_values=bit("100"), control_values=bit("1")),
        "missing json:$.kept": Paired(target_only=1),
    }
    assert (learned.matched, learned.differed) == (0, 1)
    assert path.total.units == {}, "no part in the verdict"


async def test_the_first_of_each_endpoint_have_one(path: MirrorPath, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the share, so that noise is known soon; then the share alone has them."""
    monkeypatch.setattr(control, "FIRST", 2)
    await path.start(control={"share": 1e-9, "per_second": 1000.0})
    for number, target in enumerate(("/a", "/a", "/a", "/b", "/a"), 1):
        path.offer(path.frame(target))
        await path.all_ended(number)
    assert [each.target for each in path.legacy.asked] == ["/a", "/a", "/b"]


async def test_an_operator_knows_controls_in_legacys_log(path: MirrorPath) -> None:
    """The same request, byte for byte, but for the mark."""
    await path.start(control=ALL)
    path.offer(path.frame(request=b"GET /a?b=%2f HTTP/1.1\r\nHost: shop\r\nCookie: c=1\r\n\r\n"))
    await path.all_ended(1)
    (asked,) = path.legacy.asked
    assert asked == Request(
        "GET", "/a?b=%2f", [("Host", "shop"), ("Cookie", "c=1"), ("X-Shadow", "control")], b""
    )
    assert path.mirror.gauges()["controls_total"] == 1


async def test_equal_answers_need_no_judge(path: MirrorPath) -> None:
    """Known in microseconds, and counted as learned."""
    await path.start(judge=False, control=ALL)
    path.offer(path.frame())
    await path.all_ended(1)
    assert (path.total.learned.matched, path.total.matched) == (1, 1)
    assert path.total.unanalysed == 0


async def test_a_control_that_differs_where_the_target_matches(path: MirrorPath) -> None:
    """It is learned too: legacy varies where the target by chance did not."""
    await path.start(control=ALL)
    path.legacy.answer = lambda r: response(b"other", "200 OK", "Content-Type: text/plain")
    path.offer(path.frame(answer=SAID))
    await path.all_ended(1)
    assert path.total.matched == path.total.learned.matched == 1
    assert list(path.total.learned.differences.values()) == [Paired(control_only=1)]


async def test_without_its_control_an_exchange_counts_as_ever(path: MirrorPath) -> None:
    """Legacy hangs up on the control."""
    path.legacy.answer = lambda r: None
    await path.start(control=ALL)
    path.offer(path.frame(answer=SAID))
    await path.all_ended(1)
    total = path.total
    assert (total.matched, total.learned.matched, total.learned.differed) == (1, 0, 0)
    assert path.mirror.gauges()["controls_failed_total"] == 1
    assert len(path.legacy.asked) == 1, "never a retry"


async def test_a_target_that_fails_needs_no_control(path: MirrorPath) -> None:
    """The exchange has its fate, and what the control brings is given back."""
    path.target.answer = lambda r: None
    await path.start(control=ALL)
    path.legacy.gate.clear()
    path.offer(path.frame())
    await path.all_ended(1)
    assert path.total.failed == 1
    path.legacy.gate.set()
    await until(lambda: path.mirror.held == 0)


async def test_the_answer_waits_for_its_control(path: MirrorPath) -> None:
    """It is counted once, when all three are there."""
    await path.start(control=ALL)
    path.legacy.gate.clear()
    path.offer(path.frame())
    await until(lambda: path.legacy.asked and not path.mirror.gauges()["shadow_in_flight"])
    assert path.ended_ids == []
    path.legacy.gate.set()
    await path.all_ended(1)
    assert path.total.learned.matched == 1


async def test_at_the_end_nobody_waits_for_a_control(path: MirrorPath) -> None:
    """An exchange whose control is under way counts like any other, judged as ever."""
    path.target.answer = lambda r: response(b"other", "200 OK", "Content-Type: text/plain")
    await path.start(control=ALL)
    path.legacy.gate.clear()
    path.offer(path.frame())
    await until(lambda: path.legacy.asked and not path.mirror.gauges()["shadow_in_flight"])
    await path.mirror.drain()
    await path.all_ended(1)
    total = path.total
    assert (total.differed, total.learned.differed, total.unanalysed) == (1, 0, 0)


async def test_few_are_under_way(path: MirrorPath) -> None:
    """Whatever the share: the others have none."""
    await path.start(control=ALL)
    path.legacy.gate.clear()
    for _ in range(3 * IN_FLIGHT):
        path.offer(path.frame())
    await path.all_ended(2 * IN_FLIGHT)
    await until(lambda: len(path.legacy.asked) == IN_FLIGHT)
    path.legacy.gate.set()
    await path.all_ended(3 * IN_FLIGHT)
    assert path.total.learned.matched == IN_FLIGHT


async def test_no_more_than_so_many_a_second(path: MirrorPath) -> None:
    """By the bucket; the rest counts as ever."""
    await path.start(control={"share": 1.0, "per_second": 2.0})
    for number in range(1, 10):
        path.offer(path.frame())
        await path.all_ended(number)
    assert len(path.legacy.asked) in (2, 3), "a second could pass on a busy machine"


async def test_a_legacy_that_fails_is_left_alone(path: MirrorPath) -> None:
    """After five controls without an answer none is asked."""
    path.legacy.answer = lambda r: None
    await path.start(control=ALL)
    for number in range(1, 10):
        path.offer(path.frame(answer=SAID))
        await path.all_ended(number)
    assert len(path.legacy.asked) == 5


async def test_a_legacy_that_is_slow_is_left_alone(path: MirrorPath, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slower than for the client: its answers count, and after five of them none is asked."""
    monkeypatch.setattr(control, "_SLOWER", -1.0)
    await path.start(control=ALL)
    for number in range(1, 10):
        path.offer(path.frame())
        await path.all_ended(number)
    assert len(path.legacy.asked) == path.total.learned.matched == 5


async def test_a_second_legacy_is_asked_in_its_place(path: MirrorPath) -> None:
    """Where a setting names one, legacy has no more work; here it is the target that plays it."""
    await path.open()
    await path.start(legacy=False, control={**ALL, "url": f"http://127.0.0.1:{path.target.server.port}"})
    path.offer(path.frame())
    await path.all_ended(1)
    assert path.legacy.asked == []
    assert path.total.learned.matched == 1


async def test_where_only_a_log_tells_of_legacy_there_is_no_control(path: MirrorPath) -> None:
    """Nobody to ask, and nothing to compare with."""
    await path.start(legacy=False, control=ALL)
    path.offer(path.frame(response_head=b"", response_body=b""))
    await path.all_ended(1)
    assert path.total.matched == 1
    assert path.mirror.gauges()["controls_total"] == 0


async def test_a_copy_has_none(path: MirrorPath) -> None:
    """Only what is judged."""
    await path.start(control=ALL)
    done: list[object] = []
    path.mirror.send_copy(path.frame(), lambda *answered: done.append(answered))
    await until(lambda: done)
    assert path.legacy.asked == []


def test_only_what_is_safe_and_was_kept_can_be_asked_again() -> None:
    """No write, no digest, no failure."""
    assert can_be_asked_again(frame())
    assert can_be_asked_again(replace(frame(), method=b"HEAD"))
    assert not can_be_asked_again(replace(frame(), method=b"POST"))
    assert not can_be_asked_again(frame(response_body=Digest(9, b"")))
    assert not can_be_asked_again(replace(frame(), response_head=b"", failure="timeout"))


def test_the_share_is_of_the_ids_and_the_same_everywhere() -> None:
    """A known place for each, spread evenly."""
    assert position(b"abc") == position(b"abc")
    chosen = sum(position(b"%016x" % number) < 0.1 for number in range(10_000))
    assert 900 < chosen < 1100
