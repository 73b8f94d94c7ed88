#!/usr/bin/env python3
"""Measure Shadow, nginx and Envoy on the same work, in one run.

    make bench                        or, with the programs only:
    python3 tests/bench/measure.py    [--only envoy,shadow] [--body json20k] [--differ] ...

Every proxy forwards to one backend and mirrors everything to another. All its processes run on one core;
clients and backends share a second one. Rounds are interleaved, and each figure is the median of its rounds.

fixed rate   CPU µs of a request, summed over all processes of the proxy; the shares mirrored and compared;
             latency beyond that without a proxy
full speed   requests a second, and the share that still reached the target

Figures depend on the machine: only ratios of one run mean anything. The exit code is 0 whatever they are,
and 1 if something could not run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import backends
import figures
import processes
import programs
import table
from load import Load
from peers import PEERS, Peer
from processes import CannotRunError
from table import Round


def main() -> int:
    """Measure, print, and say with the exit code whether all of it could run."""
    options = _options()
    peers = [peer for peer in PEERS if peer.name in options.only]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        found = programs.find({peer.program for peer in peers})
        rounds, problems = _run(options, peers, found)
    except CannotRunError as error:
        print(f"cannot measure: {error}", file=sys.stderr)
        return 1
    rows = table.middles(rounds)
    print()
    print(table.table(rows))
    print()
    for line in [*table.goals(rounds), *table.notes(rows, differ=options.differ), *problems]:
        print(line)
    if options.json:
        options.json.write_text(_as_json(options, rounds))
    return 1 if problems else 0


def _options() -> argparse.Namespace:
    names = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--body", choices=backends.BODIES, default="small", help="what the backends answer")
    parser.add_argument("--differ", action="store_true", help="the target answers otherwise than legacy")
    parser.add_argument("--rate", type=_positive, default=4000, help="requests/s at the fixed rate [4000]")
    parser.add_argument("--connections", type=_positive, default=64, help="clients [64]")
    parser.add_argument("--seconds", type=_positive, default=5, help="length of a measurement [5]")
    parser.add_argument("--rounds", type=_positive, default=3, help="how often each is measured [3]")
    parser.add_argument("--only", type=_names, default=names, help=f"some of {','.join(names)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of each round there")
    return parser.parse_args()


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return int(text)


def _names(text: str) -> list[str]:
    wanted = text.split(",")
    if unknown := set(wanted).difference(peer.name for peer in PEERS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return wanted


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)  # by way of every `with`, which ends what was started


def _run(
    options: argparse.Namespace, peers: list[Peer], found: dict[str, str]
) -> tuple[list[Round], list[str]]:
    """All rounds, and a line for each measurement that failed."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise CannotRunError("two processors are needed: one for the proxy, one for load and backends")
    os.sched_setaffinity(0, {cores[0]})  # of this process and of what it starts, but for the proxies
    print(_heading(options), flush=True)
    rounds: list[Round] = []
    problems: list[str] = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        legacy, target = (
            stack.enter_context(
                backends.nginx(name, found["nginx"], port, options.body, folder, differ=options.differ)
            )
            for name, port in zip(("legacy", "target"), processes.free_ports(2), strict=True)
        )
        load = Load(found, options.connections, options.rate)
        bench = figures.Bench(found, load, options.seconds, cores[0], cores[1], legacy, target)
        for number in range(1, options.rounds + 1):
            print(f"round {number} of {options.rounds}", file=sys.stderr)
            home = folder / f"round-{number}"
            home.mkdir()
            rounds.append(_round(bench, peers, home, problems))
    return rounds, problems


def _round(bench: figures.Bench, peers: list[Peer], home: Path, problems: list[str]) -> Round:
    rows: Round = {}
    without = figures.direct(bench)
    print(f"  no proxy: p50 {without.p50} µs, p99 {without.p99} µs", file=sys.stderr)
    for peer in peers:
        folder = home / peer.name
        folder.mkdir()
        try:
            row = figures.measure(bench, peer, without, folder)
        except (CannotRunError, OSError) as error:
            problems.append(f"could not run: {peer.name}, {home.name}: {error}")
            continue
        rows[peer.name] = row
        print(f"  {peer.name}: {row.cpu_us:.1f} µs a request, {row.per_second:.0f} a second", file=sys.stderr)
    return rows


def _heading(options: argparse.Namespace) -> str:
    same = "other than legacy's" if options.differ else "equal to legacy's"
    return (
        f"{options.rate} requests/s over {options.connections} connections, then full speed; "
        f"body {options.body}, the target's {same}; {options.rounds} rounds of {options.seconds} s"
    )


def _as_json(options: argparse.Namespace, rounds: list[Round]) -> str:
    asked = {name: value for name, value in vars(options).items() if name != "json"}
    rows = [{name: asdict(row) for name, row in one.items()} for one in rounds]
    return json.dumps({"options": asked, "rounds": rows}, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
