"""One proxy measured once in one case: started, put under load, asked what became of it, ended."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import NamedTuple

import processes
from backends import Backend
from cases import Case
from load import Full, Load, Steady
from peers import Job, Peer, Ports, counted
from table import Row

_WARM_UP = 2  # seconds
_SETTLE = 2.5  # seconds until a mirror has caught up and counters are told; the same for every proxy


class Bench(NamedTuple):
    """What is the same for every proxy in one case."""

    programs: dict[str, str]
    case: Case
    load: Load
    seconds: int  # of one measurement
    load_core: int
    proxy_core: int
    legacy: Backend
    target: Backend | int  # the port of one that hangs
    certificate: Path


def direct(bench: Bench) -> Steady:
    """What a client without a proxy sees."""
    bench.load.steady(bench.legacy.port, _WARM_UP)
    return bench.load.steady(bench.legacy.port, bench.seconds)


def measure(bench: Bench, peer: Peer, without: Steady, folder: Path) -> Row:
    """The figures of one proxy; `without` is what clients see without it. What it writes goes to `folder`."""
    case = bench.case
    with contextlib.ExitStack() as stack:
        target = bench.target if isinstance(bench.target, int) else bench.target.port
        ports = Ports(bench.legacy.port, target, *processes.free_ports(2))
        command = peer.command(bench.programs[peer.program], Job(case, ports, folder, bench.certificate))
        pinned = [bench.programs["taskset"], "-c", str(bench.proxy_core), *command]
        pid = stack.enter_context(processes.running(peer.name, pinned, ports.listen, folder, case.tls))
        bench.load.steady(ports.listen, _WARM_UP)
        time.sleep(_SETTLE)
        fixed = _at_fixed_rate(bench, peer, ports, pid)
        fast = _at_full_speed(bench, ports) if case.full else None
        pss_mb = processes.pss_mb(pid)
    seen = fixed.clients
    return Row(
        cpu_us=fixed.cpu_ns / seen.requests / 1000,
        mirrored=fixed.mirrored,
        compared=fixed.compared,
        matched=fixed.matched,
        p50_us=seen.p50,
        p99_us=seen.p99,
        added_p50_us=seen.p50 - without.p50,
        added_p99_us=seen.p99 - without.p99,
        per_second=fast.clients.per_second if fast else None,
        full_mirrored=fast.mirrored if fast else None,
        pss_mb=pss_mb,
        errors=seen.errors + (fast.clients.errors if fast else 0),
        others=fixed.others,
        load_busy=fast.load_busy if fast else None,
    )


class _Fixed(NamedTuple):
    clients: Steady
    cpu_ns: int
    mirrored: float | None
    compared: float | None
    matched: float | None
    others: float


def _at_fixed_rate(bench: Bench, peer: Peer, ports: Ports, pid: int) -> _Fixed:
    before = counted(ports.admin) if peer.compares else None
    served = _served(bench)
    cpu, began = processes.cpu_ns(pid), time.monotonic_ns()
    core = processes.busy_ns(bench.proxy_core)
    clients = bench.load.steady(ports.listen, bench.seconds)
    time.sleep(_SETTLE)
    cpu = processes.cpu_ns(pid) - cpu
    core = processes.busy_ns(bench.proxy_core) - core
    others = (core - cpu) / (time.monotonic_ns() - began)
    mirrored = _share(bench, served, clients.requests)
    compared, matched = counted(ports.admin).shares(before) if before else (None, None)
    return _Fixed(clients, cpu, mirrored, compared, matched, others)


def _served(bench: Bench) -> int:
    return 0 if isinstance(bench.target, int) else bench.target.served()


def _share(bench: Bench, before: int, requests: int) -> float | None:
    """What the target got since, of so many requests."""
    return None if isinstance(bench.target, int) else (_served(bench) - before) / requests


class _Fast(NamedTuple):
    clients: Full
    mirrored: float | None
    load_busy: float


def _at_full_speed(bench: Bench, ports: Ports) -> _Fast:
    served = _served(bench)
    core, began = processes.busy_ns(bench.load_core), time.monotonic_ns()
    clients = bench.load.full(ports.listen, bench.seconds)
    busy = (processes.busy_ns(bench.load_core) - core) / (time.monotonic_ns() - began)
    time.sleep(_SETTLE)
    return _Fast(clients, _share(bench, served, clients.requests), busy)
