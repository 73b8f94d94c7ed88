"""What the documents show holds: configuration loads, commands and flags exist, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import click
import pytest
import yaml

from shadow.cli import main
from shadow.config.load import load
from shadow.settings import Config

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
_END = {"|", "||", "&&", ";", "&", ">", ">>"}


class Block(NamedTuple):
    """A fenced block, and where it stands."""

    place: str
    kind: str
    text: str


def _blocks() -> Iterator[Block]:
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for found in _BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield Block(f"{path.relative_to(ROOT)}:{line}", found[1], found[2])


BLOCKS = list(_blocks())


def _settings() -> list[Block]:
    """Blocks of YAML that are ours, and not a Kubernetes object or another program's."""
    return [
        block
        for block in BLOCKS
        if block.kind == "yaml" and set(yaml.safe_load(block.text)) <= set(Config.__struct_fields__)
    ]


def _commands(program: str) -> list[tuple[str, list[str]]]:
    """The words behind each `$ program`, up to a pipe or the next command."""
    found = []
    for block in BLOCKS:
        if block.kind != "console":
            continue
        lines = block.text.replace("\\\n", " ").splitlines()
        for line in (each[2:] for each in lines if each.startswith("$ ")):
            words: list[str] = []
            for word in [*shlex.split(line.replace("…", "URL"), comments=True), ";"]:
                if word not in _END:
                    words.append(word)
                    continue
                if words and words[0] == program:
                    found.append((block.place, words[1:]))
                words = []
    return found


SETTINGS, COMMANDS, TARGETS = _settings(), _commands("shadow"), _commands("make")


def test_there_is_something_to_hold() -> None:
    """No later test passes because nothing was found."""
    assert min(len(SETTINGS), len(COMMANDS), len(TARGETS)) >= 3


@pytest.mark.parametrize("block", SETTINGS, ids=lambda block: block.place)
def test_a_configuration_loads(block: Block, tmp_path: Path) -> None:
    """As it stands there, without an error."""
    path = tmp_path / "shadow.yaml"
    path.write_text(block.text, encoding="utf-8")
    load(str(path), {}, {})


def test_other_yaml_is_of_kubernetes() -> None:
    """What is no configuration of ours is an object or a kustomization, not a setting that is misspelt."""
    for block in BLOCKS:
        if block.kind == "yaml" and block not in SETTINGS:
            assert {"apiVersion", "resources", "patches", "labels"} & set(yaml.safe_load(block.text)), (
                block.place
            )


@pytest.mark.parametrize(("place", "words"), COMMANDS)
def test_a_command_exists(place: str, words: list[str]) -> None:
    """With these flags and these values of them."""
    command: click.Command = main
    words = list(words)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        assert name in command.commands, f"{place}: {name}"
        command = command.commands[name]
    with suppress(click.exceptions.Exit):  # --help has been answered
        command.make_context("shadow", words)


@pytest.mark.parametrize(("place", "words"), TARGETS)
def test_a_target_of_make_exists(place: str, words: list[str]) -> None:
    """It is one of the Makefile's."""
    made = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {word for word in words if "=" not in word} <= set(made), place


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(path: Path) -> None:
    """Relative ones; the web is not asked."""
    for link in _LINK.findall(path.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (path.parent / link).exists(), link
