"""What a verdict says to a pipeline: `--fail-on`, and exit codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

REGRESSED: Final = 10
NOT_ENOUGH_DATA: Final = 11


def fail_on_option(text: str) -> Callable[..., Any]:
    """The flag that makes a verdict an exit code, as `exit_code` has it."""
    verdicts = click.Choice(["regressed", "not-enough-data", "never"])
    return click.option("--fail-on", type=verdicts, default="never", show_default=True, help=text)


def exit_code(verdict: str, fail_on: str) -> int:
    """0 where `fail_on` does not mind this verdict."""
    if fail_on != "never" and verdict == "regressed":
        return REGRESSED
    if fail_on == "not-enough-data" and verdict == "not enough data":
        return NOT_ENOUGH_DATA
    return 0
