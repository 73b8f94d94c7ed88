"""An object store, or a folder that is named as one: `s3://bucket/prefix`, `gs://…`, `az://…`, `file:///…`.

`stored` says what lies there. Calls block, each for a bounded time. A process that has made one must not
fork: its threads would be missing in the child. Credentials and endpoints are read from the environment, by
obstore, and never shown. It is imported where a store is used and nowhere before: obstore takes 4 MiB, and
most proxies have none.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from shadow import address
from shadow.record.segment import NAME
from shadow.record.stored import OPEN, Gone, Refused, Stored, StoreError

_OPTIONS: Final = {
    # http:// is spoken only where an endpoint is given so.
    "client_options": {"connect_timeout": "3s", "timeout": "20s", "allow_http": True},
    "retry_config": {"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
}
LAST: Final = 253402300799.0
"""Unix seconds; the end of the year 9999."""

_CHECK: Final = "_shadow-check"  # other readers of the store leave out what begins with an underscore
_STEM: Final = rf"(?P<stem>{NAME.pattern}-[0-9]{{6,12}})"
_OF_HOUR = re.compile(
    rf"(?P<hour>dt=[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}/hh=[0-9]{{2}})/{_STEM}-[0-9a-f]{{16}}\.jsonl\.zst"
)
_OF_WINDOW = re.compile(rf"open/{_STEM}\.jsonl\.zst")
_AT_ROOT = re.compile(rf"{_STEM}\.jsonl\.zst")

_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"non-2xx status code: ([0-9]{3})")
_QUERY = re.compile(r"\?\S*")


class Store:
    """The place that a URL names. Raises StoreError, of all methods."""

    def __init__(self, url: str, make: bool = False) -> None:
        """`make`: create a folder that is not there; a bucket is never made."""
        self.url = url
        try:
            address.store(url)
            with self._our_errors():
                self._store = _opened(url, make)
        except ValueError as error:
            raise Refused("the URL", str(error)) from None

    def create(self, name: str, data: bytes) -> bool:
        """Put an object, whole, where there is none of this name; False if there is one."""
        with self._our_errors():
            try:
                obstore.put(self._store, name, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    def replace(self, name: str, data: bytes) -> None:
        """Put an object, whole, whatever there was."""
        with self._our_errors():
            obstore.put(self._store, name, data, use_multipart=False)

    def check(self) -> float:
        """Try to put, to list and to look at an object; what time it is by the store's clock."""
        self.replace(_CHECK, b"")
        self._below(None)
        with self._our_errors():
            return obstore.head(self._store, _CHECK)["last_modified"].timestamp()

    def size(self, name: str) -> int:
        """Bytes of an object."""
        with self._our_errors(of_object=True):
            return obstore.head(self._store, name)["size"]

    def get(self, name: str) -> bytes:
        """A whole object."""
        with self._our_errors(of_object=True):
            return bytes(obstore.get(self._store, name).bytes())

    def delete(self, name: str) -> None:
        """Delete an object, if it is there."""
        with self._our_errors(), suppress(FileNotFoundError):
            obstore.delete(self._store, name)

    def hours(self, until: float = LAST) -> Iterator[Stored]:
        """Segments that a proxy or a judge has sealed, on the day of `until` (Unix seconds) or before."""
        last = f"dt={datetime.fromtimestamp(until, UTC):%Y-%m-%d}"
        for day in self._below(None):
            if "dt=" <= day <= last:
                yield from self._list(_OF_HOUR, day)

    def windows(self) -> list[Stored]:
        """Snapshots of windows, those too that are sealed by now."""
        return list(self._list(_OF_WINDOW, OPEN.rstrip("/")))

    def at_root(self) -> list[Stored]:
        """Segments that lie in no folder of ours, by name."""
        with self._our_errors():
            metas = obstore.list_with_delimiter(self._store)["objects"]
        return sorted(filter(None, (_stored(meta, _AT_ROOT) for meta in metas)))

    def _below(self, prefix: str | None) -> list[str]:
        with self._our_errors():
            return sorted(obstore.list_with_delimiter(self._store, prefix)["common_prefixes"])

    def _list(self, pattern: re.Pattern[str], prefix: str) -> Iterator[Stored]:
        with self._our_errors():
            for page in obstore.list(self._store, prefix):
                yield from filter(None, (_stored(meta, pattern) for meta in page))

    @contextmanager
    def _our_errors(self, of_object: bool = False) -> Iterator[None]:
        """Within, what obstore raises becomes a StoreError."""
        try:
            yield
        except (BaseError, OSError, NotImplementedError) as error:
            raise self._error(error, of_object) from None

    def _error(self, error: Exception, of_object: bool = False) -> StoreError:
        """What an exception of obstore means. Its own text shows the request, several lines of it."""
        text = str(error).partition("\n\nDebug")[0]
        code, status = _CODE.search(text), _STATUS.search(text)
        if isinstance(error, StoreError):
            return error
        if isinstance(error, OSError) and error.strerror:  # of a folder
            return Refused(self.url, error.strerror, error.errno or errno.EIO)
        if isinstance(error, FileNotFoundError) and of_object and not (code and code[1] == "NoSuchBucket"):
            return Gone(self.url, "no such object", errno.ENOENT)
        if isinstance(error, FileNotFoundError) or (status and status[1] == "404"):
            return Refused(self.url, "no such bucket or folder", errno.ENOENT)
        if isinstance(error, PermissionError) or (status and status[1] in ("401", "403")):
            return Refused(self.url, f"access denied{f' ({code[1]})' if code else ''}", errno.EACCES)
        line = _QUERY.sub("", text.strip().partition("\n")[0])
        if status and status[1][0] in "34" and status[1] not in ("408", "409", "429"):
            return Refused(self.url, f"refused: {line}")
        return StoreError(self.url, f"cannot be reached, or failed: {line}")


def _opened(url: str, make: bool) -> ObjectStore:
    if url.startswith("file://"):
        folder = Path(unquote(urlsplit(url).path))
        if make:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder")
        return LocalStore(folder.resolve())
    return from_url(url, **_OPTIONS)  # type: ignore[call-overload, no-any-return]


def _stored(meta: obstore.ObjectMeta, pattern: re.Pattern[str]) -> Stored | None:
    found = pattern.fullmatch(meta["path"])
    if not found:
        return None
    hour = found.groupdict().get("hour")
    try:
        at = datetime.strptime(f"{hour}+0000", "dt=%Y-%m-%d/hh=%H%z").timestamp() if hour else None
    except ValueError:  # the 31st of June is no name of ours
        return None
    return Stored(meta["path"], found["stem"], meta["size"], meta["last_modified"].timestamp(), at)
