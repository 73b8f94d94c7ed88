"""The settings of this process: flag over environment over file over default; nothing else reads them.

Every setting has its place in the file (`mirror.sample`) and its variable (`SHADOW_MIRROR_SAMPLE`;
`SHADOW_MIRROR_SAMPLE_FILE` names a file that holds the value); those of `FLAGS` have a flag. A new
setting needs no line here. All that is wrong is told at once, in `ConfigError`.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml
from msgspec import Struct
from msgspec import inspect as mi

from shadow.config import checks, file, values
from shadow.config.file import CONFIG, SETTINGS, WRONG, Given, Place, Problem, Reader, ReadError
from shadow.settings import Config, Margin, Seconds, Size

FLAGS = {
    "legacy": "legacy",
    "target": "target",
    "listen": "listen",
    "admin": "admin",
    "tap": "tap",
    "workers": "workers.live",
    "sample": "mirror.sample",
    "record": "record.to",
    "log-format": "log.format",
    "log-level": "log.level",
}
"""Flag, without its dashes → the setting that it sets."""

VARIABLES = {f"SHADOW_{path.upper().replace('.', '_')}": path for path in SETTINGS}
"""Environment variable → the setting that it sets."""

SECRETS = {
    path
    for path, field in SETTINGS.items()
    if isinstance(field.type, mi.Metadata) and (field.type.extra or {}).get("secret")
}
"""Settings that are never shown."""

LARGEST_SECRET = 64 * 1024  # bytes of the file that a `…_FILE` names


class ConfigError(Exception):
    """The configuration cannot be used. `problems` has one line for each reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class Loaded(NamedTuple):
    """The configuration, and where each setting came from: `default`, `FILE:LINE`, `environment NAME`
    or `flag --NAME`, by the setting's path (`mirror.sample`, `endpoints[2].match`)."""

    config: Config
    origin: dict[str, str]


def load(
    path: str | None,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    *,
    needed: Iterable[str] = (),
    here: bool = True,
) -> Loaded:
    """Reads all sources. `flags` has the names of `FLAGS`, None for one not given; `needed` are paths
    of settings that must be given; `here` is whether it shall run on this machine, which then must have the
    files that it names. Raises ConfigError, and nothing else."""
    problems: list[Problem] = []
    given, places = _from_file(path, problems)
    for source in (_from_environment(environ, problems), _from_flags(flags, problems)):
        for setting in source:  # a list given anew hides the lines of the old one
            places = {inner: place for inner, place in places.items() if not inner.startswith(f"{setting}[")}
        given.update(source)
    if not any(problem.is_of_whole(path) for problem in problems):
        missing = [setting for setting in needed if setting not in given or given[setting].value == ""]
        problems += [
            Problem(Place(path or "settings"), setting, _how_to_give(setting)) for setting in missing
        ]
    config = _build(given)
    places |= {setting: one.place for setting, one in given.items()}
    problems += checks.check(config, places, here=here)
    if problems:
        raise ConfigError(dict.fromkeys(str(problem) for problem in sorted(problems, key=lambda p: p.order)))
    origin = dict.fromkeys(SETTINGS, "default") | {setting: str(place) for setting, place in places.items()}
    return Loaded(config, origin)


def sources(path: str | None, environ: Mapping[str, str]) -> list[Path]:
    """The files that settings are read from: the one of them all, and what each `…_FILE` names."""
    named = [text for name, text in environ.items() if name.endswith("_FILE") and name[:-5] in VARIABLES]
    return [Path(name) for name in (path, *named) if name]


def _build(given: Mapping[str, Given]) -> Config:
    tree: dict[str, Any] = {}
    for setting, (value, _) in given.items():
        *sections, name = setting.split(".")
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
        if value is not WRONG:  # the default stands in, so that the other checks can go on
            node[name] = value
    return msgspec.convert(tree, Config, dec_hook=lambda _, value: value)


def _how_to_give(setting: str) -> str:
    variable = next(name for name, path in VARIABLES.items() if path == setting)
    flags = [f"--{flag}" for flag, path in FLAGS.items() if path == setting]
    return f"not given; give {', '.join([*flags, variable])} or {setting} in the file"


# ---- sources ---------------------------------------------------------------------------------


def _from_file(path: str | None, problems: list[Problem]) -> tuple[dict[str, Given], dict[str, Place]]:
    given: dict[str, Given] = {}
    if path is None:
        return given, {}
    reader = Reader(path, problems)
    try:
        root = file.compose(file.read_text(path), path)
        if root is not None:
            reader.section(root, CONFIG, "", given)
    except ReadError as error:
        problems.append(error.problem)
    return given, reader.places


def _from_environment(environ: Mapping[str, str], problems: list[Problem]) -> dict[str, Given]:
    """An empty variable is one not given: that is what templates leave where they have no value."""
    given = {}
    for name, text in sorted(environ.items()):
        setting = VARIABLES.get(name.removesuffix("_FILE"))
        place = Place(f"environment {name}")
        if setting is None:
            if wrong := _misspelt(name):
                problems.append(Problem(place, "", wrong))
        elif not text:
            continue
        elif not name.endswith("_FILE"):
            given[setting] = _from_text(text, setting, place, problems)
        elif environ.get(name.removesuffix("_FILE")):
            problems.append(Problem(place, setting, f"given by {name.removesuffix('_FILE')} too; remove one"))
        else:
            try:
                value = file.read_text(text, LARGEST_SECRET).rstrip("\r\n")
                if not value:
                    raise ReadError(Problem(Place(text), "", "is empty; write the value into it"))
                given[setting] = _from_text(value, setting, place, problems)
            except ReadError as error:
                problems.append(Problem(place, setting, str(error.problem)))
    return given


# Kubernetes gives every pod variables that tell where each service is, also one named shadow-….
_OF_A_SERVICE = re.compile(r".*_(SERVICE_(HOST|PORT\w*)|PORT(_\d+_\w+)?)")


def _misspelt(name: str) -> str | None:
    if not name.startswith("SHADOW_") or _OF_A_SERVICE.fullmatch(name):
        return None
    close = get_close_matches(name.removesuffix("_FILE"), VARIABLES, n=1, cutoff=0.9)
    return f"unknown variable; did you mean {close[0]}?" if close else None


def _from_flags(flags: Mapping[str, object], problems: list[Problem]) -> dict[str, Given]:
    return {
        FLAGS[flag]: _from_text(str(value), FLAGS[flag], Place(f"flag --{flag}"), problems)
        for flag, value in flags.items()
        if value is not None
    }


def _from_text(text: str, setting: str, place: Place, problems: list[Problem]) -> Given:
    """A list is `A, B` or, like all that has parts, YAML: `[A, B]`, `{NAME: VALUE}`."""
    kind = SETTINGS[setting].type
    node: yaml.Node | None = yaml.ScalarNode("tag:yaml.org,2002:str", text)
    try:
        if isinstance(kind, mi.VarTupleType) and not text.lstrip().startswith("["):
            items = [yaml.ScalarNode("tag:yaml.org,2002:str", item.strip()) for item in text.split(",")]
            node = yaml.SequenceNode("tag:yaml.org,2002:seq", items)
        elif isinstance(kind, mi.VarTupleType | mi.DictType):
            node = file.compose(text, place.source)
        if node is None:
            return Given(WRONG, place)
        return Given(Reader(place.source, problems, lines=False).value(node, kind, setting), place)
    except ReadError as error:
        problems.append(Problem(place, setting, error.problem.what))
        return Given(WRONG, place)


# ---- showing ---------------------------------------------------------------------------------


def show(loaded: Loaded, *, origin: bool = False) -> str:
    """The effective settings as a file that loads again, secrets masked; with `origin`, where each
    came from as comments."""
    return "".join(_lines(loaded.config, CONFIG, "", "", loaded.origin if origin else {}))


def _lines(
    section: Struct, kind: mi.StructType, path: str, indent: str, origin: Mapping[str, str]
) -> Iterator[str]:
    for field in kind.fields:
        setting, value = f"{path}{field.name}", getattr(section, field.name)
        if "[" in path and value == values.default_of(field):
            continue  # an endpoint says only what is its own
        if isinstance(field.type, mi.StructType):
            yield f"{indent}{field.name}:\n"
            yield from _lines(value, field.type, f"{setting}.", f"{indent}  ", origin)
        elif (
            value
            and isinstance(field.type, mi.VarTupleType)
            and isinstance(field.type.item_type, mi.StructType)
        ):
            yield f"{indent}{field.name}:\n"
            for i, one in enumerate(value):
                inner = "".join(
                    _lines(one, field.type.item_type, f"{setting}[{i}].", f"{indent}    ", origin)
                )
                yield f"{indent}  - {inner.lstrip()}"
        else:
            secret = setting in SECRETS
            line = f"{indent}{field.name}: {_one_line(MASKED if secret and value else value)}"
            yield f"{line:<40} # {origin[setting]}\n" if setting in origin else f"{line}\n"


MASKED = "********"


def _one_line(value: object) -> str:
    plain = values.written(value)
    text = yaml.safe_dump(plain, default_flow_style=True, width=sys.maxsize, allow_unicode=True)
    return values.without_password(text.removesuffix("\n").removesuffix("\n..."))


def config_hash(config: Config) -> str:
    """Twelve hexadecimal digits, equal for equal settings however they were written."""
    canonical = msgspec.json.encode(config, enc_hook=_plain, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:12]


def _plain(value: object) -> float | int | str:
    if isinstance(value, Seconds):
        return float(value)
    if isinstance(value, Size):
        return int(value)
    if isinstance(value, Margin):
        return str(value)
    raise TypeError(f"no way to write {type(value)}")


def schema() -> dict[str, Any]:
    """The file's JSON schema, for editors."""
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Shadow"}
    return draft | values.schema(CONFIG)
