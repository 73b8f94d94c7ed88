"""The Host under which a backend is asked, where it is not the client's. Pure."""

from __future__ import annotations

import re
from typing import Final

from shadow.address import backend
from shadow.settings import Config
from shadow.wire.resolve import authority

_HOST: Final = re.compile(rb"(\r\nhost:)[^\r\n]*", re.IGNORECASE)


def host_at_target(config: Config) -> bytes | None:
    """The Host for the target by `mirror.host`; None for the client's own."""
    named = config.mirror.host
    if named == "preserve":
        return None
    return authority(backend(config.target)) if named == "target" else named.encode("latin-1")


def with_host(head: bytes, host: bytes) -> bytes:
    """A head with another Host."""
    return _HOST.sub(lambda line: line[1] + b" " + host, head, count=1)
