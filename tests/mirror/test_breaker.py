"""When a target that does not answer is left alone, and when it is tried again."""

from __future__ import annotations

from shadow.mirror.breaker import Breaker


def opened() -> Breaker:
    breaker = Breaker(failures=3, probe=5.0)
    for _ in range(3):
        breaker.failed(100.0)
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    """Any answer begins the row anew."""
    breaker = Breaker(failures=3, probe=5.0)
    for _ in range(5):
        breaker.failed(0.0)
        breaker.failed(0.0)
        assert breaker.allows(0.0)
        breaker.answered()
    for _ in range(3):
        breaker.failed(0.0)
    assert breaker.is_open
    assert not breaker.allows(0.0)


def test_it_lets_one_through_each_interval() -> None:
    """The first after a whole interval; asking whether one is due uses none up."""
    breaker = opened()
    assert not breaker.allows(104.9)
    assert breaker.probe_due(105.0)
    assert breaker.allows(105.0)
    assert not breaker.allows(109.9)
    assert breaker.allows(110.0)


def test_an_answer_closes_it() -> None:
    """At once and for everybody."""
    breaker = opened()
    assert breaker.allows(105.0)
    breaker.answered()
    assert not breaker.is_open
    assert breaker.allows(105.0)


def test_late_failures_do_not_put_the_probe_off() -> None:
    """What was under way when it opened fails one by one afterwards."""
    breaker = opened()
    breaker.failed(104.0)
    assert breaker.allows(105.0)
