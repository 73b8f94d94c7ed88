"""The manifest of a replay on several machines."""

from __future__ import annotations

from pathlib import Path

import yaml

from replay.shard import COUNT_VARIABLE
from shadow.commands.common import BAD_INPUT
from shadow.commands.replay import replay
from shadow.commands.verdict import NOT_ENOUGH_DATA, REGRESSED

JOB = yaml.safe_load(
    (Path(__file__).parents[2] / "deploy" / "overlays" / "replay" / "job.yaml").read_text(encoding="utf-8")
)["spec"]
POD = JOB["template"]["spec"]


def test_there_are_as_many_shards_as_pods() -> None:
    """Or lines would be left out, or pods would fail."""
    assert JOB["completionMode"] == "Indexed"
    environment = {each["name"]: each["value"] for each in POD["containers"][0]["env"]}
    assert environment == {COUNT_VARIABLE: str(JOB["completions"])}


def test_its_flags_exist() -> None:
    """Each argument is one that the command has; what is interrupted goes on."""
    known = {name for option in replay.params for name in option.opts}
    flags = [each.partition("=")[0] for each in POD["containers"][0]["args"] if each.startswith("--")]
    assert set(flags) <= known
    assert "--resume" in flags


def test_it_fails_at_once_where_trying_again_is_no_use() -> None:
    """The exit codes that the policy reads are those of the command."""
    codes = [
        rule["onExitCodes"]["values"] for rule in JOB["podFailurePolicy"]["rules"] if "onExitCodes" in rule
    ]
    assert codes == [[2, BAD_INPUT, REGRESSED, NOT_ENOUGH_DATA]]


def test_every_container_has_its_bounds() -> None:
    """Requests and limits of processor, memory and disk."""
    for container in POD["containers"]:
        for bounds in ("requests", "limits"):
            assert container["resources"][bounds].keys() == {"cpu", "memory", "ephemeral-storage"}
