"""Runs the demonstration: backends, proxy, traffic, report. Each part is a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from rich.console import Console
from rich.progress import Progress

from shadow.demo import traffic
from shadow.report import build, html, text
from shadow.report import json as report_json

_PATIENCE: Final = 15.0  # seconds to start or end a process


def run(count: int, folder: Path) -> int:
    """The whole of it. Returns the exit code."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # what is started here ends too
    console = Console(stderr=True)
    folder = folder / time.strftime("%Y%m%dT%H%M%S")  # each run is a report of its own
    with _backend("legacy") as legacy, _backend("target") as target:
        console.print(f"legacy on port {legacy}, target on port {target}")
        with _proxy(legacy, target, folder) as address:
            console.print(f"shadow proxy on {address}; sending {count:,} requests through it")
            started = time.perf_counter()
            with Progress(console=console, transient=True) as progress:
                task = progress.add_task("requests", total=count)
                errors = asyncio.run(traffic.send(f"http://{address}", count, lambda: progress.advance(task)))
            took = time.perf_counter() - started
            console.print(f"{count:,} requests in {took:.1f} s, {errors} errors seen by clients")
    report = build.read(folder)
    page = folder / "report.html"
    page.write_text(html.render(report), encoding="utf-8")
    page.with_suffix(".json").write_text(report_json.render(report), encoding="utf-8")
    text.render(report, sys.stdout)
    console.print(f"the same as a page: {page}; as JSON: {page.with_suffix('.json')}")
    return 1 if errors else 0


@contextmanager
def _backend(role: str) -> Iterator[int]:
    """A shop; its port."""
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "shadow.demo.backends", role], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield int(_pipe(process.stdout).readline())
    finally:
        process.communicate(timeout=_PATIENCE)


@contextmanager
def _proxy(legacy: int, target: int, folder: Path) -> Iterator[str]:
    """A proxy between the two; its address. At the end it is stopped and has written everything."""
    command = [
        *(sys.executable, "-m", "shadow", "proxy", "--log-format", "json"),
        *("--legacy", f"http://127.0.0.1:{legacy}", "--target", f"http://127.0.0.1:{target}"),
        *("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--record", str(folder)),
    ]
    # There are few requests: only a larger share of controls can learn from them what legacy varies itself.
    more = {"SHADOW_MIRROR_CONTROL_SHARE": "0.1", "SHADOW_MIRROR_CONTROL_PER_SECOND": "50"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | more)  # noqa: S603 - our own module
    try:
        yield _address(_pipe(process.stderr))
    finally:
        process.send_signal(signal.SIGINT)  # nobody is sent here any more: no lame duck
        process.communicate(timeout=2 * _PATIENCE)


def _address(log: IO[bytes]) -> str:
    """Where the proxy listens, from its log."""
    for line in log:
        try:
            event = json.loads(line)
        except ValueError:  # it could not even begin to log
            print(line.decode(), end="", file=sys.stderr)
            continue
        if event["event"] == "serving":
            return str(event["listen"])
    raise SystemExit("the proxy did not start")


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
