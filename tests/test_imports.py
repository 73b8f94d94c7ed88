"""Who may import whom: the layers, as a table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LAYERS = [
    {"shadow.model", "shadow.settings", "shadow.address", "shadow.memo", "shadow.switch"},
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

PURE = [
    "shadow/model.py",
    "shadow/memo.py",
    "shadow/address.py",
    "shadow/serving.py",
    "shadow/endpoint.py",
    "shadow/frame.py",
    "shadow/compare",
    "shadow/verdict",
    "shadow/record/tally.py",
    "shadow/record/mask.py",
    "shadow/record/secrets.py",
    "shadow/record/evidence.py",
    "shadow/record/again.py",
    "shadow/record/bodies.py",
    "shadow/record/mask_beside.py",
    "shadow/record/mask_fields.py",
    "shadow/record/mask_json.py",
    "shadow/record/mask_markup.py",
    "shadow/record/quota.py",
    "shadow/again/candidates.py",
    "shadow/again/paste.py",
    "shadow/again/rejudge.py",
    "shadow/again/suggest.py",
    "shadow/record/recheck.py",
    "shadow/wire/head.py",
    "shadow/wire/request_head.py",
    "shadow/wire/response_head.py",
    "shadow/wire/body.py",
    "shadow/wire/own_answer.py",
    "shadow/live/capture.py",
    "shadow/live/selection.py",
    "shadow/mirror/admission.py",
    "shadow/mirror/breaker.py",
    "shadow/mirror/bucket.py",
    "shadow/mirror/session.py",
    "shadow/mirror/tokens.py",
    "shadow/mirror/pair.py",
    "shadow/serve/ledger.py",
    "shadow/manifests/sizing.py",
    "shadow/record/replayed.py",
    "shadow/report/logs.py",
    "shadow/report/beside.py",
    "shadow/report/changes.py",
    "shadow/report/curl.py",
    "shadow/report/diagnosed.py",
    "shadow/report/examples.py",
    "shadow/report/figures.py",
    "shadow/report/fold.py",
    "shadow/report/junit.py",
    "shadow/report/markdown.py",
    "shadow/report/measured.py",
    "shadow/report/series.py",
    "shadow/report/shapes.py",
    "shadow/report/silenced.py",
    "shadow/report/snippets.py",
    "shadow/report/totals.py",
    "shadow/report/visible.py",
    "replay/model.py",
    "replay/formats",
    "replay/cutter.py",
    "replay/reading.py",
    "replay/pace.py",
    "replay/shard.py",
    "replay/filters.py",
    "replay/request.py",
    "replay/books.py",
]
"""No I/O, no clock, no chance."""

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


@pytest.mark.parametrize("place", PURE)
def test_pure_modules_touch_nothing(place: str) -> None:
    """Pure modules import nothing that could do I/O, read a clock or throw dice, and open no file."""
    start = ROOT / place
    for path in [start] if start.suffix else sorted(start.rglob("*.py")):
        touched = {imported.split(".")[0] for imported in imports(path)} & IMPURE
        assert not touched, f"{path.name} imports {touched}"
        called = {node.func.id for node in calls(path) if isinstance(node.func, ast.Name)}
        assert "open" not in called


@pytest.mark.parametrize("path", [p for p in sources() if p.name == "__init__.py"], ids=name_of)
def test_packages_hold_no_code(path: Path) -> None:
    """An `__init__.py` says what lives in its package, and nothing else."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(body[0], ast.Expr), "a docstring first"
    assert all(isinstance(node, ast.Assign) for node in body[1:]), "only __version__ beside it"
