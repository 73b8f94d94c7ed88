"""The command that tells whether the target answers as legacy does: `shadow report`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shadow.commands.common import PLACE, load_settings, nothing, refuse, writing
from shadow.commands.verdict import exit_code, fail_on_option

if TYPE_CHECKING:
    from shadow.report.schema import Report


def _print_report_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from shadow.report.json import schema

        click.echo(schema(), nl=False)
        context.exit()


@click.command(short_help="Tell whether the target answers as legacy does.")
@click.argument("folders", metavar="FROM...", type=PLACE, nargs=-1, required=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "md", "junit", "html"]),
    default="text",
    show_default=True,
)
@click.option("--output", "-o", metavar="FILE", type=PLACE, help="Write here instead of standard output.")
@click.option(
    "--language",
    type=click.Choice(["en", "ja"]),
    default="en",
    show_default=True,
    help="Of the HTML page, until its reader switches.",
)
@click.option(
    "--config", "-c", metavar="FILE", type=PLACE, help="YAML whose `verdict` says when an endpoint is ready."
)
@click.option(
    "--since-last",
    "--compare",
    "earlier",
    metavar="FILE",
    type=PLACE,
    help="An earlier JSON report: tell what is new since.",
)
@click.option("--watch", is_flag=True, help="On a terminal, show it anew every few seconds, until Ctrl-C.")
@click.option(
    "--schema",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_report_schema,
    help="Print the JSON schema of --format json, and leave.",
)
@fail_on_option("Exit 10 when regressed; with not-enough-data also 11 when data are missing.")
def report(
    folders: tuple[str, ...],
    form: str,
    output: str | None,
    language: str,
    config: str | None,
    earlier: str | None,
    watch: bool,
    fail_on: str,
) -> None:
    """Tell, endpoint by endpoint, whether the target answers as legacy does.

    FROM is the folder or object store that `shadow proxy` records to; it may still be running. Several are
    merged.

    \b
    shadow report ./shadow-data
    shadow report ./shadow-data --format html --output report.html
    shadow report ./shadow-data --format junit --fail-on regressed --output report.xml
    shadow report ./shadow-data --format md --since-last last.json
    shadow report s3://bucket/prefix
    """
    from shadow.report.forms import render

    if watch and (form != "text" or output is not None or not sys.stdout.isatty()):
        raise click.UsageError("--watch shows text on a terminal; leave out --output, and any other --format")
    make = _maker(folders, config, earlier)
    made = make()
    if watch:
        _watch(make)
        return
    with writing(output, form) as stream:
        render(made, form, language, stream)
    sys.exit(exit_code(made.verdict, fail_on))


def _maker(folders: tuple[str, ...], config: str | None, earlier: str | None) -> Callable[[], Report]:
    """What makes the report of the folders as they are now."""
    from shadow.report import build, changes
    from shadow.settings import Criteria

    criteria = load_settings(config, {}).config.verdict if config else Criteria()
    try:
        last = changes.read(Path(earlier).read_bytes()) if earlier else None
    except OSError as error:
        refuse([f"{earlier}: {error.strerror}; name a JSON report, or leave it out"])
    except ValueError as error:
        refuse([f"{earlier}: no JSON report that can be compared: {error}"])

    def make() -> Report:
        try:
            made = build.read(folders, criteria, time.time())
        except OSError as error:
            refuse([f"{error.filename}: {error.strerror}; give what was named by --record"])
        if not made.endpoints and not made.log:  # a log of which no line was replayed is told
            refuse([f"{', '.join(folders)}: {nothing('records', made.unreadable)}"])
        if last is not None:
            made.changes = changes.changes(last, made)
        return made

    return make


def _watch(make: Callable[[], Report]) -> None:
    from shadow.report.text import watch

    try:
        watch(make, sys.stdout, time.sleep)
    except KeyboardInterrupt:
        sys.exit(130)
