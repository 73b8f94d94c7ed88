"""What all workers counted, added up."""

from __future__ import annotations

from shadow.frame import WorkerReport
from shadow.model import Drop, Skip
from shadow.record.tally import Tally
from shadow.serve.ledger import HEARD, SILENT, Ledger

LIVE, SHADOW, NEXT = 10, 20, 21  # process ids
GET = "GET /"


def received(count: int, handed: int, to: int = SHADOW) -> WorkerReport:
    """What a live worker says."""
    return WorkerReport("live-0", LIVE, {GET: Tally(received=count)}, {to: {GET: handed}}, {"tunnels": 0.0})


def matched(count: int, pid: int = SHADOW) -> WorkerReport:
    """What a shadow worker says."""
    return WorkerReport("shadow-0", pid, {GET: Tally(matched=count)}, {}, {"channels": 1.0})


def test_reports_add_up() -> None:
    """From whomever, in whatever order."""
    ledger = Ledger()
    skipped = Tally(received=2)
    skipped.count_skipped(Skip.METHOD)
    skipped.count_skipped(Skip.METHOD)
    for report in (matched(3), received(5, 5), WorkerReport("live-1", 11, {GET: skipped})):
        ledger.fold(report)
    total = ledger.totals[GET]
    assert (total.received, total.matched, total.skipped, total.in_flight) == (7, 3, {"method": 2}, 2)
    assert ledger.lost() == {}, "nobody has died"


def test_what_a_dead_shadow_worker_did_not_judge_is_lost() -> None:
    """Once: asked again, nothing more is lost."""
    ledger = Ledger()
    ledger.fold(received(10, 10))
    ledger.fold(matched(4))
    ledger.died("shadow-0", SHADOW)
    lost = ledger.lost()
    assert lost[GET].dropped == {Drop.LOST: 6}
    ledger.fold(WorkerReport("supervisor", 0, lost))
    assert ledger.lost() == {}
    assert ledger.totals[GET].in_flight == 0


def test_what_is_reported_late_is_lost_too() -> None:
    """A live worker says a second later what it has handed to one that is dead by now."""
    ledger = Ledger()
    ledger.died("shadow-0", SHADOW)
    assert ledger.lost() == {}
    ledger.fold(received(3, 3))
    assert ledger.lost()[GET].dropped == {Drop.LOST: 3}


def test_the_next_shadow_worker_has_nothing_to_do_with_it() -> None:
    """What is handed to the living is under way."""
    ledger = Ledger()
    ledger.fold(received(3, 3, to=NEXT))
    ledger.died("shadow-0", SHADOW)
    assert ledger.lost() == {}
    assert ledger.totals[GET].in_flight == 3


def test_the_remainder_makes_the_sum_hold() -> None:
    """Too few fates: lost. More fates than requests: those were received and never reported."""
    ledger = Ledger()
    ledger.fold(received(10, 4))
    ledger.fold(matched(4))
    ledger.fold(WorkerReport("shadow-0", SHADOW, {"GET /b": Tally(matched=2)}))
    rest = ledger.remainder()
    assert rest[GET].dropped == {Drop.LOST: 6}
    assert rest["GET /b"].received == 2
    ledger.fold(WorkerReport("supervisor", 0, rest))
    assert ledger.remainder() == {}
    assert all(tally.in_flight == 0 for tally in ledger.totals.values())


def spoke(worker: str, at: float) -> WorkerReport:
    """A report that came then."""
    return WorkerReport(worker, 1, {}, {}, {HEARD: at})


def test_who_says_nothing_while_another_speaks_hangs() -> None:
    """After half a minute, and until it speaks or is no more; where nobody speaks, nobody does."""
    ledger = Ledger()
    assert ledger.silent() == {}
    for worker in ("live-0", "live-1"):
        ledger.fold(spoke(worker, 100.0))
    ledger.fold(WorkerReport("supervisor", 0, {}, {}, {"leaving": 0.0}))
    ledger.fold(spoke("live-1", 100.0 + SILENT))
    assert ledger.silence() == {"live-0": SILENT, "live-1": 0.0}
    assert ledger.silent() == {}
    ledger.fold(spoke("live-1", 101.0 + SILENT))
    assert ledger.silent() == {"live-0": SILENT + 1}
    ledger.fold(spoke("live-0", 102.0 + SILENT))
    assert ledger.silent() == {}
    ledger.fold(spoke("live-0", 300.0))
    ledger.died("live-1", 1)
    assert ledger.silent() == {}


def test_gauges_are_of_the_living() -> None:
    """The last that a worker said; none once it has died, or is said to be without any."""
    ledger = Ledger()
    ledger.fold(matched(1))
    ledger.fold(received(1, 1))
    assert ledger.gauges == {"shadow-0": {"channels": 1.0}, "live-0": {"tunnels": 0.0}}
    ledger.died("shadow-0", SHADOW)
    ledger.fold(WorkerReport("live-0", LIVE, {}))
    assert ledger.gauges == {}
