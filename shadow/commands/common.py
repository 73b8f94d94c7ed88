"""What commands have in common: loading settings, refusing input, writing results."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

import click

if TYPE_CHECKING:
    from shadow.config.load import Loaded

BAD_INPUT: Final = 3


def load_settings(path: str | None, flags: dict[str, str | None], needed: Iterable[str] = ()) -> Loaded:
    from shadow.config.load import ConfigError, load

    try:
        return load(path or os.environ.get("SHADOW_CONFIG"), named_flags(flags), os.environ, needed=needed)
    except ConfigError as error:
        refuse(error.problems)


def named_flags(flags: dict[str, str | None]) -> dict[str, str | None]:
    return {name.replace("_", "-"): value for name, value in flags.items()}


def refuse(problems: list[str]) -> NoReturn:
    """Say what is wrong with the input, a line each, and leave."""
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(BAD_INPUT)


@contextmanager
def writing(output: str | None) -> Iterator[TextIO]:
    """Standard output, or the file that was named."""
    try:
        with (
            nullcontext(sys.stdout) if output is None else Path(output).open("w", encoding="utf-8") as stream
        ):
            yield stream
    except OSError as error:
        refuse([f"{output or 'standard output'}: {error.strerror}"])
