"""Numbers as people read them."""

from __future__ import annotations

from shadow.report.figures import percent, period, seconds


def test_shares_are_never_rounded_to_all_or_nothing() -> None:
    """0 % and 100 % mean none and all."""
    shown = {share: percent(share).replace("\u00a0", " ") for share in (0, 1e-6, 0.00123, 0.5, 0.99999, 1)}
    assert list(shown.values()) == ["0 %", "<0.01 %", "0.12 %", "50.0 %", "99.9 %", "100 %"]


def test_periods_tell_a_day_or_a_minute_once() -> None:
    """An hour of every night is recognised."""
    assert period(90_000.0, 90_030.0) == "1970-01-02 01:00 UTC"
    assert period(90_000.0, 93_540.0) == "1970-01-02 01:00 to 01:59 UTC"
    assert period(90_000.0, 180_000.0) == "1970-01-02 01:00 to 1970-01-03 02:00 UTC"


def test_durations_have_a_unit_that_fits() -> None:
    """Three digits that count."""
    shown = [seconds(each).replace("\u00a0", " ") for each in (2e-6, 0.0123456, 0.9996, 1.5, 999.7, 4321.0)]
    assert shown == ["2 µs", "12.3 ms", "1 s", "1.5 s", "1,000 s", "4,321 s"]
