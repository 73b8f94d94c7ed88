"""Chooses the committed corpus: `keep.py [TARGET…]`, out of itself and what `fuzz.py` found.

Those inputs that together pass most ways through the code; and all called `fault-…`, each has shown one.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, TypeAlias

from fuzz import FOUND, KEPT, ROOT
from targets import TARGETS, Target

Way: TypeAlias = tuple[CodeType, int, int]
"""From one line to another of a function."""

_MOST = 30  # inputs of one target, beside faults
_LARGEST = 1200  # bytes of one
_LOOKED_AT = 500  # inputs, the smallest first
_OURS = (str(ROOT / "shadow"), str(ROOT / "replay"))


def ways(target: Target, data: bytes) -> frozenset[Way]:
    """The ways that an input takes."""
    taken: set[Way] = set()
    before: dict[FrameType, int] = {}

    def called(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(_OURS):
            return None
        if event == "line":
            taken.add((frame.f_code, before.get(frame, 0), frame.f_lineno))
            before[frame] = frame.f_lineno
        elif event == "return":
            before.pop(frame, None)
        return called

    sys.settrace(called)
    try:
        target(data)
    finally:
        sys.settrace(None)
    return frozenset(taken)


def chosen(inputs: list[bytes], target: Target) -> Iterator[bytes]:
    """The input that adds most ways, again and again; of equal ones the smallest."""
    left = {data: ways(target, data) for data in sorted(inputs, key=len)[:_LOOKED_AT]}
    passed: frozenset[Way] = frozenset()
    for _ in range(_MOST):
        best = max(left, key=lambda data: len(left[data] - passed), default=b"")
        if not left or left[best] <= passed:
            return
        passed |= left.pop(best)
        yield best


def keep(name: str) -> int:
    """How many of a target's inputs the corpus has now."""
    folder = KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    paths = [path for place in (folder, FOUND / name) for path in sorted(place.glob("*"))]
    inputs = [data for path in paths if len(data := path.read_bytes()) <= _LARGEST]
    kept = {hashlib.sha256(data).hexdigest()[:12]: data for data in chosen(inputs, TARGETS[name])}
    for path in folder.glob("*"):
        if not path.name.startswith("fault-"):
            path.unlink()
    for digest, data in kept.items():
        (folder / digest).write_bytes(data)
    return len(list(folder.glob("*")))


if __name__ == "__main__":
    for each in sys.argv[1:] or TARGETS:
        print(f"{each:12} {keep(each):>4}", flush=True)
