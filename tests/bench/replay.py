#!/usr/bin/env python3
"""Measure `shadow replay`: pairs judged a second on one core, and how well a rate is kept.

    python3 tests/bench/replay.py [--lines 100000] [--seconds 30] [--rate 2000]

The replayer and its judge have one core, the backends the other. Full speed is measured against two nginx
with small equal answers. The rate is kept against a legacy that answers at once and a target that takes a
second; both write down when each request came. Figures depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import backends
import processes
import programs
from processes import CannotRunError

_SLOW = 1.0  # seconds that the slow target takes
_WITNESS = Path(__file__).with_name("witness.py")


def main() -> int:
    """Measure both, and print what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=100_000, help="at full speed [100000]")
    parser.add_argument("--seconds", type=int, default=30, help="at the fixed rate [30]")
    parser.add_argument("--rate", type=int, default=2000, help="requests/s [2000]")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("cannot measure: two processors are needed", file=sys.stderr)
        return 1
    os.sched_setaffinity(0, {cores[0]})
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            _full_speed(Path(name), options.lines, cores[1])
            _fixed_rate(Path(name), options.rate, options.seconds, cores[1])
    except CannotRunError as error:
        print(f"cannot measure: {error}", file=sys.stderr)
        return 1
    return 0


def _log(to: Path, lines: int) -> Path:
    """An LTSV log of many clients."""
    with to.open("w") as log:
        for n in range(lines):
            at = datetime.fromtimestamp(1_763_776_800 + n / 1000, UTC).isoformat(timespec="milliseconds")
            log.write(
                f"time:{at}\thost:10.{n % 7}.{n % 241}.{n % 251}\tmethod:GET\turi:/items/{n % 1000}?page={n}"
                f"\tprotocol:HTTP/1.1\tstatus:200\tsize:120\treqtime:0.001\tua:Mozilla/5.0\tvhost:shop.example\n"
            )
    return to


def _full_speed(folder: Path, lines: int, core: int) -> None:
    log = _log(folder / "full.log", lines)
    nginx = programs.find({"shadow"})["nginx"]
    ports = processes.free_ports(2)
    with ExitStack() as stack:
        for name, port in zip(("legacy", "target"), ports, strict=True):
            stack.enter_context(backends.nginx(name, nginx, port, "small", folder, differ=False))
        began = time.monotonic()
        report, cpu = _replay(folder / "full", log, ports, core, "--speed", "max")
        wall = time.monotonic() - began
    took = report["window"]["end"] - report["window"]["start"]
    matched = report["totals"]["matched"]
    print(f"full speed  {matched:,} pairs matched, {matched / took:,.0f}/s from first to last line")
    print(f"            {matched / wall:,.0f}/s with start and end; {matched / cpu:,.0f} for a second of CPU")


def _fixed_rate(folder: Path, rate: int, seconds: int, core: int) -> None:
    log = _log(folder / "rate.log", rate * seconds)
    ports = processes.free_ports(2)
    files = folder / "legacy.times", folder / "target.times"
    with _witness(ports[0], 0.0, files[0]), _witness(ports[1], _SLOW, files[1]):
        report, _ = _replay(folder / "rate", log, ports, core, "--rate", f"{rate}/s")
    print(f"fixed rate  {rate}/s for {seconds} s, the target takes {_SLOW} s; {_fates(report)}")
    for name, file in zip(("legacy", "target"), files, strict=True):
        print(f"            {name}: {_fit([float(at) for at in file.read_text().split()], rate)}")
    late = {name: f"{value * 1000:.2f} ms" for name, value in report["log"]["late"].items()}
    print(f"            late as the report has it: {late}")


def _fates(report: dict[str, Any]) -> str:
    totals = report["totals"]
    return ", ".join(f"{name} {totals[name]}" for name in ("matched", "differed", "failed", "dropped"))


def _fit(arrivals: list[float], rate: int) -> str:
    """How arrivals fit a schedule of this rate; where it begins, their median tells."""
    begins = statistics.median(at - n / rate for n, at in enumerate(arrivals))
    off = sorted(abs(at - begins - n / rate) for n, at in enumerate(arrivals))
    held = (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])
    p50, p99 = (off[int(len(off) * q)] * 1000 for q in (0.5, 0.99))
    return f"{len(arrivals):,} requests, {held:.1f}/s; off the schedule p50 {p50:.2f}, p99 {p99:.2f} ms"


@contextmanager
def _witness(port: int, delay: float, to: Path) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, str(_WITNESS), str(port), str(delay), str(to)])
    try:
        _wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    """Wait until somebody listens; nothing is asked, for it would be written down."""
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise CannotRunError(f"nobody listens on port {port}")


def _replay(record: Path, log: Path, ports: list[int], core: int, *pace: str) -> tuple[dict[str, Any], float]:
    """Run it on its core; its report, and the seconds of CPU that it and its judge used."""
    shadow = [programs.find({"shadow"})["taskset"], "-c", str(core), sys.executable, "-m", "shadow"]
    command = [*shadow, "replay", str(log), "--legacy", f"http://127.0.0.1:{ports[0]}"]
    command += ["--target", f"http://127.0.0.1:{ports[1]}", "--record", str(record), *pace]
    before = os.times()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = os.times()
    if done.returncode:
        raise CannotRunError(f"shadow replay: exit code {done.returncode}: {done.stderr.strip()}")
    told = subprocess.run(
        [*shadow, "report", str(record), "--format", "json"], capture_output=True, text=True, check=True
    )
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return json.loads(told.stdout), cpu


if __name__ == "__main__":
    sys.exit(main())
