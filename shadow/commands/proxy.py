"""The command that stands in front: `shadow proxy`."""

from __future__ import annotations

import os
import sys

import click

from shadow.commands.common import config_file, load_settings, named_flags, refuse, settings_options


@click.command(short_help="Stand in front: serve from legacy, mirror to the target.")
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
