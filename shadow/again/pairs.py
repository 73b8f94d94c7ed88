"""The kept pairs of a place, each with what a configuration says of its endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console

from shadow import settings
from shadow.compare.rules import Rule, compile_rules
from shadow.endpoint import Endpoints
from shadow.record.again import index_of
from shadow.record.evidence import Evidence
from shadow.record.segment import Record

_TELL_EVERY = 200  # records


class EndpointRules:
    """The rules of a configuration, by what was asked."""

    def __init__(self, config: settings.Config) -> None:
        self._endpoints = Endpoints(config.endpoints)
        self._rules = compile_rules(config)

    def of(self, pair: Evidence) -> Rule:
        """The rule by which the pair would be judged today."""
        return self._rules[index_of(pair, self._endpoints)]


def with_progress(records: Iterable[Record], doing: str) -> Iterator[Record]:
    """The records as they are; on a terminal, what is being done and how many have gone by is shown."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from records
        return
    with console.status(doing) as status:
        for number, record in enumerate(records, 1):
            if number % _TELL_EVERY == 0:
                status.update(f"{doing}: {number:,} records")
            yield record
