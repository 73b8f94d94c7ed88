"""From the bytes of one log to its entries. Pure.

An entry knows where it stands, so that a later run can go on behind it: in bytes where the log has lines, by
its number where one record may give several entries or none.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from replay.cutter import Cutter, Cutting, Record, Whole
from replay.formats.detect import LINES
from replay.formats.gor import SEPARATOR
from replay.formats.parser import MAX_DOCUMENT, MAX_LINE, Framing, LineParser, Parser, RecordParser
from replay.joiner import Joiner, joined
from replay.model import Parsed
from shadow.record.replayed import Mark

_ENOUGH: Final = 256 * 1024  # bytes to tell a format by, however long the lines are
_MAX_RECORD: Final = 64 * 1024 * 1024  # bytes of a .gor record: a message with its body


class Entry(NamedTuple):
    """A request of a log, or a line that is none."""

    log: str
    at: int  # where it stands
    end: int  # where the next one does
    parsed: Parsed
    raw: bytes  # as it was written
    format: str
    header: bytes


class FormatError(Exception):
    """Nobody can tell how a log is to be read. One line."""


class Formats(Protocol):
    """Says how a log is to be read. Both give a fresh parser, or raise FormatError."""

    def tell(self, log: str, first_lines: Sequence[bytes]) -> Parser:
        """By its first lines, if no format was given."""

    def named(self, name: str) -> Parser:
        """The one that an earlier run has used."""


class Reading:
    """One log. Feed it with its bytes from `start` on."""

    def __init__(self, log: str, formats: Formats, mark: Mark | None = None, shown: str = "") -> None:
        """`shown` is what people know the log by."""
        self._log = log
        self._shown = shown or log
        self._formats = formats
        self._todo = frozenset(mark.todo) if mark else frozenset()
        self._from = mark.at if mark else 0
        self._parser: Parser | None = None
        self._cutter: Cutting = Whole(MAX_DOCUMENT)
        self._joiner = Joiner()
        self._held = b""  # until the format is known
        self._entries = 0
        self.start = 0
        """Where in the uncompressed log the reading begins."""
        if mark is not None and mark.format:
            self._use(formats.named(mark.format))
            if isinstance(self._parser, LineParser):
                self.start = min((self._from, *self._todo))
                self._cutter = Cutter(b"\n", MAX_LINE, self.start)
                if mark.header:
                    self._parser.parse(mark.header.encode("latin-1"))

    def feed(self, data: bytes, short: bool = False) -> list[Entry]:
        """The entries that are complete with `data`; `short` says that there is no more of it now."""
        if self._parser is None:
            self._held += data
            lines = self._held.split(b"\n", LINES)[:-1]
            if not lines or (len(lines) < LINES and len(self._held) < _ENOUGH and not short):
                return []
            data = self._choose(lines)
        return self._parsed(self._cutter.feed(data))

    def finish(self) -> list[Entry]:
        """What the end of the log completes."""
        entries: list[Entry] = []
        if self._parser is None:
            if not self._held:
                return []
            data = self._choose(self._held.split(b"\n", LINES)[:LINES])
            entries = self._parsed(self._cutter.feed(data))
        entries += self._parsed(self._cutter.flush())
        if isinstance(self._parser, RecordParser):
            entries += self._counted(self._parser.finish(), b"")
        elif isinstance(self._parser, LineParser):
            entries += self._read(self._parser, self._joiner.flush())
        return entries

    def _choose(self, lines: Sequence[bytes]) -> bytes:
        self._use(self._formats.tell(self._shown, joined([lines[0].removeprefix(BOM_UTF8), *lines[1:]])))
        held, self._held = self._held, b""
        return held

    def _use(self, parser: Parser) -> None:
        self._parser = parser
        if parser.framing is Framing.LINES:
            self._cutter = Cutter(b"\n", MAX_LINE)
        elif parser.framing is Framing.GOR:
            self._cutter = Cutter(SEPARATOR, _MAX_RECORD)
        else:
            self._cutter = Whole(MAX_DOCUMENT)

    def _parsed(self, records: list[Record]) -> list[Entry]:
        parser = self._parser
        if isinstance(parser, RecordParser):
            return [
                entry
                for record in records
                for entry in self._counted(parser.entries(record.data), record.data)
            ]
        assert parser is not None
        if records and not records[0].at:
            records[0] = records[0]._replace(data=records[0].data.removeprefix(BOM_UTF8))
        return self._read(parser, self._joiner.feed(records))

    def _read(self, parser: LineParser, lines: list[Record]) -> list[Entry]:
        log, name, parse = self._log, parser.name, parser.parse
        entries = [Entry(log, at, end, parse(data), data, name, parser.header) for at, end, data in lines]
        return entries if entries and entries[0].at >= self._from else self._wanted(entries)

    def _counted(self, found: Iterable[Parsed], raw: bytes) -> list[Entry]:
        assert self._parser is not None
        entries = []
        for parsed in found:
            at = self._entries
            self._entries += 1
            entries.append(Entry(self._log, at, at + 1, parsed, raw[:MAX_LINE], self._parser.name, b""))
        return self._wanted(entries)

    def _wanted(self, entries: list[Entry]) -> list[Entry]:
        return [entry for entry in entries if entry.at >= self._from or entry.at in self._todo]
