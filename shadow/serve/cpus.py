"""How many live workers this machine, container or pod has processors for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Final

REQUEST: Final = "SHADOW_CPU_REQUEST"
"""Environment variable with `requests.cpu` in thousandths of a processor, from the Downward API."""

MOST: Final = 16
"""A container without a request is told the whole node's processors, which are not its own."""


def live_workers(
    environ: Mapping[str, str], cgroup: Path = Path("/sys/fs/cgroup"), here: int | None = None
) -> int:
    """By what the pod asked for, else by the cgroup's limit, else by the processors `here`; 1 to `MOST`."""
    asked = environ.get(REQUEST, "")
    if asked.isdecimal() and len(asked) < 10 and int(asked):
        processors = int(asked) / 1000
    else:
        processors = _limit(cgroup) or here or len(os.sched_getaffinity(0))
    return min(max(1, ceil(processors)), MOST)


def _limit(cgroup: Path) -> float | None:
    """Processors that the cgroup may use at a time; None where it has no limit, or cannot be read."""
    for quota, period in (
        (("cpu.max", 0), ("cpu.max", 1)),  # version 2: "150000 100000", or "max 100000"
        (("cpu/cpu.cfs_quota_us", 0), ("cpu/cpu.cfs_period_us", 0)),  # version 1: -1 for none
    ):
        try:
            share, whole = (
                int((cgroup / name).read_text("ascii").split()[at]) for name, at in (quota, period)
            )
        except (OSError, ValueError, IndexError):
            continue
        if share > 0 and whole > 0:
            return share / whole
    return None
