"""Which format each log has: the one that was given, or what its first lines tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from replay.formats import registry
from replay.formats.detect import Undetected, detect, misfit
from replay.formats.parser import Options, Parser
from replay.reading import FormatError

AUTO = "auto"

log = structlog.get_logger()


class Formats:
    """Gives every log a parser of its own. Raises ValueError, at once, for a format that is none. What is
    quoted of a log passes `mask`."""

    def __init__(self, format_: str, options: Options, mask: Callable[[str], str] = str) -> None:
        self._format = format_
        self._options = options
        self._mask = mask
        self._told: set[str] = set()
        if format_ != AUTO:
            registry.parser(format_, options)
            if idle := registry.idle(format_, options):
                raise ValueError(idle)

    def tell(self, log_name: str, first_lines: Sequence[bytes]) -> Parser:
        """The parser for a log that begins like this."""
        if self._format != AUTO:
            self._tell_misfit(log_name, first_lines)
            return registry.parser(self._format, self._options)
        found = detect(first_lines, self._options)
        if isinstance(found, Undetected):
            raise FormatError(f"{log_name}: {self._mask(found.why)}")
        if found.name not in self._told:  # once of each: a load balancer writes thousands of logs in a day
            self._told.add(found.name)
            log.info("format_detected", log=log_name, format=found.name, why=self._mask(found.why))
            if idle := registry.idle(found.name, self._options):  # though it may be meant for another log
                log.warning("flag_without_use", log=log_name, reason=idle)
        return found.parser

    def _tell_misfit(self, log_name: str, first_lines: Sequence[bytes]) -> None:
        """Say once that a log is of another format than was given, before all of it is read for nothing."""
        if not self._told and (why := misfit(registry.parser(self._format, self._options), first_lines)):
            self._told.add(self._format)
            log.warning("no_line_fits", log=log_name, format=self._format, reason=self._mask(why))

    def named(self, name: str) -> Parser:
        """The parser that an earlier run has used, whose format this version may not know."""
        try:
            return registry.parser(self._format if self._format != AUTO else name, self._options)
        except ValueError as error:
            raise FormatError(f"the format of the run before: {error}") from None
