"""The corpus of the fuzzer, without it: what it found interesting, and every input that has shown a fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
INPUTS = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", TARGETS)
def test_corpus(name: str) -> None:
    """No input of a target shows a fault."""
    inputs = [path for path in INPUTS if path.parent.name == name]
    assert inputs
    for path in inputs:
        try:
            TARGETS[name](path.read_bytes())
        except BaseException as error:
            error.add_note(f"by {path.relative_to(CORPUS)}")
            raise


def test_the_corpus_is_small() -> None:
    """A few inputs for each target, and none that has no target."""
    assert {path.parent.name for path in INPUTS} == TARGETS.keys()
    assert len(INPUTS) <= 40 * len(TARGETS)
    assert sum(path.stat().st_size for path in INPUTS) < 300_000
