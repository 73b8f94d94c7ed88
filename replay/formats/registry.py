"""Every format by its name, and the one place where a name or a format string becomes a parser. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from replay.formats.parser import Options, Parser

DEFAULTS = Options()


def parser(name: str, options: Options = DEFAULTS) -> Parser:
    """A parser for the preset `name` (case does not matter), or for a format string of nginx, Apache or Envoy.

    Raises `ValueError` with one clear line if the name is unknown, the string cannot be understood, or
    what it logs cannot be replayed.
    """
    raise NotImplementedError


def descriptions() -> Mapping[str, str]:
    """The name of every preset and a line on it, for --help."""
    raise NotImplementedError
