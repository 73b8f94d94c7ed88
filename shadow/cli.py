"""The program. Each command has its file in `commands`; what it does stands elsewhere, and is imported when
it is called for, so that `--help` answers at once."""

from __future__ import annotations

import click

from shadow import __version__
from shadow.commands.common import Commands
from shadow.commands.config import config
from shadow.commands.demo import demo
from shadow.commands.forget import forget
from shadow.commands.kept import rejudge, rules
from shadow.commands.manifests import manifests
from shadow.commands.proxy import proxy
from shadow.commands.replay import replay
from shadow.commands.report import report
from shadow.descriptors import hold_standard_streams

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


for command in (config, demo, forget, manifests, proxy, rejudge, replay, report, rules):
    main.add_command(command)
