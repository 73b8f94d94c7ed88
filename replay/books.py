"""What becomes of every line is counted here: each is settled once, in the stretch of the replay in which its
request was sent, or in which it was found to give none. Pure.

Answers come back in any order, so counts are kept by stretch: one is written when all of its requests are
settled and all stretches before it are written. Lines that are read ahead and wait for their time belong to
none yet: the marks of a stretch name them as still to do. What a killed replayer had not written is read
again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from replay.model import BadLine
from replay.reading import Entry
from shadow.frame import Frame
from shadow.model import Drop, Skip, Statuses
from shadow.record.configured import ConfigRecord
from shadow.record.parts import add_counts
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
        self.open = 0  # requests that are not settled
        self.closed = False  # none will be added
        self._marked: dict[str, int] = {}  # answers of each endpoint that `mark` has seen

    def tally(self, endpoint: str) -> Tally:
        tally = self.tallies.get(endpoint)
        if tally is None:
            tally = self.tallies[endpoint] = Tally()
        return tally

    def mark(self, starved: bool) -> None:
        """What was timed since the last call was by a loop that often waited for a processor, or was not."""
        for endpoint, tally in self.tallies.items():
            timed = tally.target.total
            if starved:
                tally.starved += timed - self._marked.get(endpoint, 0)
            self._marked[endpoint] = timed

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
        add_counts(ours.skipped, theirs.skipped)
        for reason, lines in theirs.examples.items():
            ours.examples.setdefault(reason, []).extend(lines)
        for endpoint, pairs in theirs.status.items():
            add_counts(ours.status.setdefault(endpoint, {}), pairs)
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
        self._read_to = dict(marks)  # with what earlier runs have left, until it is read
        self._live: set[str] | None = None
        self.on_end: Callable[[], None] = lambda: None
        """Called whenever an exchange has ended."""
        self.read = 0
        self._written = Tally()

    @property
    def under_way(self) -> int:
        """Exchanges whose fate is not known yet."""
        return len(self._of)

    # -- lines come in

    def taken(self, entry: Entry) -> None:
        """A line has been read. Until it is settled or begun, whoever closes a stretch must name it."""
        header = entry.header.decode("latin-1")
        known = self._read_to.get(entry.log)
        if known is None or not known.todo:
            self._read_to[entry.log] = Mark(entry.end, (), entry.format, header)
            return
        # One that an earlier run has left out stands before its mark. They come in their order.
        todo = known.todo[bisect_right(known.todo, entry.at) :]
        self._read_to[entry.log] = Mark(max(known.at, entry.end), todo, entry.format, header)

    def forget_all_but(self, live: set[str]) -> None:
        """Of a followed log, nothing is left to be read of any file but these."""
        self._live = live

    def _marks(self, waiting: Iterable[Entry]) -> dict[str, Mark]:
        """How far every log is, but for what waits."""
        ahead: dict[str, list[Entry]] = {}
        for entry in waiting:
            ahead.setdefault(entry.log, []).append(entry)
        if self._live is not None:
            for gone in self._read_to.keys() - self._live - ahead.keys():
                del self._read_to[gone]
        marks = dict(self._read_to)
        for log, entries in ahead.items():
            entries.sort(key=lambda entry: entry.at)
            mark = marks[log]
            todo = (*(entry.at for entry in entries), *mark.todo)
            marks[log] = Mark(mark.at, todo, mark.format, entries[0].header.decode("latin-1"))
        return marks

    def skip(self, entry: Entry, why: BadLine) -> None:
        """It is not replayed."""
        log = self._stretches[-1].log
        log.read += 1
        log.parsed += why is not entry.parsed
        log.skipped[why.reason] = log.skipped.get(why.reason, 0) + 1
        self._illustrate(log, why, entry.raw)
        self.read += 1

    def _illustrate(self, log: LogRecord, why: BadLine, raw: bytes) -> None:
        examples = log.examples.setdefault(why.reason, [])
        if len(examples) < _EXAMPLES:
            detail = self._mask(why.detail)  # it may quote the line
            line = raw[: 4 * _SHOWN].decode("latin-1") + "…" * (len(raw) > 4 * _SHOWN)
            examples.append(f"{detail}: {self._mask(line)[:_SHOWN]}" if line else detail)

    # -- exchanges

    def begin(self, id_: bytes, endpoint: str) -> None:
        """A request is on its way: it counts in the stretch that is open now."""
        stretch = self._of[id_] = self._stretches[-1]
        stretch.open += 1
        stretch.tally(endpoint).received += 1
        log = stretch.log
        log.read += 1
        log.parsed += 1
        log.replayed += 1
        self.read += 1

    def sent(self, id_: bytes, late: float) -> None:
        """It was sent, so many seconds after it was due."""
        self._of[id_].log.late.add(late)

    def answered(self, id_: bytes, endpoint: str, logged: int, given: str) -> None:
        """Legacy gave a status, or failed in some way, where the log has one."""
        counted = self._of[id_].log.status.setdefault(endpoint, {})
        add_counts(counted, {str(Statuses(str(logged), given)): 1})

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

    def mark(self, starved: bool) -> None:
        """Say of what was timed since the last call whether it tells little of the target."""
        for stretch in self._stretches:
            stretch.mark(starved)

    def close(self, now: float, waiting: Iterable[Entry]) -> None:
        """What is sent from now on belongs to another stretch. `waiting` are the lines that are read, and
        neither settled nor begun."""
        last = self._stretches[-1]
        last.closed = True
        last.log.seconds = max(0.0, now - last.log.window)
        last.log.marks = self._marks(waiting)
        self._stretches.append(Stretch(now, self._run, self._bodies))

    def complete(self) -> Stretch | None:
        """The next stretch to be written, if all of its requests are settled."""
        first = self._stretches[0]
        if not first.closed or first.open:
            return None
        add_fates(self._written, first)
        return self._stretches.popleft()

    def so_far(self) -> Tally:
        """Fates of this run, without what else a tally holds."""
        total = Tally()
        total.merge(self._written)
        for stretch in self._stretches:
            add_fates(total, stretch)
        return total

    def rest(self, now: float, todo: Iterable[Entry], finished: bool) -> Stretch:
        """All that is not written, at the end of the run; `todo` are lines for the next."""
        self.close(now, todo)
        *others, _ = self._stretches  # the last has just been opened
        first = others[0]
        for other in others[1:]:
            first.merge(other)
        first.log.finished = finished
        self._stretches = deque([Stretch(now, self._run, self._bodies)])
        return first


def add_fates(total: Tally, stretch: Stretch) -> None:
    """Add up matched, differed and failed."""
    for tally in stretch.tallies.values():
        total.matched += tally.matched
        total.differed += tally.differed
        total.failed += tally.failed
