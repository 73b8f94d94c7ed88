"""The process that makes one live report and ends: asked on standard input, it answers on standard output."""

from __future__ import annotations

import resource
import sys
import time
from hashlib import sha256

import msgspec

from shadow.report import build, html
from shadow.report import json as report_json
from shadow.serve.live_report import Made, Task, Told
from shadow.serve.priority import Priority


def main() -> None:
    """Make one report."""
    Priority.SPARE.take()
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    resource.setrlimit(resource.RLIMIT_DATA, (task.memory, task.memory))
    latest = _make(task)
    sys.stdout.buffer.write(msgspec.msgpack.encode(Told(latest, time.process_time())))


def _make(task: Task) -> Made | str:
    try:
        report = build.read(task.place, task.criteria)
        page, json = html.render(report, live=True).encode(), report_json.render(report).encode()
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    except MemoryError:
        half = f"{task.memory >> 20:,} MiB, half of what is left here"
        return f"it takes more memory than {half}; `shadow report` may take more elsewhere"
    return Made(page, html.policy(live=True), json, sha256(page + json).hexdigest()[:16])


if __name__ == "__main__":
    main()
