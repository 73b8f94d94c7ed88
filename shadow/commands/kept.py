"""The commands that work on what was kept: `shadow rejudge` and `shadow rules suggest`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, TypeVar

import click

from shadow.commands.common import PLACE, load_settings, nothing, refuse, writing

if TYPE_CHECKING:
    from shadow.again.rejudge import Rejudged
    from shadow.again.suggest import Suggestions
    from shadow.record.segment import Record

_TELL_EVERY: Final = 200  # records

_Result = TypeVar("_Result", bound="Rejudged | Suggestions")


@click.command(short_help="Judge what is kept again, under other rules.")
@click.argument("folder", metavar="FROM", type=PLACE)
@click.option(
    "--config", "-c", metavar="FILE", type=PLACE, required=True, help="YAML with the rules to be tried."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--output", "-o", metavar="FILE", type=PLACE, help="Write here instead of standard output.")
def rejudge(folder: str, config: str, form: str, output: str | None) -> None:
    """Judge the kept comparisons again under other rules, without traffic, and show what changes.

    FROM is the folder or object store that `shadow proxy` records to.
    """
    import msgspec

    from shadow.again import text
    from shadow.again.rejudge import rejudge as run
    from shadow.again.rules import EndpointRules

    rules = EndpointRules(load_settings(config, {}).config)
    result = _of_kept(folder, "judging again", lambda records: run(records, rules))
    with writing(output, form) as stream:
        if form == "json":
            stream.write(msgspec.json.format(msgspec.json.encode(result)).decode() + "\n")
        else:
            text.render(result, stream)


@click.group()
def rules() -> None:
    """Find rules of comparing."""


@rules.command("suggest", short_help="Print rules ready to paste.")
@click.argument("folder", metavar="FROM", type=PLACE)
@click.option(
    "--config", "-c", metavar="FILE", type=PLACE, help="Rules in force: what they silence needs no others."
)
@click.option("--output", "-o", metavar="FILE", type=PLACE, help="Write here instead of standard output.")
def suggest_rules(folder: str, config: str | None, output: str | None) -> None:
    """Print rules ready to paste that would silence what differed, most silence first.

    FROM is the folder or object store that `shadow proxy` records to. Each line says what it would hide, and
    was tried on the comparisons that are kept.
    """
    from shadow.again import paste
    from shadow.again.suggest import suggest

    loaded = load_settings(config, {}).config
    found = _of_kept(folder, "looking for rules", lambda records: suggest(records, loaded))
    with writing(output, "yaml") as stream:
        stream.write(paste.written(found))


def _of_kept(folder: str, doing: str, work: Callable[[Iterator[Record]], _Result]) -> _Result:
    """What the work makes of the records of a place; refuses one that holds no comparisons."""
    from shadow.record import place
    from shadow.record.segment import Unreadable

    unreadable = Unreadable()
    try:
        result = work(_with_progress(place.read(folder, unreadable), doing))
    except OSError as error:
        refuse([f"{error.filename}: {error.strerror}; give what was named by --record"])
    if not result.kept:
        refuse([f"{folder}: {nothing('comparisons', unreadable)}"])
    return result


def _with_progress(records: Iterator[Record], doing: str) -> Iterator[Record]:
    """The records as they are; on a terminal, what is being done and how many have gone by is shown."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield from records
        return
    with console.status(doing) as status:
        for number, record in enumerate(records, 1):
            if number % _TELL_EVERY == 0:
                status.update(f"{doing}: {number:,} records")
            yield record
