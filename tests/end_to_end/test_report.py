"""`shadow report` in a pipeline and on a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support import recorded
from support.proxy import ROOT, command


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Records of one endpoint that is ready: it differs nowhere."""
    folder: Path = tmp_path_factory.mktemp("good")
    recorded.write(folder, endpoints=1, hours=13, kept=0, requests=400, first=1)
    return str(folder)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Records of two endpoints, of which the first has regressed and the second needs more."""
    folder: Path = tmp_path_factory.mktemp("bad")
    recorded.write(folder, endpoints=2, hours=2, kept=20, requests=200)
    return str(folder)


async def test_the_exit_code_says_what_a_pipeline_asked(good: str, bad: str, tmp_path: Path) -> None:
    """0 unless asked; 10 for regressed; 11 for too little data, where that counts too."""
    few = tmp_path / "few"
    recorded.write(few, endpoints=1, hours=1, kept=0, requests=20, first=1)
    wanted = {
        (bad, "never"): 0,
        (bad, "regressed"): 10,
        (bad, "not-enough-data"): 10,
        (str(few), "regressed"): 0,
        (str(few), "not-enough-data"): 11,
        (good, "not-enough-data"): 0,
    }
    for (folder, fail_on), code in wanted.items():
        got, out, err = await command("report", folder, "--format", "json", "--fail-on", fail_on)
        assert got == code, (folder, fail_on, err)
        assert json.loads(out)["endpoints"]


async def test_every_format_of_one_folder(bad: str, tmp_path: Path) -> None:
    """To standard output or a file; the exit code stays that of the verdict."""
    for form, begins in {
        "text": "✗ REGRESSED",
        "json": "{",
        "md": "### ❌ Shadow: regressed",
        "junit": "<?xml",
        "html": "<!doctype html>",
    }.items():
        code, out, err = await command("report", bad, "--format", form, "--fail-on", "regressed")
        assert (code, err) == (10, "")
        assert out.lower().startswith(begins.lower()), form
        file = tmp_path / form
        code, nothing, _ = await command("report", bad, "--format", form, "--output", str(file))
        assert (code, nothing) == (0, "")
        assert file.read_text(encoding="utf-8") == out


async def test_the_page_in_japanese(bad: str) -> None:
    """Until its reader switches."""
    _, out, _ = await command("report", bad, "--format", "html", "--language", "ja")
    assert '<html lang="ja"' in out


async def test_ci_sees_each_endpoint(bad: str) -> None:
    """As a test case that fails or is skipped."""
    _, out, _ = await command("report", bad, "--format", "junit")
    (suite,) = ElementTree.fromstring(out)
    assert [child.tag for case in suite.findall("testcase") for child in case] == ["failure", "skipped"]


async def test_several_folders_are_merged(good: str, bad: str) -> None:
    """As when each pod has its own."""
    reports = []
    for folders in ([good], [bad], [good, bad]):
        _, out, _ = await command("report", *folders, "--format", "json")
        reports.append(json.loads(out)["totals"]["received"])
    assert reports[0] + reports[1] == reports[2]


async def test_since_last_time(good: str, bad: str, tmp_path: Path) -> None:
    """In every form; and a file that is no report is refused in one line."""
    last = tmp_path / "last.json"
    await command("report", good, "--format", "json", "--output", str(last))
    told = {
        "text": "Last time ready, now regressed",
        "md": "ready → regressed",
        "json": '"changes"',
        "html": "<",
    }
    for form, words in told.items():
        code, out, err = await command("report", bad, "--format", form, "--since-last", str(last))
        assert (code, err) == (0, "")
        assert words in out
    same, out, _ = await command("report", good, "--format", "json", "--compare", str(last))
    assert same == 0
    assert json.loads(out)["changes"]["new"] == []
    last.write_text("{}")
    code, out, err = await command("report", bad, "--since-last", str(last))
    assert (code, out, err.count("\n")) == (3, "", 1)
    code, _, err = await command("report", bad, "--since-last", str(tmp_path / "none"))
    assert (code, err.count("\n")) == (3, 1)


async def test_a_configuration_says_when_an_endpoint_is_ready(bad: str, tmp_path: Path) -> None:
    """Its `verdict`; without it the defaults hold."""
    config = tmp_path / "shadow.yaml"
    config.write_text("verdict: {tolerance: 0.3, latency: false}\n")
    _, out, _ = await command("report", bad, "--format", "json", "--config", str(config))
    assert json.loads(out)["verdict"] == "ready"
    assert json.loads(out)["tolerance"] == 0.3


async def test_the_schema(bad: str) -> None:
    """Is printed without any records."""
    code, out, _ = await command("report", "--schema")
    assert code == 0
    assert out == (ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8")


async def test_a_folder_without_records(tmp_path: Path) -> None:
    """Is refused, and one that is not there too."""
    for folder in (tmp_path, tmp_path / "none"):
        code, out, err = await command("report", str(folder))
        assert (code, out, err.count("\n")) == (3, "", 1)
        assert str(folder) in err


@pytest.mark.parametrize(
    ("arguments", "what"), [(("report",), "records"), (("rules", "suggest"), "comparisons")]
)
async def test_what_cannot_be_read_is_no_empty_folder(
    arguments: tuple[str, ...], what: str, tmp_path: Path
) -> None:
    """It is said how much that is, what for example, and why."""
    recorded.write(tmp_path, endpoints=1, hours=1, kept=0, requests=20)
    os.truncate(tmp_path / "tally-000001.jsonl.zst", 100)
    code, out, err = await command(*arguments, str(tmp_path))

    assert (code, out) == (3, "")
    assert err == (
        f"{tmp_path}: no {what} that can be read; left out: lines 0, segments 1, "
        "such as tally-000001: cut short\n"
    )


async def test_a_terminal_that_knows_few_letters(bad: str) -> None:
    """Is told the same in those, and a program by UTF-8 as ever."""
    few = {"PYTHONIOENCODING": "ascii"}
    code, out, err = await command("report", bad, environ=few)
    assert (code, err) == (0, "")
    assert out.startswith("x REGRESSED")
    assert "legacy -> target" in out
    assert "-" * 100 in out

    code, out, err = await command("report", bad, "--format", "json", environ=few)
    assert (code, err) == (0, "")
    assert "→" in out


async def test_watching_needs_a_terminal(bad: str) -> None:
    """Wrong usage, said in a line."""
    code, out, err = await command("report", bad, "--watch")
    assert (code, out) == (2, "")
    assert "terminal" in err


async def test_watching_on_a_terminal(bad: str) -> None:
    """The report fills the screen, and Ctrl-C leaves it as it was."""
    leader, follower = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shadow", "report", bad, "--watch"),
        cwd=ROOT,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
    )
    os.close(follower)
    shown = await until_shown(leader, b"REGRESSED")
    assert b"\x1b[?1049h" in shown, "the other screen"
    process.send_signal(signal.SIGINT)
    shown = await until_shown(leader, b"\x1b[?1049l")
    assert b"Traceback" not in shown
    async with asyncio.timeout(20):
        assert await process.wait() == 130
    os.close(leader)


async def until_shown(terminal: int, words: bytes) -> bytes:
    """What a terminal shows, until these words."""
    shown = b""
    async with asyncio.timeout(20):
        while words not in shown:
            shown += await asyncio.to_thread(os.read, terminal, 65536)
    return shown
