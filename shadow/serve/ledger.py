"""What all workers counted, added up: every request received has one fate. Pure.

Live workers count what they received, skipped, dropped and handed over, shadow workers what became
of it. What was handed to a shadow worker that died, and never judged, is booked as dropped (lost).
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from shadow.endpoint import bounded
from shadow.frame import Served, WorkerReport
from shadow.model import Drop
from shadow.record.tally import Tally, merge_into

HEARD: Final = "heard"
"""The gauge that tells when a worker's report came, in the supervisor's seconds."""

SILENT = 30.0
"""Seconds without a report, of which there is one each second, after which a worker counts as hung. Want of
processors makes one late by seconds, and a proxy that has to wait for them is the last that may be taken out
of service; but who waits for half a minute gives most clients nothing that they still want."""


class Ledger:
    """A fold over reports."""

    def __init__(self) -> None:
        self.totals: dict[str, Tally] = {}
        self.gauges: dict[str, dict[str, float]] = {}  # by worker
        self.served = Served()
        self._handed: dict[int, Counter[str]] = {}  # by process id of the shadow worker, by endpoint
        self._judged: dict[int, Counter[str]] = {}
        self._dead: set[int] = set()

    def fold(self, report: WorkerReport) -> None:
        """Take over one report."""
        judged = self._judged.setdefault(report.pid, Counter())
        for endpoint, tally in report.tallies.items():
            judged[merge_into(self.totals, endpoint, tally, distinct=False)] += tally.fates
        self.served.merge(report.served)
        for pid, handed in report.handed.items():
            counted = self._handed.setdefault(pid, Counter())
            for endpoint, count in handed.items():
                counted[bounded(self.totals, endpoint)] += count
        if report.gauges:
            self.gauges[report.worker] = report.gauges
        else:
            self.gauges.pop(report.worker, None)

    def silence(self) -> dict[str, float]:
        """For how many seconds each worker had said nothing when the last one spoke. Where nobody does, no
        worker is to blame."""
        heard = {worker: gauges[HEARD] for worker, gauges in self.gauges.items() if HEARD in gauges}
        last = max(heard.values(), default=0.0)
        return {worker: last - at for worker, at in heard.items()}

    def silent(self) -> dict[str, float]:
        """Those that hang, and for how long."""
        return {worker: seconds for worker, seconds in self.silence().items() if seconds > SILENT}

    def died(self, worker: str, pid: int) -> None:
        """A process has ended: what it was given and did not judge, it never will."""
        self._dead.add(pid)
        self.gauges.pop(worker, None)

    def lost(self) -> dict[str, Tally]:
        """What the dead have taken with them, as tallies to fold. Live workers report up to a second
        late what they handed over, so this is asked again and again."""
        lost: dict[str, Tally] = {}
        for pid in self._dead & self._handed.keys():
            judged = self._judged.setdefault(pid, Counter())
            for endpoint, handed in self._handed[pid].items():
                missing = handed - judged[endpoint]
                if missing > 0:
                    judged[endpoint] += missing
                    lost.setdefault(endpoint, Tally()).count_dropped(Drop.LOST, missing)
        return lost

    def remainder(self) -> dict[str, Tally]:
        """Once no process is left: what makes received and fates equal, as tallies to fold.

        Too few fates: processes were killed with requests under way. Too many: a live worker was
        killed before it could report what it had received.
        """
        rest: dict[str, Tally] = {}
        for endpoint, tally in self.totals.items():
            missing = tally.in_flight
            if missing > 0:
                rest.setdefault(endpoint, Tally()).count_dropped(Drop.LOST, missing)
            elif missing < 0:
                rest[endpoint] = Tally(received=-missing)
        return rest
