"""What the programs of Kubernetes make of `deploy`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml
from support.programs import program

DEPLOY = Path(__file__).parents[2] / "deploy"
OLDEST, NEWEST = "1.30.0", "1.37.0"
"""Versions of Kubernetes that the manifests are for."""

KUSTOMIZATIONS = ["base", *sorted(f"overlays/{each.name}" for each in (DEPLOY / "overlays").iterdir())]

Object = dict[str, Any]


def run(name: str, *arguments: str | Path, text: str | None = None) -> str:
    """Run a program that must succeed; its output."""
    done = subprocess.run(
        [program(name), *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def build(kustomization: Path, beside: Path, namespace: str = "shop") -> Path:
    """What `kubectl kustomize` makes of it in a namespace, as whoever uses it must name one; in a new file in
    the folder `beside`."""
    name = kustomization.name
    overlay = beside / f"in-namespace-{name}"
    overlay.mkdir()
    resource = os.path.relpath(kustomization, overlay)
    text = yaml.safe_dump({"namespace": namespace, "resources": [resource]})
    (overlay / "kustomization.yaml").write_text(text, encoding="utf-8")
    built = beside / f"{name}.yaml"
    built.write_text(run("kubectl", "kustomize", overlay), encoding="utf-8")
    return built


def objects(built: Path) -> list[Object]:
    """The objects of a file."""
    return list(yaml.safe_load_all(built.read_text(encoding="utf-8")))


def the(built: Path, kind: str) -> Object:
    """The only object of a kind."""
    (found,) = [each for each in objects(built) if each["kind"] == kind]
    return found


def pods(built: Path) -> list[Object]:
    """The pod specs of what runs."""
    return [each["spec"]["template"]["spec"] for each in objects(built) if "template" in each.get("spec", {})]


def assert_valid(*built: Path) -> None:
    """By the types of the oldest and the newest Kubernetes, nothing misspelt."""
    versions = ("-k", OLDEST, "-k", NEWEST)  # at once: the program starts longer than it looks
    run("kubernetes-validate", "--strict", "--quiet", "--no-warn", *versions, *built)


def assert_safe(*built: Path) -> None:
    """By checkov, which passes what stands in `skip` annotations with a reason."""
    files = [argument for file in built for argument in ("--file", file)]
    told = run("checkov", *files, "--framework", "kubernetes", "--compact", "--quiet", "--skip-download")
    assert "Failed checks: 0" in told
