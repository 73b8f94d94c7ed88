"""Which exchanges are sent now, which wait, which are dropped."""

from __future__ import annotations

from msgspec.structs import replace
from support.frames import frame

from shadow.mirror.admission import Admission
from shadow.mirror.breaker import Breaker
from shadow.model import Drop


def admission(in_flight: int = 2, waiting: int = 2, memory: int = 1_000_000, failures: int = 3) -> Admission:
    return Admission(in_flight, waiting, memory, Breaker(failures, probe=5.0))


def test_what_waits_goes_first_in_first_out() -> None:
    """The oldest exchange is sent first, and no more than may be under way."""
    held = admission()
    frames = [frame(f"/{number}") for number in range(4)]
    assert [held.offer(each, 0.0) for each in frames] == [None] * 4
    assert [held.next(0.0) for _ in range(3)] == [frames[0], frames[1], None]
    held.sent()
    assert held.next(0.0) is frames[2]


def test_the_newest_is_dropped_when_all_places_are_taken() -> None:
    """Under way and waiting are both full."""
    held = admission()
    for number in range(4):
        held.offer(frame(f"/{number}"), 0.0)
        held.next(0.0)
    assert len(held.waiting) == held.in_flight == 2
    assert held.offer(frame(), 0.0) is Drop.QUEUE_FULL


def test_nothing_waits_where_nothing_may() -> None:
    """`waiting: 0`: what cannot be sent now is dropped, what can is not."""
    held = admission(in_flight=1, waiting=0)
    assert held.offer(frame(), 0.0) is None
    held.next(0.0)
    assert held.offer(frame(), 0.0) is Drop.QUEUE_FULL


def test_memory_bounds_what_is_held() -> None:
    """Exchanges and the parts of answers share one budget."""
    held = admission(memory=2 * frame().size())
    held.offer(frame(), 0.0)
    assert held.hold(frame().size())
    assert not held.hold(1)
    assert held.offer(frame(), 0.0) is Drop.MEMORY
    held.release(frame().size())
    assert held.offer(frame(), 0.0) is None


def test_what_was_charged_is_given_back_once_an_exchange_is_counted() -> None:
    """With what was charged for answers to it."""
    held = admission()
    sent = frame()
    held.offer(sent, 0.0)
    held.next(0.0)
    assert held.hold(100)
    held.sent()
    held.done(sent, 100)
    assert (held.held, held.in_flight, len(held.waiting)) == (0, 0, 0)


def test_while_the_breaker_is_open_only_a_probe_is_taken_in() -> None:
    """And only when one is due; what waited already is dropped."""
    held = admission(in_flight=1, waiting=10)
    waiting = frame("/waiting")
    held.offer(waiting, 0.0)
    for _ in range(3):
        held.breaker.failed(0.0)
    assert held.next(0.0) == (waiting, Drop.BREAKER)
    assert held.held == 0
    assert held.offer(frame(), 4.9) is Drop.BREAKER
    probe = frame("/probe")
    assert held.offer(probe, 5.0) is None
    assert held.offer(frame(), 5.0) is Drop.BREAKER, "one is enough"
    assert held.next(5.0) is probe
    assert held.offer(frame(), 5.1) is Drop.BREAKER


def test_clear_gives_up_what_waits() -> None:
    """All of it, for somebody to count."""
    held = admission(in_flight=1)
    frames = [frame("/1"), frame("/2"), frame("/3")]
    for each in frames:
        held.offer(each, 0.0)
    held.next(0.0)
    assert held.clear() == frames[1:]
    assert not held.waiting


def test_a_probe_is_not_kept_back_by_what_waits_for_the_other_side() -> None:
    """Each side has its own breaker."""
    held = Admission(10, 10, 1_000_000, Breaker(3, probe=5.0), legacy := Breaker(3, probe=5.0))
    for _ in range(3):
        legacy.failed(0.0)
    assert held.offer(frame("/target"), 5.0) is None
    assert held.offer(replace(frame("/legacy"), by_target=True), 5.0) is None
    assert held.offer(replace(frame("/legacy"), by_target=True), 5.0) is Drop.BREAKER, "one is enough"
