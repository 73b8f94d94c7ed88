"""Who counts what becomes of every line: each is settled once, in the stretch of the replay that it was
read in. Pure.

Answers come back in any order, so counts are kept by stretch: one is written when all of its lines are
settled and all stretches before it are written. What a killed replayer had not written is read again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from replay.model import BadLine
from replay.reading import Entry
from shadow.frame import Frame
from shadow.model import Drop, Skip
from shadow.record.configured import ConfigRecord
from shadow.record.replayed import LogRecord, Mark
from shadow.record.segment import Record
from shadow.record.tally import Tally, TallyRecord

_EXAMPLES: Final = 3  # of each reason and stretch
_SHOWN: Final = 300  # bytes of a line; what is a secret in it is masked before


class Stretch:
    """What is counted together and written as one."""

    def __init__(self, began: float, run: str, bodies: bool) -> None:
        self.tallies: dict[str, Tally] = {}
        self.log = LogRecord(began, 0.0, run, bodies=bodies)
        self.open = 0  # lines that are not settled
        self.closed = False  # no line will be added

    def tally(self, endpoint: str) -> Tally:
        tally = self.tallies.get(endpoint)
        if tally is None:
            tally = self.tallies[endpoint] = Tally()
        return tally

    def records(self, configured: ConfigRecord) -> list[Record]:
        """Its tallies as they are written, behind the rules in force."""
        log = self.log
        records: list[Record] = [configured]
        for endpoint, tally in self.tallies.items():
            tally.settle()
            records.append(TallyRecord(log.window, log.seconds, endpoint, configured.config_hash, tally))
        return records

    def merge(self, other: Stretch) -> None:
        """Take over a later one."""
        for endpoint, tally in other.tallies.items():
            self.tally(endpoint).merge(tally)
        ours, theirs = self.log, other.log
        ours.read += theirs.read
        ours.parsed += theirs.parsed
        ours.replayed += theirs.replayed
        for reason, count in theirs.skipped.items():
            ours.skipped[reason] = ours.skipped.get(reason, 0) + count
        for reason, lines in theirs.examples.items():
            ours.examples.setdefault(reason, []).extend(lines)
        ours.late.merge(theirs.late)
        ours.seconds = theirs.window + theirs.seconds - ours.window
        ours.marks = theirs.marks


class Books:
    """All stretches that are not written yet, and what the mirror counts in them. Times are Unix seconds."""

    def __init__(
        self, run: str, bodies: bool, mask: Callable[[str], str], marks: dict[str, Mark], now: float
    ) -> None:
        """`bodies` says whether they are compared, `mask` makes text safe to be kept, and `marks` how far the
        logs have been read."""
        self._run = run
        self._bodies = bodies
        self._mask = mask
        self._stretches: deque[Stretch] = deque([Stretch(now, run, bodies)])
        self._of: dict[bytes, Stretch] = {}  # by the id of an exchange under way
        self.marks = dict(marks)
        self.on_end: Callable[[], None] = lambda: None
        """Called whenever an exchange has ended."""
        self.read = 0
        self._written = Tally()

    @property
    def under_way(self) -> int:
        """Exchanges whose fate is not known yet."""
        return len(self._of)

    # -- lines come in

    def taken(self, entry: Entry) -> Stretch:
        """A line has been read; it must be settled in the stretch that is returned."""
        stretch = self._stretches[-1]
        stretch.open += 1
        self.marks[entry.log] = self._mark(entry)
        return stretch

    def _mark(self, entry: Entry) -> Mark:
        """How far its log is with this entry. One that an earlier run has left out stands behind its mark."""
        header = entry.header.decode("latin-1")
        known = self.marks.get(entry.log)
        if known is None or not known.todo:
            return Mark(entry.end, (), entry.format, header)
        todo = tuple(at for at in known.todo if at != entry.at)
        return Mark(max(known.at, entry.end), todo, entry.format, header)

    def forget_all_but(self, live: set[str]) -> None:
        """Of a followed log, nothing is left to be read of any file but these."""
        for gone in self.marks.keys() - live:
            del self.marks[gone]

    def not_ours(self, stretch: Stretch) -> None:
        """It belongs to another shard, which counts it."""
        stretch.open -= 1

    def untaken(self, stretch: Stretch) -> None:
        """It will not be sent in this run, and is left to the next."""
        stretch.open -= 1

    def skip(self, stretch: Stretch, entry: Entry, why: BadLine) -> None:
        """It is not replayed."""
        log = stretch.log
        log.read += 1
        log.parsed += why is not entry.parsed
        log.skipped[why.reason] = log.skipped.get(why.reason, 0) + 1
        self._illustrate(log, why, entry.raw)
        stretch.open -= 1
        self.read += 1

    def _illustrate(self, log: LogRecord, why: BadLine, raw: bytes) -> None:
        examples = log.examples.setdefault(why.reason, [])
        if len(examples) < _EXAMPLES:
            detail = self._mask(why.detail)  # it may quote the line
            line = raw[: 4 * _SHOWN].decode("latin-1") + "…" * (len(raw) > 4 * _SHOWN)
            examples.append(f"{detail}: {self._mask(line)[:_SHOWN]}" if line else detail)

    # -- exchanges

    def begin(self, stretch: Stretch, id_: bytes, endpoint: str) -> None:
        """A request is on its way."""
        self._of[id_] = stretch
        stretch.tally(endpoint).received += 1
        log = stretch.log
        log.read += 1
        log.parsed += 1
        log.replayed += 1
        self.read += 1

    def sent(self, id_: bytes, late: float) -> None:
        """It was sent, so many seconds after it was due."""
        self._of[id_].log.late.add(late)

    def skipped_by(self, id_: bytes, endpoint: str, reason: Skip) -> None:
        """It is kept from the target."""
        self._of[id_].tally(endpoint).count_skipped(reason)
        self._end(id_)

    def dropped(self, id_: bytes, endpoint: str, reason: Drop) -> None:
        """Load kept it from the target."""
        self._of[id_].tally(endpoint).count_dropped(reason)
        self._end(id_)

    def tally(self, frame: Frame) -> Tally:
        return self._of[frame.id].tally(frame.endpoint)

    def afterwards(self, frame: Frame) -> Tally:
        return self._stretches[-1].tally(frame.endpoint)

    def ended(self, frame: Frame) -> None:
        self._end(frame.id)

    def _end(self, id_: bytes) -> None:
        self._of.pop(id_).open -= 1
        self.on_end()

    # -- stretches are closed and written

    def close(self, now: float) -> None:
        """What is read from now on belongs to another stretch."""
        last = self._stretches[-1]
        last.closed = True
        last.log.seconds = max(0.0, now - last.log.window)
        last.log.marks = dict(self.marks)
        self._stretches.append(Stretch(now, self._run, self._bodies))

    def complete(self) -> Stretch | None:
        """The next stretch to be written, if all of its lines are settled."""
        first = self._stretches[0]
        if not first.closed or first.open:
            return None
        add(self._written, first)
        return self._stretches.popleft()

    def so_far(self) -> Tally:
        """Fates of this run, without what else a tally holds."""
        total = Tally()
        total.merge(self._written)
        for stretch in self._stretches:
            add(total, stretch)
        return total

    def rest(self, now: float, todo: list[Entry], finished: bool) -> Stretch:
        """All that is not written, at the end of the run; `todo` are lines for the next."""
        self.close(now)
        first, *others = self._stretches
        for other in others:
            first.merge(other)
        marks = dict(self.marks)
        for entry in sorted(todo, key=lambda entry: entry.at, reverse=True):
            mark = marks[entry.log]
            header = entry.header.decode("latin-1")
            marks[entry.log] = Mark(mark.at, (entry.at, *mark.todo), mark.format, header)
        first.log.marks = marks
        first.log.finished = finished
        self._stretches = deque([Stretch(now, self._run, self._bodies)])
        return first


def add(total: Tally, stretch: Stretch) -> None:
    """Add up matched, differed and failed."""
    for tally in stretch.tallies.values():
        total.matched += tally.matched
        total.differed += tally.differed
        total.failed += tally.failed
