"""The image: linted, built of locked packages only, and not told where they were fetched."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.kubernetes import DEPLOY, objects, run

DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = {
    "requirements.lock": PROJECT["project"]["dependencies"],
    "build.lock": PROJECT["build-system"]["requires"],
}
_LOCKED = re.compile(
    r"^([A-Za-z0-9._-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def test_hadolint_finds_nothing() -> None:
    """Without an exception."""
    assert run("hadolint", DEPLOY / "Dockerfile") == ""


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_fits_what_the_project_asks_for(lock: str) -> None:
    """Each package in its range, each with hashes; `make lock` renews it."""
    text = (DEPLOY / lock).read_text(encoding="utf-8")
    locked = {canonicalize_name(name): version for name, version, _ in _LOCKED.findall(text)}
    assert len(locked) == text.count("==")
    for asked in map(Requirement, LOCKS[lock]):
        assert locked[canonicalize_name(asked.name)] in asked.specifier, asked


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_place(lock: str) -> None:
    """Neither a registry nor a folder: pip finds packages where it is set up to."""
    text = (DEPLOY / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"(^|\s)/\w|--(extra-)?index-url|--find-links", text)


def test_it_leaves_as_kubernetes_asks() -> None:
    """The signal reaches the proxy itself: no shell stands between."""
    assert "STOPSIGNAL SIGTERM" in DOCKERFILE
    assert 'ENTRYPOINT ["shadow"]' in DOCKERFILE


def test_its_user_is_the_pods() -> None:
    """Not root, and the same number."""
    (deployment,) = objects(DEPLOY / "base" / "deployment.yaml")
    context = deployment["spec"]["template"]["spec"]["securityContext"]
    assert f"USER {context['runAsUser']}:{context['runAsGroup']}" in DOCKERFILE


def test_only_what_is_needed_goes_into_the_build() -> None:
    """All is left out, and what the build copies or installs is let in again."""
    lines = (DEPLOY.parent / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    wanted = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert {"pyproject.toml", "shadow", "replay", "deploy/*.lock", "deploy/base"} <= wanted
    assert all(list(Path(DEPLOY.parent).glob(each)) for each in wanted)
