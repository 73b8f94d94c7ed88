"""What waits until it is due."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from replay.pace import Recorded, Unpaced
from replay.schedule import Schedule


def all_due(schedule: Schedule[int], now: float) -> list[int]:
    """What is sent until then, in order."""
    found = []
    while (due := schedule.next(now)) is not None:
        found.append(due.item)
    return found


@given(st.lists(st.integers(0, 10**6).map(float)))
def test_what_was_logged_late_leaves_in_order_of_start(starts: list[float]) -> None:
    """Servers log at the end of a request; within the window requests are sorted by their start."""
    schedule: Schedule[int] = Schedule(Recorded(1.0))
    for n, start in enumerate(starts):
        schedule.add(schedule.place(start), None, n)
    sent = all_due(schedule, 1e9)
    assert [starts[n] for n in sent] == sorted(starts)


def test_nothing_leaves_before_it_is_due() -> None:
    """The clock alone lets it go; being late for one moves none of the others."""
    schedule: Schedule[int] = Schedule(Recorded(2.0))
    for n in range(4):
        schedule.add(schedule.place(100.0 + n), None, n)
    assert all_due(schedule, 0.4) == [0]
    assert schedule.wait(0.4) == 0.5 - 0.4
    assert all_due(schedule, 1.2) == [1, 2]
    assert all_due(schedule, 1.5) == [3]
    assert schedule.wait(1.5) is None


def test_a_session_waits_for_its_answer() -> None:
    """Of one session the next leaves when the one before is answered; others are not held up."""
    schedule: Schedule[int] = Schedule(Unpaced())
    for n, session in enumerate([b"a", b"a", b"b", None, b"a"]):
        schedule.add(0.0, session, n)
    assert all_due(schedule, 0.0) == [0, 2, 3]
    assert schedule.held == 2
    following = schedule.answered(b"a")
    assert following is not None
    assert following.item == 1
    assert schedule.answered(b"b") is None
    assert schedule.answered(b"a") is not None
    assert schedule.answered(b"a") is None
    assert schedule.held == 0


def test_what_was_not_sent_is_told() -> None:
    """Those that wait for their time, and those that wait for their session."""
    schedule: Schedule[int] = Schedule(Unpaced())
    for n, session in enumerate([b"a", b"a", b"b"]):
        schedule.add(0.0, session, n)
    schedule.add(5.0, None, 3)
    all_due(schedule, 0.0)
    assert sorted(schedule.items()) == [1, 3]
    schedule.clear()
    assert schedule.items() == []
    assert schedule.answered(b"a") is None
