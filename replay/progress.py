"""How a replay goes on, on standard error: a bar on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

LINE_EVERY: Final = 10.0  # seconds
BAR_EVERY: Final = 1.0


class Point(NamedTuple):
    """How things stand; counts are of this run."""

    seconds: float  # since its start
    read: int  # lines
    share: float | None  # of the logs that is done, where that is known
    lag: float  # seconds that the last request was late
    matched: int
    differed: int
    failed: int
    wait: float = 0.0  # seconds until the next request is due


class Display:
    """Shows points as they come. Drawn by the caller, not by a thread: drawing must not delay a request."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._last = Point(0.0, 0, None, 0.0, 0, 0, 0)
        if console.is_terminal:
            self._bar = Progress(
                BarColumn(20), TextColumn("{task.description}"), TimeElapsedColumn(),
                console=console, auto_refresh=False, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("starting", total=None)
            self._bar.start()

    @property
    def every(self) -> float:
        """Seconds between two points that it wants."""
        return LINE_EVERY if self._bar is None else BAR_EVERY

    def show(self, point: Point) -> None:
        text = self._text(point)
        self._last = point
        if self._bar is None:
            self._console.print(text, highlight=False, soft_wrap=True)
        else:
            total = None if point.share is None else 1.0
            self._bar.update(self._task, description=text, total=total, completed=point.share or 0.0)
            self._bar.refresh()

    def _text(self, point: Point) -> str:
        seconds = point.seconds - self._last.seconds
        rate = (point.read - self._last.read) / seconds if seconds > 0 else 0.0
        wait = f" · next in {timedelta(seconds=round(point.wait))}" if point.wait >= LINE_EVERY else ""
        share = "" if point.share is None else f"{point.share:.0%} · "
        return (
            f"{share}{point.read:,} lines · {rate:,.0f}/s · {point.lag * 1000:,.0f} ms late · "
            f"{point.matched:,} matched · {point.differed:,} differed · {point.failed:,} failed{wait}"
        )

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
