"""The way of segments from the spool to the object store, in a process of its own: a store that hangs holds
up nobody there, and a `kill -9` at any moment costs nothing.

A segment is sealed in the spool, put into the store whole and under a name that only its content has, and
then deleted from the spool. Whoever finds one in the spool, a successor or a second shipper, does the same
again, and where the object is there already only the last step is left. `python -m shadow.serve.shipper URL`
tries whether a store can be used.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from shadow.record.folder import SegmentFile, sealed, snapshots
from shadow.record.segment import EVIDENCE, compressed, recover
from shadow.record.stored import Refused, StoreError, open_name, sealed_name
from shadow.settings import Config, Record
from shadow.worker import Worker

if TYPE_CHECKING:
    from shadow.record.store import Store

REFUSED: Final = 3
"""Exit code where the store has answered and does not want us."""

_EVERY: Final = 2.0  # seconds between two looks at the spool
_LONGEST: Final = 30.0  # seconds between two, while the store fails
_SNAPSHOTS_EVERY: Final = 60.0  # how late other pods' reports see the window that goes on
_RETAIN_EVERY: Final = 3600.0
_HOUR: Final = 3600.0
_TRIED_FOR: Final = 10.0  # seconds
_AGAIN: Final = 0.2  # seconds between two attempts, where there is not much time
_OUTAGE: Final = 3  # segments that a store does not take, until no more are tried in a round

log = structlog.get_logger()


class Shipper:
    """Ships what lies in a spool. Blocks; times are Unix seconds."""

    def __init__(self, record: Record) -> None:
        self.shipped = 0  # segments
        self.failures = 0  # rounds that have ended early
        self.waiting: list[SegmentFile] = []
        """What is still in the spool, after the last round."""
        self._folder = Path(record.spool)
        self._url = record.to
        self._keep = record.keep
        self._store: Store | None = None
        self._failing = False
        self._snapshots: dict[str, bytes] = {}  # digest of what the store has, by stem
        self._next_snapshots = 0.0
        self._next_retain = 0.0

    def run(self) -> None:
        """Ship for ever."""
        pause = _EVERY
        while True:
            pause = _EVERY if self.round(time.time()) else min(_LONGEST, pause * 2)
            time.sleep(pause)

    def round(self, now: float) -> bool:
        """Ship all that is sealed, and do what else is due; False if the store or the spool has failed."""
        return self._try(self._ship_sealed, lambda store: self._ship_due(store, now))

    def finish(self) -> bool:
        """Ship all that is sealed; False if the store or the spool has failed."""
        return self._try(self._ship_sealed)

    def _try(self, *steps: Callable[[Store], None]) -> bool:
        """A failure is said once."""
        from shadow.record.store import Store

        reason = None
        try:
            recover(self._folder)  # a judge that was killed has left its segment open
            self._store = self._store or Store(self._url, make=True)
            for step in steps:
                step(self._store)
        except StoreError as error:
            reason = error.strerror
        except OSError as error:  # the spool cannot be listed just now
            reason = f"{error.filename}: {error.strerror}"
        with suppress(OSError):
            self.waiting = sealed(self._folder)
        self.failures += reason is not None
        if reason is not None and not self._failing:
            log.warning("segments_wait_in_spool", record=self._url, reason=reason)
        elif reason is None and self._failing:
            log.info("segments_are_shipped_again", record=self._url)
        self._failing = reason is not None
        return reason is None

    def _ship_due(self, store: Store, now: float) -> None:
        if now >= self._next_snapshots:
            self._put_snapshots(store)
            self._next_snapshots = now + _SNAPSHOTS_EVERY
        if now >= self._next_retain:
            retain(store, self._keep, now)
            self._next_retain = now + _RETAIN_EVERY

    def _ship_sealed(self, store: Store) -> None:
        """Tallies first: the verdict stands on them. One that the store does not take holds up no other."""
        failed: list[StoreError] = []
        for each in sorted(sealed(self._folder), key=lambda each: each.name.startswith(EVIDENCE)):
            try:
                self._ship(store, each)
            except StoreError as error:
                failed.append(error)
                if len(failed) == _OUTAGE:
                    break
        if failed:
            raise failed[-1]

    def _ship(self, store: Store, each: SegmentFile) -> None:
        try:
            data = each.path.read_bytes()
        except OSError:  # another has shipped it, or it had to make room
            return
        name = sealed_name(each.stem, data, each.modified)
        created = store.create(name, data)
        if not created and store.size(name) != len(data):
            raise StoreError(self._url, f"{name} is there, and is not ours")
        if not each.name.startswith(EVIDENCE):
            store.delete(open_name(each.stem))
        with suppress(OSError):
            each.path.unlink()
        self.shipped += created

    def _put_snapshots(self, store: Store) -> None:
        """Let others see what the window that goes on holds until now. Readers leave a snapshot out once its
        window is sealed, so it does not matter if one comes late."""
        found: dict[str, bytes] = {}
        for each in snapshots(self._folder):
            try:
                data = each.path.read_bytes()
            except OSError:  # it has just been sealed
                continue
            found[each.stem] = sha256(data).digest()
            if data and self._snapshots.get(each.stem) != found[each.stem]:
                store.replace(open_name(each.stem), compressed(data))
        self._snapshots = found

    def gauges(self) -> dict[str, float]:
        """How the spool is."""
        waiting = self.waiting
        return {
            "segments_shipped_total": self.shipped,
            "ship_failures_total": self.failures,
            "spool_segments": len(waiting),
            "spool_bytes": sum(each.size for each in waiting),
        }


def retain(store: Store, keep: float, now: float) -> int:
    """Delete what proxies and judges have put more than `keep` seconds ago, by its name and by the store's
    own clock; how many objects. A clock of ours that is ahead of the store's deletes nothing too early."""
    before = min(now, store.check()) - keep
    old = [each for each in store.hours(before) if each.hour is not None and each.hour + _HOUR < before]
    old = [each for each in (*old, *store.windows()) if each.modified < before]
    for each in old:
        store.delete(each.name)
    return len(old)


def suffix(record: Record, started: float) -> str:
    """What names of segments end with, so that no two runs of any two pods have the same."""
    if not record.shipped:
        return ""
    pod = os.environ.get("POD_NAME") or socket.gethostname()
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "-._") else "_" for each in pod)
    return f"-{plain[:63]}-{int(started * 1000):x}"


async def run(config: Config, name: str, line: socket.socket) -> None:
    """Ship until told to stop. What is under way then is not waited for."""
    worker = Worker(asyncio.get_running_loop(), name)
    shipper = Shipper(config.record)
    worker.gauges = shipper.gauges
    await worker.start(line)
    threading.Thread(target=_or_die, args=(shipper.run,), daemon=True).start()
    await worker.stopping.wait()
    await worker.finish()


def _or_die(ship: Callable[[], None]) -> None:
    """A process that no longer ships must not look as if it did."""
    try:
        ship()
    except Exception:
        log.exception("worker_crashed", worker="shipper")
        os._exit(1)


def ship_rest(record: Record, seconds: float) -> int:
    """Ship what is left, once nobody writes any more, for at most so many seconds; how many segments had to
    stay in the spool, as far as it can be listed, which is said. This process must not fork any more."""
    shipper = Shipper(record)
    folder = Path(record.spool)

    def ship() -> None:
        while not shipper.finish() or shipper.waiting:
            time.sleep(_AGAIN)

    with suppress(OSError):  # which is said, and tried again
        recover(folder)
        if not sealed(folder):
            return 0
    shipping = threading.Thread(target=ship, daemon=True)
    shipping.start()
    shipping.join(seconds)
    left = shipper.waiting
    with suppress(OSError):
        left = sealed(folder)
    if not left:
        return 0
    log.warning(
        "segments_left_in_spool",
        spool=record.spool,
        segments=len(left),
        bytes=sum(each.size for each in left),
        advice="the next start with this spool ships them",
    )
    return len(left)


def refusal(url: str) -> str | None:
    """Why the store does not want us; None if it does, or is out of reach, which is said and no reason to
    serve nobody: what is recorded waits for it. Another process tries it, for this one is going to fork."""
    command = (sys.executable, "-m", "shadow.serve.shipper", url)
    try:
        tried = subprocess.run(command, capture_output=True, text=True, timeout=_TRIED_FOR, check=False)  # noqa: S603 - our own module
    except subprocess.TimeoutExpired:
        log.warning("store_out_of_reach", reason=f"{url}: no answer within {_TRIED_FOR:g} s")
        return None
    if tried.returncode == REFUSED:
        return tried.stdout.strip()
    if tried.returncode:
        log.warning("store_out_of_reach", reason=tried.stdout.strip() or tried.stderr.strip()[-300:])
    return None


def main() -> None:
    """Tell whether a store can be used."""
    from shadow.record.store import Store

    try:
        Store(sys.argv[1], make=True).check()
    except StoreError as error:
        print(f"{error.filename}: {error.strerror}")
        sys.exit(REFUSED if isinstance(error, Refused) else 1)


if __name__ == "__main__":
    main()
