"""Load: a fixed rate that tells latency, and full speed that tells requests a second."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from cases import Case
from processes import CannotRunError

_TARGET = "/items/123?sort=price&page=2"
_HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    "Accept": "application/json, text/html",
    "Accept-Language": "ja,en;q=0.9",
    "Cookie": "session=0123456789abcdef; theme=dark",
}
_GRACE = 30.0  # seconds beyond the planned end


class Steady(NamedTuple):
    """What clients saw at a fixed rate; times in microseconds, to the last byte of an answer."""

    requests: int
    p50: int
    p99: int
    errors: int


class Full(NamedTuple):
    """What clients saw at full speed."""

    requests: int
    per_second: float
    errors: int


class Load:
    """Clients on keep-alive connections, HTTP/1.1, one thread."""

    def __init__(self, programs: dict[str, str], case: Case, folder: Path, plain: int = 0) -> None:
        """What has to be sent is written to `folder`. The port `plain` is asked without TLS in any case."""
        self._programs = programs
        self._connections = case.connections
        self._rate = case.rate
        self._tls = case.tls
        self._fields = [word for pair in _HEADERS.items() for word in ("-H", ": ".join(pair))]
        self._plain = plain
        self._targets = folder / "targets" if case.endpoints > 1 else None
        self._words = [_word(number) for number in range(case.endpoints)]
        self._post: tuple[list[str], list[str]] = ([], [])
        if case.post:
            sent, script = folder / "sent", folder / "sent.lua"
            sent.write_bytes(b"x" * case.post)
            script.write_text(f'wrk.method = "POST"\nwrk.body = string.rep("x", {case.post})\n')
            self._post = (["-d", str(sent)], ["-s", str(script)])

    def steady(self, port: int, seconds: int) -> Steady:
        """`rate` requests a second, spread evenly over the connections."""
        with tempfile.NamedTemporaryFile("r") as log:
            command = ["h2load", "--h1", "-t1", f"-c{self._connections}", f"-D{seconds}", *self._post[0]]
            command += [f"--rps={self._rate / self._connections:g}", f"--log-file={log.name}"]
            if self._targets:
                lines = [f"http://127.0.0.1:{port}/{word}{_TARGET}\n" for word in self._words]
                self._targets.write_text("".join(lines))
                command += ["-i", str(self._targets)]
            said = self._run(command, port, seconds)
            answers = [line.split("\t") for line in log]
        took = sorted(int(answer[2]) for answer in answers)
        if not took:
            raise CannotRunError(f"h2load: no answer from port {port}: {_first_line(said)}")
        errors = sum(answer[1] != "200" for answer in answers)
        return Steady(len(took), took[len(took) // 2], took[len(took) * 99 // 100], errors)

    def full(self, port: int, seconds: int) -> Full:
        """Each connection asks again as soon as it is answered."""
        command = ["wrk", "-t1", f"-c{self._connections}", f"-d{seconds}s", *self._post[1]]
        said = self._run(command, port, seconds)
        done = re.search(r"(\d+) requests in", said)
        speed = re.search(r"Requests/sec:\s+([\d.]+)", said)
        if not done or not speed:
            raise CannotRunError(f"wrk: no answer from port {port}: {_first_line(said)}")
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
        broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
        errors = sum(int(number) for match in (refused, broken) if match for number in match.groups())
        return Full(int(done[1]), float(speed[1]), errors)

    def _run(self, command: list[str], port: int, seconds: int) -> str:
        name = command[0]
        scheme = "https" if self._tls and port != self._plain else "http"
        url = f"{scheme}://127.0.0.1:{port}{_TARGET}"
        try:
            done = subprocess.run(
                [self._programs[name], *command[1:], *self._fields, url],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=seconds + _GRACE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CannotRunError(f"{name}: still not done {_GRACE:.0f} s after its end") from None
        if done.returncode:
            raise CannotRunError(f"{name}: exit code {done.returncode}: {_first_line(done.stderr)}")
        return done.stdout


def _word(number: int) -> str:
    """Letters only: what has digits would be taken for an id, and all for one endpoint."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0]
