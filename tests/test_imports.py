"""Who may import whom: the layers, as a table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LAYERS = [
    {"shadow.model", "shadow.settings", "shadow.address", "shadow.grammar", "shadow.memo", "shadow.switch"},
    {"shadow.endpoint", "shadow.serving", "shadow.compare", "shadow.tls"},
    {"shadow.record"},
    {"shadow.verdict"},
    {"shadow.config", "shadow.frame"},
    {"shadow.wire", "shadow.worker", "shadow.descriptors", "shadow.container"},
    {"shadow.live", "shadow.mirror"},
    {"shadow.report"},
    {"shadow.again"},
    {"shadow.serve"},
    {"shadow.manifests"},
    {"shadow.demo"},
    {"replay"},
    {"shadow.commands"},
    {"shadow.cli"},
    {"shadow.__main__"},
]
"""A module imports what stands above it, never what stands below or beside it."""

SERVING = ("shadow.wire", "shadow.live")
"""The packages that serve clients."""

PURE = re.compile(r"\bPure\b(?!,? but)")
"""How a docstring says: no I/O, no clock, no chance."""

IMPURE = {
    "aiohttp", "asyncio", "logging", "os", "pathlib", "random", "secrets", "socket", "structlog",
    "time", "uvloop",
}  # fmt: skip


def part_of(module: str) -> str:
    """`shadow.wire.head` belongs to `shadow.wire`, and all of `replay` to itself."""
    parts = module.split(".")
    return "replay" if parts[0] == "replay" else ".".join(parts[:2])


def level(module: str) -> int:
    for number, layer in enumerate(LAYERS):
        if part_of(module) in layer:
            return number
    raise AssertionError(f"{module} stands in no layer")


def imports(path: Path) -> Iterator[str]:
    """Full names of what a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module
            if node.module == "shadow":
                yield from (f"shadow.{name.name}" for name in node.names if not name.name.startswith("_"))
            else:
                yield node.module


def calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def sources() -> list[Path]:
    return sorted(path for package in ("shadow", "replay") for path in (ROOT / package).rglob("*.py"))


def is_pure(path: Path) -> bool:
    """Does a module say so of itself, or its package of all that it holds?"""
    texts = (each.read_text(encoding="utf-8") for each in (path, path.with_name("__init__.py")))
    return any(PURE.search(ast.get_docstring(ast.parse(text)) or "") for text in texts)


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_imports_go_up_the_layers_only(path: Path) -> None:
    """A module imports only from layers before its own, and from its own package."""
    module = name_of(path)
    if module == "shadow":
        return
    for imported in imports(path):
        if imported.startswith(("shadow.", "replay")) and part_of(imported) != part_of(module):
            assert level(imported) < level(module), f"{module} imports {imported}"


@pytest.mark.parametrize(
    "path", [path for path in sources() if part_of(name_of(path)) in SERVING], ids=name_of
)
def test_who_serves_clients_calls_no_comparer(path: Path) -> None:
    """Though it stands below them: a comparison takes milliseconds, and a loop of clients has none."""
    assert not any(imported.startswith("shadow.compare") for imported in imports(path))


@pytest.mark.parametrize("path", [path for path in sources() if is_pure(path)], ids=name_of)
def test_pure_modules_touch_nothing(path: Path) -> None:
    """Pure modules import nothing that could do I/O, read a clock or throw dice, and open no file."""
    touched = {imported.split(".")[0] for imported in imports(path)} & IMPURE
    assert not touched, f"{path.name} imports {touched}"
    called = {node.func.id for node in calls(path) if isinstance(node.func, ast.Name)}
    assert "open" not in called


def test_the_core_is_pure() -> None:
    """Nobody takes the word out of these: what is judged, and what it means, depends on nothing else."""
    core = {"shadow.model", "shadow.compare", "shadow.verdict", "shadow.record.mask", "shadow.record.tally"}
    pure = {name_of(path) for path in sources() if is_pure(path)}
    assert core <= pure


@pytest.mark.parametrize("path", [p for p in sources() if p.name == "__init__.py"], ids=name_of)
def test_packages_hold_no_code(path: Path) -> None:
    """An `__init__.py` says what lives in its package, and nothing else."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(body[0], ast.Expr), "a docstring first"
    assert all(isinstance(node, ast.Assign) for node in body[1:]), "only __version__ beside it"
