"""Fuzzes targets with atheris: `fuzz.py [TARGET…] [--seconds N]`, all of them for a minute each by default.

New interesting inputs are kept in `build/fuzz/TARGET`, a fault's input as `build/fuzz/TARGET.crash-…`.
`keep.py` takes the best of them into the committed corpus.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOUND = ROOT / "build" / "fuzz"
KEPT = Path(__file__).parent / "corpus"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

_SLOWEST = 10  # seconds for one input; each has a millisecond in the usual case
_LONGEST = 4096  # bytes
_MEMORY = 2048  # MiB


def fuzz(name: str, seconds: int) -> None:
    """In this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["shadow", "replay"]):
        from targets import TARGETS

    limits = [
        f"-max_total_time={seconds}",
        f"-timeout={_SLOWEST}",
        f"-max_len={_LONGEST}",
        f"-rss_limit_mb={_MEMORY}",
    ]
    folders = [str(FOUND / name), str(KEPT / name)]
    prefix = f"-artifact_prefix={FOUND / name}."
    atheris.Setup([sys.argv[0], *limits, prefix, "-print_final_stats=1", *folders], TARGETS[name])
    atheris.Fuzz()


def run(name: str, seconds: int) -> bool:
    """In a process of its own; tells what came of it, and whether all was well."""
    for folder in (FOUND / name, KEPT / name):
        folder.mkdir(parents=True, exist_ok=True)
    log = FOUND / f"{name}.log"
    with log.open("wb") as out:
        command = [sys.executable, __file__, name, "--seconds", str(seconds), "--alone"]
        well = subprocess.run(command, stdout=out, stderr=out).returncode == 0
    runs = re.findall(rb"(?:stat::number_of_executed_units: |^#)(\d+)", log.read_bytes(), re.MULTILINE)
    print(
        f"{name:12} {int(runs[-1]) if runs else 0:>10,} runs  {'ok' if well else f'FAULT: {log}'}", flush=True
    )
    return well


def main() -> int:
    """The number of targets with a fault."""
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("targets", nargs="*", metavar="TARGET")
    said.add_argument("--seconds", type=int, default=60, help="for each target")
    said.add_argument("--alone", action="store_true", help="one target, in this process")
    given = said.parse_args()
    if given.alone:
        fuzz(given.targets[0], given.seconds)
    from targets import TARGETS

    if unknown := set(given.targets) - TARGETS.keys():
        said.error(f"no target is called {', '.join(unknown)}: there are {', '.join(TARGETS)}")
    return sum([not run(name, given.seconds) for name in given.targets or TARGETS])


if __name__ == "__main__":
    sys.exit(main())
