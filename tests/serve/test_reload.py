"""When a running proxy reads its configuration anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shadow.config.load import Loaded, load
from shadow.serve.generation import CannotStart, Generation
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


def test_a_pipe_is_no_new_configuration(tmp_path: Path) -> None:
    """What it held has been read, and waiting for more would hold up the supervisor."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    loaded = load(None, {}, {})

    def not_asked(*_: object) -> None:
        pytest.fail("nothing is read from it")

    reloader = ConfigReloader(loaded, not_asked, not_asked, [pipe])  # type: ignore[arg-type]
    with capture_logs() as said:
        assert reloader.generation() is None
    why = "a pipe or a terminal gives what it has only once; name a file, or restart"
    assert said == [{"event": "reload_refused", "log_level": "error", "problem": f"{pipe}: {why}"}]


def test_no_file_at_all_can_be_read_again() -> None:
    """With flags and variables alone, changed certificates are a new configuration."""
    loaded = load(None, {}, {})
    asked: list[Loaded] = []

    def built(new: Loaded) -> Generation:
        asked.append(new)
        raise CannotStart("it was asked for, which is enough here")

    assert ConfigReloader(loaded, lambda: loaded, built, [Path(os.devnull)]).generation() is None
    assert asked == [loaded]
