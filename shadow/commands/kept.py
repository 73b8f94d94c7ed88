"""The commands that work on what was kept: `shadow rejudge` and `shadow rules suggest`."""

from __future__ import annotations

import click

from shadow.commands.common import load_settings, refuse, writing


@click.command()
@click.argument("folder", metavar="FROM")
@click.option("--config", "-c", metavar="FILE", required=True, help="YAML with the rules to be tried.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--output", "-o", metavar="FILE", help="Write here instead of standard output.")
def rejudge(folder: str, config: str, form: str, output: str | None) -> None:
    """Judge the kept comparisons again under other rules, without traffic, and show what changes.

    FROM is the folder or object store that `shadow proxy` records to.
    """
    import msgspec

    from shadow.again import pairs, text
    from shadow.again.rejudge import rejudge as run

    rules = pairs.EndpointRules(load_settings(config, {}).config)
    try:
        result = run(pairs.told(pairs.read(folder), "judging again"), rules)
    except OSError as error:
        refuse([f"{error.filename}: {error.strerror}; give what was named by --record"])
    if not result.kept:
        refuse([f"{folder}: holds no comparisons; give what was named by --record"])
    with writing(output) as stream:
        if form == "json":
            stream.write(msgspec.json.format(msgspec.json.encode(result)).decode() + "\n")
        else:
            text.render(result, stream)


@click.group()
def rules() -> None:
    """Find rules of comparing."""


@rules.command("suggest")
@click.argument("folder", metavar="FROM")
@click.option("--config", "-c", metavar="FILE", help="Rules in force: what they silence needs no others.")
@click.option("--output", "-o", metavar="FILE", help="Write here instead of standard output.")
def suggest_rules(folder: str, config: str | None, output: str | None) -> None:
    """Print rules ready to paste that would silence what differed, most silence first.

    FROM is the folder or object store that `shadow proxy` records to. Each line says what it would hide, and
    was tried on the comparisons that are kept.
    """
    from shadow.again import pairs, paste
    from shadow.again.suggest import suggest

    loaded = load_settings(config, {}).config
    try:
        found = suggest(pairs.told(pairs.read(folder), "looking for rules"), loaded)
    except OSError as error:
        refuse([f"{error.filename}: {error.strerror}; give what was named by --record"])
    if not found.kept:
        refuse([f"{folder}: holds no comparisons; give what was named by --record"])
    with writing(output) as stream:
        stream.write(paste.written(found))
