"""The commands. Wiring only: what they do stands elsewhere, and is imported when it is called for,
so that `--help` answers at once."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from shadow import __version__
from shadow.commands.common import (
    PLACE,
    Commands,
    config_file,
    config_option,
    load_settings,
    log_options,
    named_flags,
    nothing,
    refuse,
    settings_options,
    target_option,
    writing,
)
from shadow.commands.config import config
from shadow.commands.demo import demo
from shadow.commands.forget import forget
from shadow.commands.kept import rejudge, rules
from shadow.commands.manifests import manifests
from shadow.descriptors import hold_standard_streams

if TYPE_CHECKING:
    from shadow.report.schema import Report

REGRESSED: Final = 10
NOT_ENOUGH_DATA: Final = 11

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Commands, context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="shadow")
def main() -> None:
    """Does the new platform answer as the old one does?

    Shadow forwards every request to legacy, gives the client legacy's answer and nothing else, and
    afterwards sends a copy to the target and compares.

    \b
    shadow proxy --legacy http://old:80 --target http://new:80    stand in front and compare
    shadow replay access.log --legacy http://old --target http://new    the same from a log
    shadow report ./shadow-data                                   read what differed
    shadow rules suggest ./shadow-data                            find rules that silence noise
    shadow rejudge ./shadow-data --config new.yaml                see what other rules would change
    shadow manifests shadow.yaml                                  run it on Kubernetes
    shadow demo                                                   see it work on this machine

    Exit codes: 0 good, 1 failed while it ran, 2 wrong usage, 3 a setting, a file or other input that cannot
    be used, 10 regressed, 11 not enough data; 130 Ctrl-C, 141 the reader has left, 143 SIGTERM.
    """
    hold_standard_streams()


@main.command(short_help="Stand in front: serve from legacy, mirror to the target.")
@settings_options
def proxy(config: str | None, **flags: str | None) -> None:
    """Stand in front: serve clients from legacy, mirror to the target, compare.

    SIGTERM or Ctrl-C ends it: requests under way are finished, and everything counted is written. SIGHUP, or
    a change of a file, loads the settings anew: without a lost request, and not at all if they are wrong.
    """
    from shadow.config.load import load, sources
    from shadow.serve.generation import CannotStart
    from shadow.serve.logs import configure
    from shadow.serve.proxy import serve

    needed = ("legacy", "target")
    loaded = load_settings(config, flags, needed=needed)
    configure(loaded.config.log)
    path, named = config_file(config), named_flags(flags)
    try:
        code = serve(loaded, lambda: load(path, named, os.environ, needed=needed), sources(path, os.environ))
    except CannotStart as error:
        refuse([str(error)])
    sys.exit(code)


def _variable(name: str, *declarations: str, **attributes: Any) -> Callable[..., Any]:
    """A flag of `replay`, with its environment variable."""
    variable = f"SHADOW_REPLAY_{name.upper().replace('-', '_')}"
    return click.option(f"--{name}", *declarations, envvar=variable, **attributes)


def _fail_on(text: str) -> Callable[..., Any]:
    """The flag that makes a verdict an exit code, as `_code` has it."""
    verdicts = click.Choice(["regressed", "not-enough-data", "never"])
    return click.option("--fail-on", type=verdicts, default="never", show_default=True, help=text)


def _print_formats(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from replay.formats.registry import descriptions

        click.echo("\n".join(f"{name:22}{said}" for name, said in descriptions().items()))
        context.exit()


@main.command(short_help="Send what access logs tell to both, and judge the answers.")
@click.argument("logs", metavar="LOG...", type=PLACE, nargs=-1, required=True)
@config_option
@click.option("--legacy", metavar="URL", help="Who answers today; asked again for every line.")
@target_option
@click.option(
    "--record",
    metavar="FOLDER|URL",
    type=PLACE,
    help="Where segments are kept, of all shards; not where a proxy records. [default: shadow-data]",
)
@click.option("--sample", metavar="F", help="Share of lines to replay, 0 to 1.")
@_variable(
    "against-log", is_flag=True, help="Compare with status, size and time in the log, not with legacy."
)
@_variable(
    "format",
    metavar="NAME|STRING",
    default="auto",
    show_default=True,
    help="A format's name, see --formats, or the string of log_format or LogFormat.",
)
@click.option(
    "--formats",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_formats,
    help="List the names of formats, and leave.",
)
@_variable(
    "field",
    "fields",
    metavar="ROLE=LABEL",
    multiple=True,
    help="LTSV and JSON: where a field is, e.g. target=path or seconds=apptime/us.",
)
@_variable(
    "captures", metavar="NAMES", help="Headers that HAProxy's log captures, in order: host,user-agent."
)
@_variable("zone", metavar="ZONE", help="Of times that a log writes without one, as HAProxy: +0900.")
@_variable("speed", metavar="N|max", help="1 keeps the recorded gaps, 10 is ten times as fast. [default: 1]")
@_variable("rate", metavar="N[/s|/m|/h]", help="So many requests instead, all shards together; 5 is 5/s.")
@_variable(
    "amplify",
    metavar="N",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Ask the target so many times, and judge one answer.",
)
@_variable("follow", is_flag=True, help="Go on with what is appended, across rotation, until Ctrl-C.")
@_variable("resume", is_flag=True, help="Go on where an earlier run of the same command ended or died.")
@_variable("shard", metavar="I/N", help="Replay the I-th of N parts, from 0. In an Indexed Job: by itself.")
@_variable("host", metavar="GLOB", multiple=True, help="Only lines of such a host.")
@_variable("path", metavar="GLOB", multiple=True, help="Only such paths, e.g. '/items/*'.")
@_variable("method", metavar="METHOD", multiple=True, help="Only GET, or only HEAD.")
@_variable("status", metavar="STATUS", multiple=True, help="Only lines with 200, 2xx or 200-304.")
@_variable("since", metavar="TIME", help="Only from 2026-11-22T10:00:00+09:00 on; UTC without a zone.")
@_variable("until", metavar="TIME", help="Only before that time.")
@_variable("header", metavar="'NAME: VALUE'", multiple=True, help="Send it with every request; Host too.")
@_variable("cookie", metavar="NAME=VALUE", multiple=True, help="Send it instead of logged cookies.")
@_fail_on("Exit 10 when regressed; with not-enough-data also 11.")
@log_options
def replay(logs: tuple[str, ...], fail_on: str, **flags: Any) -> None:
    """Send what access logs tell to legacy and to the target, and judge the answers.

    LOG is a file, a glob, what begins so in a bucket (s3://bucket/logs/2026-11-22), or - for standard input;
    plain, gzip, bzip2, xz or zstd. Several are merged by time. What syslog, Docker or containerd wrote around
    a line is taken off.

    \b
    shadow replay access.log --legacy http://old --target http://new
    shadow replay 'logs/*.gz' --legacy http://old --target http://new --speed max
    shadow replay access.log --legacy http://old --target http://new --follow
    shadow replay access.log --target http://new --against-log

    Only GET and HEAD are sent, and only to these two. Requests of one session (cookie, user, or client
    address and agent) keep their order: each waits until legacy has answered the one before. Lines that are
    not replayed are counted by reason. Ctrl-C ends it with a report of what was done, --resume goes on. So
    does SIGTERM, with exit code 143 where lines are left. A flag that is no setting has a variable as well:
    SHADOW_REPLAY_SPEED is --speed.
    """
    from replay.command import plan
    from replay.run import CannotReplay
    from replay.run import replay as run
    from shadow.report import build, text
    from shadow.serve.logs import configure

    named = ("config", "legacy", "target", "record", "sample", "log_format", "log_level")
    settings = {name: flags.pop(name) for name in named}
    needed = ("target",) if flags["against_log"] else ("legacy", "target")
    loaded = load_settings(settings.pop("config"), settings, needed=needed)
    configure(loaded.config.log)
    try:
        wanted = plan(loaded, logs, flags, os.environ)
    except ValueError as error:
        refuse(str(error).splitlines())
    try:
        code = run(wanted)
        made = build.read(loaded.config.record.to)
    except CannotReplay as error:
        refuse(str(error).splitlines())
    except OSError as error:
        refuse([f"{error.filename}: {error.strerror}"])
    text.render(made, sys.stdout)
    sys.exit(code or _code(made.verdict, fail_on))


def _print_report_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from shadow.report.json import schema

        click.echo(schema(), nl=False)
        context.exit()


@main.command(short_help="Tell whether the target answers as legacy does.")
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
@_fail_on("Exit 10 when regressed; with not-enough-data also 11 when data are missing.")
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
    sys.exit(_code(made.verdict, fail_on))


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


def _code(verdict: str, fail_on: str) -> int:
    if fail_on != "never" and verdict == "regressed":
        return REGRESSED
    if fail_on == "not-enough-data" and verdict == "not enough data":
        return NOT_ENOUGH_DATA
    return 0


main.add_command(config)
main.add_command(demo)
main.add_command(forget)
main.add_command(manifests)
main.add_command(rejudge)
main.add_command(rules)
