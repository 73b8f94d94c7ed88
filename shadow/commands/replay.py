"""The command that sends what access logs tell: `shadow replay`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import click

from shadow.commands.common import PLACE, config_option, load_settings, log_options, refuse, target_option
from shadow.commands.verdict import exit_code, fail_on_option


def _variable(name: str, *declarations: str, **attributes: Any) -> Callable[..., Any]:
    """A flag of `replay`, with its environment variable."""
    variable = f"SHADOW_REPLAY_{name.upper().replace('-', '_')}"
    return click.option(f"--{name}", *declarations, envvar=variable, **attributes)


def _print_formats(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from replay.formats.registry import descriptions

        click.echo("\n".join(f"{name:22}{said}" for name, said in descriptions().items()))
        context.exit()


@click.command(short_help="Send what access logs tell to both, and judge the answers.")
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
@fail_on_option("Exit 10 when regressed; with not-enough-data also 11.")
@log_options
def replay(logs: tuple[str, ...], fail_on: str, **flags: Any) -> None:
    """Send what access logs tell to legacy and to the target, and judge the answers.

    LOG is a file, a glob ('logs/**/*.gz' with the folders below), what begins so in a bucket
    (s3://bucket/logs/2026-11-22), or - for standard input; plain, gzip, bzip2, xz or zstd. Several are merged
    by time. What syslog, Docker or containerd wrote around a line is taken off.

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
    sys.exit(code or exit_code(made.verdict, fail_on))
