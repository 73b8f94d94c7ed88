"""The command that checks and shows settings: `shadow config`."""

from __future__ import annotations

import click

from shadow.commands.common import load_settings, settings_options


@click.group()
def config() -> None:
    """Check and show settings."""


@config.command(short_help="Tell every error of the settings, and exit 3.")
@settings_options
def validate(config: str | None, **flags: str | None) -> None:
    """Exit 0 if the settings can be used, 3 with every error otherwise."""
    load_settings(config, flags, needed=("legacy", "target"))
    click.echo("the settings are good")


@config.command("show")
@settings_options
@click.option("--origin", is_flag=True, help="Say beside each value where it comes from.")
def show_settings(config: str | None, origin: bool, **flags: str | None) -> None:
    """Print the settings in force, secrets masked."""
    from shadow.config.load import show

    click.echo(show(load_settings(config, flags), origin=origin), nl=False)


@config.command("schema")
def print_schema() -> None:
    """Print the JSON schema of the configuration file, for editors."""
    import json

    from shadow.config.load import schema

    click.echo(json.dumps(schema(), indent=2))
