"""The configuration file as settings: YAML, read safely, bounded, every value with its line.

YAML is only composed into nodes, never constructed into objects: `values` reads each text by
the declared type. A hostile file costs bounded time: its size, its depth and the number of values
that aliases multiply are limited.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple, cast

import yaml
from msgspec import inspect as mi

from shadow.config import values
from shadow.settings import Config

LARGEST_FILE = 256 * 1024  # bytes; some seconds to parse, five thousand endpoints
DEEPEST = 32  # collections in collections; the settings need five
MOST_NODES = 100_000  # names and values, after aliases are followed
_PATIENCE = 30.0  # seconds; what writes into a pipe may ask for a passphrase first
MOST_PROBLEMS = 1000  # more are no help to anybody

CONFIG = cast(mi.StructType, mi.type_info(Config))


class Place(NamedTuple):
    """Where a value was given: a line of the file, a variable, a flag."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


class Problem(NamedTuple):
    """One error. As text it is one printable line, whatever the user wrote."""

    place: Place
    setting: str  # empty where it is about the whole file
    what: str

    def __str__(self) -> str:
        line = ": ".join(part for part in (str(self.place), self.setting, self.what) if part)
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)

    def is_of_whole(self, source: str | None) -> bool:
        """Whether it kept all of `source` from being read."""
        return self.place.source == source and not self.setting

    @property
    def order(self) -> float:
        """The file's lines first, then the rest."""
        return sys.maxsize if self.place.line is None else self.place.line


class ReadError(Exception):
    """A whole source that gives no value."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class Given(NamedTuple):
    """A setting's value, or `WRONG`, and where it was given."""

    value: Any
    place: Place


WRONG = object()
"""Stands for a value that could not be read; its problem has been noted."""


class Reader:
    """Reads the nodes of one source by the declared types, and notes every problem."""

    def __init__(self, source: str, problems: list[Problem], *, lines: bool = True) -> None:
        self.problems = problems
        self.places: dict[str, Place] = {}
        self._source = source
        self._lines = lines
        self._seen = 0

    def section(self, node: yaml.Node, kind: mi.StructType, path: str, given: dict[str, Given]) -> None:
        """Puts all settings under `node` into `given`, by their paths."""
        for field, key, below in self._members(node, kind, path):
            setting = _join(path, field.name)
            if isinstance(field.type, mi.StructType):
                self.section(below, field.type, setting, given)
            else:
                given[setting] = Given(self.value(below, field.type, setting), self._place(key))

    def value(self, node: yaml.Node, kind: mi.Type, path: str) -> Any:
        """The value of one node, or `WRONG`."""
        self._count(node)
        before = len(self.problems)
        match kind:
            case mi.StructType():
                value: Any = self._struct(node, kind, path)
            case mi.VarTupleType():
                items = self._items(node, path)
                value = tuple(
                    [self.value(one, kind.item_type, f"{path}[{i}]") for i, one in enumerate(items)]
                )
            case mi.DictType():
                value = self._dict(node, kind, path)
            case mi.UnionType():
                inner = next(one for one in kind.types if not isinstance(one, mi.NoneType))
                value = None if _is_null(node) else self.value(node, inner, path)
            case _:
                value = self._scalar(node, kind, path)
        return value if len(self.problems) == before else WRONG

    def _scalar(self, node: yaml.Node, kind: mi.Type, path: str) -> Any:
        expected = values.describe(kind)
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(node, path, f"expected {expected}, got {_noun(node)}")
        elif _is_null(node):
            self._wrong(node, path, f"expected {expected}, got nothing; write a value or remove the line")
        else:
            try:
                return values.read(node.value, kind)
            except ValueError as error:
                self._wrong(node, path, str(error))
        return WRONG

    def _struct(self, node: yaml.Node, kind: mi.StructType, path: str) -> Any:
        members = {}
        for field, key, below in self._members(node, kind, path):
            setting = _join(path, field.name)
            self.places[setting] = self._place(key)
            members[field.name] = self.value(below, field.type, setting)
        for field in kind.fields:
            if field.required and field.name not in members and (_is_null(node) or _is_mapping(node)):
                example = values.describe(field.type)
                self._wrong(node, _join(path, field.name), f"is missing; write {field.name}: {example}")
        return members

    def _dict(self, node: yaml.Node, kind: mi.DictType, path: str) -> dict[Any, Any]:
        return {
            self._scalar(key, kind.key_type, path): self.value(below, kind.value_type, f"{path}[{name}]")
            for name, key, below in self._pairs(node, path)
        }

    def _items(self, node: yaml.Node, path: str) -> list[yaml.Node]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        if not _is_null(node):
            self._wrong(
                node, path, f"expected a list, got {_noun(node)}; write [A, B], or lines beginning with -"
            )
        return []

    def _members(
        self, node: yaml.Node, kind: mi.StructType, path: str
    ) -> Iterator[tuple[mi.Field, yaml.Node, yaml.Node]]:
        fields = {field.name: field for field in kind.fields}
        for name, key, below in self._pairs(node, path):
            if name in fields:
                yield fields[name], key, below
            else:
                self._wrong(key, _join(path, name), f"unknown setting; {_suggestion(name, list(fields))}")

    def _pairs(self, node: yaml.Node, path: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Name, key and value of a mapping; nothing at all is an empty one."""
        if _is_null(node):
            return
        if not _is_mapping(node):
            self._wrong(node, path, f"expected settings written as NAME: VALUE, got {_noun(node)}")
            return
        first: dict[str, yaml.Node] = {}
        for key, below in node.value:
            self._count(key)
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, path, f"expected a name before the colon, got {_noun(key)}")
            elif key.value in first:
                line = first[key.value].start_mark.line + 1
                self._wrong(key, _join(path, key.value), f"given twice, first in line {line}; remove one")
            else:
                first[key.value] = key
                yield key.value, key, below

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._source, node.start_mark.line + 1 if self._lines else None)

    def _wrong(self, node: yaml.Node, path: str, what: str) -> None:
        self.problems.append(Problem(self._place(node), path, what))
        if len(self.problems) >= MOST_PROBLEMS:
            raise ReadError(
                Problem(self._place(node), "", f"{MOST_PROBLEMS} errors up to here; the rest is not read")
            )

    def _count(self, node: yaml.Node) -> None:
        self._seen += 1
        if self._seen > MOST_NODES:
            raise ReadError(
                Problem(self._place(node), "", f"more than {MOST_NODES} names and values; shorten it")
            )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _is_null(node: yaml.Node) -> bool:
    """Nothing after the colon, `~` or `null`; a quoted "" is a text."""
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _is_mapping(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode)


def _noun(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return "nothing" if _is_null(node) else values.shown(node.value)
    return "a list" if isinstance(node, yaml.SequenceNode) else "settings"


def _suggestion(name: str, here: list[str]) -> str:
    close = get_close_matches(name, here, n=1) or [
        path for path in SETTINGS if path.rpartition(".")[2] == name
    ]
    return f"did you mean {' or '.join(close)}?" if close else f"known here: {', '.join(here)}"


def leaves(kind: mi.Type, path: str = "") -> dict[str, mi.Field]:
    """Every setting that is not a section, by its path."""
    found = {}
    for field in kind.fields if isinstance(kind, mi.StructType) else ():
        setting = _join(path, field.name)
        below = leaves(field.type, setting)
        found.update(below or {setting: field})
    return found


SETTINGS = leaves(CONFIG)


# ---- YAML ------------------------------------------------------------------------------------


class _Composer(yaml.SafeLoader):
    """Bounded in depth, and without tags: no text may choose its own type."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
        if getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(
                problem=f"tags such as {event.tag} are not read", problem_mark=event.start_mark
            )
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def compose(text: str, source: str) -> yaml.Node | None:
    """The one YAML document in `text`, or None where it is empty; else ReadError."""
    try:
        return yaml.compose(text, Loader=_Composer)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else None
    except yaml.reader.ReaderError as error:
        what = f"the character {error.character!r} cannot stand in YAML"
        line = text.count("\n", 0, error.position) + 1
    hints = [hint for sign, hint in _HINTS.items() if sign in what]
    raise ReadError(Problem(Place(source, line), "", "; ".join([f"not YAML: {what}", *hints[:1]])))


_HINTS = {
    "alias": 'a text that begins with * or & needs quotes, such as match: "* /admin/**"',
    "'\\t'": "indent with spaces",
    "mapping values are not allowed": "a text with `: ` in it needs quotes; else look at the indentation",
    "cannot start any token": "a text that begins with such a character needs quotes",
    "expected <block end>": "look at the indentation of this line",
}
"""What most often is behind the parser's words."""


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # or a pipe that nobody writes to holds us up here


def _pieces(file: io.FileIO, limit: int) -> Iterator[bytes]:
    """What a file, a pipe or a terminal gives, up to a limit. Raises OSError where nothing comes."""
    while limit > 0:
        if not select.select([file], [], [], _PATIENCE)[0]:
            raise TimeoutError(errno.ETIMEDOUT, f"nothing was written into it for {_PATIENCE:.0f} s")
        piece = file.read(limit)
        if not piece:
            break
        limit -= len(piece)
        yield piece


def read_text(path: str, limit: int = LARGEST_FILE) -> str:
    """The file's text; else ReadError."""
    place = Place(path)
    try:
        with open(path, "rb", buffering=0, opener=_without_waiting) as file:
            data = b"".join(_pieces(file, limit + 1))
    except (OSError, ValueError) as error:  # ValueError: NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise ReadError(
            Problem(place, "", f"cannot be read: {reason}; name a file that this user may read")
        ) from None
    if len(data) > limit:
        raise ReadError(Problem(place, "", f"larger than {limit // 1024} KiB; shorten it"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ReadError(Problem(Place(path, line), "", "not UTF-8; save the file as UTF-8")) from None
