"""Switches that all processes see at once: is traffic mirrored at all, and may the target answer clients?

Bytes of memory, shared because they are there before the workers are forked. Turning one takes no message,
and holds for workers that are started later too.
"""

from __future__ import annotations

import mmap

MIRROR, TARGET = range(2)


class Switch:
    """Both are on until they are turned off."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, 2)
        """One byte for each, not 0 where it is on: for who asks for every request."""
        self.mirror = self.target = True

    @property
    def mirror(self) -> bool:
        """Whether exchanges are mirrored, where rules say so."""
        return self.memory[MIRROR] == 1

    @mirror.setter
    def mirror(self, on: bool) -> None:
        self.memory[MIRROR] = on

    @property
    def target(self) -> bool:
        """Whether the target answers clients, where rules say so."""
        return self.memory[TARGET] == 1

    @target.setter
    def target(self, on: bool) -> None:
        self.memory[TARGET] = on
