"""The command that writes what Kubernetes needs."""

from __future__ import annotations

from pathlib import Path

import click

from shadow.commands.common import PLACE, refuse


@click.command()
@click.argument("file", metavar="FILE", type=PLACE)
@click.option(
    "--output",
    "-o",
    metavar="FOLDER",
    type=PLACE,
    default="manifests",
    show_default=True,
    help="Where to write it.",
)
def manifests(file: str, output: str) -> None:
    """Write a kustomization of a proxy on Kubernetes.

    FILE is the proxy's configuration. Its section `kubernetes` says which image, how many pods, and the rate
    of requests from which their size follows.

    \b
    shadow manifests shadow.yaml && kubectl apply --kustomize manifests
    """
    from shadow.config.load import ConfigError, load
    from shadow.manifests.write import write
    from shadow.record.folder import unusable

    try:
        # The file alone: what this shell has for variables, and this machine for certificates, no pod has.
        loaded = load(file, {}, {}, needed=("legacy", "target"), here=False)
        if not Path(file).is_file():
            refuse([f"{file}: is read twice, so it cannot be a pipe; name a file"])
        for path in write(loaded, Path(file).read_text(encoding="utf-8-sig"), Path(output)):
            click.echo(path)
    except ConfigError as error:
        refuse(error.problems)
    except OSError as error:
        refuse([unusable(error.filename, error)])
