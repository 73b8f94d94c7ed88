"""The memory of a container, as its cgroup tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadow.container import free_memory, memory

NONE = 1 << 40


@pytest.mark.parametrize(
    ("folder", "limit", "held", "volumes"),
    [(".", "memory.max", "anon", "shmem"), ("memory", "memory.limit_in_bytes", "total_rss", "total_shmem")],
)
def test_what_cannot_be_given_back_is_taken(
    folder: str, limit: str, held: str, volumes: str, tmp_path: Path
) -> None:
    """What processes hold and what lies in volumes in memory, and not what the kernel keeps of files, in both
    versions of cgroups."""
    place = tmp_path / folder
    place.mkdir(exist_ok=True)
    (place / limit).write_text("805306368\n", encoding="ascii")
    statistics = f"file 500000000\n{held} 200000000\n{volumes} 300000000\nactive_file 200000000\n"
    (place / "memory.stat").write_text(statistics, encoding="ascii")
    assert (memory(tmp_path), free_memory(tmp_path)) == (768 << 20, (768 << 20) - 500_000_000)


def test_no_limit_is_a_large_one(tmp_path: Path) -> None:
    """Of a container that has none, and of a machine."""
    assert (memory(tmp_path), free_memory(tmp_path)) == (NONE, NONE)
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    (tmp_path / "memory.stat").write_text("anon 5\n", encoding="ascii")
    assert (memory(tmp_path), free_memory(tmp_path)) == (NONE, NONE - 5)


def test_nobody_has_less_than_nothing(tmp_path: Path) -> None:
    """Where a limit was lowered."""
    (tmp_path / "memory.max").write_text("100\n", encoding="ascii")
    (tmp_path / "memory.stat").write_text("anon 500\n", encoding="ascii")
    assert free_memory(tmp_path) == 0
