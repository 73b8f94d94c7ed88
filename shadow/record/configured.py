"""The rules in force, so that a report can tell whose they are, and which never silenced anything. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from shadow.compare.accept import line_of, parse_line
from shadow.compare.rules import compile_rule
from shadow.record.buckets import Moment
from shadow.settings import Compare, Config


class Line(Struct, frozen=True):
    """One line of a rule, in the words in which tallies count its hits. `endpoint` is the line's `match`, or
    empty for all. Of an accepted difference: who answers for it, why, and to which day (`2026-12-31`)."""

    line: str
    endpoint: str = ""
    owner: str = ""
    reason: str = ""
    until: str = ""


class ConfigRecord(Struct, frozen=True, tag_field="record", tag="config"):
    """The configuration of that hash, in force from `at` on (Unix seconds)."""

    at: Moment
    config_hash: str
    lines: tuple[Line, ...] = ()


def configured(config: Config, config_hash: str, at: float) -> ConfigRecord:
    """The record of a configuration, which must be a good one."""
    general = compile_rule(config.compare, Compare()).lines
    found = list(_lines(config.compare, general, ""))
    for endpoint in config.endpoints:
        own = compile_rule(config.compare, endpoint.compare).lines
        found += _lines(endpoint.compare, [line for line in own if line not in general], endpoint.match)
    return ConfigRecord(at, config_hash, tuple(found))


def _lines(compare: Compare, lines: list[str] | tuple[str, ...], endpoint: str) -> Iterator[Line]:
    accepts = {line_of(str(parse_line(one.difference))): one for one in compare.accept}
    for line in lines:
        one = accepts.get(line)
        if one is None:
            yield Line(line, endpoint)
        else:
            yield Line(line, endpoint, one.owner, one.reason, one.until.isoformat())
