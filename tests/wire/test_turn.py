"""Writing at the end of a turn of the loop."""

from __future__ import annotations

import asyncio
from typing import Any

from shadow.wire.turn import Turn


class Sender:
    """Writes its name into a list, or fails."""

    def __init__(self, name: object, sent: list[object], fails: bool = False) -> None:
        self._name = name
        self._sent = sent
        self._fails = fails

    def send(self) -> None:
        if self._fails:
            raise RuntimeError("broken")
        self._sent.append(self._name)


async def test_all_go_out_together() -> None:
    """Nothing is written between two that are read in one turn, and their order is kept."""
    sent: list[object] = []
    turn = Turn(asyncio.get_running_loop())
    for number in range(5):
        turn.add(Sender(number, sent), b"x")
    assert sent == []
    await asyncio.sleep(0)
    assert sent == [0, 1, 2, 3, 4]
    turn.add(Sender("later", sent), b"x")
    await asyncio.sleep(0)
    assert sent[5:] == ["later"]


async def test_a_large_piece_goes_out_at_once() -> None:
    """Whether the other side keeps up is known only then; more must not be read until it is."""
    sent: list[object] = []
    turn = Turn(asyncio.get_running_loop())
    turn.add(Sender("small", sent), b"x")
    turn.add(Sender("large", sent), b"xy" * 50_000)
    assert sent == ["large"]
    await asyncio.sleep(0)
    assert sent == ["large", "small"]


async def test_the_first_does_not_wait_for_hundreds() -> None:
    """So many at once are written before any other is read."""
    sent: list[object] = []
    turn = Turn(asyncio.get_running_loop())
    for number in range(100):
        turn.add(Sender(number, sent), b"x")
    assert sent == [*range(96)]
    await asyncio.sleep(0)
    assert sent == [*range(100)]


async def test_one_that_fails_holds_up_nobody() -> None:
    """The loop is told of it, and all others are written."""
    loop = asyncio.get_running_loop()
    told: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: told.append(context))
    sent: list[object] = []
    turn = Turn(loop)
    for number in range(5):
        turn.add(Sender(number, sent, fails=number == 2), b"x")
    for _ in range(3):
        await asyncio.sleep(0)
    assert sent == [0, 1, 3, 4]
    assert [str(context["exception"]) for context in told] == ["broken"]
