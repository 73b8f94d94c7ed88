"""How many live workers there are where nobody has said a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadow.serve.cpus import MOST, REQUEST, live_workers


@pytest.fixture
def no_limit(tmp_path: Path) -> Path:
    """A cgroup without a limit."""
    (tmp_path / "cpu.max").write_text("max 100000\n", encoding="ascii")
    return tmp_path


@pytest.mark.parametrize(
    ("millicores", "workers"), [("250", 1), ("1000", 1), ("1001", 2), ("4000", 4), ("192000", MOST)]
)
def test_by_what_the_pod_asked_for(no_limit: Path, millicores: str, workers: int) -> None:
    """Rounded up; an unset request is told as the node's processors, so there is a most."""
    assert live_workers({REQUEST: millicores}, no_limit, here=8) == workers


@pytest.mark.parametrize("nonsense", ["", "0", "-1", "2.5", "9" * 40, "much"])
def test_what_is_no_request_is_not_heeded(no_limit: Path, nonsense: str) -> None:
    """Nor does it keep the proxy from starting."""
    assert live_workers({REQUEST: nonsense}, no_limit, here=3) == 3


def test_by_the_limit_of_the_cgroup(tmp_path: Path) -> None:
    """Version 2."""
    (tmp_path / "cpu.max").write_text("250000 100000\n", encoding="ascii")
    assert live_workers({}, tmp_path, here=8) == 3


@pytest.mark.parametrize(("quota", "workers"), [("150000", 2), ("-1", 8)])
def test_by_the_limit_of_an_older_cgroup(tmp_path: Path, quota: str, workers: int) -> None:
    """Version 1, where -1 is no limit."""
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n", encoding="ascii")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n", encoding="ascii")
    assert live_workers({}, tmp_path, here=8) == workers


@pytest.mark.parametrize("torn", ["", "100000", "many 100000", "0 0"])
def test_a_cgroup_that_cannot_be_read_is_no_limit(tmp_path: Path, torn: str) -> None:
    """Then the processors that this process may use count."""
    (tmp_path / "cpu.max").write_text(torn, encoding="ascii")
    assert live_workers({}, tmp_path, here=5) == 5
    assert live_workers({}, tmp_path) >= 1
