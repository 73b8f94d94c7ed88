"""The exposition: valid, bounded, and the sums that it tells."""

from __future__ import annotations

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from support.proxy import samples, value

from shadow.frame import Served, WorkerReport
from shadow.model import Drop, Response, Skip
from shadow.record.buckets import Buckets
from shadow.record.parts import About
from shadow.record.tally import Tally
from shadow.serve.ledger import Ledger
from shadow.serve.metrics import ENDPOINTS, registry, shown

MOST = 500
"""Series of a proxy, whatever it is asked."""


def tally(count: int) -> Tally:
    made = Tally(received=count + len(Skip) + len(Drop))
    for skip in Skip:
        made.count_skipped(skip)
    for drop in Drop:
        made.count_dropped(drop)
    for _ in range(count):
        made.count_match(Response(200, b"", total=0.003), Response(200, b"", total=0.2), About())
    return made


def ledger(endpoints: int) -> Ledger:
    made = Ledger()
    tallies = {f'GET /"\\\n{number}': tally(number) for number in range(endpoints)}
    made.fold(WorkerReport("shadow-0", 1, tallies, {}, {"channels": 2.0, "unanalysed_total": 3.0}))
    return made


def exposition(of: Ledger) -> str:
    return generate_latest(registry(of, "abc", of.silence)).decode()


def test_it_can_be_parsed_whatever_an_endpoint_is_called() -> None:
    """Quotes, backslashes and line ends in a label, every family with help and type."""
    text = exposition(ledger(3))
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation and family.type != "unknown" for family in families)
    assert len({family.name for family in families}) == len(families)
    told = samples(text)
    assert value(told, "shadow_requests_total", endpoint='GET /"\\\n2') == 2 + len(Skip) + len(Drop)
    assert value(told, "shadow_config_info", hash="abc") == 1
    assert value(told, "shadow_channels", worker="shadow-0") == 2
    assert value(told, "shadow_unanalysed_total", worker="shadow-0") == 3


def test_what_clients_get_is_told_before_there_is_any() -> None:
    """A rate wants a series that was there before, and a share of errors one where legacy answers nobody."""
    told = exposition(ledger(0))
    for of_class in ("2xx", "3xx", "4xx", "5xx"):
        assert f'shadow_legacy_answers_total{{class="{of_class}"}} 0.0\n' in told
    for status in ("502", "504", "broken"):
        assert f'shadow_own_answers_total{{status="{status}"}} 0.0\n' in told


def test_series_are_bounded() -> None:
    """A thousand endpoints make no more than twenty and one, and none of their requests is missing."""
    many = ledger(1000)
    told = samples(exposition(many))
    assert len(told) < MOST
    assert (
        len({labels["endpoint"] for name, labels, _ in told if name == "shadow_fates_total"}) == ENDPOINTS + 1
    )
    assert value(told, "shadow_requests_total") == sum(each.received for each in many.totals.values())


def test_fates_and_in_flight_make_what_was_received() -> None:
    """The promise, as a query would check it."""
    counted = ledger(40)
    counted.fold(WorkerReport("live-0", 2, {"GET /": Tally(received=7)}))
    told = samples(exposition(counted))
    assert value(told, "shadow_requests_in_flight") == 7
    assert value(told, "shadow_requests_total") == value(told, "shadow_fates_total") + 7


def test_every_reason_is_told_by_name() -> None:
    """Once for each endpoint counted here."""
    told = samples(exposition(ledger(3)))
    for fate, reasons in (("skipped", Skip), ("dropped", Drop)):
        for reason in reasons:
            assert value(told, "shadow_not_mirrored_total", fate=fate, reason=reason) == 3


def test_latency_is_a_histogram_of_each_backend() -> None:
    """Cumulative, up to everything; the sum is in seconds."""
    told = samples(exposition(ledger(4)))
    pairs = 0 + 1 + 2 + 3
    assert value(told, "shadow_answer_seconds_bucket", backend="legacy", le="0.005") == pairs
    assert value(told, "shadow_answer_seconds_bucket", backend="target", le="0.1") == 0
    assert value(told, "shadow_answer_seconds_bucket", backend="target", le="+Inf") == pairs
    assert abs(value(told, "shadow_answer_seconds_sum", backend="target") - pairs * 0.2) < 0.02 * pairs


def test_answers_are_counted_by_backend_and_class() -> None:
    """With the reason where there was no answer."""
    counted = Ledger()
    counted.fold(WorkerReport("shadow-0", 1, {"GET /": Tally(status={"200→503": 2, "404→timeout": 1})}))
    told = samples(exposition(counted))
    assert value(told, "shadow_answers_total", **{"backend": "legacy", "class": "2xx"}) == 2
    assert value(told, "shadow_answers_total", **{"backend": "target", "class": "5xx"}) == 2
    assert value(told, "shadow_answers_total", **{"backend": "target", "class": "timeout"}) == 1


def test_an_endpoint_called_other_joins_the_others() -> None:
    """There is one series of that name."""
    totals = {"other": Tally(received=100), "a": Tally(received=50), "b": Tally(received=1)}
    kept = shown(totals, set(), limit=2)
    assert {name: each.received for name, each in kept.items()} == {"other": 101, "a": 50}


def test_an_endpoint_keeps_its_series() -> None:
    """Also when others become busier: a counter must not fall."""
    named: set[str] = set()
    shown({"a": Tally(received=5)}, named, limit=1)
    kept = shown({"a": Tally(received=5), "b": Tally(received=9)}, named, limit=1)
    assert {name: each.received for name, each in kept.items()} == {"a": 5, "other": 9}


def test_what_clients_saw_is_told() -> None:
    """Of every answer, whether it was compared or not; what has not happened yet is 0, not missing."""
    counted = Ledger()
    client, asked = Buckets(), Buckets()
    client.add(0.02)
    asked.add(0.001)
    for number in range(2):
        counted.fold(
            WorkerReport(
                f"live-{number}", 1, {}, served=Served({"2xx": 1}, {"431": number, "504": 1}, client, asked)
            )
        )
    told = samples(exposition(counted))
    assert value(told, "shadow_legacy_answers_total", **{"class": "2xx"}) == 2
    assert value(told, "shadow_own_answers_total", status="504") == 2
    assert value(told, "shadow_own_answers_total", status="431") == 1
    assert value(told, "shadow_own_answers_total", status="502") == 0
    assert value(told, "shadow_client_answer_seconds_bucket", le="0.01") == 0
    assert value(told, "shadow_client_answer_seconds_bucket", le="0.025") == 2
    assert value(told, "shadow_legacy_answer_seconds_bucket", le="0.005") == 2


def test_backends_stand_side_by_side_at_each_endpoint() -> None:
    """Mean times, and the exchanges in which one gave 5xx or nothing."""
    made = tally(2)
    made.status |= {"200→503": 3, "404→timeout": 1, "refused→200": 1}
    counted = Ledger()
    counted.fold(WorkerReport("shadow-0", 1, {"GET /": made}))
    told = samples(exposition(counted))
    for backend, errors in (("legacy", 1), ("target", 4)):
        labels = {"endpoint": "GET /", "backend": backend}
        assert value(told, "shadow_endpoint_errors_total", **labels) == errors
        assert value(told, "shadow_endpoint_answer_seconds_count", **labels) == 2
