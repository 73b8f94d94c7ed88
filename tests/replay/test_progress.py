"""How a replay shows that it goes on."""

from __future__ import annotations

import io

from rich.console import Console

from replay.progress import Display, Point


def test_without_a_terminal_it_is_a_line() -> None:
    """With rate, lag and fates so far, whole however long it is."""
    out = io.StringIO()
    display = Display(Console(file=out, width=40))
    assert display.every == 10.0
    display.show(Point(10.0, 5_000, 0.25, 0.002, 4_990, 7, 3))
    display.show(Point(20.0, 25_000, None, 0.0, 24_990, 7, 3))
    display.show(Point(30.0, 25_000, None, 0.0, 24_990, 7, 3, 9000.0))
    display.close()
    assert out.getvalue().splitlines() == [
        "25% · 5,000 lines · 500/s · 2 ms late · 4,990 matched · 7 differed · 3 failed",
        "25,000 lines · 2,000/s · 0 ms late · 24,990 matched · 7 differed · 3 failed",
        "25,000 lines · 0/s · 0 ms late · 24,990 matched · 7 differed · 3 failed · next in 2:30:00",
    ]


def test_on_a_terminal_it_is_a_bar() -> None:
    """Drawn more often, and gone at the end."""
    out = io.StringIO()
    display = Display(Console(file=out, width=120, force_terminal=True))
    assert display.every == 1.0
    display.show(Point(1.0, 100, 0.5, 0.0, 100, 0, 0))
    assert "100 matched" in out.getvalue()
    assert "━" in out.getvalue()
    display.close()
