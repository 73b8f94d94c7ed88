"""How fast a report is made: `python -P tests/bench/report.py`.

Of a day of hourly tallies of 300 endpoints and 20,000 kept comparisons, which it writes into a temporary
folder first. Prints seconds of wall time and sizes, the best of three runs, beside what is promised; the exit
code is 1 where a promise does not hold. `-P` because scripts here are named as packages are.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import recorded  # beside this folder

from shadow.report import build, html, json
from shadow.report.schema import Report

SECONDS: Final = 3.0
PAGE: Final = 5_000_000  # bytes
ROUNDS: Final = 3


def main() -> int:
    """Write, measure, print."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        recorded.write(folder)
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{len(list(folder.iterdir()))} segments, {size / 1e6:.1f} MB")
        took, report = min((_timed(folder) for _ in range(ROUNDS)), key=lambda each: each[0])
    began = time.perf_counter()
    page = len(html.render(report, "en").encode())
    rendered = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    good = took + rendered < SECONDS and page < PAGE
    print(f"{'report':10}{took:8.2f} s")
    print(f"{'page':10}{rendered:8.2f} s{page / 1e6:8.2f} MB")
    print(f"{'json':10}{'':10}{len(json.render(report).encode()) / 1e6:8.2f} MB")
    print(f"{'together':10}{took + rendered:8.2f} s  of {SECONDS:.0f}; peak {peak:.0f} MB")
    print("as promised" if good else "NOT as promised")
    return 0 if good else 1


def _timed(folder: Path) -> tuple[float, Report]:
    began = time.perf_counter()
    report = build.read(folder)
    return time.perf_counter() - began, report


if __name__ == "__main__":
    sys.exit(main())
