"""How fast logs are read on one core: `python -P tests/bench/parse_logs.py [LINES]`.

Writes a gzip log of each format into a temporary folder, then reads it back to requests, decompression
included, and prints the best of three runs in lines for each second of CPU time, with the memory at its
peak after half of the first run and at the end: equal figures mean that memory is flat. `-P` because a
script `replay.py` stands beside this one, and would be taken for the package.
"""

from __future__ import annotations

import gzip
import random
import resource
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from replay.formats.parser import LineParser
from replay.formats.registry import parser
from replay.model import LoggedRequest

AGENTS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "curl/8.5.0",
)
CHUNK: Final = 256 * 1024  # bytes of compressed data at a time


def line(form: str, number: int, chance: random.Random) -> str:
    """One line: a path with an id, a query, sometimes a referer, and an escaped byte in a hundred lines."""
    target = f"/items/{chance.randrange(100_000)}?page={number % 50}" + (
        "&q=\\x83\\x5C" if number % 100 == 0 else ""
    )
    when = (
        f"22/Nov/2026:{number // 3600 // 400 % 24:02}:{number // 24000 % 60:02}:{number // 400 % 60:02} +0900"
    )
    referer = "https://shop.example/items" if number % 3 else "-"
    client, agent = f"203.0.113.{number % 250}", AGENTS[number % len(AGENTS)]
    if form == "ltsv":
        return (
            f"time:{when}\thost:{client}\tmethod:GET\turi:{target}\tstatus:200\tsize:{chance.randrange(9000)}"
            f"\treqtime:0.{number % 1000:03}\treferer:{referer}\tua:{agent}\tvhost:shop.example\n"
        )
    return (
        f'{client} - - [{when}] "GET {target} HTTP/1.1" 200 {chance.randrange(9000)} "{referer}" "{agent}"\n'
    )


def write(path: Path, form: str, count: int) -> None:
    chance = random.Random(7)
    with gzip.open(path, "wt", compresslevel=6, encoding="ascii") as file:
        file.writelines(line(form, number, chance) for number in range(count))


def lines(path: Path) -> Iterator[list[bytes]]:
    """The lines of a gzip file, as many at a time as a chunk holds."""
    inflate = zlib.decompressobj(wbits=31)
    left = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            *whole, left = (left + inflate.decompress(chunk)).split(b"\n")
            yield whole
    if left:
        yield [left]


def read(path: Path, form: str, count: int) -> tuple[float, int]:
    """CPU seconds for the whole log, and the peak of memory in KiB when half of it was read."""
    made = parser(form)
    assert isinstance(made, LineParser)
    parse = made.parse
    requests = middle = 0
    began = time.process_time()
    for some in lines(path):
        for one in some:
            if parse(one).__class__ is LoggedRequest:
                requests += 1
        if not middle and requests >= count // 2:
            middle = peak()
    took = time.process_time() - began
    assert requests == count, f"{requests} of {count} lines hold a request"
    return took, middle


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        for form in ("ltsv", "combined"):
            path = Path(folder) / f"{form}.gz"
            write(path, form, count)
            runs = [read(path, form, count) for _ in range(3)]
            best = min(took for took, _ in runs)
            print(
                f"{form}: {count / best:,.0f} lines/s of {count:,} ({best:.2f} s CPU), "
                f"memory {runs[0][1] >> 10} MiB at half, {peak() >> 10} MiB at the end"
            )


if __name__ == "__main__":
    main()
