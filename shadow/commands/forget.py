"""The command that removes a person from what was kept."""

from __future__ import annotations

from pathlib import Path

import click

from shadow.commands.common import PLACE, refuse


@click.command(short_help="Remove every kept comparison that holds a value.")
@click.argument("folder", metavar="FOLDER", type=PLACE)
@click.option(
    "--value", metavar="TEXT", required=True, help="As the report shows it: masked:…, or a request's id."
)
def forget(folder: str, value: str) -> None:
    """Remove every kept comparison that holds a value, and examples of differences with it.

    FOLDER is where `shadow proxy` records to. Find the value in the report or in a comparison of the person:
    the same secret is the same masked:… within one run of the proxy. What a running proxy has open is sealed
    when it ends; forget again then. Counts stay, for they tell of nobody.
    """
    from shadow.record.folder import opened, sealed
    from shadow.record.forget import forget as run

    place = Path(folder)
    if not place.is_dir():
        refuse([f"{folder}: no such folder{'; copy the objects of a store into one' * ('://' in folder)}"])
    try:
        done = run(place, value)
    except ValueError as error:
        refuse([f"--value: {error}"])
    except OSError as error:
        refuse([f"{error.filename}: {error.strerror}"])
    left = opened(place)
    if not (left or sealed(place) or done.records):
        refuse([f"{folder}: no records in it; give what was named by --record"])
    click.echo(f"removed: {done.records} comparisons, {done.examples} tallies' examples")
    if left:
        click.echo(f"{folder}: {left} open segments are as they were; forget again once sealed", err=True)
    if done.unreadable:
        refuse([f"{folder}: {done.unreadable} segments could not be read whole, and are as they were"])
