"""What backends, clients and logs say is shown on a terminal, and never obeyed by it: in every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.kept import Pair, answered, folder, records
from support.proxy import NOBODY, command

EVIL = "\x1b[31mred\x1b]0;title\x07 \x9b31m\r\n\x08 \u202egnp.exe \u2028\x7f \x00"
BYTES = b"\x1b]0;title\x07\x9b31m\x08\x7f"
LOG = (
    b'192.0.2.1 - - [22/Nov/2025:10:00:00 +0000] "GET /%b HTTP/1.1" 200 5\n'
    b'192.0.2.1 - - [22/Nov/2025:10:00:01 +0000] "%b / HTTP/1.1" 200 5\n'
    b"%b\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of what was kept of backends that say such things wherever they can."""
    field = ((b"X-Evil", BYTES),)
    pairs = [
        Pair("/" + BYTES.decode("latin-1"), answered({EVIL: EVIL}), answered({EVIL: "other" + EVIL})),
        Pair("/a", answered({"a": 1}, *field), answered({"a": 1}, (b"X-Evil", BYTES + b"x"))),
        Pair("/b", answered({EVIL: 1}), answered({}, status=500)),
    ]
    (tmp_path / "new.yaml").write_text('compare: {ignore: ["header:x-evil"]}', encoding="utf-8")
    (tmp_path / "evil.log").write_bytes(LOG % (BYTES, BYTES, BYTES))
    (tmp_path / "evil.yaml").write_text('"a\\e]0;x\\a": 1\nlisten: "\\e[31m"\n', encoding="utf-8")
    return folder(tmp_path / "kept", records(pairs, times=3))


COMMANDS = {
    "report": ("report", "{kept}"),
    "report in Markdown": ("report", "{kept}", "--format", "md"),
    "rules suggest": ("rules", "suggest", "{kept}"),
    "rejudge": ("rejudge", "{kept}", "--config", "{tmp}/new.yaml"),
    "forget": ("forget", "{kept}", "--value", "masked:0123456789abcdef"),
    "a configuration that is wrong": ("config", "validate", "--config", "{tmp}/evil.yaml"),
    "a folder that is not there": ("report", "{tmp}/\x1b[31m"),
    "a value that is none": ("proxy", "--legacy", NOBODY, "--target", NOBODY, "--sample", "\x1b[31m"),
    "replay": (
        *("replay", "{tmp}/evil.log", "--legacy", NOBODY, "--target", "http://127.0.0.1:2"),
        *("--format", "combined", "--record", "{tmp}/replayed", "--speed", "max"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COMMANDS)
async def test_nothing_is_obeyed(case: str, place: Path) -> None:
    """Everything that is printed is printable, line by line."""
    parts = (part.format(kept=place, tmp=place.parent) for part in COMMANDS[case])
    _, out, err = await command(*parts)
    assert out or err
    assert "Traceback" not in err
    wrong = {char for char in out + err if not char.isprintable() and char != "\n"}
    assert not wrong, (out, err)
