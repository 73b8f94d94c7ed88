"""What one replay shall do: everything that the command line says, understood."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from replay.filters import Filters
from replay.formats.parser import Options
from replay.pace import Pace, Unpaced
from replay.shard import Shard
from shadow.model import Headers
from shadow.settings import Breaker, Config

_MOST: Final = 4096
"""Shadow requests under way, where a schedule has to be kept whatever the target does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One replay."""

    config: Config
    config_hash: str
    logs: tuple[str, ...]
    format: str = "auto"
    options: Options = Options()
    pace: Pace
    filters: Filters
    shard: Shard
    headers: Headers = ()
    amplify: int = 1
    against_log: bool = False
    follow: bool = False
    resume: bool = False

    @property
    def paced(self) -> bool:
        """Whether a schedule is kept; if not, requests follow as answers come."""
        return not isinstance(self.pace, Unpaced)

    @property
    def run(self) -> str:
        """The name of this replay: another run of the same logs, backends, filters and shard has it too."""
        return "replay-" + _hash(*self._identity(), str(self.shard))

    def prefix_of(self, log: str) -> bytes:
        """What the ids of a log's exchanges begin with: the same in all shards."""
        return _hash(*self._identity(), log).encode()

    def _identity(self) -> Iterator[str]:
        yield from self.logs
        yield self.config.legacy if not self.against_log else "log"
        yield self.config.target
        yield repr((self.format, self.options, self.follow))
        yield from self.filters.identity()

    def mirror_config(self) -> Config:
        """The settings for the mirror: nothing live is to be protected here, so a dead target is no reason to
        leave lines out."""
        mirror = self.config.mirror
        in_flight = max(mirror.in_flight, _MOST) if self.paced else mirror.in_flight
        never = Breaker(failures=1 << 62)
        return msgspec.structs.replace(
            self.config, mirror=msgspec.structs.replace(mirror, in_flight=in_flight, breaker=never)
        )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:12]
