"""How commands end where whoever reads them, or waits for them, does not stay."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.proxy import PATIENCE, PROGRAM, ROOT, children, command

from shadow import __version__
from shadow.cli import main

BACKENDS = "--legacy http://127.0.0.1:1 --target http://127.0.0.1:2"


@pytest.mark.parametrize("asked", ["--help", "--version", "config schema", "replay --formats"])
async def test_a_full_disk_is_told(asked: str) -> None:
    """In one line, and by the exit code."""
    with Path("/dev/full").open("wb") as full:  # noqa: ASYNC230  opens no file
        process = await asyncio.create_subprocess_exec(
            *(*PROGRAM, *asked.split()), cwd=ROOT, stdout=full, stderr=asyncio.subprocess.PIPE
        )
    _, said = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert (process.returncode, said) == (3, b"standard output: No space left on device\n")


async def test_a_reader_that_leaves_is_no_error() -> None:
    """As `head` does."""
    reader, writer = os.pipe()
    os.close(reader)
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "config", "schema"), cwd=ROOT, stdout=writer, stderr=asyncio.subprocess.PIPE
    )
    os.close(writer)
    _, said = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert (process.returncode, said) == (128 + signal.SIGPIPE, b"")


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_has_its_code(number: signal.Signals, tmp_path: Path) -> None:
    """Where a command has no end of its own for it; what it has started ends before it."""
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "demo", "--record", str(tmp_path)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE):
        await process.stderr.readuntil(b"requests through it")
        started = children(process.pid)
        process.send_signal(number)
        _, said = await process.communicate()
    assert process.returncode == 128 + number
    assert b"Traceback" not in said
    assert len(started) == 3, "two backends and the proxy"
    assert not any(map(_runs, started))


async def test_ctrl_c_has_its_code_while_it_is_loaded(tmp_path: Path) -> None:
    """In silence. It comes here where the first library is loaded."""
    (tmp_path / "click.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    done = await command("--help", environ={"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert done == (128 + signal.SIGINT, "", "")


async def test_it_is_called_shadow_however_it_is_started() -> None:
    """By its name, or as a module."""
    assert await command("--version") == (0, f"shadow, version {__version__}\n", "")


@pytest.mark.parametrize("line", ["report ./sh", "replay ./ac", "proxy --config sh", "manifests ./sh"])
async def test_a_shell_completes_names_of_files(line: str) -> None:
    """Which it does itself, once it is told that they are."""
    words = f"shadow {line}"
    program = (sys.executable, "-c", "from shadow.cli import main; main(prog_name='shadow')")
    asked = {"_SHADOW_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = await command(program=program, environ=asked)
    assert done == (0, f"file,{words.split()[-1]}\n", "")


async def test_an_empty_variable_names_no_file() -> None:
    """As of any setting: templates leave empty ones behind."""
    done = await command("config", "validate", *BACKENDS.split(), environ={"SHADOW_CONFIG": ""})
    assert done == (0, "the settings are good\n", "")


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (2, "rejudges"),
        (2, "report"),
        (2, "report kept --colour"),
        (2, "report kept --format"),
        (2, "rules suggest one two"),
        (2, "report kept --format htm"),
        (2, "report kept --watch"),
        (2, "demo --requests -1"),
        (2, f"replay access.log {BACKENDS} --amplify 0"),
        (3, f"replay access.log {BACKENDS} --speed fast"),
        (3, f"replay access.log {BACKENDS} --speed 1 --rate 5"),
        (3, f"proxy {BACKENDS} --sample 2"),
        (3, "forget . --value x"),
        (2, "report ''"),
        (2, "report kept --output ''"),
        (2, f"proxy {BACKENDS} --record ''"),
        (2, f"config validate {BACKENDS} --config ''"),
    ],
)
def test_wrong_usage_is_no_setting_that_cannot_be_used(code: int, line: str) -> None:
    """What the command's help rules out has another code than what may stand in a file as well, or is one."""
    assert CliRunner().invoke(main, shlex.split(line)).exit_code == code
