"""What a request costs as traffic grows: `python -P tests/bench/growth.py [--seconds N]`.

Small equal answers at 2,000/s over 64 connections, one endpoint and one worker of each kind; then with one
of these changed, all else as it was. Prints the CPU time of a request over the whole process tree, the share
that was compared, and the memory after it. `-P` because scripts here are named as packages are.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import backends
import figures
import processes
import programs
from cases import Case
from load import Load, Steady
from peers import PEERS
from processes import CannotRunError
from table import Row

USUAL: Final = Case("usual", 2000)
SHADOW: Final = next(peer for peer in PEERS if peer.name == "shadow")
POINTS: Final = {
    "connections": [USUAL._replace(connections=number) for number in (1, 8, 64, 1000, 4000, 9000)],
    "endpoints": [USUAL._replace(endpoints=number) for number in (1, 20, 100, 500)],
    "workers": [USUAL._replace(workers=number) for number in (1, 2, 4)],
    "body": [
        USUAL._replace(body=body, rate=rate)
        for body, rate in (("small", 2000), ("json20k", 500), ("html50k", 500), ("mib", 50))
    ],
}


def main() -> int:
    """Measure and print each point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=4, help="length of a measurement [4]")
    seconds = parser.parse_args().seconds
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("two processors are needed: one for the proxy, one for load and backends", file=sys.stderr)
        return 1
    os.sched_setaffinity(0, {cores[0]})
    found = programs.find({"shadow"})
    print(f"{'':24}{'CPU us':>8}{'compared':>10}{'p99 us':>8}{'PSS MiB':>9}")
    with processes.awake():
        for field, cases in POINTS.items():
            for case in cases:
                print(_point(found, field, case, seconds, cores), flush=True)
    return 0


def _point(found: dict[str, str], field: str, case: Case, seconds: int, cores: list[int]) -> str:
    try:
        row = _measure(found, case, seconds, cores)
    except CannotRunError as error:
        return f"{field:12}{getattr(case, field)!s:>12}  {error}"
    shown = f"{row.cpu_us:8.1f}{row.compared or 0:10.3f}{row.p99_us:8.0f}{row.pss_mb:9.1f}"
    return f"{field:12}{getattr(case, field)!s:>12}{shown}"


def _measure(found: dict[str, str], case: Case, seconds: int, cores: list[int]) -> Row:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, contextlib.ExitStack() as stack:
        home = Path(name)
        legacy, target = (
            stack.enter_context(backends.nginx(side, found["nginx"], port, case.body, home, differ=False))
            for side, port in zip(("legacy", "target"), processes.free_ports(2), strict=True)
        )
        load = Load(found, case, home, plain=legacy.port)
        bench = figures.Bench(found, case, load, seconds, cores[0], cores[1], legacy, target, home)
        folder = home / "shadow"
        folder.mkdir()
        return figures.measure(bench, SHADOW, Steady(0, 0, 0, 0), folder)


if __name__ == "__main__":
    sys.exit(main())
