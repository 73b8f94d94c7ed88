"""When a running proxy reads its configuration anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shadow.config.load import load
from shadow.serve.generation import Generation
from shadow.serve.reload import ConfigReloader


def test_a_pipe_is_not_looked_at_for_changes() -> None:
    """What it gives is for whoever loads the settings, and looking could wait for more of it without end."""
    pipe, end = os.pipe()
    os.write(end, b"legacy: http://old")
    os.close(end)
    loaded = load(None, {}, {})

    def built(_: object) -> Generation:
        pytest.fail("nothing has changed")

    ConfigReloader(loaded, lambda: loaded, built, [Path(f"/dev/fd/{pipe}")])
    assert os.read(pipe, 100) == b"legacy: http://old"
    os.close(pipe)
