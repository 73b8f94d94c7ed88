"""One switch that all processes see at once: is traffic mirrored at all?

A byte of memory, shared because it is there before the workers are forked. Turning it takes no message, and
holds for workers that are started later too.
"""

from __future__ import annotations

import mmap


class Switch:
    """On until it is turned off."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)
        self.turn(on=True)

    def __bool__(self) -> bool:
        return self._memory[0] == 1

    def turn(self, *, on: bool) -> None:
        """Turn it, for every process."""
        self._memory[0] = on
