"""What is new since an earlier report."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from support import reports

from shadow.record.parts import Seen
from shadow.record.tally import Tally, TallyRecord
from shadow.report import json
from shadow.report.build import build
from shadow.report.changes import changes, read
from shadow.report.schema import Changed, Report
from shadow.verdict.causes import MOST
from shadow.verdict.verdict import Verdict


def earlier(report: object) -> bytes:
    return json.render(report).encode()  # type: ignore[arg-type]


def test_nothing_is_new_against_itself() -> None:
    """Neither causes nor verdicts."""
    report = reports.ordinary()
    found = changes(read(earlier(report)), report)
    assert (found.new, found.gone, found.verdicts) == ([], [], [])
    assert (found.before, found.now, found.since) == (report.verdict, report.verdict, report.window)


def test_causes_that_came_and_went() -> None:
    """By their ids, which are the same in every report."""
    before, now = reports.ordinary(), reports.ordinary()
    came, went = now.causes[0], before.causes[-1]
    found = changes(
        read(earlier(replace(before, causes=before.causes[1:]))), replace(now, causes=now.causes[:-1])
    )
    assert [(each.id, each.count) for each in found.new] == [(came.id, came.count)]
    assert [each.name for each in found.gone] == [f"{went.kind} {went.path}"]


def test_what_the_list_of_causes_has_no_room_for_is_neither_new_nor_gone() -> None:
    """It may stand behind the end of either list, and is a difference of an endpoint."""
    every = [f"changed json:$.k{number}" for number in range(MOST)]

    def counted(most: str) -> Report:
        tallies = (Tally(differences={name: Seen(9, "1", "2")}) for name in every)
        records = [TallyRecord(0, 60, f"GET /{n}", "", tally) for n, tally in enumerate(tallies)]
        two = {name: Seen(99 if name == most else 1, "200", "500") for name in ("changed a", "changed b")}
        return build([*records, TallyRecord(0, 60, "GET /x", "", Tally(differences=two))])

    found = changes(read(earlier(counted("changed a"))), counted("changed b"))
    assert (found.new, found.gone) == ([], [])


def test_a_status_is_told_with_its_values() -> None:
    """As there is a cause for each pair of them."""

    def counted(*names: str) -> Report:
        differences = {name: Seen(9, *name.partition(" status ")[2].split("→")) for name in names}
        return build([TallyRecord(0, 60, "GET /", "", Tally(differences=differences))])

    before, now = counted("changed status 200→404"), counted("changed status 200→500")
    found = changes(read(earlier(before)), now)
    assert [each.name for each in (*found.new, *found.gone)] == [
        "changed status 200→500",
        "changed status 200→404",
    ]


def test_verdicts_that_changed() -> None:
    """And endpoints that were not there, or are not any more."""
    before, now = reports.ordinary(), reports.ordinary()
    first, second, *rest = before.endpoints
    better = [replace(first, verdict=Verdict.READY), *rest]
    found = changes(read(earlier(before)), replace(now, endpoints=better))
    assert set_of(found.verdicts) == {
        (first.endpoint, first.verdict, Verdict.READY),
        (second.endpoint, second.verdict, None),
    }


def set_of(changed: list[Changed]) -> set[tuple[str, Verdict | None, Verdict | None]]:
    return {(each.endpoint, each.before, each.now) for each in changed}


def test_only_what_is_compared_is_read() -> None:
    """A report that had fewer fields then can be compared too."""
    found = read(b'{"schema_version":1,"verdict":"ready","window":{},"anything":{"else":1}}')
    assert changes(found, reports.ordinary()).new


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\xff", b'{"schema_version":99,"verdict":"ready","window":{}}']
)
def test_what_is_no_report_is_refused(data: bytes) -> None:
    """With one line."""
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        read(data)
