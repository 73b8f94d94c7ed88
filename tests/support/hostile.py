"""Pairs of answers made to hurt whoever compares, masks and keeps them, and what one of them costs.

As a script, with the name of a pair: a judge of its own compares it; JSON of the processor's seconds, of the
bytes that its memory grew by at most, and of what was found.
"""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024


class Hostile(NamedTuple):
    """Two bodies, their type and coding, and settings that matter here."""

    legacy: bytes
    target: bytes
    kind: str = "application/json"
    coding: str = ""
    cut: tuple[str, ...] = ()
    bodies: int = MIB


def _deep(end: bytes) -> bytes:
    return b"[" * 100_000 + end + b"]" * 100_000


def _keys(number: int, value: int) -> bytes:
    return b"{" + b",".join(b'"k%d":%d' % (i, value) for i in range(number)) + b"}"


def _many_keys(value: int) -> bytes:
    """Ten million keys, compressed as they would come, piece by piece: whole they are 200 MB."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    pieces = [packer.compress(b"{")]
    for start in range(0, 10_000_000, 100_000):
        keys = b",".join(b'"k%d":%d' % (i, value) for i in range(start, start + 100_000))
        pieces.append(packer.compress(keys + (b"," if start < 9_900_000 else b"}")))
    return b"".join(pieces) + packer.flush()


PAIRS: dict[str, Callable[[], Hostile]] = {
    "(a+)+$ on 1 MB of a": lambda: Hostile(
        b"a" * MIB, b"a" * (MIB - 1) + b"b", "text/plain", cut=("(a+)+$",)
    ),
    "bomb of 1 GB": lambda: Hostile(
        gzip.compress(b"0" * (1 << 30), 9), gzip.compress(b"1", 9), "text/plain", "gzip"
    ),
    "100,000 levels": lambda: Hostile(_deep(b"1"), _deep(b"2")),
    "100,000 levels, secret": lambda: Hostile(
        b'{"token":' + _deep(b"1") + b"}", b'{"token":' + _deep(b"2") + b"}"
    ),
    "10 million keys": lambda: Hostile(_many_keys(1), _many_keys(2), coding="gzip"),
    "70,000 keys": lambda: Hostile(_keys(70_000, 1), _keys(70_000, 2)),
    "1 MB of quotes": lambda: Hostile(b'"' * MIB, b'"' * (MIB - 1) + b"x"),
    "1 MB of open tags": lambda: Hostile(b"<b>" * 349_000, b"<i>" * 349_000, "text/html"),
    "1 MB of attributes": lambda: Hostile(
        b"<a " + b"b=c " * 260_000, b"<a " + b"b=d " * 260_000, "text/html"
    ),
    "1 MB of digits": lambda: Hostile(b"1-" * 524_000, b"1-" * 523_999 + b"2-", "text/plain"),
    "mail addresses, as kept by default": lambda: Hostile(
        b"a@" * 16_000, b"b@" * 16_000, "text/plain", bodies=32 * 1024
    ),
}


def cost(name: str) -> dict[str, Any]:
    """What the pair of this name costs in a process of its own."""
    command = [sys.executable, "-P", str(Path(__file__)), name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=300)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _main(name: str) -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import msgspec
    from support.frames import frame

    from shadow.frame import Job
    from shadow.mirror.judge import Judge
    from shadow.model import Response, head_of
    from shadow.record.mask import Mask
    from shadow.settings import Compare, Config, Record, Size

    pair = PAIRS[name]()
    coding = f"Content-Encoding: {pair.coding}\r\n" if pair.coding else ""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {pair.kind}\r\n{coding}\r\n".encode()
    fields = ((b"Content-Type", pair.kind.encode()), (b"Content-Encoding", pair.coding.encode()))
    with tempfile.TemporaryDirectory() as folder:
        record = Record(to=folder, bodies=Size(pair.bodies))
        judge = Judge(Config(compare=Compare(cut=pair.cut), record=record), "judge-0", Mask((), b"key"))
        asked = msgspec.structs.replace(frame(response_body=pair.legacy), response_head=head)
        job = Job(1, asked, Response(200, head_of(fields[: 1 + bool(pair.coding)]), pair.target), None)
        _forget_peak()
        before, began = _resident("VmRSS"), _seconds()
        found = judge.compare(job).comparison
        took, grown = _seconds() - began, _resident("VmHWM") - before
        judge.seal()
        written = sum(path.stat().st_size for path in Path(folder).iterdir())
    said = [
        *found.notes,
        *(f"{each.kind} {each.path[:40]}: {each.legacy} → {each.target}" for each in found.differences),
    ]
    print(
        json.dumps(
            {"seconds": took, "bytes": grown, "written": written, "fate": found.fate, "said": said[:3]}
        )
    )


def _seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _forget_peak() -> None:
    """The pair itself was made, and cost memory of its own."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _resident(what: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{what}:"))


if __name__ == "__main__":
    _main(sys.argv[1])
