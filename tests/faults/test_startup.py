"""What cannot be had: one clear line and exit 3, no traceback, and nothing left running."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.proxy import command

SERVE = ["--legacy", "http://127.0.0.1:1", "--target", "http://127.0.0.1:2"]


@pytest.fixture(scope="module")
def taken() -> Iterator[str]:
    """An address on which somebody listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield f"127.0.0.1:{other.getsockname()[1]}"


def _flags(*flags: str) -> Callable[[Path, str], list[str]]:
    """Flags, with {tmp} and {taken} filled in."""
    return lambda tmp, taken: [*SERVE, *(flag.format(tmp=tmp, taken=taken) for flag in flags)]


def _file(text: str) -> Callable[[Path, str], list[str]]:
    """A configuration file of this text."""

    def make(tmp: Path, taken: str) -> list[str]:
        (tmp / "shadow.yaml").write_text(text.format(tmp=tmp, taken=taken), encoding="utf-8")
        return [*SERVE, "--config", str(tmp / "shadow.yaml")]

    return make


CANNOT = {
    "listen port taken": (
        _flags("--listen", "{taken}"),
        "{taken}: Address already in use; give another address",
    ),
    "admin port taken": (_flags("--admin", "{taken}"), "cannot listen on {taken}: Address already in use"),
    "listen address not ours": (
        _flags("--listen", "192.0.2.1:8080"),
        "cannot listen on 192.0.2.1:8080: Cannot assign requested address",
    ),
    "unix path is a folder": (
        _flags("--listen", "unix:{tmp}/folder"),
        "cannot listen on unix:{tmp}/folder: Address already in use",
    ),
    "unix path is a file": (
        _flags("--listen", "unix:{tmp}/file"),
        "cannot listen on unix:{tmp}/file: Address already in use",
    ),
    "unix path in no folder": (
        _flags("--listen", "unix:{tmp}/none/socket"),
        "cannot listen on unix:{tmp}/none/socket: No such file or directory",
    ),
    "record is a file": (
        _flags("--record", "{tmp}/file"),
        "record.to: cannot use {tmp}/file: File exists; name a folder",
    ),
    "record within a file": (
        _flags("--record", "{tmp}/file/records"),
        "record.to: cannot use {tmp}/file/records: Not a directory",
    ),
    "record cannot be written": (
        _flags("--record", "/proc/shadow"),
        "record.to: cannot use /proc/shadow: No such file or directory",
    ),
    "config is not there": (
        _flags("--config", "{tmp}/none.yaml"),
        "{tmp}/none.yaml: cannot be read: No such file or directory",
    ),
    "config is a folder": (
        _flags("--config", "{tmp}/folder"),
        "{tmp}/folder: cannot be read: Is a directory",
    ),
    "certificate is not there": (
        _file("tls: {{listen: {{certificate: {tmp}/none.pem}}}}"),
        "{tmp}/shadow.yaml:1: tls.listen.certificate: cannot be read: No such file",
    ),
    "certificate is none": (
        _file("tls: {{listen: {{certificate: {tmp}/file}}}}"),
        "{tmp}/shadow.yaml:1: tls.listen.certificate: no PEM certificate with its key",
    ),
    "access log in no folder": (
        _file("log: {{access: {tmp}/none/access.log}}"),
        "log.access: cannot write {tmp}/none/access.log: No such file or directory",
    ),
}


@pytest.mark.parametrize("case", CANNOT)
async def test_one_line_and_exit_3(case: str, tmp_path: Path, taken: str) -> None:
    """Each of what cannot be had."""
    (tmp_path / "file").write_text("not what was expected", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    arguments, expected = CANNOT[case]
    given = arguments(tmp_path, taken)
    for flag, usual in (
        ("--listen", "127.0.0.1:0"),
        ("--admin", "127.0.0.1:0"),
        ("--record", f"{tmp_path}/new"),
    ):
        given += [] if flag in given else [flag, usual]
    async with asyncio.timeout(20):
        code, out, err = await command("proxy", *given)
    assert (code, out) == (3, ""), err
    assert err.rstrip("\n").count("\n") == 0, err
    assert expected.format(tmp=tmp_path, taken=taken) in err


@pytest.mark.parametrize("library", ["httptools", "uvloop", "re2", "msgspec"])
async def test_nothing_stands_in_for_a_library(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Least of all for the parser in C: without it no other one is used, and nobody is served."""
    (tmp_path / f"{library}.py").write_text("raise ImportError('no library for this machine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with asyncio.timeout(20):
        code, out, err = await command("proxy", *SERVE, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
    assert (code, out) == (3, "")
    (line,) = err.splitlines()
    assert line == "not installed whole, install shadow-proxy anew: no library for this machine"
