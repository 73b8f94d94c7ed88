"""Processes of a measurement: started, counted as a tree with all their children, ended by their own ids."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_START = 20.0  # seconds until a program that does not answer has failed
_END = 20.0  # seconds from SIGTERM; a proxy with a hung target drains for some of them
_TICKS = os.sysconf("SC_CLK_TCK")
_LATENCY = "/dev/cpu_dma_latency"
"""Whoever holds it open says how many microseconds a core may take to wake up."""


class CannotRunError(Exception):
    """Something could not be measured. One line that says what and why."""


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on. All are held until all are known to differ."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@contextmanager
def running(name: str, command: list[str], port: int, folder: Path, tls: bool = False) -> Iterator[int]:
    """A program that serves HTTP on `port`, from its first answer to its end. Gives its process id."""
    log = folder / "output.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_it_answers(name, process, port, log, tls)
        yield process.pid
    finally:
        _end(process)


@contextmanager
def awake() -> Iterator[None]:
    """Keep cores from falling asleep between two bursts: they wake up slowly and with cold caches, so that a
    proxy with less to do would look slower. A program that spins would do so too, but be given ticks that a
    thread of the lowest priority waits for. Who has not the rights is told."""
    try:
        held = os.open(_LATENCY, os.O_WRONLY)
    except OSError as error:
        print(f"cores fall asleep between bursts: {_LATENCY}: {error.strerror}", file=sys.stderr)
        yield
        return
    try:
        os.write(held, bytes(4))
        yield
    finally:
        os.close(held)


def _wait_until_it_answers(
    name: str, process: subprocess.Popen[bytes], port: int, log: Path, tls: bool
) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotRunError(f"{name} ended with {process.returncode}: {_last_line(log)}")
        try:
            if get(port, "/", tls)[0] == 200:
                return
        except (OSError, http.client.HTTPException):
            pass  # not listening yet
        time.sleep(0.1)
    raise CannotRunError(f"{name} did not answer within {_START:.0f} s: {_last_line(log)}")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to leave; what is left of its tree after that is killed."""
    family = {(pid, _born(pid)) for pid in tree(process.pid)}
    process.terminate()
    try:
        process.wait(_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid, born in family:
        if born and _born(pid) == born:  # the number may by now be somebody else's
            os.kill(pid, signal.SIGKILL)


def _born(pid: int) -> str:
    """When a process started, in ticks since boot; empty when there is none."""
    stat = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return stat[19] if stat else ""


def get(port: int, path: str, tls: bool = False) -> tuple[int, bytes]:
    """Status and body of one GET. Whose certificate it is does not matter here."""
    connection = (
        http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=ssl._create_unverified_context())
        if tls
        else http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    )
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        for task in _tasks(one):
            waiting += map(int, _read(f"/proc/{one}/task/{task}/children").split())
    return found


def cpu_ns(pid: int) -> int:
    """Time that a tree had on a processor, as the scheduler counts it: clock ticks miss what is short."""
    return sum(
        int(_read(f"/proc/{one}/task/{task}/schedstat").partition(" ")[0] or 0)
        for one in tree(pid)
        for task in _tasks(one)
    )


def pss_mb(pid: int) -> float:
    """Memory of a tree, MiB, where a page that n processes share counts 1/n for each."""
    found = (re.search(r"^Pss:\s+(\d+)", _read(f"/proc/{one}/smaps_rollup"), re.M) for one in tree(pid))
    return sum(int(pss[1]) for pss in found if pss) / 1024


def busy_ns(core: int) -> int:
    """Time that a core was not idle, whoever used it."""
    line = next(line for line in _read("/proc/stat").split("\n") if line.startswith(f"cpu{core} "))
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, line.split()[1:9])
    return (user + nice + system + irq + softirq + steal) * 1_000_000_000 // _TICKS


def _tasks(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []  # it has left


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""  # it has left
