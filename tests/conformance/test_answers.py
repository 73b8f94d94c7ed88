"""What backends may answer and what they may not: what the client gets, what becomes of the connections."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.conformance import Answer, Stage, chapters

CHAPTERS = chapters("answers")
LONG = 1500
"""Bytes; what is longer comes at once only: byte by byte it would say nothing new."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """One live path for all cases."""
    stage = Stage()
    await stage.open()
    yield stage
    await stage.close()


def cases(longest: int | None = None) -> list[object]:
    """Every case."""
    return [
        pytest.param(case, id=f"{chapter.__name__.rpartition('.')[2]}-{case.section}: {case.rule}")
        for chapter in CHAPTERS
        for case in chapter.CASES
        if longest is None or (len(case.said) <= longest and not case.in_one)
    ]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", cases())
async def test_at_once(stage: Stage, case: Answer) -> None:
    """The client gets it as it must, or 502, or half of it; and the next request its own answer."""
    await stage.hear(case)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", cases(LONG))
async def test_byte_by_byte(stage: Stage, case: Answer) -> None:
    """However it arrives, the same becomes of it."""
    await stage.hear(case, slowly=True)


def test_there_are_enough() -> None:
    """At least a hundred and fifty, and no two of a chapter with one name."""
    assert sum(len(chapter.CASES) for chapter in CHAPTERS) >= 150
    for chapter in CHAPTERS:
        names = [(case.section, case.rule) for case in chapter.CASES]
        assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]
