"""The kept pairs of a place, each with what a configuration says of its endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console

from shadow import settings
from shadow.compare.rules import Rule
from shadow.endpoint import Endpoints
from shadow.mirror.pair import Rules
from shadow.record.evidence import Evidence
from shadow.record.segment import Record

_TELL_EVERY = 200  # records


class EndpointRules:
    """The rules of a configuration, by what was asked."""

    def __init__(self, config: settings.Config) -> None:
        self._endpoints = Endpoints(config.endpoints)
        self._rules = Rules(config)

    def of(self, pair: Evidence) -> Rule:
        """The rule by which the pair would be judged today."""
        target = pair.request.target.encode("latin-1", "replace")
        index = self._endpoints.lookup(pair.request.method.encode("latin-1", "replace"), target).index
        return self._rules[-1 if index is None else index]


def told(records: Iterable[Record], doing: str) -> Iterator[Record]:
    """The records as they are; on a terminal it tells how many have gone by."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from records
        return
    with console.status(doing) as status:
        for number, record in enumerate(records, 1):
            if number % _TELL_EVERY == 0:
                status.update(f"{doing}: {number:,} records")
            yield record
