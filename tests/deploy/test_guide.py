"""docs/kubernetes.md: what it tells to type works, and the numbers that it tells are those of the code."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.kubernetes import DEPLOY, NEWEST, OLDEST, assert_valid, build, objects, pods
from support.proxy import NOBODY, Proxy

from shadow.cli import main
from shadow.manifests.sizing import LOAD, PER_REQUEST
from shadow.serve.cpus import MOST
from shadow.settings import Timeouts

GUIDE = (DEPLOY.parent / "docs" / "kubernetes.md").read_text(encoding="utf-8")

SNIPPETS = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


def test_its_short_file_becomes_manifests(tmp_path: Path) -> None:
    """As it stands there."""
    short, _ = SNIPPETS
    file = tmp_path / "shadow.yaml"
    file.write_text(short, encoding="utf-8")
    for command in (["config", "validate", "--config"], ["manifests", "--output", str(tmp_path / "made")]):
        done = CliRunner().invoke(main, [*command, str(file)])
        assert done.exit_code == 0, done.output
    built = build(tmp_path / "made", tmp_path)
    assert_valid(built)
    assert pods(built)[0]["containers"][0]["image"] == "registry.example/shadow:0.1.0"


@pytest.mark.parametrize("name", ["", "  name: eu\n"])
def test_an_overlay_fits_what_was_made(name: str, tmp_path: Path) -> None:
    """By its patches, copied beside a kustomization as it stands there."""
    short, over = SNIPPETS
    (tmp_path / "shadow.yaml").write_text(short + name, encoding="utf-8")
    command = ["manifests", str(tmp_path / "shadow.yaml"), "--output", str(tmp_path / "manifests")]
    assert CliRunner().invoke(main, command).exit_code == 0
    overlay = tmp_path / "nlb"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(over, encoding="utf-8")
    for patch in re.findall(r"path: ([a-z.]+)", over):
        (overlay / patch).write_bytes((DEPLOY / "overlays/aws" / patch).read_bytes())
    built = build(overlay, tmp_path)
    assert_valid(built)
    assert pods(built)[0]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] == 40
    assert "LoadBalancer" in {
        each["spec"].get("type") for each in objects(built) if each["kind"] == "Service"
    }


async def test_its_switch_turns_the_mirror_off(tmp_path: Path) -> None:
    """The line that is run in each pod."""
    (line,) = re.findall(r"python -c '(.*)'", GUIDE)
    running = Proxy(tmp_path, {"legacy": NOBODY, "target": "http://127.0.0.1:2"})
    await running.start()
    try:
        assert (await running.get("/mirror"))[1] == "on\n"
        switch = await asyncio.create_subprocess_exec(
            sys.executable, "-c", line.replace("127.0.0.1:9900", running.admin)
        )
        assert await switch.wait() == 0
        assert (await running.get("/mirror"))[1] == "off\n"
    finally:
        await running.abandon()


@pytest.mark.parametrize(
    "said",
    [
        f"Kubernetes {OLDEST.removesuffix('.0')} to {NEWEST.removesuffix('.0')}",
        f"(replicas - 1) × {PER_REQUEST * 1e6:.0f} µs / {LOAD}",
        f"rounded up, {MOST} at most",
        f"`timeouts.lameduck` ({Timeouts().lameduck:.0f} s)",
        f"(`timeouts.drain`, {Timeouts().drain:.0f} s)",
        "the AWS overlay waits {} s".format(
            *re.findall(r"seconds: (\d+)", (DEPLOY / "overlays/aws/deployment.yaml").read_text("utf-8"))
        ),
    ],
)
def test_its_numbers_are_those_of_the_code(said: str) -> None:
    """Each is said in these words."""
    assert said in GUIDE


def test_what_it_points_to_is_there() -> None:
    """Files, and alerts and metrics by name."""
    for link in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (DEPLOY.parent / "docs" / link).exists(), link
    told = "".join(
        (DEPLOY.parent / each).read_text(encoding="utf-8")
        for each in ("shadow/serve/metrics.py", "deploy/components/observability/alerts.yaml")
    )
    for name in re.findall(r"`?\b(Shadow[A-Z]\w+|shadow_\w+)", GUIDE):
        assert name.removesuffix("_total") in told, name
