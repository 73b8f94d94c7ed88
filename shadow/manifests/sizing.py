"""How much of a machine each pod asks for, from a measured rate of requests. Pure."""

from __future__ import annotations

from math import ceil
from typing import Final, NamedTuple

from shadow.settings import Config

PER_REQUEST: Final = 200e-6
"""Seconds of processor that a request takes, of all processes together. docs/performance.md has 80 µs with
small and equal answers; larger ones, unequal ones and slower processors make it two and a half times that."""

LOAD: Final = 0.6
"""Of its request that a pod shall use at the busiest: where the autoscaler adds pods."""

_LEAST: Final = 250  # thousandths of a processor
_UNKNOWN: Final = 1000  # the same, where no rate is said: what the base asks for
_MIB: Final = 1 << 20
_TREE: Final = 192 * _MIB  # all processes of a pod, idle; 138 MiB were measured
_WORKER: Final = 64 * _MIB  # each live worker with a thousand clients, each shadow worker with its judge


class Pod(NamedTuple):
    """Processor in thousandths, the rest in bytes."""

    cpu: int
    cpu_limit: int
    memory: int
    memory_limit: int
    records: int  # of the volume


def size(config: Config, record_limit: int) -> Pod:
    """Sizes for `kubernetes.rate` with one pod missing:

    processor = rate / (replicas - 1) x PER_REQUEST / LOAD, or one where no rate is said; as the limit four
    times that, and one at least for each process that may be busy: live workers, shadow workers, judges, and
    one more for the rest. A quota knows no priorities: used up by judges, it stops who serves clients too.

    memory = the processes, and half of what mirror.memory lets exchanges take in each live worker and in each
    shadow worker; as the limit, all of it twice.
    """
    kubernetes = config.kubernetes
    each = kubernetes.rate / max(1, kubernetes.replicas - 1)
    cpu = max(_LEAST, 10 * ceil(each * PER_REQUEST / LOAD * 100)) if each else _UNKNOWN
    live = config.workers.live or ceil(cpu / 1000)
    busy = live + 2 * config.workers.shadow + 1
    memory = _TREE + (live + config.workers.shadow) * (_WORKER + config.mirror.memory // 2)
    return Pod(cpu, max(1000 * busy, 4 * cpu), memory, 2 * memory, 2 * record_limit)
