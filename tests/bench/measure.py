#!/usr/bin/env python3
"""Measure Shadow, nginx, Envoy and Traefik on the same work, in one run.

    make bench                        or, with the programs only:
    python3 tests/bench/measure.py    [--only envoy,shadow] [--cases small,live] [--json FILE] ...

Every proxy forwards to one backend and mirrors everything to another. All its processes run on one core;
clients and backends share a second one. Each case is one kind of traffic (`cases.py`). Rounds are
interleaved, and each figure is the median of its rounds. The relay is the limit: the same system calls,
and no byte read.

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
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

import backends
import figures
import goals
import processes
import programs
import table
from cases import CASES, Case
from load import Load
from peers import PEERS, Peer
from processes import CannotRunError
from table import Round


def main() -> int:
    """Measure, print, and say with the exit code whether all of it could run."""
    options = _options()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        found = programs.find({peer.program for peer in options.only} | {"openssl"})
        rounds, problems = _run(options, found)
    except CannotRunError as error:
        print(f"cannot measure: {error}", file=sys.stderr)
        return 1
    for case in options.cases:
        rows = table.middles([one.get(case.name, {}) for one in rounds])
        print(f"\n{_heading(case)}\n{table.table(rows)}")
        for line in table.notes(rows, differ=case.differ):
            print(line)
    print()
    for line in [*goals.lines(rounds), *problems]:
        print(line)
    if options.json:
        options.json.write_text(_as_json(options, rounds))
    return 1 if problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    peers, cases = {peer.name: peer for peer in PEERS}, {case.name: case for case in CASES}
    parser.add_argument("--only", type=_some(peers), default=[*PEERS], help=f"some of {','.join(peers)}")
    parser.add_argument("--cases", type=_some(cases), default=[*CASES], help=f"some of {','.join(cases)}")
    parser.add_argument("--seconds", type=_positive, default=4, help="length of a measurement [4]")
    parser.add_argument("--rounds", type=_positive, default=3, help="how often each is measured [3]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of each round there")
    return parser.parse_args()


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return int(text)


def _some(known: dict[str, Any]) -> Callable[[str], list[Any]]:
    def chosen(text: str) -> list[Any]:
        if unknown := set(text.split(",")).difference(known):
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
        return [known[name] for name in text.split(",")]

    return chosen


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)  # by way of every `with`, which ends what was started


def _run(options: argparse.Namespace, found: dict[str, str]) -> tuple[list[dict[str, Round]], list[str]]:
    """All rounds, by case, and a line for each measurement that failed."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise CannotRunError("two processors are needed: one for the proxy, one for load and backends")
    os.sched_setaffinity(0, {cores[0]})  # of this process and of what it starts, but for the proxies
    rounds: list[dict[str, Round]] = []
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name, processes.awake():
        certificate = _certificate(found["openssl"], Path(name))
        for number in range(1, options.rounds + 1):
            rounds.append({})
            for case in options.cases:
                load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
                print(f"round {number} of {options.rounds}, {case.name}; load {load}", file=sys.stderr)
                home = Path(name) / f"{number}-{case.name}"
                home.mkdir()
                with contextlib.ExitStack() as stack:
                    bench = _bench(stack, options.seconds, found, case, home, cores, certificate)
                    rounds[-1][case.name] = _round(bench, options.only, home, problems)
    return rounds, problems


def _certificate(openssl: str, folder: Path) -> Path:
    """One for the front, with its key in the same file."""
    file = folder / "front.pem"
    asked = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    key = subprocess.run([openssl, *asked, "-keyout", "-"], capture_output=True, check=True)
    file.write_bytes(key.stdout)
    return file


def _bench(
    stack: contextlib.ExitStack,
    seconds: int,
    found: dict[str, str],
    case: Case,
    home: Path,
    cores: list[int],
    certificate: Path,
) -> figures.Bench:
    """The backends and the load of a case."""
    legacy, target = (
        stack.enter_context(
            backends.nginx(name, found["nginx"], port, case.body, home, differ=case.differ, ids=case.ids)
        )
        for name, port in zip(("legacy", "target"), processes.free_ports(2), strict=True)
    )
    asked = stack.enter_context(backends.hung()) if case.hung else target
    load = Load(found, case, home, plain=legacy.port)
    return figures.Bench(found, case, load, seconds, cores[0], cores[1], legacy, asked, certificate)


def _round(bench: figures.Bench, peers: list[Peer], home: Path, problems: list[str]) -> Round:
    rows: Round = {}
    without = figures.direct(bench)
    print(f"  no proxy: p50 {without.p50} µs, p99 {without.p99} µs", file=sys.stderr)
    for peer in peers:
        if bench.case.tls and not peer.tls:
            continue
        folder = home / peer.name
        folder.mkdir()
        try:
            row = figures.measure(bench, peer, without, folder)
        except (CannotRunError, OSError) as error:
            problems.append(f"could not run: {peer.name}, {home.name}: {error}")
            continue
        rows[peer.name] = row
        print(f"  {peer.name}: {row.cpu_us:.1f} µs a request", file=sys.stderr)
    return rows


def _heading(case: Case) -> str:
    said = [f"{case.name}: {case.rate} requests/s over {case.connections} connections", f"body {case.body}"]
    said += [f"{case.post} bytes sent"] if case.post else []
    said += [word for word in ("differ", "ids", "tls", "hung") if getattr(case, word)]
    return ", ".join(said if case.mirror else [*said, "not mirrored"])


def _as_json(options: argparse.Namespace, rounds: list[dict[str, Round]]) -> str:
    rows = [
        {case: {name: asdict(row) for name, row in one.items()} for case, one in cases.items()}
        for cases in rounds
    ]
    asked = {"seconds": options.seconds, "cases": [case._asdict() for case in options.cases]}
    return json.dumps({"options": asked, "load": os.getloadavg(), "rounds": rows}, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
