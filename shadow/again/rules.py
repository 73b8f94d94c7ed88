"""The rules of a configuration, for pairs that were kept. Pure."""

from __future__ import annotations

from shadow import settings
from shadow.again.candidates import Line
from shadow.compare.rules import Rule, compile_rule, compile_rules
from shadow.endpoint import Endpoints
from shadow.record.again import index_of
from shadow.record.evidence import Evidence


class EndpointRules:
    """The rules of a configuration, by what was asked."""

    def __init__(self, config: settings.Config) -> None:
        self._config = config
        self._endpoints = Endpoints(config.endpoints)
        self._rules = compile_rules(config)

    def of(self, pair: Evidence, *lines: Line) -> Rule:
        """The rule by which the pair would be judged today, with more lines if they are given. Raises
        ValueError where those are refused."""
        index = index_of(pair, self._endpoints)
        if not lines:
            return self._rules[index]
        own = settings.Compare() if index is None else self._config.endpoints[index].compare
        for line in lines:
            own = line.added(own)
        return compile_rule(self._config.compare, own)
