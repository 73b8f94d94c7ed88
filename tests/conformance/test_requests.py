"""What clients may send, and what they may not: what legacy, the target and the client get of each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.conformance import Case, Stage, chapters

CHAPTERS = chapters("requests")
LONG = 1500
"""Bytes; what is longer comes at once only: byte by byte it would say nothing new."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """One live path for all cases of a chapter."""
    stage = Stage(**getattr(request.param, "SETTINGS", {}))
    await stage.open()
    yield stage
    await stage.close()


def cases(longest: int | None = None) -> list[object]:
    """Every case with its chapter."""
    return [
        pytest.param(chapter, case, id=f"{chapter.__name__.rpartition('.')[2]}-{case.section}: {case.rule}")
        for chapter in CHAPTERS
        for case in chapter.CASES
        if longest is None or len(case.sent) <= longest
    ]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("stage", "case"), cases(), indirect=["stage"])
async def test_at_once(stage: Stage, case: Case) -> None:
    """A refused request reaches nobody; any other reaches both backends as it must, and is answered."""
    await stage.play(case)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("stage", "case"), cases(LONG), indirect=["stage"])
async def test_byte_by_byte(stage: Stage, case: Case) -> None:
    """However it arrives, the same becomes of it."""
    await stage.play(case, slowly=True)


def test_there_are_enough() -> None:
    """At least four hundred, and no two of a chapter with one name."""
    assert sum(len(chapter.CASES) for chapter in CHAPTERS) >= 400
    for chapter in CHAPTERS:
        names = [(case.section, case.rule) for case in chapter.CASES]
        assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]
