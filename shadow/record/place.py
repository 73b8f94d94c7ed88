"""All records of a place: of a folder, or of all pods in an object store.

In a store, segments come and go while they are read. A snapshot has what a window held a minute ago, and
counts only where the sealed segment of that window is not there. The sealed one is put before the snapshot is
deleted. So snapshots are listed first, and where one is gone by the time it is fetched, the sealed segment is
in the store.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shadow.record.segment import Record, Unreadable, read_sealed, read_segments
from shadow.record.stored import Gone, Stored, StoreError

if TYPE_CHECKING:
    from shadow.record.store import Store

LARGEST: Final = 256 * 1024 * 1024
"""Bytes of an object that is fetched: as much as the largest segment can have, compressed."""

_AHEAD: Final = 64 * 1024 * 1024  # bytes of objects fetched or being fetched, but for one that is larger
_FETCHES: Final = 8  # at once
_OUTAGE: Final = 8  # objects in a row that could not be fetched: it is not the objects


def read(place: str | Path, unreadable: Unreadable) -> Iterator[Record]:
    """Every record of a folder, or of the store that a URL names; counts what it has to leave out.

    Raises OSError, of which StoreError is one, if the place itself cannot be read.
    """
    if isinstance(place, Path) or "://" not in place:
        return read_segments(Path(place), unreadable)
    from shadow.record.store import Store

    return _read_store(Store(place), unreadable)


def _read_store(store: Store, unreadable: Unreadable) -> Iterator[Record]:
    windows = store.windows()
    sealed = [*store.at_root(), *store.hours()]
    known = {each.stem for each in sealed}
    missing: set[str] = set()
    yield from _records(store, sealed, unreadable, set())
    yield from _records(store, (each for each in windows if each.stem not in known), unreadable, missing)
    if missing:
        late = [each for each in store.hours() if each.stem in missing]
        yield from _records(store, late, unreadable, set())


def _records(
    store: Store, objects: Iterable[Stored], unreadable: Unreadable, missing: set[str]
) -> Iterator[Record]:
    """The records of some objects. Of those that are gone meanwhile, the stems are `missing`."""
    failed = 0
    for each, fetching in _fetched(store, objects):
        try:
            data = fetching.result()
        except Gone:
            missing.add(each.stem)
            continue
        except OSError as error:
            failed = failed + 1 if isinstance(error, StoreError) else failed
            if failed >= _OUTAGE:
                raise
            unreadable.segment(each.name, error)
            continue
        failed = 0
        yield from read_sealed(io.BytesIO(data), each.name, unreadable)


def _fetched(store: Store, objects: Iterable[Stored]) -> Iterator[tuple[Stored, Future[bytes]]]:
    """Some objects, in order, the next ones being fetched while one is looked at."""
    ahead: deque[tuple[Stored, Future[bytes]]] = deque()
    size = 0
    with ThreadPoolExecutor(_FETCHES, "fetch") as pool:
        for each in objects:
            while ahead and (len(ahead) > _FETCHES or size + each.size > _AHEAD):
                size -= ahead[0][0].size
                yield ahead.popleft()
            ahead.append((each, pool.submit(_fetch, store, each)))
            size += each.size
        yield from ahead


def _fetch(store: Store, each: Stored) -> bytes:
    if each.size > LARGEST:
        raise OSError("larger than any segment")
    return store.get(each.name)
