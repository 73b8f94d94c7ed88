"""What the image is built of: listed with its licences, in step with the lock, and asked about."""

from __future__ import annotations

import json
import re
import runpy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.kubernetes import DEPLOY

PROJECT = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKED = {
    canonicalize_name(name): version
    for name, version in re.findall(
        r"^([\w.-]+)==(\S+) ", (DEPLOY / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE
    )
}
SBOM: dict[str, Any] = json.loads((DEPLOY / "sbom.cdx.json").read_text(encoding="utf-8"))
LICENCES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (DEPLOY / "licences.md").read_text(encoding="utf-8").splitlines()[2:]
]
PERMISSIVE = {
    "0BSD", "Apache Software License", "Apache-2.0", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "MIT",
    "MIT License", "PSF-2.0", "Python Software Foundation License",
}  # fmt: skip
"""Nothing has to be given to others under one of them, nor source be offered."""

judged: Callable[..., tuple[str, bool]] = runpy.run_path(str(DEPLOY.parent / ".ci" / "audit.py"))["judged"]


def test_licences_are_listed() -> None:
    """Of each package of the lock, in its version; `make sbom` renews them."""
    assert {canonicalize_name(name): version for name, version, _ in LICENCES} == LOCKED


@pytest.mark.parametrize(("name", "licence"), [(name, licence) for name, _, licence in LICENCES])
def test_every_licence_is_permissive(name: str, licence: str) -> None:
    """No copyleft comes in unseen: another licence needs somebody's yes here."""
    assert set(re.split(r"; | AND | OR ", licence)) <= PERMISSIVE


def test_the_sbom_lists_the_lock() -> None:
    """Each package in its version, and ours with what it asks for itself."""
    listed = {canonicalize_name(one["name"]): one["version"] for one in SBOM["components"]}
    assert listed == LOCKED
    assert SBOM["metadata"]["component"]["name"] == PROJECT["name"]
    (root,) = [one for one in SBOM["dependencies"] if one["ref"] == "root-component"]
    asked = {canonicalize_name(Requirement(one).name) for one in PROJECT["dependencies"]}
    assert {canonicalize_name(ref.partition("==")[0]) for ref in root["dependsOn"]} == asked


def test_the_sbom_names_no_place() -> None:
    """It is the same wherever it is made."""
    assert "file:" not in json.dumps(SBOM)
    assert "timestamp" not in SBOM["metadata"]


CLEAN = {"name": "a", "version": "1", "vulns": []}
KNOWN = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "line", "well"),
    [
        ([CLEAN, CLEAN], "audited: no vulnerability is known in 2 packages", True),
        ([CLEAN, KNOWN, UNKNOWN], "known vulnerabilities: b 2: PYSEC-1, b 2: PYSEC-2", False),
        ([CLEAN, UNKNOWN], "not audited, no advisories can be had here: of 1 of 2 packages", True),
    ],
)
def test_an_audit(packages: list[dict[str, Any]], line: str, well: bool) -> None:
    """Fails for what is known, and calls nothing clean that nobody could be asked about."""
    assert judged(json.dumps({"dependencies": packages})) == (line, well)


def test_an_audit_that_cannot_be() -> None:
    """Says why, in one line."""
    line, well = judged("", "Traceback:\n  ...\nConnectionError: no route\n")

    assert (line, well) == ("not audited, no advisories can be had here: ConnectionError: no route", True)
