"""Many requests while a thousand slow clients are there: does anything grow?

    .venv/bin/python tests/bench/soak.py [--requests 1000000] [--seconds 300]

By hand. Prints, some twenty times, the memory, descriptors and threads of each process; ends with 1 if the
live worker and the shadow worker together have grown by over 50 MB since the first tenth.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from support.peers import Backend, Load, answering, get, response  # noqa: E402  # found by the line above
from support.proxy import Proxy, resident  # noqa: E402  # found by the line above

BOUND = 50e6  # bytes
SLOW = 1000
KINDS = ("live-0", "shadow-0", "judge-0", "admin")


def seen(running: Proxy) -> str:
    """Memory and descriptors of each process."""
    told = [f"supervisor {resident(running.pid) >> 20} MiB"]
    for kind in KINDS:
        pid = running.worker(kind)
        files = len(os.listdir(f"/proc/{pid}/fd"))
        told.append(f"{kind} {resident(pid) >> 20} MiB {files} fds")
    return ", ".join(told)


def grows(running: Proxy) -> int:
    """Bytes of the two processes that every request passes."""
    return sum(resident(running.worker(kind)) for kind in KINDS[:2])


async def crawl(port: int) -> None:
    """Sends a body byte by byte, again and again."""
    while True:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(5)
        except OSError:
            continue
        finally:
            writer.transport.abort()


async def soak(requests: int, seconds: float) -> int:
    """Ask so many, but no longer than that."""
    same = answering(lambda request: response(b'{"answer": "the same"}'))
    legacy, target = Backend(same), Backend(same)
    await legacy.start()
    await target.start()
    with tempfile.TemporaryDirectory() as folder:
        running = Proxy(Path(folder), {"legacy": legacy.url, "target": target.url, "log": {"format": "json"}})
        await running.start()
        slow = [asyncio.create_task(crawl(running.port)) for _ in range(SLOW)]
        began, done, first = time.monotonic(), 0, 0
        while done < requests and time.monotonic() - began < seconds:
            piece = min(max(1000, requests // 200), requests - done)
            load = Load(
                running.port, ((get(f"/items/{n}"), b'{"answer": "the same"}') for n in range(piece)), 32
            )
            await load.run()
            assert load.errors == [], load.errors[:3]
            done += piece
            if not first and done >= 20_000:
                first = grows(running)
            print(f"{done:>9} {time.monotonic() - began:6.0f} s  {seen(running)}", flush=True)
        grown = grows(running) - (first or grows(running))
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        await running.stop()
    await legacy.stop()
    await target.stop()
    print(f"{done} requests with {SLOW} slow clients: {grown / 1e6:.1f} MB more")
    return int(grown > BOUND)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=300.0)
    given = parser.parse_args()
    sys.exit(asyncio.run(soak(given.requests, given.seconds)))
