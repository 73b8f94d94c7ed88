"""The folder of sockets: it goes with those who use it, and nothing else does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.proxy import command

from shadow.serve import sockets

LEAVE = """
import os, socket, sys
from shadow.serve import sockets
made = sockets.folder()
socket.socket(socket.AF_UNIX).bind(str(made / "shadow-0"))
print(made, flush=True)
if sys.argv[1:] and os.fork() == 0:  # a child, which lives on
    sys.stdin.read()
os._exit(9)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of its own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def bind(path: Path) -> None:
    """Leave a socket there."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def test_what_a_killed_process_left_is_taken_away(temporary: Path) -> None:
    """By the next one."""
    left = subprocess.run([sys.executable, "-c", LEAVE], stdout=subprocess.PIPE, check=False).stdout
    assert Path(left.decode().strip()).is_dir()
    made = sockets.folder()
    assert list(temporary.iterdir()) == [made]


def test_it_stays_while_one_of_its_processes_lives(temporary: Path) -> None:
    """A worker may outlive its supervisor for as long as it has clients."""
    with subprocess.Popen(
        [sys.executable, "-c", LEAVE, "child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().decode().strip())
        assert process.wait(60) == 9
        made = sockets.folder()
        assert set(temporary.iterdir()) == {made, left}


@pytest.mark.parametrize("holds", ["nothing", "a file", "a socket and a file", "a folder"])
def test_what_may_be_somebody_elses_stays(temporary: Path, holds: str) -> None:
    """Whatever it is called: only a folder of nothing but sockets is ours."""
    other = temporary / "shadow-sockets-other"
    other.mkdir()
    if "file" in holds:
        (other / "file").touch()
    if "socket" in holds:
        bind(other / "socket")
    if "folder" in holds:
        (other / "folder").mkdir()
    before = sorted(os.listdir(other))
    sockets.folder()
    assert sorted(os.listdir(other)) == before


def test_a_link_is_not_followed(temporary: Path) -> None:
    """To a folder of sockets that has another name."""
    used = temporary / "used"
    used.mkdir()
    bind(used / "socket")
    (temporary / "shadow-sockets-link").symlink_to(used)
    sockets.folder()
    assert os.listdir(used) == ["socket"]


def test_a_path_without_room_for_sockets(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told before one is made there."""
    long = temporary / ("x" * 80)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with pytest.raises(OSError, match="too long"):
        sockets.folder()
    assert os.listdir(long) == []


async def test_a_proxy_tells_it_in_a_line(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And serves nobody."""
    deep = temporary / ("x" * 80)
    deep.mkdir()
    backends = ("--legacy", "http://127.0.0.1:1", "--target", "http://127.0.0.1:2")
    places = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--record", str(temporary / "records"))
    monkeypatch.setenv("TMPDIR", str(deep))
    code, out, err = await command("proxy", *backends, *places)
    assert (code, out, err) == (3, "", "TMPDIR: the path is too long for sockets; name another folder\n")
