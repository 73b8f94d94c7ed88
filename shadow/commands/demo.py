"""The command that shows everything on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from shadow.commands.common import PLACE, refuse


@click.command(short_help="See it work: two backends, the proxy, traffic, the report.")
@click.option(
    "--requests",
    metavar="N",
    type=click.IntRange(0),
    default=15_000,
    show_default=True,
    help="How much traffic to send.",
)
@click.option(
    "--record",
    metavar="FOLDER",
    type=PLACE,
    default="shadow-data/demo",
    show_default=True,
    help="Where to keep it.",
)
def demo(requests: int, record: str) -> None:
    """Two small backends with planted differences, the proxy, real traffic, the report."""
    from shadow.demo.run import run
    from shadow.record.folder import unusable

    folder = Path(record)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refuse([unusable(record, error)])
    sys.exit(run(requests, folder))
