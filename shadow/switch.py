"""Switches that all processes see at once: is traffic mirrored at all, and may the target answer clients?

Bytes of memory, shared because they are there before the workers are forked. Turning one takes no message,
and holds for workers that are started later too.
"""

from __future__ import annotations

import mmap

_MIRROR, _TARGET = range(2)


class Switch:
    """Both are on until they are turned off."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 2)
        self.mirror = self.target = True

    @property
    def mirror(self) -> bool:
        """Whether exchanges are mirrored, where rules say so."""
        return self._memory[_MIRROR] == 1

    @mirror.setter
    def mirror(self, on: bool) -> None:
        self._memory[_MIRROR] = on

    @property
    def target(self) -> bool:
        """Whether the target answers clients, where rules say so."""
        return self._memory[_TARGET] == 1

    @target.setter
    def target(self, on: bool) -> None:
        self._memory[_TARGET] = on
